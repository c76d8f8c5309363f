/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_loader_first: the first isolated functions of a process: on two threads at once, and in children of fork(). */
#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>
#include "helpers.h"
#include "isolate_loader_table.h"

struct steps {
	int start, first, second;
};

static void count(void *arg)
{
	struct steps *s = arg;
	table_start(s->start);
	s->first = table_next();
	inger_pause();
	s->second = table_next();
}

/* Two functions and the caller take turns. */
static bool separate(void)
{
	struct steps one = { .start = 100 }, other = { .start = 200 };
	linger_t calls[] = { launch(count, TO_COMPLETION, &one), launch(count, TO_COMPLETION, &other) };
	bool paused = calls[0].continuation && calls[1].continuation;
	return paused && finish(&calls[0], TO_COMPLETION) == 1 && finish(&calls[1], TO_COMPLETION) == 1 && one.first == 101 &&
		one.second == 102 && other.first == 201 && other.second == 202;
}

static pthread_barrier_t together;
static void *first_launch(void *unused)
{
	pthread_barrier_wait(&together);
	return separate() ? &together : unused;
}

static bool on_threads(void)
{
	pthread_t threads[2];
	void *results[2];
	pthread_barrier_init(&together, NULL, 2);
	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, first_launch, NULL) != 0)
			bail("pthread_create");
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], &results[i]);
	return results[0] && results[1];
}

static bool child(bool (*function)(void))
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		alarm(20);
		_exit(function() ? 0 : 1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		bail("fork");
	if (status != 0)
		diag("child: status %#x", status);
	return status == 0;
}

static bool many_times(void)
{
	bool good = true;
	for (int i = 0; i < 20; i++)
		good = good && separate();
	return good;
}

static bool in_grandchild(void) { return separate() && child(separate) && separate(); }

static struct steps before = { .start = 400 };
static linger_t paused;

/* Calls that were paused before the fork go on here, each process with its own. */
static bool goes_on(void)
{
	return separate() && resume(&paused, TO_COMPLETION) == 0 && paused.is_complete && before.second == 402 && table_next() == 502;
}

static bool gives_up(void) { return cancel(&paused) == 0 && many_times(); }

static int (*opened_count)(void);
static void count_opened(void *arg) { *(int *)arg = opened_count(); }

static bool opens(void)
{
	char path[4096];
	int number = 0;
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 64);
	path[n < 0 ? 0 : n] = 0;
	strcpy(strrchr(path, '/'), "/loader/libloader_many.so");
	void *handle = dlopen(path, RTLD_NOW);
	opened_count = handle ? (int (*)(void))dlsym(handle, "many_count") : NULL;
	linger_t call = opened_count ? launch(count_opened, TO_COMPLETION, &number) : (linger_t){ 0 };
	return call.is_complete && number == 1 && separate();
}

int main(void)
{
	plan(14);
	ok(child(separate), "a child isolates when its parent has not");
	ok(child(on_threads), "on two threads at once");
	ok(child(in_grandchild), "and its child, too");
	ok(child(opens), "after opening a library");
	ok(on_threads(), "the first two, on two threads at once");
	ok(child(separate), "a child of one that has isolated functions");
	ok(child(many_times), "it does so many times");
	ok(child(on_threads), "on two threads at once");
	ok(child(in_grandchild), "and its child, too");
	ok(child(opens), "after opening a library");
	table_start(501);
	paused = launch(count, TO_COMPLETION, &before);
	ok(child(goes_on), "a paused one goes on in a child");
	ok(child(gives_up), "or is given up there");
	ok(child(opens), "or stays, while a library is opened");
	ok(finish(&paused, TO_COMPLETION) == 1 && before.second == 402, "and goes on in the parent");
	return done();
}
