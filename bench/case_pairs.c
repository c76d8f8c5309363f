/* SPDX-License-Identifier: Apache-2.0 */
/* case_pairs.c - what is noted besides heap blocks, inside a preemptible function and outside: locks and descriptors. */
#include <errno.h>
#include <inger.h>

#include "cases.h"
#include "harness.h"
#include "loop.h"

static const struct {
	const char *name;
	void (*loop)(void *);
	uint64_t pairs;
	double goal_ns; /* more than outside; 0: none */
} cases[] = {
	{ "lock_pair", lock_loop, 10000, 10 },
	{ "open_pair", open_loop, 200, 0 },
};
enum { CASES = sizeof(cases) / sizeof(*cases) };

static void measure(size_t c, int turns) {
	struct samples in = { 0 }, out = { 0 }, more = { 0 };
	struct pair_job job = { cases[c].pairs };
	double pairs = (double)cases[c].pairs;
	for (int turn = 0; turn < turns; turn++) {
		cases[c].loop(&job); /* not counted: both find the same caches */
		double start = now_ns();
		linger_t call = launch(cases[c].loop, 10000000, &job);
		double with = (now_ns() - start) / pairs;
		if (!call.is_complete)
			die("measure inside a preemptible function", "not complete", call.continuation ? 0 : errno);
		start = now_ns();
		cases[c].loop(&job);
		double without = (now_ns() - start) / pairs;
		samples_add(&in, with);
		samples_add(&out, without);
		samples_add(&more, with - without);
	}
	line_begin(cases[c].name, in.count, cases[c].pairs);
	line_samples(&in, "outside", &out);
	line_time("more", median(&more));
	if (cases[c].goal_ns > 0)
		line_goal(median(&more) <= cases[c].goal_ns, "<=%.0fns_more", cases[c].goal_ns);
	else
		line_end();
	samples_free(&in);
	samples_free(&out);
	samples_free(&more);
}

void bench_pairs(const struct plan *plan) {
	for (size_t c = 0; c < CASES; c++)
		measure(c, plan->quick ? 50 : 500);
}
