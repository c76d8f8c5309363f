/* SPDX-License-Identifier: Apache-2.0 */
/* odd_setxid.c - set*id, setgroups and initgroups after a launch, with threads, from a call and from a thread with a paused
 * call: libc changes the credentials of every thread by its own signal 33, which nobody may be without a handler for, nor
 * block. Threads that the library has started change theirs like any other. */
#include "helpers.h"
#include <dirent.h>
#include <dlfcn.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/wait.h>

static void nothing(void *unused)
{
	(void)unused;
}

static void *rest(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void launch_one(enum inger_isolation isolation)
{
	struct inger_attr attr = INGER_ATTR_INIT;

	attr.isolation = isolation;
	(void)inger_launch_attr(nothing, 1000000, NULL, &attr);
}

static void add_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, rest, NULL) != 0)
		_exit(9);
}

static int same_ids(void)
{
	gid_t groups[256];
	int n = getgroups(256, groups), bad = 0;

	bad += setgid(getgid()) != 0;
	bad += setegid(getegid()) != 0;
	bad += seteuid(geteuid()) != 0;
	bad += setreuid(getuid(), geteuid()) != 0;
	bad += setresgid(getgid(), getgid(), getgid()) != 0;
	if (geteuid() == 0)
		bad += n < 0 || setgroups((size_t)n, groups) != 0;
	return bad;
}

static void ids_inside(void *bad)
{
	*(int *)bad = same_ids();
}

/* Threads of the process that have another user or group than `id`. */
static int threads_with_other_ids(unsigned id)
{
	DIR *tasks = opendir("/proc/self/task");
	int others = 0, seen = 0;

	if (!tasks)
		return -1;
	for (struct dirent *d; (d = readdir(tasks));) {
		char path[300], line[300];
		unsigned ids[4];
		if (d->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "/proc/self/task/%s/status", d->d_name);
		FILE *status = fopen(path, "re");
		if (!status)
			continue;
		while (fgets(line, sizeof line, status))
			if (sscanf(line, "%*[UG]id: %u %u %u %u", &ids[0], &ids[1], &ids[2], &ids[3]) == 4) {
				seen++;
				others += ids[0] != id || ids[1] != id || ids[2] != id;
			}
		fclose(status);
	}
	closedir(tasks);
	return seen ? others : -1;
}

/* ---- what a child does; 0 is right */

static int after_a_launch(void)
{
	launch_one(INGER_SHARED);
	return same_ids();
}

static int with_a_thread(void)
{
	launch_one(INGER_SHARED);
	add_thread();
	return same_ids();
}

static int with_a_thread_before(void)
{
	add_thread();
	launch_one(INGER_SHARED);
	return same_ids();
}

static int with_the_library_s_threads(void)
{
	launch_one(INGER_ISOLATED);
	return same_ids();
}

static int with_a_timekeeper(void)
{
	setenv("INGER_CLOCK", "timekeeper", 1);
	launch_one(INGER_ISOLATED);
	add_thread();
	return same_ids();
}

static int in_a_call(void)
{
	int bad = -1;

	launch_one(INGER_ISOLATED);
	add_thread();
	launch(ids_inside, TO_COMPLETION, &bad);
	return bad;
}

static void pausing(void *unused)
{
	(void)unused;
	inger_pause();
}

static int with_a_paused_call(void)
{
	linger_t call = launch(pausing, 1000000, NULL);
	int bad = call.is_complete;

	add_thread();
	bad += same_ids();
	return bad + (resume(&call, 1000000) != 0);
}

/* Another thread changes them while this one runs calls all the time. */
static void *changes(void *bad)
{
	for (int i = 0; i < 200; i++)
		*(int *)bad += setegid(getegid()) != 0;
	return NULL;
}

static void until(void *stop)
{
	while (!__atomic_load_n((int *)stop, __ATOMIC_ACQUIRE))
		;
}

static void *changes_and_stops(void *p)
{
	changes((int *)p + 1);
	__atomic_store_n((int *)p, 1, __ATOMIC_RELEASE);
	return NULL;
}

static int while_calls_are_switched(void)
{
	int words[2] = {0, 0};
	pthread_t thread;

	launch_one(INGER_SHARED);
	if (pthread_create(&thread, NULL, changes_and_stops, words) != 0)
		return -1;
	run_sliced(until, &words[0], 20);
	pthread_join(thread, NULL);
	return words[1];
}

static int drops_for_good(void)
{
	launch_one(INGER_ISOLATED);
	add_thread();
	if (initgroups("root", 65534) != 0 || setgroups(0, NULL) != 0 || setresgid(65534, 65534, 65534) != 0 ||
	    setresuid(65534, 65534, 65534) != 0)
		return 100;
	int others = threads_with_other_ids(65534);
	launch_one(INGER_ISOLATED);
	return others;
}

static int child_of_a_fork(void)
{
	launch_one(INGER_SHARED);
	pid_t child = fork();
	if (child == 0) {
		int bad = same_ids();
		add_thread();
		_exit(bad + same_ids());
	}
	int status;
	return waitpid(child, &status, 0) != child || status;
}

static int status_of(int (*scenario)(void))
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		alarm(30); /* waits for a thread that blocks the signal, for ever */
		_exit(scenario());
	}
	waitpid(child, &status, 0);
	return status;
}

int main(void)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} scenarios[] = {
		{"after a launch, without another thread", after_a_launch},
		{"after a launch and with a thread", with_a_thread},
		{"with a thread and then a launch", with_a_thread_before},
		{"after an isolated launch", with_the_library_s_threads},
		{"with the timekeeper's thread", with_a_timekeeper},
		{"in a call", in_a_call},
		{"with a paused call", with_a_paused_call},
		{"by another thread, while calls pause and go on", while_calls_are_switched},
		{"in the child of a fork", child_of_a_fork},
	};

	/* Not by name: the variable would be copied into the program. */
	const char *single = dlsym(RTLD_DEFAULT, "__libc_single_threaded");

	if (!single)
		bail("libc does not say whether there are several threads");
	plan(sizeof scenarios / sizeof *scenarios + 3);
	ok(*single, "a program that has launched nothing has a single thread");
	for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
		is_int(status_of(scenarios[i].run), 0, "%s", scenarios[i].name);
	if (geteuid() == 0)
		is_int(status_of(drops_for_good), 0, "every thread has dropped its privileges");
	else
		skip(1, "needs root");
	launch_one(INGER_SHARED);
	ok(!*single, "one that has launched is told to use atomics");
	return done();
}
