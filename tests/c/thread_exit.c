/* SPDX-License-Identifier: Apache-2.0 */
/* thread_exit: threads that launch and end leave nothing behind; a call that outlives its thread goes on elsewhere. */
#include "helpers.h"

static volatile int stop;
static uint64_t value;

static void nothing(void *arg) { (void)arg; }
/* Longer than a loaded machine may keep a clock from firing. */
#define STEPS 100000000u
static void compute(void *arg) { *(uint64_t *)arg = work(*(uint64_t *)arg, STEPS); }

static int right;
static void *launch_and_end(void *arg)
{
	linger_t call = launch(nothing, TO_COMPLETION, NULL), paused = launch(spin, 60, (void *)&stop);
	(void)arg;
	if (call.is_complete && !paused.is_complete && paused.continuation && cancel(&paused) == 0)
		__atomic_add_fetch(&right, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* pthread_exit() inside of a preemptible function ends the thread, with cleanups, as a plain call would. */
static volatile int cleaned;
static void clean(void *arg)
{
	(void)arg;
	cleaned++;
}
static void exit_thread(void *arg)
{
	pthread_cleanup_push(clean, NULL);
	work(1, 1000000);
	pthread_exit(arg);
	pthread_cleanup_pop(0);
}
static void *exit_inside(void *arg)
{
	run_sliced(exit_thread, arg, 200);
	return NULL;
}

static void *leave_paused(void *arg)
{
	*(linger_t *)arg = launch(compute, 100, &value);
	return NULL;
}

static void threads(int count)
{
	for (int i = 0; i < count; i += 4) {
		pthread_t some[4];
		for (int j = 0; j < 4; j++)
			if (pthread_create(&some[j], NULL, launch_and_end, NULL) != 0)
				bail("pthread_create");
		for (int j = 0; j < 4; j++)
			pthread_join(some[j], NULL);
	}
}

int main(void)
{
	int count = soak() ? 50000 : 1000;
	plan(9);
	setenv("INGER_LIBSETS", "0", 1); /* none is made beside the counting */
	threads(100); /* pools and libc's caches fill */
	right = 0;
	long mappings = count_mappings(), descriptors = count_descriptors(), running = count_threads();
	threads(count);
	is_int(right, count, "threads that launch, pause, cancel and end");
	diag("mappings %ld -> %ld, descriptors %ld -> %ld, threads %ld -> %ld", mappings, count_mappings(), descriptors,
		count_descriptors(), running, count_threads());
	/* Stacks cached by libc and by the pools come and go by a few; a leak would be one for each thread. */
	ok(settles(count_mappings, mappings + 100), "no mappings are left behind");
	is_int(count_descriptors(), descriptors, "no descriptors are left behind");
	ok(settles(count_threads, running + 3), "no threads are left behind"); /* a few of the runtime's may have come */

	linger_t call = { 0 };
	pthread_t thread;
	value = 3;
	pthread_create(&thread, NULL, leave_paused, &call);
	pthread_join(thread, NULL);
	ok(call.continuation && !call.is_complete, "a call that outlives its thread");
	ok(finish(&call, 200) > 0, "goes on in another");
	ok(value == work(3, STEPS), "with the right result");

	void *result = NULL;
	pthread_create(&thread, NULL, exit_inside, &value);
	pthread_join(thread, &result);
	ok(result == &value, "pthread_exit() in a preemptible function ends the thread with its value");
	is_int(cleaned, 1, "after its cleanup handlers");
	return done();
}
