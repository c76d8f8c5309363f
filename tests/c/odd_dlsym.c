/* SPDX-License-Identifier: Apache-2.0 */
/* odd_dlsym.c - functions that a program finds by name: by libc's handle, by version, as ctypes, JNA and plugins do. What is found
 * is what a reference in the program is bound to, and behaves like it in a function that is paused and cancelled. */
#include "helpers.h"
#include <dlfcn.h>
#include <malloc.h>
#include <poll.h>
#include "inger.h"
#include "gotcha.h"

static void *(*get)(size_t);
static void (*give)(void *);
static int (*sleep_us)(unsigned);
static int (*wait_for)(struct pollfd *, nfds_t, int);

static void storm(void *unused)
{
	(void)unused;
	for (;;) {
		void *blocks[40];
		for (size_t i = 0; i < 40; i++)
			blocks[i] = get(i * 61 + 1);
		for (size_t i = 0; i < 40; i++)
			give(blocks[i]);
	}
}

static int cancelled(void)
{
	int bad = 0;

	for (unsigned i = 0; i < 400; i++) {
		struct inger_attr attr = INGER_ATTR_INIT;
		attr.isolation = i & 1 ? INGER_SHARED : INGER_ISOLATED;
		bad += inger_call(storm, NULL, 60 + i % 50, &attr) != ETIMEDOUT;
	}
	return bad;
}

static uint64_t slept_us, polled_us;

static void waits(void *unused)
{
	uint64_t begin = now_ns();

	(void)unused;
	if (sleep_us(30000) == 0)
		slept_us = (now_ns() - begin) / 1000;
	begin = now_ns();
	if (wait_for(NULL, 0, 30) == 0)
		polled_us = (now_ns() - begin) / 1000;
}

int main(void)
{
	static const char *const names[] = {"malloc", "free", "read", "usleep", "poll", "printf", "sigaction", "pthread_mutex_lock", "dlopen"};
	void *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
	int other = 0;

	plan(9);
	if (!libc)
		bail("libc is not there");
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (dlsym(libc, names[i]) != dlsym(RTLD_DEFAULT, names[i])) {
			diag("%s", names[i]);
			other++;
		}
	is_int(other, 0, "libc's handle gives what the program's references are bound to");
	ok(dlvsym(libc, "malloc", "GLIBC_2.2.5") == dlsym(RTLD_DEFAULT, "malloc"), "so does the default version");
	void *old = dlvsym(libc, "posix_spawn", "GLIBC_2.2.5"), *new = dlvsym(libc, "posix_spawn", "GLIBC_2.15");
	ok(old && new && old != new && new == dlsym(RTLD_DEFAULT, "posix_spawn"), "an old version is another function");
	ok(!dlsym(libc, "no_such_function") && dlerror(), "what is not there is not there");

	get = dlsym(libc, "malloc");
	give = dlvsym(libc, "free", "GLIBC_2.2.5");
	sleep_us = dlsym(libc, "usleep");
	wait_for = dlsym(libc, "poll");
	run_sliced(waits, NULL, 500);
	ok(slept_us >= 30000, "usleep() sleeps as long as it is told");
	ok(polled_us >= 30000, "poll() waits as long");
	is_int(cancelled(), 0, "cancelled in the middle of the heap");
	size_t before = mallinfo2().uordblks;
	is_int(cancelled(), 0, "and again");
	ok((long)(mallinfo2().uordblks - before) < 100000, "whose blocks do not stay behind");
	return done();
}
