/* SPDX-License-Identifier: Apache-2.0 */
/* limit_fork: limits in children, in what they exec, in new threads, and together with slices of main(). */
#include <spawn.h>
#include "limit.h"
#include "limit_work.h"

static const char rules[] = "liblimit_work.so:work_spin=300us:return=-7\nliblimit_work.so:work_inner=200us:return=-4\n"
			    "liblimit_work.so:work_back=50ms:return=-9\nliblimit_work.so:*=1h:return=-1";

static struct work w;
static int wrongs;
#define CHECK(condition)                                                   \
	do {                                                               \
		if (!(condition) && wrongs++ < 5)                          \
			diag("%s:%d: %s", __FILE__, __LINE__, #condition); \
	} while (0)

/* Limits work here: calls that are given up, and calls that are not. */
static int limited(void)
{
	int before = wrongs;
	for (int i = 0; i < 5; i++) {
		CHECK(work_spin(&w) == -7);
		CHECK(work_quick(i) == 3L * i + 1);
		CHECK(work_some(1000) == 1000);
		CHECK(work_outer(&w) == -8);
	}
	return wrongs - before;
}

static int end_of(pid_t pid)
{
	int status = limit_wait(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void child_first(void)
{
	pid_t pid = fork(); /* nothing limited has been called before */
	if (pid == 0)
		_exit(limited() ? 1 : 40);
	CHECK(end_of(pid) == 40);
	CHECK(limited() == 0);
}

static void child_later(void)
{
	CHECK(limited() == 0);
	for (int i = 0; i < 30; i++) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(limited() ? 1 : 41);
		CHECK(work_spin(&w) == -7);
		CHECK(end_of(pid) == 41);
	}
	CHECK(limited() == 0);
}

static void child_of_child(void)
{
	CHECK(limited() == 0);
	pid_t pid = fork();
	if (pid == 0) {
		pid_t inner = fork();
		if (inner == 0)
			_exit(limited() ? 1 : 42);
		int status = end_of(inner);
		_exit(limited() ? 2 : status);
	}
	CHECK(end_of(pid) == 42);
}

/* fork() in a function of the program that a limited one calls. In the child it returns there, too; or its budget is over in
 * both. */
static volatile pid_t forked;
static volatile int forks_left;
static long forks(struct work *work_of)
{
	(void)work_of;
	if (forks_left > 0) {
		forks_left = forks_left - 1;
		forked = fork();
	}
	return 0;
}

static void inside(void)
{
	pid_t self = getpid();
	w.back = forks;
	for (int i = 0; i < 20; i++) {
		forks_left = 1;
		forked = -1;
		long value = work_back(&w); /* calls back for ever */
		if (getpid() != self)
			_exit(value == -9 && limited() == 0 ? 43 : 1);
		CHECK(value == -9);
		CHECK(end_of(forked) == 43); /* -1, any: on a busy machine the budget is over at the end of fork() */
	}
	CHECK(limited() == 0);
}

static long forks_and_exits(struct work *work_of)
{
	(void)work_of;
	pid_t pid = fork();
	if (pid == 0)
		_exit(44);
	forked = end_of(pid);
	for (;;)
		;
}
static void inside_and_exits(void)
{
	w.back = forks_and_exits;
	for (int i = 0; i < 20; i++) {
		forked = 0;
		CHECK(work_back(&w) == -9);
		CHECK(forked == 44 || forked == 0); /* or given up while it waited */
	}
	CHECK(limited() == 0);
}

/* An exit() in the child, inside of a limited function, runs the handlers of exit; these call limited functions, which have no
 * limit there. */
static void at_exit(void)
{
	if (work_quick(3) == 10)
		_exit(45);
}
static long exits_in_child(struct work *work_of)
{
	(void)work_of;
	if (forks_left-- > 0 && (forked = fork()) == 0)
		exit(1);
	return 0;
}
static void inside_exit(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		atexit(at_exit);
		w.back = exits_in_child;
		forks_left = 1;
		long value = work_back(&w);
		_exit(value == -9 && end_of(forked) == 45 ? 46 : 1);
	}
	CHECK(end_of(pid) == 46);
}

static void *thread_works(void *arg)
{
	long *given = arg;
	struct work own = {.seed = (uint64_t)*given};
	for (int i = 0; i < 50; i++)
		*given += work_spin(&own) == -7 && work_quick(i) == 3L * i + 1;
	return NULL;
}
static void *thread_works_once(void *arg)
{
	struct work own = {.seed = 7};
	*(long *)arg = work_spin(&own) == -7;
	return NULL;
}
static void threads(void)
{
	for (int round = 0; round < 5; round++) {
		pthread_t thread[8];
		long given[8] = {0};
		for (int i = 0; i < 8; i++)
			CHECK(pthread_create(&thread[i], NULL, thread_works, &given[i]) == 0);
		for (int i = 0; i < 8; i++) {
			pthread_join(thread[i], NULL);
			CHECK(given[i] == 50);
		}
	}
}

static void *thread_forks(void *arg)
{
	pid_t pid = fork();
	if (pid == 0) {
		threads();
		_exit(limited() || wrongs ? 1 : 47);
	}
	*(int *)arg = end_of(pid);
	return NULL;
}
static void child_of_thread(void)
{
	pthread_t thread;
	int status = 0;
	CHECK(limited() == 0);
	CHECK(pthread_create(&thread, NULL, thread_forks, &status) == 0);
	for (int i = 0; i < 50; i++)
		CHECK(work_spin(&w) == -7);
	pthread_join(thread, NULL);
	CHECK(status == 47);
}

/* fork() while another thread is on its way into or out of limited functions, or in a handler: what is kept of it is used for
 * the child's new threads. */
static volatile bool enough;
static void *thread_enters(void *arg)
{
	for (long i = 0; !enough; i++)
		if (work_quick(i) != 3 * i + 1)
			*(int *)arg = 1;
	return NULL;
}
static void handles(int signal)
{
	(void)signal;
	while (!enough)
		;
}
static void *thread_handles(void *arg)
{
	(void)arg;
	if (work_quick(1) == 4)
		raise(SIGUSR1);
	return NULL;
}
static void child_amid(void)
{
	pthread_t entering, handling;
	int wrong = 0;
	CHECK(limited() == 0);
	CHECK(signal(SIGUSR1, handles) != SIG_ERR);
	CHECK(pthread_create(&entering, NULL, thread_enters, &wrong) == 0);
	CHECK(pthread_create(&handling, NULL, thread_handles, NULL) == 0);
	for (int i = 0; i < 40; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			pthread_t thread[4];
			long given[4] = {0};
			for (int k = 0; k < 4; k++)
				CHECK(pthread_create(&thread[k], NULL, thread_works_once, &given[k]) == 0);
			for (int k = 0; k < 4; k++) {
				pthread_join(thread[k], NULL);
				CHECK(given[k] == 1);
			}
			_exit(wrongs ? 1 : 49);
		}
		CHECK(end_of(pid) == 49);
	}
	enough = true;
	pthread_join(entering, NULL);
	pthread_join(handling, NULL);
	CHECK(!wrong);
}

