/* SPDX-License-Identifier: Apache-2.0 */
/* clock_denied: budgets hold when the queue of signals is full, on any thread, and launch() says so when no clock can be had. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "helpers.h"

/* A child's exit status says which step failed; 0: none. A budget that does not hold is a hang, which run.sh names. */
static int in_child(int (*work)(void))
{
	pid_t child = fork();
	if (child < 0)
		bail("fork");
	if (child == 0)
		_exit(work());
	int status;
	if (waitpid(child, &status, 0) != child)
		bail("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int paused_ten_times(void)
{
	volatile int stop = 0;
	linger_t call = launch(spin, 2000, (void *)&stop);
	if (!call.continuation || call.is_complete)
		return 1;
	for (int i = 0; i < 10; i++)
		if (resume(&call, 2000) != 0 || call.is_complete)
			return 2;
	stop = 1;
	if (resume(&call, TO_COMPLETION) != 0 || !call.is_complete)
		return 3;
	int turns = 0;
	return inger_call(spin, &turns, 3000, NULL) == ETIMEDOUT ? 0 : 4;
}

static void *on_thread(void *result)
{
	*(int *)result = paused_ten_times();
	return NULL;
}

static int full_queue(void)
{
	struct rlimit none = {0, 0};
	pthread_t thread;
	int there = 9;

	if (setrlimit(RLIMIT_SIGPENDING, &none) != 0)
		return 20;
	int here = paused_ten_times();
	if (pthread_create(&thread, NULL, on_thread, &there) != 0 || pthread_join(thread, NULL) != 0)
		return 21;
	return here ? here : there ? 10 + there : 0;
}

/* The first thread has a timer when the queue fills up; the second has to do without. */
static int filled_later(void)
{
	int before = paused_ten_times();
	return before ? 30 + before : full_queue();
}

static void on_signal(int sig) { (void)sig; }

/* Signals that are not the library's are still the program's: a handler of the same number, with the queue full. */
static int own_signal(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	int first = full_queue();
	sigaction(63, &action, NULL);
	if (kill(getpid(), 63) != 0)
		return 40;
	return first ? first : paused_ten_times();
}

static int fork_then(void)
{
	int before = full_queue();
	return before ? before : in_child(paused_ten_times);
}

static int deny(const int *calls, unsigned count)
{
	struct sock_filter code[32] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
	unsigned n = 1;
	for (unsigned i = 0; i < count; i++) {
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {(unsigned short)n, code};
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static int timers_denied(void)
{
	static const int calls[] = {SYS_timer_create};
	return deny(calls, 1) ? paused_ten_times() : 50;
}

static int setting_denied(void)
{
	static const int calls[] = {SYS_timer_settime};
	return deny(calls, 1) ? paused_ten_times() : 50;
}

static void nothing(void *ran) { ++*(int *)ran; }

static int everything_denied(void)
{
	static const int calls[] = {SYS_timer_create, SYS_rt_tgsigqueueinfo};
	int ran = 0;
	if (!deny(calls, 2))
		return 50;
	errno = 0;
	linger_t call = launch(nothing, 10000, &ran);
	if (call.continuation || call.is_complete || errno != EAGAIN || ran)
		return 1;
	if (!strstr(inger_strerror(errno), "clock"))
		return 2;
	if (inger_call(nothing, &ran, 10000, NULL) != EAGAIN || ran)
		return 3;
	call = launch(nothing, 0, &ran);
	if (!call.continuation || resume(&call, 10000) != -1 || errno != EAGAIN || call.is_complete || ran)
		return 4;
	if (resume(&call, TO_COMPLETION) != 0 || !call.is_complete || ran != 1)
		return 5;
	call = launch(nothing, TO_COMPLETION, &ran);
	return call.is_complete && ran == 2 ? 0 : 6;
}

int main(void)
{
	plan(7);
	is_int(in_child(full_queue), 0, "a budget holds with a full queue of signals, on two threads");
	is_int(in_child(filled_later), 0, "and when it fills up between two threads' first launches");
	is_int(in_child(own_signal), 0, "and beside signals of the same number that the program sends");
	is_int(in_child(fork_then), 0, "and in the child of a fork");
	is_int(in_child(timers_denied), 0, "and where timers are denied");
	is_int(in_child(setting_denied), 0, "and where setting them is denied");
	is_int(in_child(everything_denied), 0, "where there is no clock at all, launch() with a budget fails with EAGAIN and a reason");
	return done();
}
