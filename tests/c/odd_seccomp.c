/* SPDX-License-Identifier: Apache-2.0 */
/* odd_seccomp.c - a process that has shut itself in, before or after its first launch: budgets hold, or launch says why there is none.
 * Never a call without an end, nor a signal that nobody handles. */
#include "helpers.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void deny(const int *numbers, unsigned count)
{
	struct sock_filter code[64];
	struct sock_fprog program = {.filter = code};
	unsigned n = 0;

	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (unsigned i = 0; i < count; i++) {
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)numbers[i], 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = (unsigned short)n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0)
		_exit(77);
}

static const int timers[] = {SYS_timer_create, SYS_timer_settime};
static const int timers_and_threads[] = {SYS_timer_create, SYS_timer_settime, SYS_clone, SYS_clone3};
static const int actions[] = {SYS_rt_sigaction, SYS_sigaltstack, SYS_prctl, SYS_sched_getaffinity, SYS_madvise};
static const int threads[] = {SYS_clone, SYS_clone3, SYS_fork, SYS_vfork};

static int never;

/* The errors of ten calls that never return; 0: all were paused and cancelled. */
static int calls(enum inger_isolation isolation)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	int refused = 0;

	attr.isolation = isolation;
	for (int i = 0; i < 10; i++) {
		int error = inger_call(spin, &never, 1000, &attr);
		if (error == 0)
			return -1;
		if (error != ETIMEDOUT)
			refused = error;
	}
	return refused;
}

struct scenario {
	const char *name;
	const int *denied;
	unsigned count;
	enum inger_isolation isolation;
	bool launched_before;
	int allowed[2]; /* errors */
};

static int run(const struct scenario *s)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		alarm(20);
		if (s->launched_before && calls(s->isolation) != 0)
			_exit(1);
		deny(s->denied, s->count);
		int error = calls(s->isolation);
		if (error && (error < 0 || !inger_strerror(error)[0]))
			_exit(2);
		_exit(error == 0 || error == s->allowed[0] || error == s->allowed[1] ? 0 : error);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 77 ? 0 : status;
}

#define FILTER(list) list, sizeof list / sizeof *list

int main(void)
{
	static const struct scenario scenarios[] = {
		{"timers denied before", FILTER(timers), INGER_SHARED, false, {0, 0}},
		{"timers denied after a launch", FILTER(timers), INGER_SHARED, true, {0, 0}},
		{"timers and threads denied before", FILTER(timers_and_threads), INGER_SHARED, false, {EAGAIN, EAGAIN}},
		{"timers and threads denied after a launch", FILTER(timers_and_threads), INGER_SHARED, true, {EAGAIN, EAGAIN}},
		{"actions of signals denied before", FILTER(actions), INGER_SHARED, false, {ENOSYS, ENOSYS}},
		{"actions of signals denied after a launch", FILTER(actions), INGER_SHARED, true, {0, 0}},
		{"actions of signals denied before, isolated", FILTER(actions), INGER_ISOLATED, false, {ENOSYS, ENOSYS}},
		{"threads denied before", FILTER(threads), INGER_SHARED, false, {0, 0}},
		{"threads denied after an isolated launch", FILTER(threads), INGER_ISOLATED, true, {0, 0}},
	};

	plan(sizeof scenarios / sizeof *scenarios);
	for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
		is_int(run(&scenarios[i]), 0, "%s", scenarios[i].name);
	return done();
}
