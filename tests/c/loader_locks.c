/* SPDX-License-Identifier: Apache-2.0 */
/* loader_locks: launches, forks, loads and unloads meet in every order, and nobody waits forever (shim/loader.h). Each scene is a
 * fresh process, since what goes wrong does so at the first launch of one. */
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include "gotcha.h"
#include "helpers.h"

/* What a library's constructor and destructor do. */
void (*program_constructor)(void);
void (*program_destructor)(void);

static struct inger_attr shared = INGER_ATTR_INIT, isolated = INGER_ATTR_INIT;

#define MUST(condition) do { if (!(condition)) { diag("%s:%d: %s (errno %d: %s)", __func__, __LINE__, #condition, errno, \
	inger_strerror(errno)); _exit(1); } } while (0)

static void *library(const char *name)
{
	char path[4096], part[64];

	snprintf(part, sizeof part, "locks/lib%s.so", name);
	beside_program(path, sizeof path, part);
	void *handle = dlopen(path, RTLD_NOW);
	if (!handle)
		diag("%s", dlerror());
	return handle;
}

static void *function(void *handle, const char *name)
{
	return dlsym(handle, name);
}

static void nothing(void *arg)
{
	(void)arg;
}

static void one(void *arg)
{
	*(int *)arg = 1;
}

static bool launches(const struct inger_attr *attr)
{
	int done = 0;

	return inger_launch_attr(one, TO_COMPLETION, &done, attr).is_complete && done == 1;
}

static void *in_thread(void *(*body)(void *), void *arg)
{
	pthread_t thread;
	void *result;

	MUST(pthread_create(&thread, NULL, body, arg) == 0);
	MUST(pthread_join(thread, &result) == 0);
	return result;
}

static _Atomic int stop, turns;

/* ---- the first isolated launch while another thread opens and closes */

static void *opens_and_closes(void *name)
{
	while (!stop) {
		void *handle = library(name);
		MUST(handle && dlclose(handle) == 0);
		turns++;
	}
	return NULL;
}

static void beside_dlclose(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, opens_and_closes, "small1");
	while (turns < 20)
		sched_yield();
	MUST(launches(&isolated));
	MUST(launches(&shared));
	stop = 1;
	pthread_join(thread, NULL);
}

/* ---- a load on one thread, launches on another */

static void *opens(void *name)
{
	void *handle = library(name);

	stop = 1;
	return handle;
}

static int (*is_right)(void), (*bump)(void), (*spoil)(void);

static void ask(void *arg)
{
	*(int *)arg = is_right();
}

static void launches_during_dlopen(void)
{
	pthread_t thread;
	void *handle;

	MUST(launches(&isolated));
	linger_t paused = inger_launch_attr(ask, 0, (void *)&turns, &shared);
	pthread_create(&thread, NULL, opens, "big1");
	while (!stop)
		MUST(launches(&isolated) && launches(&shared));
	pthread_join(thread, &handle);
	is_right = function(handle, "plugin_is_right");
	bump = function(handle, "plugin_bump");
	void (*ask_copy)(void *) = function(handle, "plugin_ask");
	for (int i = 0; i < 2; i++) {
		int right[2] = {0, 0};
		MUST(inger_launch_attr(ask, TO_COMPLETION, &right[0], &shared).is_complete && right[0]);
		MUST(inger_launch_attr(ask_copy, TO_COMPLETION, &right[1], &isolated).is_complete && right[1]);
	}
	MUST(resume(&paused, TO_COMPLETION) == 0 && turns == 1);
	MUST(is_right());
	bump();
	MUST(inger_launch_attr((void (*)(void *))(void *)bump, TO_COMPLETION, NULL, &isolated).is_complete);
	MUST(bump() == 2); /* the call had its own */
}

/* ---- a call that is under way finds the variables of a library that another thread opens */

static int (*_Atomic given)(void);

static void wait_and_ask(void *arg)
{
	int (*f)(void);

	while (!(f = given))
		;
	*(int *)arg = f();
}