/* A thread that ends in a handler: the next one has limits. */
static void ends(int signal)
{
	(void)signal;
	pthread_exit(NULL);
}
static void *thread_ends_in_handler(void *arg)
{
	(void)arg;
	if (work_quick(1) == 4)
		raise(SIGUSR2);
	return NULL;
}
static void after_handler(void)
{
	CHECK(signal(SIGUSR2, ends) != SIG_ERR);
	for (int i = 0; i < 20; i++) {
		pthread_t thread;
		long given = 0;
		CHECK(pthread_create(&thread, NULL, thread_ends_in_handler, NULL) == 0);
		pthread_join(thread, NULL);
		CHECK(pthread_create(&thread, NULL, thread_works_once, &given) == 0);
		pthread_join(thread, NULL);
		CHECK(given == 1);
	}
}

/* What is executed inherits the environment. */
static char *const exec_argv[] = {(char *)"limited only", NULL};
static void executed(void)
{
	extern char **environ;
	pid_t pid = fork();
	if (pid == 0) {
		execv("/proc/self/exe", exec_argv);
		_exit(127);
	}
	CHECK(end_of(pid) == 48);
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
	path[n < 0 ? 0 : n] = 0;
	CHECK(posix_spawn(&pid, path, NULL, NULL, exec_argv, environ) == 0);
	CHECK(end_of(pid) == 48);
	pid = vfork();
	if (pid == 0) {
		execv(path, exec_argv);
		_exit(127);
	}
	CHECK(end_of(pid) == 48);
	CHECK(limited() == 0);
}

