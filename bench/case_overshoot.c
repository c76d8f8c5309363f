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
	size_t slices = plan->quick ? 5000 : 20000;
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
	const char *name = plan->timekeeper ? "overshoot_timekeeper" : "overshoot_timer";
	line_begin(name, own.count, 1);
	line_samples(&own, NULL, NULL);
	line_time("p99.9", percentile(&own, 0.999));
	line_time("max", percentile(&own, 1));
	line_figure("beyond_10ms", (double)lost, "");
	/* Its median is 0 by definition, so there is no ratio: percentiles are to be compared. */
	line_text("floor=empty_handler_less_its_median");
	line_time("median_removed", bias);
	line_time("floor_p99", percentile(&floor, 0.99));
	line_time("floor_p99.9", percentile(&floor, 0.999));
	line_time("floor_max", percentile(&floor, 1));
	line_figure("floor_beyond_10ms", (double)count_beyond(&floor, 10 * NS_PER_MS), "");
	bool near = fabs(median(&own)) <= 3 * NS_PER_US, tail = p99 < 10 * NS_PER_US;
	line_text("machine_quiet=%s", percentile(&floor, 0.99) < 10 * NS_PER_US ? "yes" : "no");
	line_goal(near && tail && !lost, "median+-3us,p99<10us,beyond_10ms=0");
	const char *title = plan->timekeeper ? "Pause after a budget of 100 us, clock timekeeper" : "Pause after a budget of 100 us, clock timer";
	histogram_report(name, title, "ns", "late", &own);
	histogram_report(name, title, "ns", "empty handler less its median", &floor);
}
