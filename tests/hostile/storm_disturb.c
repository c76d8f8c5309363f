/* SPDX-License-Identifier: Apache-2.0 */
/* storm_disturb.c - the threads, timers and handlers of storm_disturb.h. */
#include <dlfcn.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include "storm.h"
#include "storm_disturb.h"

#define CHILD_SECONDS 20 /* a child that is not done by then hangs */

static struct {
	unsigned what;
	const pthread_t *threads;
	int count;
	uint64_t random;
	volatile bool stop;
	pthread_t forker, loader, sender;
	char failed[300];
} beside;

static void fail(const char *what, long detail)
{
	if (!beside.failed[0])
		snprintf(beside.failed, sizeof beside.failed, "%s (%ld)", what, detail);
}

const char *disturb_failed(void)
{
	return beside.failed[0] ? beside.failed : NULL;
}

static volatile long handled;
static void on_signal(int number)
{
	(void)number;
	__atomic_fetch_add(&handled, 1, __ATOMIC_RELAXED);
}

void disturb_prepare(unsigned what)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	if (what & ALARM)
		sigaction(SIGALRM, &action, NULL);
	action.sa_flags = 0;
	if (what & DIRECTED)
		sigaction(SIGUSR1, &action, NULL);
}

/* in_child - a child of a process in full swing has a heap, can launch and exit. */
static void in_child(uint64_t random)
{
	struct job job = { .work = work_named("heap"), .random = random, .rounds = 0 };
	linger_t call = launch(job_runs, 100, &job);
	while (!call.is_complete && call.continuation && resume(&call, 100) == 0)
		;
	if (!call.is_complete)
		diag("child: %s", inger_strerror(errno));
	_exit(!call.is_complete ? 2 : job.wrong ? 1 : 0);
}

/* reap - the child, or -1 when it is still there after all that time: its stack is shown then, and it is killed. */
static int reap(pid_t child)
{
	int status;
	for (int i = 0; i < CHILD_SECONDS * 200; i++) {
		pid_t got = waitpid(child, &status, WNOHANG);
		if (got == child)
			return status;
		usleep(5000);
	}
	char command[200];
	snprintf(command, sizeof command, "timeout 10 gdb -nx -batch -p %d -ex 'thread apply all bt 25' 2>/dev/null </dev/null | sed 's/^/# child: /'",
	         (int)child);
	if (system(command) != 0)
		diag("no backtrace of the child");
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	return -1;
}

static void *fork_some(void *arg)
{
	uint64_t random = (uint64_t)(uintptr_t)arg;
	while (!beside.stop && !beside.failed[0]) {
		pid_t child = fork();
		if (child == 0)
			in_child(random_next(&random));
		int status = child < 0 ? -1 : reap(child);
		if (status == -1)
			fail("a child of fork() beside the calls hangs", child);
		else if (status != 0)
			fail("a child of fork() beside the calls ends with status", status);
		usleep((useconds_t)random_range(&random, 1000, 20000));
	}
	return NULL;
}

static void *load_some(void *arg)
{
	uint64_t random = (uint64_t)(uintptr_t)arg;
	while (!beside.stop && !beside.failed[0]) {
		char path[4096], name[40];
		snprintf(name, sizeof name, "libhostile_plugin%d.so", (int)random_range(&random, 0, 2));
		beside_program(path, sizeof path, name);
		void *handle = dlopen(path, RTLD_NOW);
		long (*add)(long) = handle ? (long (*)(long))dlsym(handle, "plugin_add") : NULL;
		if (!add) {
			fail(dlerror(), 0);
			return NULL;
		}
		long first = add(1);
		if (first < 0 || add(1) != first + 1)
			fail("a plugin's thread-local variables do not begin as they should", first);
		dlclose(handle);
		usleep((useconds_t)random_range(&random, 100, 2000));
	}
	return NULL;
}

static void *send_some(void *arg)
{
	uint64_t random = (uint64_t)(uintptr_t)arg;
	while (!beside.stop) {
		pthread_kill(beside.threads[random_range(&random, 0, (uint64_t)beside.count - 1)], SIGUSR1);
		usleep(1000);
	}
	return NULL;
}

static void set_alarm(long us)
{
	struct itimerval timer = { { 0, us }, { 0, us } };
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void begin_thread(pthread_t *thread, void *(*function)(void *))
{
	if ((errno = pthread_create(thread, NULL, function, (void *)(uintptr_t)random_next(&beside.random))) != 0)
		bail("pthread_create");
}

void disturb_begin(unsigned what, const pthread_t *threads, int count, uint64_t seed)
{
	beside.what = what;
	beside.threads = threads;
	beside.count = count;
	beside.random = seed;
	beside.stop = false;
	if (what & ALARM)
		set_alarm(3000);
	if (what & FORKING)
		begin_thread(&beside.forker, fork_some);
	if (what & LOADING)
		begin_thread(&beside.loader, load_some);
	if (what & DIRECTED)
		begin_thread(&beside.sender, send_some);
}

void disturb_end(void)
{
	beside.stop = true;
	if (beside.what & ALARM)
		set_alarm(0);
	if (beside.what & FORKING)
		pthread_join(beside.forker, NULL);
	if (beside.what & LOADING)
		pthread_join(beside.loader, NULL);
	if (beside.what & DIRECTED)
		pthread_join(beside.sender, NULL);
}
