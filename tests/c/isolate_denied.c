/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_denied: the kernel denies what an isolated launch needs, or what it needs for the next one. Each launch works, or fails with
 * an errno and a sentence that says what was refused; shared ones go on as long as they need nothing of it; nobody is killed. */
#include <gotcha.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "helpers.h"

struct denied {
	const char *name;
	int calls[4], protection; /* with that bit in their third argument; 0: any */
	bool shared_works;
};
static const struct denied all[] = {
	{"threads", {SYS_clone, SYS_clone3}, 0, true},
	{"clone() alone", {SYS_clone}, 0, true},
	{"clone3() alone", {SYS_clone3}, 0, true},
	{"executable mappings", {SYS_mmap, SYS_mprotect}, PROT_EXEC, true},
	{"executable mmap() alone", {SYS_mmap}, PROT_EXEC, true},
	{"executable mprotect() alone", {SYS_mprotect}, PROT_EXEC, true},
	{"mprotect()", {SYS_mprotect}, 0, false},
	{"opening files", {SYS_open, SYS_openat}, 0, true},
	{"mapping files and memory", {SYS_mmap}, 0, false},
	{"a look at files", {SYS_fstat, SYS_newfstatat, SYS_statx, SYS_pread64}, 0, true},
	{"settings of threads", {SYS_sched_getaffinity, SYS_sched_setscheduler, SYS_prctl, SYS_prlimit64}, 0, true},
	{"waiting", {SYS_sched_yield, SYS_nanosleep, SYS_clock_nanosleep, SYS_madvise}, 0, true},
};
#define STATEMENT(...) (struct sock_filter)BPF_STMT(__VA_ARGS__)
#define JUMP(...) (struct sock_filter)BPF_JUMP(__VA_ARGS__)

static void deny(const struct denied *d)
{
	struct sock_filter code[64];
	struct sock_fprog program = {.filter = code};
	unsigned n = 0;

	code[n++] = STATEMENT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (int i = 0; i < 4 && (d->calls[i] || !i); i++) {
		if (!d->protection) {
			code[n++] = JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)d->calls[i], 0, 1);
		} else {
			code[n++] = JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)d->calls[i], 0, 4);
			code[n++] = STATEMENT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2]));
			code[n++] = JUMP(BPF_JMP | BPF_JSET | BPF_K, (unsigned)d->protection, 0, 1);
			code[n++] = STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
			code[n++] = STATEMENT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
			continue;
		}
		code[n++] = STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	}
	code[n++] = STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = (unsigned short)n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0)
		_exit(77);
}

static int never;
static int call(enum inger_isolation isolation, int times)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	int refused = 0;

	attr.isolation = isolation;
	for (int i = 0; i < times; i++) {
		int error = inger_call(spin, &never, 1000, &attr);
		if (error == 0)
			return -1;
		if (error == ETIMEDOUT)
			continue;
		refused = error;
		/* Object, colon, sentence; not what errno means in general. */
		const char *why = inger_strerror(error);
		if (!strchr(why, ':') || strcmp(why, strerror(error)) == 0) {
			diag("errno %d without a sentence: %s", error, why);
			return -2;
		}
	}
	return refused;
}

/* The lists of docs/limits.md, for filters that kill. */
static const int any_launch[] = {SYS_mmap, SYS_munmap, SYS_mprotect, SYS_madvise, SYS_brk, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn,
	SYS_sigaltstack, SYS_get_robust_list, SYS_getpid, SYS_gettid, SYS_prlimit64, SYS_getrandom, SYS_timer_create, SYS_timer_settime,
	SYS_timer_delete, SYS_arch_prctl, SYS_clone3, SYS_futex, SYS_rt_tgsigqueueinfo, SYS_tgkill, SYS_prctl, SYS_set_robust_list, SYS_rseq};
static const int isolated[] = {SYS_clone3, SYS_set_robust_list, SYS_rseq, SYS_futex, SYS_prctl, SYS_openat, SYS_fstat, SYS_newfstatat,
	SYS_read, SYS_pread64, SYS_close, SYS_fcntl, SYS_readlinkat, SYS_process_vm_readv, SYS_sched_getaffinity, SYS_sched_getscheduler,
	SYS_sched_setscheduler, SYS_sched_yield, SYS_nanosleep, SYS_getrlimit};
/* The test's own, and those by which it launched before. */
static const int of_the_test[] = {SYS_write, SYS_exit_group, SYS_exit, SYS_alarm, SYS_clock_gettime};

static unsigned allow(struct sock_filter *code, const int *calls, size_t count)
{
	unsigned n = 0;

	for (size_t i = 0; i < count; i++) {
		code[n++] = JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], 0, 1);
		code[n++] = STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	return n;
}
#define ALLOW(list) n += allow(&code[n], list, sizeof list / sizeof *list)

enum { KILLED_SHARED, KILLED_ISOLATED, KILLED_FURTHER, KILLS };

static int killed(int kind)
{
	struct sock_filter code[256];
	struct sock_fprog program = {.filter = code};
	unsigned n = 0;

	alarm(60);
	if (kind == KILLED_FURTHER && call(INGER_ISOLATED, 2) != 0)
		return 1;
	code[n++] = STATEMENT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	ALLOW(of_the_test);
	ALLOW(any_launch);
	if (kind != KILLED_SHARED)
		ALLOW(isolated);
	code[n++] = STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	program.len = (unsigned short)n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0)
		return 77;
	return call(kind == KILLED_SHARED ? INGER_SHARED : INGER_ISOLATED, 40) == 0 ? 0 : 2;
}

enum { FIRST, AFTER_SHARED, AFTER_ISOLATED, WHENS };

static int child(const struct denied *d, int when)
{
	alarm(60);
	if (when != FIRST && call(when == AFTER_SHARED ? INGER_SHARED : INGER_ISOLATED, 2) != 0)
		return 1;
	deny(d);
	int error = call(INGER_ISOLATED, 40);
	if (error < 0)
		return 2;
	gotcha_t *set = gotcha_open(NULL);
	if (!set && !strchr(inger_strerror(errno), ':'))
		return 3;
	if (set && gotcha_close(set) != 0)
		return 4;
	error = call(INGER_SHARED, 10);
	if (error < 0 || (error && d->shared_works))
		return 5;
	return 0;
}

/* In a process of its own. */
static void check(int (*inside)(int, int), int first, int second, const char *what, const char *when)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(inside(first, second));
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip(1, "no filters here");
	else
		is_int(status, 0, "%s, %s", what, when);
}

static int inside_denied(int what, int when) { return child(&all[what], when); }
static int inside_killed(int kind, int unused) { return (void)unused, killed(kind); }

int main(void)
{
	static const char *const whens[] = {"from the start", "after a shared launch", "after isolated ones"};
	static const char *const kills[] = {"shared launches", "isolated launches, the first of them", "further isolated launches"};
	const int denials = sizeof all / sizeof *all;

	plan(WHENS * denials + KILLS);
	for (int i = 0; i < denials; i++)
		for (int when = 0; when < WHENS; when++)
			check(inside_denied, i, when, all[i].name, whens[when]);
	for (int kind = 0; kind < KILLS; kind++)
		check(inside_killed, kind, 0, "all but what is listed kills", kills[kind]);
	return done();
}
