/* SPDX-License-Identifier: Apache-2.0 */
/* fork_child: launch works in the child of fork(), fork() works in a preemptible function, and a call that was paused
 * before the fork goes on in both processes, each with its own. */
#include <sys/wait.h>
#include "helpers.h"

static int status_of(pid_t child)
{
	int status;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static volatile int stop;
static uint64_t computed;
static void compute(void *arg) { computed = work((uint64_t)(uintptr_t)arg, 20000000); }

static int launches_work(void)
{
	stop = 0;
	linger_t call = launch(spin, 1000, (void *)&stop);
	if (!call.continuation || call.is_complete)
		return 0;
	stop = 1;
	return resume(&call, TO_COMPLETION) == 0 && call.is_complete && run_sliced(compute, (void *)5, 300) > 0
		&& computed == work(5, 20000000);
}

static void *launches_in_thread(void *arg)
{
	*(int *)arg = launches_work();
	return NULL;
}

static volatile pid_t forked = -1;
static volatile int child_status = -1;
static void fork_and_wait(void *arg)
{
	forked = fork();
	if (forked == 0) {
		char *block = malloc(100000); /* the child's heap and streams work on this call's TCB */
		memset(block, 1, 100000);
		free(block);
		work(1, 1000000);
		_exit(*(int *)arg);
	}
	child_status = status_of(forked);
}

/* In the child the function goes on as well, and launch() returns there too. */
static void fork_and_return(void *arg)
{
	*(volatile pid_t *)arg = fork();
	work(1, 5000000);
}

static void exits_inside(void *arg) { exit(*(int *)arg); }

int main(void)
{
	plan(13);
	linger_t call = launch(spin, 300, (void *)&stop); /* the library is in use before the first fork */
	cancel(&call);
	pid_t child = fork();
	if (child == 0)
		_exit(launches_work() ? 42 : 1);
	is_int(status_of(child), 42, "launch, pause and resume in the child of fork()");
	ok(launches_work(), "and still in the parent");

	child = fork();
	if (child == 0) {
		pthread_t thread;
		int worked = 0;
		if (pthread_create(&thread, NULL, launches_in_thread, &worked) != 0)
			_exit(2);
		pthread_join(thread, NULL);
		_exit(worked ? 43 : 1);
	}
	is_int(status_of(child), 43, "launch in a thread of the child");

	child = fork();
	if (child == 0) {
		pid_t grandchild = fork();
		if (grandchild == 0)
			_exit(launches_work() ? 44 : 1);
		_exit(status_of(grandchild));
	}
	is_int(status_of(child), 44, "launch in the child of a child");

	int seven = 7;
	long pauses = run_sliced(fork_and_wait, &seven, 200);
	is_int(child_status, 7, "fork() in a preemptible function: the child goes on and exits with its status");
	ok(pauses >= 0 && forked > 0, "fork() in a preemptible function: the parent completes");

	volatile pid_t pid = -1;
	pauses = run_sliced(fork_and_return, (void *)&pid, 200);
	if (pid == 0) /* the child: the call has completed here */
		_exit(pauses >= 0 && launches_work() ? 9 : 1);
	is_int(status_of(pid), 9, "launch returns in the child too, which goes on launching");
	ok(pauses >= 0, "and in the parent");

	computed = 0;
	call = launch(compute, 300, (void *)77);
	ok(call.continuation && !call.is_complete, "a call paused before the fork");
	child = fork();
	if (child == 0)
		_exit(finish(&call, 300) > 0 && computed == work(77, 20000000) ? 11 : 1);
	ok(finish(&call, 300) > 0 && computed == work(77, 20000000), "is resumed in the parent");
	is_int(status_of(child), 11, "and in the child");

	child = fork();
	if (child == 0) {
		int twelve = 12;
		run_sliced(exits_inside, &twelve, 1000);
		_exit(1);
	}
	is_int(status_of(child), 12, "exit() in a preemptible function ends the process with its status");

	int rounds_right = 0;
	for (int i = 0; i < 50; i++) {
		child_status = -1;
		run_sliced(fork_and_wait, &seven, 50);
		rounds_right += child_status == 7;
	}
	is_int(rounds_right, 50, "fifty forks in slices of 50 us");
	return done();
}
