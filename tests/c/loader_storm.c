/* SPDX-License-Identifier: Apache-2.0 */
/* loader_storm: four threads load, unload, launch, cancel, fork, make instances, threads and processes, at random. Nobody hangs, and
 * each function finds its libraries whole. Who hangs is named by a thread that does nothing but look.
 *
 * fork() does not meet dlopen() or dlclose() here, and that only: a child of glibc's may find the linker's write lock taken then. */
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include "gotcha.h"
#include "helpers.h"

#define THREADS 4
#define LONGEST_NS 30000000000u

extern char **environ;
void (*program_constructor)(void);
void (*program_destructor)(void);

static struct inger_attr shared = INGER_ATTR_INIT, isolated = INGER_ATTR_INIT;
static pthread_rwlock_t loading = PTHREAD_RWLOCK_INITIALIZER;
static _Atomic bool stop;
static _Atomic unsigned long wrong, done_count, refused;

static struct worker {
	const char *_Atomic doing;
	_Atomic uint64_t since;
	uint64_t seed;
	unsigned number;
} workers[THREADS];

static void bad(struct worker *w, const char *what, const char *name)
{
	wrong++;
	diag("thread %u, %s: %s: %s (%s)", w->number, w->doing, what, name, inger_strerror(errno));
}

static void *open_library(const char *name)
{
	char path[4096], part[64];

	snprintf(part, sizeof part, "locks/lib%s.so", name);
	beside_program(path, sizeof path, part);
	return dlopen(path, RTLD_NOW);
}

struct task {
	int (*f)(void);
	void *handle;
	int result;
};

static void call(void *arg)
{
	struct task *t = arg;

	t->result = t->f();
}

static void opens(void *arg)
{
	struct task *t = arg;

	t->handle = open_library("small2");
}

static int returns_one(void)
{
	return 1;
}

/* Isolated launches may be refused for a while; anything else may not. */
static bool run(struct worker *w, const struct inger_attr *attr, struct task *task, uint64_t budget)
{
	linger_t l = inger_launch_attr(call, budget, task, attr);

	while (l.continuation && !l.is_complete)
		if (resume(&l, budget) != 0)
			break;
	if (l.is_complete)
		return true;
	if (attr == &isolated && errno == EAGAIN)
		refused++;
	else
		bad(w, "a launch was refused", "");
	return false;
}

static void does_launch(struct worker *w)
{
	struct task task = {.f = returns_one};

	if (run(w, random_next(&w->seed) % 2 ? &shared : &isolated, &task, 1000) && task.result != 1)
		bad(w, "a wrong result", "");
}

static void does_load(struct worker *w)
{
	char name[16];
	struct task task = {0};

	pthread_rwlock_rdlock(&loading);
	snprintf(name, sizeof name, "small%d", (int)random_range(&w->seed, 1, 6));
	void *handle = open_library(name);
	pthread_rwlock_unlock(&loading);
	if (!handle) {
		bad(w, "dlopen", dlerror());
		return;
	}
	task.f = (int (*)(void))dlsym(handle, "plugin_is_right");
	if (!task.f || !task.f())
		bad(w, "the library is not right", name);
	if (task.f && run(w, &shared, &task, random_next(&w->seed) % 2 ? 50 : TO_COMPLETION) && !task.result)
		bad(w, "its variables are not right in a call", name);
	does_launch(w);
	pthread_rwlock_rdlock(&loading);
	if (dlclose(handle) != 0)
		bad(w, "dlclose", dlerror());
	pthread_rwlock_unlock(&loading);
}

static void does_load_in_call(struct worker *w)
{
	struct task task = {0};

	pthread_rwlock_rdlock(&loading);
	int error = inger_call(opens, &task, TO_COMPLETION, random_next(&w->seed) % 2 ? &shared : &isolated);
	if (error && error != EAGAIN)
		bad(w, "inger_call", inger_strerror(error));
	if (!error && (!task.handle || dlclose(task.handle) != 0))
		bad(w, "dlopen in a call", "small2");
	pthread_rwlock_unlock(&loading);
}

static void does_instance(struct worker *w)
{
	char path[4096], part[64];

	snprintf(part, sizeof part, "locks/libplain%d.so", (int)random_range(&w->seed, 1, 6));
	beside_program(path, sizeof path, part);
	pthread_rwlock_rdlock(&loading);
	gotcha_t *set = gotcha_open(path);
	pthread_rwlock_unlock(&loading);
	if (!set) {
		if (errno == EAGAIN)
			refused++;
		else
			bad(w, "gotcha_open", part);
		return;
	}
	int (*f)(void) = (int (*)(void))gotcha_sym(set, "plugin_bump");
	if (!f || f() != 1)
		bad(w, "an instance is not new", part);
	if (gotcha_close(set) != 0)
		bad(w, "gotcha_close", part);
}

