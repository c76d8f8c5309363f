/* SPDX-License-Identifier: Apache-2.0 */
/* deepbind: libraries opened with RTLD_DEEPBIND, before the first launch and after it, their functions bound at once or when they are
 * first called: in calls they behave as others do, and what they bring along for themselves stays theirs. */
#include <dlfcn.h>
#include <malloc.h>
#include "deepbind_lib.h"
#include "helpers.h"

static __typeof__(deep_sleep) *sleeps, *sleeps_by_pointer;
static __typeof__(deep_allocate) *allocates, *prints;
static __typeof__(deep_labs) *own_labs;
static __typeof__(deep_alarm) *own_alarm;
static int result, result_by_pointer;
static uint64_t took;

static void sleep_inside(void *unused)
{
	(void)unused;
	uint64_t begin = now_ns();
	errno = 0;
	result = sleeps(30000);
	result_by_pointer = sleeps_by_pointer(30000);
	took = now_ns() - begin;
}

static void *open_deep(int mode)
{
	char path[4096];
	beside_program(path, sizeof path, "libdeepbind.so");
	void *handle = dlopen(path, mode | RTLD_DEEPBIND);
	if (!handle)
		return NULL;
	sleeps = (__typeof__(sleeps))dlsym(handle, "deep_sleep");
	sleeps_by_pointer = (__typeof__(sleeps))dlsym(handle, "deep_sleep_by_pointer");
	allocates = (__typeof__(allocates))dlsym(handle, "deep_allocate");
	prints = (__typeof__(allocates))dlsym(handle, "deep_print");
	own_labs = (__typeof__(own_labs))dlsym(handle, "deep_labs");
	own_alarm = (__typeof__(own_alarm))dlsym(handle, "deep_alarm");
	*(FILE **)dlsym(handle, "deep_stream") = fopen("/dev/null", "w");
	return handle;
}

static linger_t shared(void (*function)(void *), uint64_t budget_us)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = INGER_SHARED;
	return inger_launch_attr(function, budget_us, NULL, &attr);
}

/* Paused anywhere, and given up: the other side allocates and prints meanwhile. */
static bool cancelled(void (*function)(void *), int times)
{
	for (int i = 0; i < times; i++) {
		linger_t call = shared(function, 200 + (uint64_t)(i * 37 % 300));
		if (!call.continuation)
			return false;
		free(malloc(500));
		if (resume(&call, 100) != 0 || call.is_complete || cancel(&call) != 0)
			return false;
	}
	return true;
}

static void check(int mode, const char *when)
{
	void *handle = open_deep(mode);
	if (!handle) {
		diag("%s", dlerror());
		bail("dlopen");
	}
	linger_t call = shared(sleep_inside, 1000);
	long pauses = finish(&call, 1000);
	ok(pauses > 0 && !result && !result_by_pointer && took >= 60000000, "%s: waits go on after a pause (%ld pauses, %d, %d, %llu us)", when,
	   pauses, result, result_by_pointer, (unsigned long long)took / 1000);
	bool all = cancelled(allocates, 10);
	size_t before = mallinfo2().uordblks;
	all = all && cancelled(allocates, soak() ? 2000 : 150);
	size_t after = mallinfo2().uordblks;
	ok(all && after < before + 20000, "%s: the heap is taken back (%zu bytes)", when, after - before);
	ok(cancelled(prints, 60), "%s: streams are not left locked", when);
	ok(own_labs(5) == 1005 && own_alarm(5) == 2005, "%s: its own functions of libc's names stay its own", when);
	ok(dlclose(handle) == 0, "%s: it can be closed", when);
}

int main(void)
{
	plan(20);
	check(RTLD_NOW, "before the first launch, bound at once");
	check(RTLD_LAZY, "lazily");
	check(RTLD_NOW, "at once");
	check(RTLD_LAZY, "lazily again");
	return done();
}