static void *runs_a_call(void *arg)
{
	MUST(inger_launch_attr(wait_and_ask, TO_COMPLETION, arg, &shared).is_complete);
	return NULL;
}

static void variables_in_running_calls(void)
{
	pthread_t thread;
	int right = 0;

	MUST(launches(&shared));
	pthread_create(&thread, NULL, runs_a_call, &right);
	usleep(2000);
	void *handle = library("small2");
	given = (int (*)(void))function(handle, "plugin_is_right");
	pthread_join(thread, NULL);
	MUST(right);
}

/* The same library once more at the same place: a pooled call has the old variables, spoilt. */
static void variables_after_dlclose(void)
{
	for (int i = 0; i < 50; i++) {
		void *handle = library(i % 2 ? "small3" : "small4");
		is_right = function(handle, "plugin_is_right");
		spoil = function(handle, "plugin_spoil");
		int right = 0;
		MUST(inger_launch_attr(ask, TO_COMPLETION, &right, &shared).is_complete && right);
		MUST(inger_launch_attr((void (*)(void *))(void *)spoil, TO_COMPLETION, NULL, &shared).is_complete);
		MUST(dlclose(handle) == 0);
	}
}

/* Initial values are copied while the library goes. */
static void launches_beside_dlclose(void)
{
	pthread_t thread;

	MUST(launches(&shared));
	pthread_create(&thread, NULL, opens_and_closes, "small1");
	for (uint64_t end = now_ns() + 300000000; now_ns() < end;)
		MUST(launches(&shared));
	stop = 1;
	pthread_join(thread, NULL);
}

static void in_another_namespace(void)
{
	char path[4096];
	int right = 0;

	MUST(launches(&isolated) && launches(&shared));
	beside_program(path, sizeof path, "locks/libsmall1.so");
	void *handle = dlmopen(LM_ID_NEWLM, path, RTLD_NOW);
	if (!handle) {
		diag("no second namespace: %s", dlerror());
		return;
	}
	is_right = function(handle, "plugin_is_right");
	MUST(inger_launch_attr(ask, TO_COMPLETION, &right, &shared).is_complete && right);
	MUST(launches(&isolated) && is_right());
}

/* ---- fork */

static void *first_launch(void *arg)
{
	while (!stop)
		;
	MUST(launches(arg));
	return NULL;
}

static void fork_during_first_launch(void)
{
	uint64_t seed = now_ns();
	pthread_t thread;
	const struct inger_attr *how = seed % 2 ? &shared : &isolated;

	pthread_create(&thread, NULL, first_launch, (void *)how);
	usleep(1000);
	stop = 1;
	for (uint64_t until = now_ns() + random_next(&seed) % (how == &shared ? 300000 : 8000000); now_ns() < until;)
		;
	pid_t child = fork();
	if (child == 0) {
		alarm(10);
		/* Isolated it may be refused, as the Go runtime stays behind. */
		bool done = launches(&shared) && (launches(&isolated) || errno == ENOSYS);
		_exit(done ? 0 : 3);
	}
	int status;
	MUST(waitpid(child, &status, 0) == child && status == 0);
	pthread_join(thread, NULL);
}

static void forks(void)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(0);
	MUST(waitpid(child, &status, 0) == child && status == 0);
}

static void *opens_all(void *unused)
{
	char name[16];

	(void)unused;
	for (int i = 1; i <= 6; i++) {
		snprintf(name, sizeof name, "small%d", i);
		MUST(library(name) && launches(&isolated));
	}
	stop = 1;
	return NULL;
}

static void constructor_forks(void)
{
	pthread_t thread;

	MUST(launches(&isolated));
	program_constructor = forks; /* in copies, too */
	pthread_create(&thread, NULL, opens_all, NULL);
	while (!stop) {
		void *handle = library("plain1");
		MUST(handle && dlclose(handle) == 0);
	}
	pthread_join(thread, NULL);
}

/* ---- constructors and destructors that launch */

static int launched_inside, error_inside;

/* Copies have constructors, too: not there. */
static void launches_isolated(void)
{
	program_constructor = program_destructor = NULL;
	errno = 0;
	launched_inside += launches(&isolated);
	error_inside = errno;
}

