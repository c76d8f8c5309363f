/* SPDX-License-Identifier: Apache-2.0 */
/* storm_locks.c - works that hold the program's locks when they are paused, and wait for those that others hold. No work takes two
 * at once: which of two paused functions lets go first would be the storm's to decide. */
#include <semaphore.h>
#include <threads.h>
#include "storm.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile long mutex_guards[2]; /* equal while nobody holds it */
static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static volatile long recursive_guards[2];
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static volatile long rwlock_guards[2];
static pthread_mutex_t queue = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t queue_changed = PTHREAD_COND_INITIALIZER;
static volatile int queue_length;

static void change(volatile long *guards)
{
	guards[0]++;
	work(1, 200);
	guards[1]++;
}

WORK(mutex, 0)
{
	for (int i = 0; i < 20; i++) {
		pthread_mutex_lock(&mutex);
		right(mutex_guards[0] == mutex_guards[1]);
		change(mutex_guards);
		pthread_mutex_unlock(&mutex);
	}
}

WORK(recursive, 0)
{
	for (int i = 0; i < 20; i++) {
		pthread_mutex_lock(&recursive);
		right(recursive_guards[0] == recursive_guards[1]);
		pthread_mutex_lock(&recursive);
		change(recursive_guards);
		pthread_mutex_unlock(&recursive);
		pthread_mutex_unlock(&recursive);
	}
}

WORK(rwlock, 0)
{
	for (int i = 0; i < 20; i++) {
		if (i % 4 == 0) {
			pthread_rwlock_wrlock(&rwlock);
			right(rwlock_guards[0] == rwlock_guards[1]);
			change(rwlock_guards);
		} else {
			pthread_rwlock_rdlock(&rwlock);
			right(rwlock_guards[0] == rwlock_guards[1]);
		}
		pthread_rwlock_unlock(&rwlock);
	}
}

/* Half of them put in, half take out; nobody waits for more than a moment, as those that put in may be paused or gone. */
WORK(condition, 0)
{
	for (int i = 0; i < 5; i++) {
		struct timespec until;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 500000;
		if (until.tv_nsec >= 1000000000)
			until.tv_nsec -= 1000000000, until.tv_sec++;
		pthread_mutex_lock(&queue);
		if (random_next(&j->random) % 2) {
			queue_length++;
			pthread_cond_signal(&queue_changed);
		} else {
			int error = 0;
			while (queue_length == 0 && error == 0)
				error = pthread_cond_timedwait(&queue_changed, &queue, &until);
			right(error == 0 || error == ETIMEDOUT);
			if (queue_length > 0)
				queue_length--;
		}
		right(queue_length >= 0);
		pthread_mutex_unlock(&queue);
	}
}

WORK(own_lock, 0)
{
	struct { mtx_t lock; sem_t free; } *own = malloc(sizeof *own);
	mtx_init(&own->lock, mtx_plain);
	sem_init(&own->free, 0, 1);
	for (int i = 0; i < 50; i++) {
		right(mtx_lock(&own->lock) == thrd_success);
		right(sem_wait(&own->free) == 0 || errno == EINTR);
		sem_post(&own->free);
		right(mtx_unlock(&own->lock) == thrd_success);
	}
	sem_destroy(&own->free);
	mtx_destroy(&own->lock);
	free(own);
}

/* The stream is the program's: its lock outlives the function. */
static FILE *null;
WORK(stream_lock, 0)
{
	flockfile(null);
	for (int i = 0; i < 20; i++)
		right(fprintf(null, "%d\n", i) > 0);
	funlockfile(null);
}

static pthread_key_t key;
static volatile long destroyed;
static void destroy(void *value) { free(value); destroyed++; }
__attribute__((constructor)) static void before_main(void)
{
	pthread_key_create(&key, destroy);
	null = fopen("/dev/null", "we");
}
WORK(specific, 0)
{
	long *mine = pthread_getspecific(key);
	if (!mine) {
		mine = calloc(1, sizeof *mine);
		*mine = 77;
		pthread_setspecific(key, mine);
	}
	work(1, 1000);
	right(*mine == 77 && pthread_getspecific(key) == mine);
}
