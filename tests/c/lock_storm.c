/* SPDX-License-Identifier: Apache-2.0 */
/* lock_storm: two threads, each with several calls in short slices of random length, share locks and conditions. What the locks
 * protect is right afterwards, no wake-up is lost, and calls that are cancelled anywhere take nothing along. */
#include <errno.h>
#include <pthread.h>
#include <threads.h>
#include "helpers.h"

#define THREADS 2
#define CALLS 4 /* of each thread */
#define LONG_GRACE_US 30000000

static uint64_t steps;

/* ---- counters, each under a lock of its own kind; two words of one value show a torn section */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spinlock;
static FILE *stream;
static struct pair { volatile uint64_t one, two; } by_mutex, by_recursive, by_rwlock, by_spinlock, by_stream;
static _Atomic uint64_t torn, counted;

static void bump(struct pair *p)
{
	if (p->one != p->two)
		torn++;
	p->one = p->one + 1;
	work(p->one, 20);
	p->two = p->two + 1;
}

static void count_once(uint64_t *state)
{
	switch (random_range(state, 0, 5)) {
	case 0:
		pthread_mutex_lock(&mutex);
		bump(&by_mutex);
		pthread_mutex_unlock(&mutex);
		break;
	case 1:
		pthread_mutex_lock(&recursive);
		pthread_mutex_lock(&recursive);
		bump(&by_recursive);
		pthread_mutex_unlock(&recursive);
		pthread_mutex_unlock(&recursive);
		break;
	case 2:
		pthread_rwlock_wrlock(&rwlock);
		bump(&by_rwlock);
		pthread_rwlock_unlock(&rwlock);
		break;
	case 3:
		pthread_rwlock_rdlock(&rwlock);
		if (by_rwlock.one != by_rwlock.two)
			torn++;
		work(1, 20);
		pthread_rwlock_unlock(&rwlock);
		return;
	case 4:
		pthread_spin_lock(&spinlock);
		bump(&by_spinlock);
		pthread_spin_unlock(&spinlock);
		break;
	default:
		flockfile(stream);
		bump(&by_stream);
		funlockfile(stream);
	}
	counted++;
}

static void count(void *arg)
{
	uint64_t state = (uint64_t)arg;
	for (uint64_t i = 0; i < steps; i++)
		count_once(&state);
}

static void *count_thread(void *arg)
{
	uint64_t state = (uint64_t)arg;
	linger_t calls[CALLS];
	bool more = true;
	for (int i = 0; i < CALLS; i++)
		calls[i] = launch(count, random_range(&state, 20, 100), (void *)random_next(&state));
	while (more) {
		more = false;
		for (int i = 0; i < CALLS; i++)
			if (!calls[i].is_complete && calls[i].continuation && resume(&calls[i], random_range(&state, 20, 100)) == 0)
				more |= !calls[i].is_complete;
	}
	return NULL;
}

/* ---- a queue: calls and a plain thread consume; both threads' main sides produce */

static pthread_mutex_t queue_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER, emptied = PTHREAD_COND_INITIALIZER;
static unsigned queued;
static uint64_t produced, consumed;
static bool over;
#define ROOM 8

static void consume(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&queue_mutex);
	for (;;) {
		while (!queued && !over)
			pthread_cond_wait(&filled, &queue_mutex);
		if (!queued)
			break;
		queued--;
		work(consumed, 2000); /* to be paused in */
		consumed++;
		pthread_cond_signal(&emptied);
	}
	pthread_mutex_unlock(&queue_mutex);
}

static void produce(void *arg)
{
	uint64_t state = (uint64_t)arg;
	for (uint64_t i = 0; i < steps; i++) {
		pthread_mutex_lock(&queue_mutex);
		while (queued == ROOM)
			pthread_cond_wait(&emptied, &queue_mutex);
		queued++;
		produced++;
		bool inside = random_next(&state) & 1; /* signals come with and without the mutex */
		if (inside)
			pthread_cond_signal(&filled);
		pthread_mutex_unlock(&queue_mutex);
		if (!inside)
			pthread_cond_signal(&filled);
	}
}

static void *produce_thread(void *arg)
{
	produce(arg);
	return NULL;
}

static void *consume_thread(void *arg)
{
	consume(arg);
	return NULL;
}

