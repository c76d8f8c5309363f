/* SPDX-License-Identifier: Apache-2.0 */
/* cancel_async: pthread_cancel() of threads that allow it at any instruction, and of those that wait in libc on behalf of a call. What is
 * due while launch(), resume() or cancel() is under way acts when that is over: the thread ends as cancelled, its calls are left whole, and
 * no lock of the library's stays taken. */
#include "helpers.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

static int never;
static uint64_t seed;

static void computes(void *unused)
{
	(void)unused;
	for (;;)
		work(1, 1000);
}

static void waits(void *unused)
{
	(void)unused;
	for (;;)
		usleep(300);
}

static void empty(void *unused)
{
	(void)unused;
}

static void allocates(void *unused)
{
	(void)unused;
	for (;;)
		free(malloc(100));
}

static void outer(void *func)
{
	for (;;) {
		linger_t inner = launch((void (*)(void *))func, 50, NULL);
		cancel(&inner);
	}
}

enum { COMPUTES, WAITS, EMPTY, ALLOCATES, NESTED, WAYS };

static void asynchronous(int type)
{
	int old;
	pthread_setcanceltype(type, &old);
}

static void *runs(void *arg)
{
	static void (*const functions[])(void *) = {computes, waits, empty, allocates};
	long way = (long)arg;

	asynchronous(PTHREAD_CANCEL_ASYNCHRONOUS);
	for (;;) {
		linger_t call = way == NESTED ? launch(outer, 200, (void *)waits) : launch(functions[way], 200, NULL);
		resume(&call, 200);
		cancel(&call);
	}
	return NULL;
}

/* How many of `rounds` threads did not end as cancelled. */
static int rounds(long way, int count)
{
	int wrong = 0;

	for (int i = 0; i < count; i++) {
		pthread_t thread;
		void *result = NULL;
		if (pthread_create(&thread, NULL, runs, (void *)way) != 0)
			bail("pthread_create");
		usleep((useconds_t)random_range(&seed, 0, 3000));
		pthread_cancel(thread);
		pthread_join(thread, &result);
		wrong += result != PTHREAD_CANCELED;
	}
	return wrong;
}

/* The thread's own, from inside: it goes on until launch() is over. */
static volatile int went_on, came_back;
static void cancels_itself(void *unused)
{
	(void)unused;
	pthread_cancel(pthread_self());
	usleep(1000);
	pthread_testcancel();
	went_on++;
}

static void *by_itself(void *type)
{
	asynchronous((int)(long)type);
	launch(cancels_itself, 10000000, NULL);
	pthread_testcancel();
	came_back++;
	return NULL;
}

/* On the thread's own thread control block, in a call: libc's points of cancellation are the thread's there. */
static volatile int in_child, child_over;
static void starts_shell(void *descriptor)
{
	char command[100];
	snprintf(command, sizeof command, "echo >&%d; sleep 0.2", (int)(long)descriptor);
	in_child = system(command) + 1;
	child_over++;
}

static void *has_child(void *descriptor)
{
	linger_t call = launch(starts_shell, TO_COMPLETION, descriptor);
	cancel(&call);
	pthread_testcancel();
	return NULL;
}

/* A process whose first launch is by such a thread. */
static int first_launch(void)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		alarm(60);
		_exit(rounds(EMPTY, 1) || rounds(COMPUTES, 5));
	}
	waitpid(child, &status, 0);
	return status;
}

int main(void)
{
	static const char *const names[WAYS] = {"calls that compute", "calls that wait in system calls", "calls that return at once",
						"calls that allocate", "nested calls"};
	pthread_t thread;
	void *result;
	int ends[2];
	char byte;

	plan(WAYS + 5);
	seed = random_seed();
	is_int(first_launch(), 0, "the first launch of a process");
	for (long way = 0; way < WAYS; way++)
		is_int(rounds(way, soak() ? 2000 : 60), 0, "%s", names[way]);
	for (long type = PTHREAD_CANCEL_DEFERRED; type <= PTHREAD_CANCEL_ASYNCHRONOUS; type++) {
		went_on = came_back = 0;
		pthread_create(&thread, NULL, by_itself, (void *)type);
		pthread_join(thread, &result);
		ok(result == PTHREAD_CANCELED && went_on == 1 && !came_back, "a call that cancels its thread goes on, type %ld", type);
	}
	if (pipe(ends) != 0)
		bail("pipe");
	pthread_create(&thread, NULL, has_child, (void *)(long)ends[1]);
	if (read(ends[0], &byte, 1) != 1)
		bail("read");
	pthread_cancel(thread);
	pthread_join(thread, &result);
	ok(result == PTHREAD_CANCELED && in_child == 1 && child_over == 1, "system() in a call ends before its thread does");
	linger_t call = launch(spin, 1000, &never);
	ok(call.continuation && cancel(&call) == 0, "others launch and cancel as ever");
	return done();
}
