/* SPDX-License-Identifier: Apache-2.0 */
/* case_malloc.c - a malloc and free pair inside a preemptible function, outside of one, and without the library. Inside,
 * both are deferred, and the block is noted as the function's. What the noting costs is told by a pair of calls that are
 * deferred, too, and note nothing; it is stated with what the wrappers cost outside, so rather too high. A block that is freed
 * at once is the last in the function's log; in a queue it is somewhere in it. */
#include <errno.h>
#include <inger.h>
#include <stdio.h>

#include "bare.h"
#include "cases.h"
#include "loop.h"

/* Deferral may cost 6 ns a pair, noting 10. */
enum { PAIRS = 10000, GOAL_NS = 16, TRACKING_GOAL_NS = 10 };

static double inside(void (*loop)(void *), void *job) {
	double start = now_ns();
	/* A finite budget, never reached: the wrappers have a deadline to defer. */
	linger_t call = launch(loop, 10000000, job);
	if (!call.is_complete)
		die("allocate inside a preemptible function", "not complete", call.continuation ? 0 : errno);
	return (now_ns() - start) / PAIRS;
}

static double outside(void (*loop)(void *), void *job) {
	double start = now_ns();
	loop(job);
	return (now_ns() - start) / PAIRS;
}

static void measure(const char *what, void (*loop)(void *), enum bare_op op, uint64_t bytes, int turns) {
	struct samples in = { 0 }, out = { 0 }, bare = { 0 }, deferral = { 0 };
	struct malloc_job job = { .pairs = PAIRS, .bytes = bytes };
	struct pair_job nothing = { PAIRS };
	for (int turn = 0; turn < turns; turn++) {
		loop(&job); /* not counted: the bare process has just had the caches */
		samples_add(&in, inside(loop, &job));
		samples_add(&out, outside(loop, &job));
		double deferred = inside(usable_loop, &nothing);
		samples_add(&deferral, deferred - outside(usable_loop, &nothing));
		bare_sample(op, bytes, 1, &bare);
	}
	char name[32];
	snprintf(name, sizeof(name), "malloc_%s_%lu", what, (unsigned long)bytes);
	double more = median(&in) - median(&out), tracking = median(&in) - median(&bare) - median(&deferral);
	line_begin(name, in.count, PAIRS);
	line_samples(&in, "outside", &out);
	line_time("without_library", median(&bare));
	line_time("more", more);
	line_time("deferral", median(&deferral));
	line_time("tracking", tracking);
	line_goal(more <= GOAL_NS && tracking <= TRACKING_GOAL_NS, "<=%dns_more,<=%dns_tracking", GOAL_NS, TRACKING_GOAL_NS);
	samples_free(&in);
	samples_free(&out);
	samples_free(&bare);
	samples_free(&deferral);
}

void bench_malloc(const struct plan *plan) {
	static const uint64_t sizes[] = { 16, 64, 1000 };
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		measure("pair", malloc_loop, BARE_MALLOC, sizes[i], plan->quick ? 50 : 500);
	measure("queue", queue_loop, BARE_MALLOC_QUEUE, 64, plan->quick ? 50 : 500);
}