static void does_cancel(struct worker *w)
{
	static int never;
	linger_t l = inger_launch_attr(spin, random_range(&w->seed, 1, 100), &never, random_next(&w->seed) % 2 ? &shared : &isolated);

	if (!l.continuation && errno == EAGAIN)
		refused++;
	else if (!l.continuation || cancel(&l) != 0)
		bad(w, "cancel", "");
}

static void wait_for(struct worker *w, pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child || status != 0)
		bad(w, "a child did not end well", WIFSIGNALED(status) ? "by a signal" : "by its status");
}

static void does_fork(struct worker *w)
{
	pthread_rwlock_wrlock(&loading);
	pid_t child = fork();
	if (child == 0) {
		struct task task = {.f = returns_one};
		alarm(20);
		bool good = inger_launch_attr(call, TO_COMPLETION, &task, &shared).is_complete && task.result == 1;
		good &= inger_launch_attr(call, TO_COMPLETION, &task, &isolated).is_complete || errno == ENOSYS;
		void *handle = open_library("small1");
		_exit(good && handle && dlclose(handle) == 0 ? 0 : 1);
	}
	pthread_rwlock_unlock(&loading);
	if (child < 0)
		bad(w, "fork", "");
	else
		wait_for(w, child);
}

static void does_spawn(struct worker *w)
{
	char *const argv[] = {"true", NULL};
	pid_t child;

	if (posix_spawn(&child, "/bin/true", NULL, NULL, argv, environ) == 0)
		wait_for(w, child);
}

static int count(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)info;
	(void)size;
	++*(int *)arg;
	return 0;
}

static void does_iterate(struct worker *w)
{
	int n = 0;

	dl_iterate_phdr(count, &n);
	if (n < 3)
		bad(w, "dl_iterate_phdr", "few objects");
}

/* Its launches end with it; the paused one is the other's. */
static void *briefly(void *arg)
{
	struct worker *w = arg, own = {.seed = w->seed, .number = w->number, .doing = "a thread"};

	does_launch(&own);
	does_cancel(&own);
	return NULL;
}

static void does_thread(struct worker *w)
{
	pthread_t thread;

	random_next(&w->seed);
	if (pthread_create(&thread, NULL, briefly, w) != 0 || pthread_join(thread, NULL) != 0)
		bad(w, "pthread_create", "");
}

static const struct {
	const char *name;
	void (*does)(struct worker *);
	unsigned weight;
} operations[] = {
	{"launch", does_launch, 30}, {"dlopen and dlclose", does_load, 20}, {"dlopen in a call", does_load_in_call, 10},
	{"gotcha_open", does_instance, 10}, {"cancel", does_cancel, 10}, {"fork", does_fork, 4}, {"posix_spawn", does_spawn, 2},
	{"dl_iterate_phdr", does_iterate, 10}, {"a thread", does_thread, 4},
};
#define OPERATIONS (sizeof operations / sizeof *operations)

static void *work_on(void *arg)
{
	struct worker *w = arg;

	while (!stop) {
		uint64_t n = random_range(&w->seed, 0, 99);
		size_t i = 0;
		while (n >= operations[i].weight)
			n -= operations[i++].weight;
		w->doing = operations[i].name;
		w->since = now_ns();
		operations[i].does(w);
		done_count++;
	}
	w->since = 0;
	return NULL;
}

static void *watch(void *unused)
{
	(void)unused;
	for (;;) {
		usleep(500000);
		uint64_t now = now_ns();
		for (unsigned i = 0; i < THREADS; i++) {
			if (!workers[i].since || workers[i].since + LONGEST_NS > now)
				continue;
			for (unsigned k = 0; k < THREADS; k++)
				diag("thread %u is in %s for %lu ms", k, workers[k].doing, (unsigned long)((now - workers[k].since) / 1000000));
			ok(0, "nobody waits forever");
			_exit(1);
		}
	}
	return NULL;
}

int main(void)
{
	uint64_t seconds = soak() ? 120 : 3;
	pthread_t threads[THREADS], watcher;

	plan(3);
	shared.isolation = INGER_SHARED;
	isolated.isolation = INGER_ISOLATED;
	uint64_t seed = random_seed();
	if (getenv("STORM_SECONDS"))
		seconds = strtoull(getenv("STORM_SECONDS"), NULL, 10);
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_create(&watcher, NULL, watch, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i].number = i;
		workers[i].seed = seed + i;
		pthread_create(&threads[i], NULL, work_on, &workers[i]);
	}
	for (uint64_t i = 0; i < seconds * 10; i++)
		usleep(100000);
	stop = true;
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	diag("%lu operations, %lu refused for now", done_count, refused);
	ok(1, "nobody waits forever");
	ok(wrong == 0, "each function finds its libraries whole");
	ok(refused * 20 <= done_count, "few are refused");
	return done();
}
