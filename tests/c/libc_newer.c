/* SPDX-License-Identifier: Apache-2.0 */
/* libc_newer: functions that glibc got after 2.35. The library has wrappers for all of them; where libc has none, a program must
 * not find one, by a weak reference or by dlsym(). Where it has, they do in a call what their older twins do. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <inger.h>
#include "tap.h"

#define WEAK __attribute__((weak))
#if __GLIBC_PREREQ(2, 43)
extern __typeof__(openat2) openat2 WEAK;
#else
struct open_how {
	uint64_t flags, mode, resolve;
};
extern int openat2(int, const char *, const struct open_how *, size_t) WEAK;
#endif
extern int pidfd_spawnp(int *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const *, char *const *) WEAK;
extern pid_t pidfd_getpid(int) WEAK;
extern pid_t pthread_gettid_np(pthread_t) WEAK;
extern void free_sized(void *, size_t) WEAK;
extern void free_aligned_sized(void *, size_t, size_t) WEAK;
extern int __isoc23_fscanf(FILE *, const char *, ...) WEAK;
extern int __isoc23_sscanf(const char *, const char *, ...) WEAK;

static int libc_minor;

static void is_there(const char *name, const void *reference, int since)
{
	bool has = libc_minor >= since;
	ok((reference != NULL) == has, "a weak reference to %s is %s", name, has ? "something" : "NULL");
	const void *found = dlsym(RTLD_DEFAULT, name);
	ok((found != NULL) == has, "dlsym() %s %s", has ? "finds" : "does not find", name);
	ok(has || dlerror(), "and says so: %s", name);
}

static int result, opened, child_fd, child_is;
static pid_t of_self, of_libc;
static long blocks_freed;
static FILE *input;
static char word[20];

static void spin(void)
{
	for (;;)
		__asm__ volatile("");
}
static void open_and_spin(void *directory)
{
	struct open_how how = { .flags = O_RDONLY };
	opened = openat2(AT_FDCWD, directory, &how, sizeof how);
	spin();
}
static void spawn_and_spin(void *unused)
{
	char *arguments[] = { "sh", "-c", "exit 7", NULL };
	(void)unused;
	result = pidfd_spawnp(&child_fd, "sh", NULL, NULL, arguments, environ);
	child_is = result == 0 ? pidfd_getpid(child_fd) : -1;
	spin();
}
static void ask_for_thread(void *unused)
{
	(void)unused;
	of_libc = pthread_gettid_np(pthread_self());
	of_self = gettid();
}
static void free_again_and_again(void *unused)
{
	(void)unused;
	for (int i = 0; i < 20000; i++) {
		char *p = malloc(100), *q = aligned_alloc(64, 128);
		p[0] = q[0] = 1;
		free_sized(p, 100);
		free_aligned_sized(q, 64, 128);
		blocks_freed += 2;
	}
}
static void read_word(void *unused)
{
	(void)unused;
	result = __isoc23_fscanf(input, "%19s", word);
}

static linger_t run_until_paused(void (*function)(void *), void *arg, const volatile int *until)
{
	linger_t call = launch(function, 1000, arg);
	while (!call.is_complete && *until == -2 && resume(&call, 1000) == 0) {}
	return call;
}

static void test_open(void)
{
	if (!openat2)
		return (void)skip(2, "no openat2()");
	opened = -2;
	linger_t call = run_until_paused(open_and_spin, "/", &opened);
	ok(opened >= 0, "openat2() opens in a call");
	cancel(&call);
	ok(fcntl(opened, F_GETFD) == -1 && errno == EBADF, "and its descriptor is closed when the call is cancelled");
}

static void test_spawn(void)
{
	int status = 0;
	if (!pidfd_spawnp)
		return (void)skip(3, "no pidfd_spawn()");
	child_is = -2;
	linger_t call = run_until_paused(spawn_and_spin, NULL, &child_is);
	ok(result == 0 && child_is > 0, "pidfd_spawnp() starts a child in a call (%d)", result);
	cancel(&call);
	ok(fcntl(child_fd, F_GETFD) == -1 && errno == EBADF, "its descriptor is closed when the call is cancelled");
	ok(child_is > 0 && waitpid(child_is, &status, 0) == child_is && WIFEXITED(status) && WEXITSTATUS(status) == 7,
	   "and the child is the program's");
}

static void test_the_rest(void)
{
	linger_t call;
	if (pthread_gettid_np) {
		call = launch(ask_for_thread, UINT64_MAX, NULL);
		ok(call.is_complete && of_libc == of_self, "pthread_gettid_np(pthread_self()) in a call is the thread's number");
	} else {
		skip(1, "no pthread_gettid_np()");
	}
	if (free_sized && free_aligned_sized) {
		call = launch(free_again_and_again, 50, NULL);
		while (!call.is_complete && resume(&call, 50) == 0) {}
		ok(blocks_freed == 40000, "free_sized() and free_aligned_sized() in slices");
	} else {
		skip(1, "no free_sized()");
	}
	if (__isoc23_fscanf) {
		int ends[2];
		if (pipe(ends) != 0 || !(input = fdopen(ends[0], "r")))
			bail("pipe");
		call = launch(read_word, 2000, NULL);
		ok(!call.is_complete, "__isoc23_fscanf() is paused while it waits for input");
		if (write(ends[1], "hello ", 6) != 6)
			bail("write");
		while (!call.is_complete && resume(&call, 2000) == 0) {}
		ok(result == 1 && strcmp(word, "hello") == 0, "and reads what comes");
	} else {
		skip(2, "no __isoc23_fscanf()");
	}
}

int main(void)
{
	libc_minor = atoi(strchr(gnu_get_libc_version(), '.') + 1);
	diag("glibc 2.%d", libc_minor);
	plan(8 * 3 + 2 + 3 + 4);
	is_there("__isoc23_fscanf", (const void *)__isoc23_fscanf, 38);
	is_there("__isoc23_sscanf", (const void *)__isoc23_sscanf, 38);
	is_there("pidfd_spawnp", (const void *)pidfd_spawnp, 39);
	is_there("pidfd_getpid", (const void *)pidfd_getpid, 39);
	is_there("pthread_gettid_np", (const void *)pthread_gettid_np, 42);
	is_there("openat2", (const void *)openat2, 43);
	is_there("free_sized", (const void *)free_sized, 43);
	is_there("free_aligned_sized", (const void *)free_aligned_sized, 43);
	test_open();
	test_spawn();
	test_the_rest();
	return done();
}
