/* SPDX-License-Identifier: Apache-2.0 */
/* threads_before: threads that existed before the library was loaded can launch. */
#include "late.h"

#define THREADS 8
static pthread_barrier_t loaded;
static int right;
static __thread int own = 3;

static volatile int stop;
static void compute(void *arg)
{
	own++;
	*(uint64_t *)arg = work(*(uint64_t *)arg, 5000000);
}

static void *body(void *arg)
{
	uint64_t number = (uint64_t)(uintptr_t)arg, value = number;
	own = (int)number;
	pthread_barrier_wait(&loaded); /* the thread exists */
	pthread_barrier_wait(&loaded); /* the library does */
	linger_t call = late_launch(compute, 200, &value);
	long pauses = 0;
	while (!call.is_complete && pauses++ < 1000000)
		if (late_resume(&call, 200) != 0)
			return NULL;
	if (pauses > 0 && value == work(number, 5000000) && own == (int)number)
		__atomic_add_fetch(&right, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];
	plan(3);
	pthread_barrier_init(&loaded, NULL, THREADS + 1);
	for (uintptr_t i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, body, (void *)(i + 10)) != 0)
			bail("pthread_create");
	pthread_barrier_wait(&loaded);
	late_load();
	pthread_barrier_wait(&loaded);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	is_int(right, THREADS, "each older thread pauses and completes its call, with its own __thread variables intact");
	linger_t call = late_launch(spin, 500, (void *)&stop);
	ok(call.continuation && !call.is_complete, "the main thread pauses a function");
	is_int(late_cancel(&call), 0, "and gives it up");
	return done();
}