static void first_launch_in_constructor(void)
{
	MUST(library("small1") && library("plain1"));
	program_constructor = launches_isolated;
	MUST(library("small2"));
	MUST(launched_inside == 1);
}

static void opens_instance(void)
{
	char path[4096];

	program_constructor = NULL;
	beside_program(path, sizeof path, "locks/libplain2.so");
	gotcha_t *set = gotcha_open(path);
	launched_inside += set && gotcha_sym(set, "plugin_bump") && gotcha_close(set) == 0;
}

static void instance_in_constructor(void)
{
	program_constructor = NULL;
	MUST(library("plain2"));
	program_constructor = opens_instance;
	MUST(library("small1"));
	program_constructor = NULL;
	MUST(launched_inside == 1);
}

/* The library is still in the linker's list, and about to go: what is copied must stay. */
static void launch_in_destructor(void)
{
	program_destructor = launches_isolated;
	void *handle = library("plain1");
	MUST(dlclose(handle) == 0);
	MUST(launched_inside == 0 && error_inside == EAGAIN);
	program_destructor = NULL;
	MUST(launches(&isolated)); /* refused then, not for good */
	handle = library("plain2");
	program_destructor = launches_isolated;
	MUST(dlclose(handle) == 0);
	MUST(launched_inside == 1 || error_inside == EAGAIN);
	MUST(launches(&isolated));
}

static void cancels(void)
{
	long count = 0;

	program_destructor = NULL;
	linger_t call = inger_launch_attr(spin, 200, &stop, &isolated);
	count = call.continuation && !call.is_complete && cancel(&call) == 0;
	launched_inside += (int)count;
}

static void cancel_in_destructor(void)
{
	MUST(launches(&isolated));
	void *handle = library("plain3");
	MUST(launches(&isolated)); /* it is copied now, and stays */
	handle = (dlclose(handle), library("small3"));
	MUST(launches(&shared));
	program_destructor = cancels;
	MUST(dlclose(handle) == 0);
	program_destructor = NULL;
	MUST(launches(&isolated));
}

static void *launch_isolated_once(void *unused)
{
	(void)unused;
	launches_isolated();
	return NULL;
}

static void waits_for_a_thread(void)
{
	program_constructor = NULL;
	in_thread(launch_isolated_once, NULL);
}

/* A thread can't be given a plan while its constructor waits for it: refused, after a bounded wait, and not for good. */
static void constructor_waits_for_launch(void)
{
	program_constructor = waits_for_a_thread;
	MUST(library("small1"));
	MUST(launched_inside == 1 || error_inside == EAGAIN);
	MUST(launches(&isolated));
}

static void launches_shared(void)
{
	launched_inside += launches(&shared);
}

static void *launch_shared_once(void *unused)
{
	(void)unused;
	launches_shared();
	return NULL;
}

static void waits_for_a_shared_launch(void)
{
	uint64_t begin = now_ns();

	program_constructor = NULL;
	in_thread(launch_shared_once, NULL);
	launched_inside += now_ns() - begin < 2000000000;
}

static void constructor_waits_for_shared_launch(void)
{
	program_constructor = waits_for_a_shared_launch;
	MUST(library("small1"));
	MUST(launched_inside == 2);
}

/* ---- in callbacks of the linker's */

static int launch_in_callback(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)info;
	(void)size;
	launched_inside += launches(arg);
	error_inside = errno;
	return 1;
}

static void first_launch_in_callback(void)
{
	dl_iterate_phdr(launch_in_callback, &isolated);
	MUST(launched_inside == 0 && error_inside == EAGAIN);
	MUST(launches(&isolated));
	MUST(library("small1"));
	dl_iterate_phdr(launch_in_callback, &shared);
	MUST(launched_inside == 1);
}

/* ---- instances */

