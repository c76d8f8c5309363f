/* SPDX-License-Identifier: Apache-2.0 */
/* odd_collect.c - a program that blocks every signal and has a thread collect them, the number that the library uses among them,
 * while its other threads launch calls. Nothing is lost, and what the senders said arrives. */
#include "helpers.h"
#include <signal.h>

#define EACH 5

static int seen[65], values;
static sigset_t all;

static void *collect(void *unused)
{
	siginfo_t info;

	(void)unused;
	for (;;) {
		int sig = sigwaitinfo(&all, &info);
		if (sig == SIGTERM)
			return NULL;
		if (sig > 0) {
			seen[sig]++;
			values += info.si_value.sival_int;
		}
	}
}

static int launches(void)
{
	static int never;
	int bad = 0;

	for (int i = 0; i < 20; i++)
		bad += inger_call(spin, &never, 300, NULL) != ETIMEDOUT;
	return bad;
}

static void send_all(void)
{
	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++)
		for (int i = 0; i < EACH; i++)
			sigqueue(getpid(), sig, (union sigval){.sival_int = sig});
}

static int lacking(void)
{
	int lacking = 0;

	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++) {
		if (seen[sig] != EACH)
			diag("signal %d: %d of %d", sig, seen[sig], EACH);
		lacking += seen[sig] != EACH;
		seen[sig] = 0;
	}
	return lacking;
}

static int want(void)
{
	int sum = 0;

	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++)
		sum += sig * EACH;
	return sum;
}

static void collect_in_call(void *unused)
{
	struct timespec no_time = {0, 0};
	siginfo_t info;

	(void)unused;
	for (int sig; (sig = sigtimedwait(&all, &info, &no_time)) > 0;) {
		seen[sig]++;
		values += info.si_value.sival_int;
	}
}

int main(void)
{
	pthread_t thread;
	sigset_t pending;

	plan(9);
	is_int(launches(), 0, "launches before");
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	if (pthread_create(&thread, NULL, collect, NULL) != 0)
		bail("pthread_create");
	send_all();
	is_int(launches(), 0, "launches meanwhile");
	kill(getpid(), SIGTERM);
	pthread_join(thread, NULL);
	is_int(lacking(), 0, "a thread that has not launched collects all");
	is_int(values, want(), "with what was sent");

	values = 0;
	send_all();
	sigpending(&pending);
	is_int(sigismember(&pending, 63) && sigismember(&pending, 62) && sigismember(&pending, 64), 1, "pending");
	launch(collect_in_call, TO_COMPLETION, NULL);
	is_int(lacking(), 0, "a call collects all");
	is_int(values, want(), "with what was sent");
	sigpending(&pending);
	is_int(sigismember(&pending, 63) || sigismember(&pending, 62), 0, "nothing is pending any more");
	struct timespec soon = {0, 2000000};
	ok(sigtimedwait(&all, NULL, &soon) == -1 && errno == EAGAIN, "a wait for one more ends in time");
	return done();
}
