/* SPDX-License-Identifier: Apache-2.0 */
/* exec_inside: a program that replaces itself while a call is being sliced never dies of a preemption signal that was on
 * its way; and a failed exec leaves the call sliced as before. */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <inger.h>
#include "tap.h"

enum { CHILDREN = 800 };

static void replace(void *turn)
{
	/* Spend a different part of a slice each time. */
	for (volatile long i = (long)turn % 97 * 1500; i > 0; i--)
		;
	execl("/bin/true", "true", (char *)NULL);
	_exit(99);
}

static volatile int stop;
static long failures;
static void fail_and_spin(void *unused)
{
	(void)unused;
	for (int i = 0; i < 1000; i++)
		failures += execl("/nonexistent", "nonexistent", (char *)NULL) == -1 && errno == ENOENT;
	while (!stop)
		;
}

/* In a process of its own: the child of a fork would use another clock than was asked for. */
static int replaced(long turn)
{
	uint64_t slice = 40 + (uint64_t)turn % 8 * 40;
	linger_t call = launch(replace, slice, (void *)turn);
	while (!call.is_complete)
		if (resume(&call, slice) != 0)
			return 98;
	return 97;
}

int main(int argc, char **argv)
{
	static char *const clocks[] = { "timer", "timekeeper" };
	int status;
	if (argc == 2)
		return replaced(atol(argv[1]));
	plan(6);
	for (int clock = 0; clock < 2; clock++) {
		int killed = 0, other = 0;
		setenv("INGER_CLOCK", clocks[clock], 1);
		for (int i = 0; i < CHILDREN; i++) {
			char turn[12];
			char *arguments[] = { argv[0], turn, NULL };
			pid_t child;
			snprintf(turn, sizeof turn, "%d", i);
			if (posix_spawn(&child, "/proc/self/exe", NULL, NULL, arguments, environ) != 0 || waitpid(child, &status, 0) != child)
				bail("posix_spawn");
			killed += WIFSIGNALED(status);
			other += WIFEXITED(status) && WEXITSTATUS(status) != 0;
		}
		is_int(killed, 0, "%s: no program is killed by a signal that was meant for the one before", clocks[clock]);
		is_int(other, 0, "%s: each runs", clocks[clock]);
	}

	linger_t call = launch(fail_and_spin, 200, NULL);
	for (int i = 0; i < 200 && !call.is_complete; i++)
		resume(&call, 200);
	ok(!call.is_complete, "a call goes on being paused after an exec that failed");
	stop = 1;
	resume(&call, TO_COMPLETION);
	is_int(failures, 1000, "a failed exec says why");
	return done();
}