/* Until `last` says that nothing more will come; with cancels, now and then a consumer is cancelled and another launched. */
static long consume_in_slices(uint64_t *state, bool cancels)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	linger_t calls[CALLS] = {0};
	long cancelled = 0;
	int running = CALLS;
	attr.grace_us = LONG_GRACE_US;
	for (int i = 0; i < CALLS; i++)
		calls[i] = inger_launch_attr(consume, random_range(state, 20, 100), NULL, &attr);
	while (running) {
		running = 0;
		for (int i = 0; i < CALLS; i++) {
			if (calls[i].is_complete || !calls[i].continuation)
				continue;
			if (cancels && random_range(state, 0, 3) == 0) {
				if (cancel(&calls[i]) != 0)
					return -1;
				cancelled++;
				calls[i] = inger_launch_attr(consume, random_range(state, 20, 100), NULL, &attr);
			} else if (resume(&calls[i], random_range(state, 20, 100)) != 0) {
				return -1;
			}
			running += !calls[i].is_complete;
		}
	}
	return cancelled;
}

static void *watch_end(void *producer)
{
	pthread_join(*(pthread_t *)producer, NULL);
	pthread_mutex_lock(&queue_mutex);
	over = true;
	pthread_cond_broadcast(&filled);
	pthread_mutex_unlock(&queue_mutex);
	return NULL;
}

static void test_queue(uint64_t *state, bool cancels)
{
	pthread_t producer, consumer, watcher;
	produced = consumed = queued = 0;
	over = false;
	pthread_create(&producer, NULL, produce_thread, (void *)random_next(state));
	if (!cancels)
		pthread_create(&consumer, NULL, consume_thread, NULL);
	pthread_create(&watcher, NULL, watch_end, &producer);
	long cancelled = consume_in_slices(state, cancels);
	pthread_join(watcher, NULL);
	if (!cancels)
		pthread_join(consumer, NULL);
	diag("%llu through the queue, %ld cancels", (unsigned long long)produced, cancelled);
	ok(cancels ? cancelled > 0 : cancelled == 0, cancels ? "consumers can be cancelled" : "consumers end with the queue");
	ok(produced == steps && consumed == steps && !queued, "everything produced is consumed once");
}

/* Producer and consumers all calls of one thread: each waits while the others are paused. */
static void test_one_thread(uint64_t *state)
{
	linger_t calls[2];
	produced = consumed = queued = 0;
	over = false;
	calls[0] = launch(produce, 50, (void *)random_next(state));
	calls[1] = launch(consume, 50, NULL);
	while (!calls[0].is_complete && resume(&calls[0], random_range(state, 20, 100)) == 0)
		resume(&calls[1], random_range(state, 20, 100));
	pthread_mutex_t *m = &queue_mutex;
	while (pthread_mutex_trylock(m) != 0)
		resume(&calls[1], 100);
	over = true;
	pthread_mutex_unlock(m);
	pthread_cond_broadcast(&filled);
	ok(finish(&calls[1], 100) >= 0 && consumed == steps && produced == steps, "so it is with all of them on one thread");
}

int main(void)
{
	uint64_t state = random_seed();
	pthread_t threads[THREADS];
	pthread_spin_init(&spinlock, PTHREAD_PROCESS_PRIVATE);
	stream = fopen("/dev/null", "w");
	steps = soak() ? 200000 : 4000;

	plan(3 + 2 + 2 + 1 + 1);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, count_thread, (void *)random_next(&state));
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	is_int(torn, 0, "no lock lets two in");
	const struct pair *pairs[] = {&by_mutex, &by_recursive, &by_rwlock, &by_spinlock, &by_stream};
	uint64_t sum = 0;
	bool equal = true;
	for (int i = 0; i < 5; i++) {
		sum += pairs[i]->one;
		equal = equal && pairs[i]->one && pairs[i]->one == pairs[i]->two;
	}
	ok(equal, "each kind of lock was used, and its words agree");
	is_int((long)sum, (long)counted, "no section is lost");

	test_queue(&state, false);
	test_queue(&state, true);
	test_one_thread(&state);
	ok(pthread_cond_destroy(&filled) == 0 && pthread_cond_destroy(&emptied) == 0 && pthread_mutex_destroy(&queue_mutex) == 0,
	   "nobody waits any more");
	return done();
}
