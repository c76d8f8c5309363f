/* SPDX-License-Identifier: Apache-2.0 */
/* case_compute.c - a compute loop in slices of 100 us, beside the same loop interrupted as often and not at all. */
#include <errno.h>
#include <inger.h>

#include "bare.h"
#include "cases.h"
#include "loop.h"

enum { SLICE_US = 100, GOAL_PERCENT = 5 };

static uint64_t expected_sum;

static double sliced(uint64_t rounds, uint64_t *pauses) {
	struct compute_job job = { .rounds = rounds };
	double start = now_ns();
	linger_t call = launch(compute_loop, SLICE_US, &job);
	while (!call.is_complete) {
		++*pauses;
		if (resume(&call, SLICE_US))
			die("resume a computing function", "resume", errno);
	}
	double elapsed = now_ns() - start;
	if (job.sum != expected_sum)
		die("compute in slices", "the result differs from the one computed without pauses", 0);
	return elapsed;
}

/* rounds_for - how many rounds take this long without interruption. */
static uint64_t rounds_for(double ns) {
	enum { TRIAL = 10000000 };
	struct samples trial = { 0 };
	bare_sample(BARE_COMPUTE, TRIAL, 7, &trial);
	uint64_t rounds = (uint64_t)(ns / percentile(&trial, 0) * TRIAL); /* the fastest: the least disturbed */
	samples_free(&trial);
	struct compute_job job = { .rounds = rounds };
	compute_loop(&job);
	expected_sum = job.sum;
	return rounds;
}

void bench_compute(const struct plan *plan) {
	struct samples own = { 0 }, interrupted = { 0 }, plain = { 0 }, slower = { 0 };
	uint64_t rounds = rounds_for(plan->quick ? 0.1 * NS_PER_S : 0.5 * NS_PER_S), pauses = 0, interrupts = 0;
	enum bare_op op = plan->timekeeper ? BARE_COMPUTE_KEEPER : BARE_COMPUTE_TIMER;
	for (int turn = 0; turn < (plan->quick ? 3 : 5); turn++) {
		uint64_t before = pauses;
		double elapsed = sliced(rounds, &pauses);
		if (pauses == before)
			die("compute in slices", "no pause in thousands of slices", 0);
		samples_add(&own, elapsed);
		/* As often as it was just paused, which is not quite every 100 us: a late pause makes the next one later. */
		interrupts += bare_interrupted(op, rounds, elapsed / (double)(pauses - before), &interrupted);
		bare_sample(BARE_COMPUTE, rounds, 1, &plain);
		/* Turn by turn, since the machine's speed drifts. */
		samples_add(&slower, (elapsed / interrupted.value[interrupted.count - 1] - 1) * 100);
	}
	const char *name = plan->timekeeper ? "compute_loop_timekeeper" : "compute_loop_timer";
	double percent = median(&slower);
	line_begin(name, own.count, 1);
	line_samples(&own, "empty_handler", &interrupted);
	line_figure("pauses", (double)pauses / (double)own.count, "");
	line_figure("interrupts", (double)interrupts / (double)own.count, "");
	line_figure("slower", percent, "%");
	line_goal(percent <= GOAL_PERCENT, "<=%d%%", GOAL_PERCENT);
	line_begin(name, own.count, 1);
	line_samples(&own, "uninterrupted", &plain);
	line_end();
}