static void *opens_instances(void *unused)
{
	char path[4096], part[64];

	(void)unused;
	for (int i = 0; i < 12; i++) {
		snprintf(part, sizeof part, "locks/lib%s%d.so", i % 2 ? "plain" : "small", i / 2 + 1);
		beside_program(path, sizeof path, part);
		gotcha_t *set = gotcha_open(path);
		MUST(set);
		int (*f)(void) = (int (*)(void))gotcha_sym(set, "plugin_bump");
		MUST(f && f() == 1 && gotcha_close(set) == 0);
	}
	return NULL;
}

static void *opens_instances_too(void *unused)
{
	opens_instances(unused);
	stop++;
	return NULL;
}

/* fork() beside them only where it does not meet dlopen(), which glibc's child does not survive: instances of what is loaded. */
static void instances_on_two_threads(void)
{
	pthread_t threads[2];
	char name[16];

	for (int i = 1; i <= 6; i++) {
		snprintf(name, sizeof name, "small%d", i);
		MUST(library(name));
		snprintf(name, sizeof name, "plain%d", i);
		MUST(library(name));
	}
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, opens_instances_too, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

static const struct scene {
	const char *name;
	void (*play)(void);
	int times;
	const char *promise;
} scenes[] = {
	{"beside_dlclose", beside_dlclose, 12, "the first isolated launch beside dlopen() and dlclose()"},
	{"launches_during_dlopen", launches_during_dlopen, 3, "launches during a dlopen(): isolated and with initial values afterwards"},
	{"variables_in_running_calls", variables_in_running_calls, 2, "a running call has a new library's thread-local variables"},
	{"variables_after_dlclose", variables_after_dlclose, 1, "and those of one that came where another was"},
	{"launches_beside_dlclose", launches_beside_dlclose, 1, "launches while a library with thread-local variables comes and goes"},
	{"in_another_namespace", in_another_namespace, 1, "a library in a namespace of its own has its variables in calls"},
	{"fork_during_first_launch", fork_during_first_launch, 30, "a child of a fork() during the first launch launches"},
	{"constructor_forks", constructor_forks, 1, "constructors that fork, beside plans that grow"},
	{"first_launch_in_constructor", first_launch_in_constructor, 1, "the first launch in a constructor, with libraries opened before"},
	{"instance_in_constructor", instance_in_constructor, 1, "gotcha_open() in a constructor"},
	{"launch_in_destructor", launch_in_destructor, 1, "a launch in a destructor that dlclose() runs"},
	{"cancel_in_destructor", cancel_in_destructor, 1, "a cancel there"},
	{"constructor_waits_for_launch", constructor_waits_for_launch, 1, "a constructor that waits for an isolated launch: refused in time"},
	{"constructor_waits_for_shared_launch", constructor_waits_for_shared_launch, 1, "a constructor that waits for a shared launch"},
	{"first_launch_in_callback", first_launch_in_callback, 1, "launches in a callback of dl_iterate_phdr()"},
	{"instances_on_two_threads", instances_on_two_threads, 1, "gotcha_open() on two threads"},
};
#define SCENES (sizeof scenes / sizeof *scenes)

/* Plays in a fresh process: 0, or what waitpid() has said. */
static int play_alone(const char *program, const char *name)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		execl(program, program, name, (char *)NULL);
		_exit(127);
	}
	return waitpid(child, &status, 0) == child ? status : -1;
}

int main(int argc, char **argv)
{
	shared.isolation = INGER_SHARED;
	isolated.isolation = INGER_ISOLATED;
	(void)nothing;
	if (argc > 1) {
		alarm(20); /* a hang has the scene's name */
		for (size_t i = 0; i < SCENES; i++)
			if (strcmp(scenes[i].name, argv[1]) == 0)
				scenes[i].play();
		fflush(NULL);
		_exit(0);
	}
	plan((int)SCENES);
	for (size_t i = 0; i < SCENES; i++) {
		int status = 0, times = scenes[i].times * (soak() ? 20 : 1), n;
		for (n = 0; n < times && status == 0; n++)
			status = play_alone(argv[0], scenes[i].name);
		ok(status == 0, "%s", scenes[i].promise);
		if (status)
			diag("%s, time %d: %s %d", scenes[i].name, n, WIFSIGNALED(status) ? "signal" : "exit status",
			     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	}
	return done();
}
