/* SPDX-License-Identifier: Apache-2.0 */
/* case_threads.c - many threads at once, on the processors there are: operations a second of all together, and processor time
 * for each. What threads share would show as processor time that grows with their number.
 *
 * The number of operations is the same for any number of threads: a scheduler's turn among 64 threads takes longer than a
 * measurement that ends by the clock. */
#include <errno.h>
#include <inger.h>
#include <pthread.h>

#include "bare.h"
#include "cases.h"

static const unsigned numbers[] = { 1, 2, 4, 8, 16, 32, 64 };
enum { NUMBERS = sizeof(numbers) / sizeof(*numbers), MOST = 64, QUICK_PART = 5 };

static void launch_some(uint64_t count);
static void resume_some(uint64_t count);
static void cancel_some(uint64_t count);

static const struct {
	const char *series;
	void (*run)(uint64_t count);
	uint64_t operations;
} kinds[] = {
	{ "launch", launch_some, 1 << 20 },
	{ "inger_pause and resume", resume_some, 1 << 20 },
	{ "launch, pause and cancel", cancel_some, 1 << 17 },
};
enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

static const struct curve throughput = {
	"threads_throughput", "Operations a second of all threads, shared", "threads", "1/s", true, true,
};
static const struct curve cost = { "threads_cost", "Processor time of an operation, shared", "threads", "ns", true, true };

static pthread_barrier_t ready;

struct worker {
	pthread_t thread;
	void (*run)(uint64_t count);
	uint64_t count;
};

static void nothing(void *argument) { (void)argument; }

static void pause_forever(void *argument) {
	(void)argument;
	for (;;)
		inger_pause();
}

static void launch_some(uint64_t count) {
	for (uint64_t i = 0; i < count; i++)
		if (!launch_as(INGER_SHARED, nothing, 1000000, NULL).is_complete)
			die("launch on many threads", "launch", errno);
}

static void cancel_some(uint64_t count) {
	for (uint64_t i = 0; i < count; i++) {
		linger_t call = launch_as(INGER_SHARED, pause_forever, TO_COMPLETION, NULL);
		if (!call.continuation || cancel(&call))
			die("cancel on many threads", "cancel", errno);
	}
}

static void resume_some(uint64_t count) {
	linger_t call = launch_as(INGER_SHARED, pause_forever, TO_COMPLETION, NULL);
	if (!call.continuation)
		die("launch on many threads", "launch", errno);
	for (uint64_t i = 0; i < count; i++)
		if (resume(&call, 1000000))
			die("resume on many threads", "resume", errno);
	cancel(&call);
}

static void *work(void *argument) {
	struct worker *w = argument;
	w->run(10); /* a thread's first launch makes what it has once */
	pthread_barrier_wait(&ready); /* all have */
	pthread_barrier_wait(&ready); /* the clocks have been read */
	w->run(w->count);
	return NULL;
}

static double cpu_ns(void) {
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * NS_PER_S + (double)t.tv_nsec;
}

static void measure(size_t kind, unsigned threads, unsigned part, struct samples *a_second, struct samples *each) {
	struct worker worker[MOST];
	uint64_t count = kinds[kind].operations / part / threads;
	pthread_barrier_init(&ready, NULL, threads + 1);
	for (unsigned i = 0; i < threads; i++) {
		worker[i] = (struct worker){ .run = kinds[kind].run, .count = count };
		int failed = pthread_create(&worker[i].thread, NULL, work, &worker[i]);
		if (failed)
			die("start a thread", "pthread_create", failed);
	}
	pthread_barrier_wait(&ready);
	double start = now_ns(), cpu = cpu_ns();
	pthread_barrier_wait(&ready);
	for (unsigned i = 0; i < threads; i++)
		pthread_join(worker[i].thread, NULL);
	double operations = (double)(count * threads);
	samples_add(a_second, operations / ((now_ns() - start) / NS_PER_S));
	samples_add(each, (cpu_ns() - cpu) / operations);
	pthread_barrier_destroy(&ready);
}

void bench_threads(const struct plan *plan) {
	static struct samples a_second[KINDS][NUMBERS], each[KINDS][NUMBERS];
	for (int turn = 0; turn < (plan->quick ? 2 : 11); turn++)
		for (size_t n = 0; n < NUMBERS; n++)
			for (size_t k = 0; k < KINDS; k++)
				measure(k, numbers[n], plan->quick ? QUICK_PART : 1, &a_second[k][n], &each[k][n]);
	for (size_t k = 0; k < KINDS; k++)
		for (size_t n = 0; n < NUMBERS; n++) {
			curve_point(&throughput, kinds[k].series, numbers[n], &a_second[k][n]);
			curve_point(&cost, kinds[k].series, numbers[n], &each[k][n]);
		}
}
