/* SPDX-License-Identifier: Apache-2.0 */
/* signals_relay.c - with the timekeeper as the clock SIGSTKFLT is the program's: blocked it is pending, and unblocked it has its own action;
 * and a full queue of signals ends no slice late. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "helpers.h"

static volatile int stop;
static bool budget_holds(void) { return inger_call(spin, (void *)&stop, 2000, NULL) == ETIMEDOUT; }

int main(int argc, char **argv)
{
	const char *clock = getenv("INGER_CLOCK");
	sigset_t all, now, pending;
	siginfo_t info;
	int status = -1;

	(void)argc;
	if (!clock || strcmp(clock, "timekeeper") != 0) {
		setenv("INGER_CLOCK", "timekeeper", 1);
		execv("/proc/self/exe", argv);
		bail("execv");
	}
	plan(6);
	ok(budget_holds(), "something is launched");
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	sigprocmask(SIG_SETMASK, NULL, &now);
	ok(sigismember(&now, SIGSTKFLT) == 1, "it is blocked with all others");
	kill(getpid(), SIGSTKFLT);
	ok(sigpending(&pending) == 0 && sigismember(&pending, SIGSTKFLT) == 1, "and pending");
	ok(budget_holds() && sigwaitinfo(&all, &info) == SIGSTKFLT && info.si_pid == getpid(), "until it is waited for");
	pid_t child = fork();
	if (child == 0) {
		(void)budget_holds();
		kill(getpid(), SIGSTKFLT);
		sigprocmask(SIG_UNBLOCK, &all, NULL);
		_exit(0);
	}
	ok(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGSTKFLT, "its default action is as ever");
	struct rlimit full = {0, 0};
	setrlimit(RLIMIT_SIGPENDING, &full);
	ok(budget_holds() && budget_holds(), "budgets hold when the queue of signals has become full");
	return done();
}
