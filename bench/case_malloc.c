/* SPDX-License-Identifier: Apache-2.0 */
/* case_malloc.c - a malloc and free pair inside a preemptible function, outside of one, and without the library. */
#include <errno.h>
#include <inger.h>
#include <stdio.h>

#include "bare.h"
#include "cases.h"
#include "loop.h"

enum { PAIRS = 10000, GOAL_NS = 6 };

static void measure(uint64_t bytes, int turns) {
	struct samples in = { 0 }, out = { 0 }, bare = { 0 };
	struct malloc_job job = { .pairs = PAIRS, .bytes = bytes };
	for (int turn = 0; turn < turns; turn++) {
		malloc_loop(&job); /* not counted: the bare process has just had the caches */
		double start = now_ns();
		/* A finite budget, never reached: the wrappers have a deadline to defer. */
		linger_t call = launch(malloc_loop, 10000000, &job);
		samples_add(&in, (now_ns() - start) / PAIRS);
		if (!call.is_complete)
			die("allocate inside a preemptible function", "not complete", call.continuation ? 0 : errno);
		start = now_ns();
		malloc_loop(&job);
		samples_add(&out, (now_ns() - start) / PAIRS);
		bare_sample(BARE_MALLOC, bytes, 1, &bare);
	}
	char name[32];
	snprintf(name, sizeof(name), "malloc_pair_%lu", (unsigned long)bytes);
	double more = median(&in) - median(&out);
	line_begin(name, in.count, PAIRS);
	line_time("median", median(&in));
	line_time("p99", percentile(&in, 0.99));
	line_base("outside", median(&out), median(&in));
	line_time("without_library", median(&bare));
	line_time("more", more);
	line_goal(more <= GOAL_NS, "<=%dns_more", GOAL_NS);
	samples_free(&in);
	samples_free(&out);
	samples_free(&bare);
}

void bench_malloc(const struct plan *plan) {
	static const uint64_t sizes[] = { 16, 64, 1000 };
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		measure(sizes[i], plan->quick ? 50 : 500);
}
