/* SPDX-License-Identifier: Apache-2.0 */
/* case_overshoot.c - how far from its deadline a spinning function is paused.
 *
 * The floor is the lateness of an empty handler of the same clock less its own median: what would be left to anyone
 * who knows the bias of this machine exactly. Where the floor is high, the machine is not quiet. */
#include <errno.h>
#include <inger.h>
#include <math.h>

#include "bare.h"
#include "cases.h"

enum { BUDGET_US = 100, CHUNK = 500 };

static void spin(void *argument) {
	for (;;)
		BARRIER();
	(void)argument;
}

void bench_overshoot(const struct plan *plan) {
	struct samples own = { 0 }, floor = { 0 };
	enum bare_op op = plan->timekeeper ? BARE_LATE_KEEPER : BARE_LATE_TIMER;
	linger_t call = launch(spin, 1000, NULL);
	if (!call.continuation)
		die("launch a spinning function", "launch", errno);
	size_t slices = plan->quick ? 10000 : 100000;
	while (own.count < slices) {
		for (int i = 0; i < CHUNK; i++) {
			double start = now_ns();
			if (resume(&call, BUDGET_US))
				die("resume a spinning function", "resume", errno);
			samples_add(&own, now_ns() - start - BUDGET_US * NS_PER_US);
		}
		bare_sample(op, BUDGET_US, CHUNK, &floor);
	}
	cancel(&call);
	double bias = median(&floor), p99 = percentile(&own, 0.99);
	size_t lost = count_beyond(&own, 10 * NS_PER_MS);
	less_own_median(&floor);
	line_begin(plan->timekeeper ? "overshoot_timekeeper" : "overshoot_timer", own.count, 1);
	line_time("median", median(&own));
	line_time("p1", percentile(&own, 0.01));
	line_time("p99", p99);
	line_time("p99.9", percentile(&own, 0.999));
	line_time("max", percentile(&own, 1));
	line_text("beyond_10ms=%zu", lost);
	line_text("base=empty_handler_less_its_median");
	line_time("median_removed", bias);
	line_time("p99", percentile(&floor, 0.99));
	line_time("p99.9", percentile(&floor, 0.999));
	line_time("max", percentile(&floor, 1));
	line_text("beyond_10ms=%zu", count_beyond(&floor, 10 * NS_PER_MS));
	bool near = fabs(median(&own)) <= 3 * NS_PER_US, tail = p99 < 10 * NS_PER_US;
	line_text("machine_quiet=%s", percentile(&floor, 0.99) < 10 * NS_PER_US ? "yes" : "no");
	line_goal(near && tail && !lost, "median+-3us(%s),p99<10us(%s),beyond_10ms=0(%s)", near ? "yes" : "no",
	          tail ? "yes" : "no", lost ? "no" : "yes");
}