/* As much work, in limited functions and outside of them; INGER_STATS says how often main() was paused. */
static void long_work(void)
{
	for (int i = 0; i < 20; i++) {
		CHECK(work_some(3000000) == 3000000);
		work(1, 3000000);
	}
}
static void sliced(void)
{
	long_work();
}
static void sliced_and_given_up(void)
{
	for (int i = 0; i < 5; i++)
		CHECK(limited() == 0);
	long_work();
	child_later();
	w.back = forks_and_exits;
	CHECK(work_back(&w) == -9);
	threads();
}

static const struct part {
	const char *what;
	void (*run)(void);
} parts[] = {
	{"in a child, before anything limited was called", child_first},
	{"in children, at the same time as in their parent", child_later},
	{"in the child of a child", child_of_child},
	{"fork() inside of a limited function, which is given up in both", inside},
	{"a limited function waits for a child, and is given up", inside_and_exits},
	{"exit() of a child inside of a limited function", inside_exit},
	{"in threads", threads},
	{"in the child of a thread, and in its threads", child_of_thread},
	{"in the children of a program whose other threads are anywhere", child_amid},
	{"in threads after one that has ended in a handler", after_handler},
	{"in what is executed", executed},
	{"the work, in slices", sliced},
	{"all of it, in slices", sliced_and_given_up},
};
#define PARTS (int)(sizeof parts / sizeof *parts)
#define SLICED 11 /* the first that is not run without */

static long pauses_of(const char *said)
{
	long pauses = -1;
	const char *at = strstr(said, "libinger: pauses=");
	return at && sscanf(at, "libinger: pauses=%ld", &pauses) == 1 ? pauses : -1;
}

int main(int argc, char **argv)
{
	(void)argc;
	int number;
	if (strcmp(argv[0], "limited only") == 0)
		return limited() ? 1 : 48;
	if (sscanf(argv[0], "part %d", &number) == 1) {
		parts[number].run();
		return wrongs != 0;
	}
	plan(2 * SLICED + 5);
	static struct limit_end end;
	char name[20];
	for (int i = 0; i < 2 * SLICED; i++) {
		bool slices = i >= SLICED;
		snprintf(name, sizeof name, "part %d", i % SLICED);
		setenv("INGER_STATS", "1", slices); /* reached by main() in slices only */
		end = limit_child(rules, name, slices ? "INGER_SLICE=100us" : NULL);
		if (!ok(end.status == 0, "%s%s", parts[i % SLICED].what, slices ? ", in slices" : ""))
			limit_show(&end);
	}
	setenv("INGER_STATS", "1", 1);
	snprintf(name, sizeof name, "part %d", SLICED);
	end = limit_child(NULL, name, "INGER_SLICE=100us");
	long without = pauses_of(end.said);
	ok(end.status == 0 && without > 20, "without limits main() is paused");
	end = limit_child(rules, name, "INGER_SLICE=100us");
	long with = pauses_of(end.said);
	diag("pauses without limits %ld, with limits %ld", without, with);
	if (!ok(end.status == 0 && with >= without / 3, "with limits, too, also inside of limited functions"))
		limit_show(&end);
	ok(limit_lines(end.said, "is given up") == 0, "and no call is given up for it");
	snprintf(name, sizeof name, "part %d", SLICED + 1);
	end = limit_child(rules, name, "INGER_SLICE=100us");
	if (!ok(end.status == 0, "slices, calls that are given up, children and threads at once"))
		limit_show(&end);
	end = limit_child(rules, name, "INGER_SLICE=1s");
	if (!ok(end.status == 0, "and with slices that are longer than the budgets"))
		limit_show(&end);
	return done();
}
