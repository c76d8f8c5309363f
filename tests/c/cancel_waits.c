/* SPDX-License-Identifier: Apache-2.0 */
/* cancel_waits: a function that waits for a condition or a semaphore is cancelled, and the others who wait there are woken as
 * if it had never come; timeouts and signals of other processes count in slices, too. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <threads.h>
#include "helpers.h"

#define SLICE_US 100

static pthread_mutex_t plain_mutex = PTHREAD_MUTEX_INITIALIZER;
static mtx_t c11_mutex;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static cnd_t c11_condition;
static sem_t semaphore;
static volatile int waits, woken, predicate;

static void in_condition(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&plain_mutex);
	waits = waits + 1;
	while (!predicate)
		pthread_cond_wait(&condition, &plain_mutex);
	woken = woken + 1;
	pthread_mutex_unlock(&plain_mutex);
}

static void in_timed(void *arg)
{
	struct timespec until;
	(void)arg;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 1000;
	pthread_mutex_lock(&plain_mutex);
	waits = waits + 1;
	while (!predicate && pthread_cond_timedwait(&condition, &plain_mutex, &until) == 0)
		;
	woken = woken + 1;
	pthread_mutex_unlock(&plain_mutex);
}

static void in_c11(void *arg)
{
	(void)arg;
	mtx_lock(&c11_mutex);
	waits = waits + 1;
	while (!predicate)
		cnd_wait(&c11_condition, &c11_mutex);
	woken = woken + 1;
	mtx_unlock(&c11_mutex);
}

static void in_semaphore(void *arg)
{
	(void)arg;
	waits = waits + 1;
	sem_wait(&semaphore);
	woken = woken + 1;
}

static void *thread_in(void *function)
{
	((void (*)(void *))function)(NULL);
	return NULL;
}

/* Two calls and a thread wait; one call is cancelled; one signal each, and the others are woken. */
static void test_condition(void (*function)(void *), const char *what, pthread_mutex_t *mutex, int (*wake)(void))
{
	pthread_t thread;
	linger_t calls[2];
	waits = woken = predicate = 0;
	pthread_create(&thread, NULL, thread_in, (void *)function);
	for (int i = 0; i < 2; i++)
		calls[i] = launch(function, SLICE_US, NULL);
	/* The mutex free, and all have counted themselves: they wait. */
	for (bool all = false; !all;) {
		for (int i = 0; i < 2; i++)
			resume(&calls[i], SLICE_US);
		if (!mutex) {
			all = waits == 3;
		} else if (pthread_mutex_trylock(mutex) == 0) {
			all = waits == 3;
			pthread_mutex_unlock(mutex);
		}
	}
	ok(!calls[0].is_complete && !calls[1].is_complete && cancel(&calls[0]) == 0, "a function that waits in %s is cancelled", what);
	if (mutex)
		pthread_mutex_lock(mutex);
	predicate = 1;
	if (mutex)
		pthread_mutex_unlock(mutex);
	wake();
	wake();
	ok(finish(&calls[1], SLICE_US) >= 0, "another one is woken");
	pthread_join(thread, NULL);
	is_int(woken, 2, "and so is a thread");
}
#define CONDITION_TESTS 3

static int wake_condition(void) { return pthread_cond_signal(&condition); }
static int wake_c11(void) { return cnd_signal(&c11_condition); }
static int wake_semaphore(void) { return sem_post(&semaphore); }

/* A condition in shared memory, signalled by another process, which knows nothing of our waiters. */
static struct common {
	pthread_mutex_t mutex;
	pthread_cond_t condition;
	volatile int waits, predicate;
} *common;

static void in_common(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&common->mutex);
	common->waits++;
	while (!common->predicate)
		pthread_cond_wait(&common->condition, &common->mutex);
	pthread_mutex_unlock(&common->mutex);
}

static void test_common(void)
{
	pthread_mutexattr_t mutex;
	pthread_condattr_t condition_attributes;
	linger_t calls[2];
	common = mmap(NULL, sizeof *common, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_init(&mutex);
	pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
	pthread_condattr_init(&condition_attributes);
	pthread_condattr_setpshared(&condition_attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&common->mutex, &mutex);
	pthread_cond_init(&common->condition, &condition_attributes);
	for (int i = 0; i < 2; i++)
		calls[i] = launch(in_common, SLICE_US, NULL);
	for (bool all = false; !all;) {
		for (int i = 0; i < 2; i++)
			resume(&calls[i], SLICE_US);
		if (pthread_mutex_trylock(&common->mutex) == 0) {
			all = common->waits == 2;
			pthread_mutex_unlock(&common->mutex);
		}
	}
	ok(cancel(&calls[0]) == 0, "a function that waits in a condition of several processes is cancelled");
	pid_t child = fork();
	if (child == 0) {
		pthread_mutex_lock(&common->mutex);
		common->predicate = 1;
		pthread_cond_signal(&common->condition);
		pthread_mutex_unlock(&common->mutex);
		_exit(0);
	}
	ok(finish(&calls[1], SLICE_US) >= 0, "another process wakes another function");
	waitpid(child, NULL, 0);
	is_int(pthread_cond_destroy(&common->condition), 0, "and nobody is left in it");
}

/* A timeout is the caller's, whatever slices it takes; the mutex is held again afterwards. */
static void timed_out(void *result)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += 20000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&plain_mutex);
	*(int *)result = pthread_cond_clockwait(&condition, &plain_mutex, CLOCK_MONOTONIC, &until);
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec < until.tv_sec || (now.tv_sec == until.tv_sec && now.tv_nsec < until.tv_nsec))
		*(int *)result = -1;
	if (pthread_mutex_unlock(&plain_mutex) != 0)
		*(int *)result = -2;
}

static void lock_timed_out(void *result)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 20000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	*(int *)result = pthread_mutex_timedlock(&plain_mutex, &until);
}

int main(void)
{
	mtx_init(&c11_mutex, mtx_plain);
	cnd_init(&c11_condition);
	sem_init(&semaphore, 0, 0);

	plan(4 * CONDITION_TESTS + 3 + 4);
	test_condition(in_condition, "pthread_cond_wait()", &plain_mutex, wake_condition);
	test_condition(in_timed, "pthread_cond_timedwait()", &plain_mutex, wake_condition);
	test_condition(in_c11, "cnd_wait()", (pthread_mutex_t *)&c11_mutex, wake_c11);
	test_condition(in_semaphore, "sem_wait()", NULL, wake_semaphore);

	test_common();

	int result = 0;
	ok(run_sliced(timed_out, &result, SLICE_US) > 0, "waiting with a timeout is paused");
	is_int(result, ETIMEDOUT, "and ends at the timeout, with the mutex");
	pthread_mutex_lock(&plain_mutex);
	ok(run_sliced(lock_timed_out, &result, SLICE_US) > 0 && result == ETIMEDOUT, "pthread_mutex_timedlock() times out in slices");
	pthread_mutex_unlock(&plain_mutex);
	ok(pthread_cond_destroy(&condition) == 0 && pthread_mutex_destroy(&plain_mutex) == 0, "nobody waits for the condition any more");
	return done();
}
