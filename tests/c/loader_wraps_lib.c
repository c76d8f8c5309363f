/* SPDX-License-Identifier: Apache-2.0 */
/* loader_wraps_lib.c - preloaded: stands before functions of libc as profilers do, and looks for the next one at each call. */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

int loader_wraps_calls;

#define NEXT(name) ((__typeof__(&name))next(#name))
static void *next(const char *name)
{
	__atomic_fetch_add(&loader_wraps_calls, 1, __ATOMIC_RELAXED);
	return dlsym(RTLD_NEXT, name);
}

void free(void *p) { NEXT(free)(p); }
void *malloc(size_t n) { return NEXT(malloc)(n); }
void *realloc(void *p, size_t n) { return NEXT(realloc)(p, n); }
int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
	return NEXT(pthread_create)(thread, attr, start, arg);
}
int pthread_sigmask(int how, const sigset_t *set, sigset_t *old) { return NEXT(pthread_sigmask)(how, set, old); }
int clock_gettime(clockid_t clock, struct timespec *t) { return NEXT(clock_gettime)(clock, t); }
