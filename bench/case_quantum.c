/* SPDX-License-Identifier: Apache-2.0 */
/* case_quantum.c - what being preempted costs: a compute loop in slices of 100 us, beside the same loop interrupted as often by
 * an empty handler of the same clock; and by how often: throughput of SHA-256 in slices of 10 us to 10 ms, beside the same
 * again, both in per cent of hashing that nobody interrupts. In turns, since the machine's speed drifts by more than what is
 * looked for at long quanta. */
#include <errno.h>
#include <inger.h>
#include <stdio.h>
#include <string.h>

#include "bare.h"
#include "cases.h"
#include "loop.h"
#include "sha256.h"

static const struct {
	unsigned us;
	bool quick; /* measured in a short look, too */
} quanta[] = {
	{ 10, true }, { 20, true }, { 50, false }, { 100, true }, { 200, false },
	{ 500, false }, { 1000, true }, { 2000, false }, { 5000, false }, { 10000, true },
};
enum { QUANTA = sizeof(quanta) / sizeof(*quanta), LINE_US = 20, GOAL_PERCENT = 90, COST_UP_TO_US = 200 };
enum { COMPUTE_US = 100, COMPUTE_GOAL_PERCENT = 5 };

static const struct curve overhead = {
	"preemption_overhead", "SHA-256 throughput by quantum", "quantum, us", "% of the uninterrupted", true, false,
};
/* What one interruption takes away. At long quanta there are too few of them to be seen beside the machine's drift. */
static const struct curve cost = {
	"preemption_cost", "Time lost to one interruption, by quantum", "quantum, us", "us", true, false,
};
/* Says whether slices are as long as they were asked to be. */
static const struct curve slice = { "preemption_slice", "From pause to pause, by quantum", "quantum, us", "us", true, true };

/* Each begins with the rounds that are wanted; the rest is what they give, however often the loop was interrupted. */
union job {
	uint64_t rounds;
	struct compute_job compute;
	struct sha_job sha;
};

struct work {
	void (*loop)(void *job);
	enum bare_op plain, timer, keeper;
	uint64_t trial; /* rounds, to see how long one takes */
};
static const struct work compute = { compute_loop, BARE_COMPUTE, BARE_COMPUTE_TIMER, BARE_COMPUTE_KEEPER, 10000000 };
static const struct work hashing = { sha_loop, BARE_SHA, BARE_SHA_TIMER, BARE_SHA_KEEPER, 200 };

struct figures {
	struct samples elapsed, floor_elapsed, plain, own_percent, floor_percent, slower_percent, own_cost, floor_cost, slice_us;
	uint64_t pauses, interrupts;
};

/* The job that is measured, as it is when nobody has interrupted it. */
static union job expected;

/* expect - as many rounds as take this long without interruption. */
static void expect(const struct work *work, double ns) {
	struct samples trial = { 0 };
	bare_sample(work->plain, work->trial, 7, &trial);
	/* The fastest: the least disturbed. */
	expected.rounds = (uint64_t)(ns / percentile(&trial, 0) * (double)work->trial) + 1;
	samples_free(&trial);
	work->loop(&expected);
}

/* slice_ns: the mean of the slices that ended by a pause; all of it when none did, because the clock came too late. */
static double sliced(const struct work *work, uint64_t quantum_us, uint64_t *pauses, double *slice_ns) {
	union job job;
	memset(&job, 0, sizeof(job)); /* all of it is compared */
	job.rounds = expected.rounds;
	double start = now_ns(), paused = start;
	linger_t call = launch(work->loop, quantum_us, &job);
	while (!call.is_complete) {
		if (!call.continuation)
			die("launch a function that computes", "launch", errno);
		++*pauses;
		paused = now_ns();
		if (resume(&call, quantum_us))
			die("resume a function that computes", "resume", errno);
	}
	double elapsed = now_ns() - start;
	if (memcmp(&job, &expected, sizeof(expected)))
		die("compute in slices", "the result differs from the one computed without pauses", 0);
	*slice_ns = *pauses ? (paused - start) / (double)*pauses : elapsed;
	return elapsed;
}

static void check_paused(const struct figures *f) {
	if (!f->pauses)
		die("compute in slices", "no pause in any of them", 0);
}

static double last(const struct samples *s) { return s->value[s->count - 1]; }

static void turn(const struct plan *plan, const struct work *work, unsigned quantum_us, struct figures *f) {
	uint64_t pauses = 0;
	double period, own = sliced(work, quantum_us, &pauses, &period);
	/* As often as it was just paused: a late pause makes the next one later. */
	enum bare_op interrupted = plan->timekeeper ? work->keeper : work->timer;
	uint64_t interrupts = bare_interrupted(interrupted, expected.rounds, period, &f->floor_elapsed);
	bare_sample(work->plain, expected.rounds, 1, &f->plain);
	double plain = last(&f->plain), floor = last(&f->floor_elapsed);
	f->pauses += pauses;
	f->interrupts += interrupts;
	samples_add(&f->elapsed, own);
	samples_add(&f->own_percent, plain / own * 100);
	samples_add(&f->floor_percent, plain / floor * 100);
	samples_add(&f->slower_percent, (own / floor - 1) * 100);
	if (pauses)
		samples_add(&f->own_cost, (own - plain) / (double)pauses / NS_PER_US);
	if (interrupts)
		samples_add(&f->floor_cost, (floor - plain) / (double)interrupts / NS_PER_US);
	samples_add(&f->slice_us, period / NS_PER_US);
}

void bench_compute(const struct plan *plan) {
	struct figures f = { 0 };
	expect(&compute, plan->quick ? 0.1 * NS_PER_S : 0.5 * NS_PER_S);
	for (int n = 0; n < (plan->quick ? 3 : 5); n++)
		turn(plan, &compute, COMPUTE_US, &f);
	check_paused(&f);
	const char *name = plan->timekeeper ? "compute_loop_timekeeper" : "compute_loop_timer";
	double turns = (double)f.elapsed.count, percent = median(&f.slower_percent);
	line_begin(name, f.elapsed.count, 1);
	line_samples(&f.elapsed, "empty_handler", &f.floor_elapsed);
	line_figure("pauses", (double)f.pauses / turns, "");
	line_figure("interrupts", (double)f.interrupts / turns, "");
	line_figure("slower", percent, "%");
	line_goal(percent <= COMPUTE_GOAL_PERCENT, "<=%d%%", COMPUTE_GOAL_PERCENT);
	line_begin(name, f.elapsed.count, 1);
	line_samples(&f.elapsed, "uninterrupted", &f.plain);
	line_end();
}

static void report(const char *clock, unsigned quantum_us, struct figures *f) {
	char name[64], own[64], floor[64];
	double turns = (double)f->elapsed.count;
	check_paused(f);
	snprintf(own, sizeof(own), "libinger, %s", clock);
	snprintf(floor, sizeof(floor), "empty handler, %s", clock);
	curve_point(&overhead, own, quantum_us, &f->own_percent);
	curve_point(&overhead, floor, quantum_us, &f->floor_percent);
	curve_point(&slice, own, quantum_us, &f->slice_us);
	if (quantum_us <= COST_UP_TO_US && f->own_cost.count && f->floor_cost.count) {
		curve_point(&cost, own, quantum_us, &f->own_cost);
		curve_point(&cost, floor, quantum_us, &f->floor_cost);
	}
	if (quantum_us != LINE_US)
		return;
	snprintf(name, sizeof(name), "sha256_quantum_20us_%s", clock);
	line_begin(name, f->elapsed.count, 1);
	line_samples(&f->elapsed, "empty_handler", &f->floor_elapsed);
	line_figure("pauses", (double)f->pauses / turns, "");
	line_time("slice", median(&f->slice_us) * NS_PER_US);
	line_figure("base_interrupts", (double)f->interrupts / turns, "");
	line_figure("base_throughput", median(&f->floor_percent), "%");
	line_end();
	line_begin(name, f->elapsed.count, 1);
	line_samples(&f->elapsed, "uninterrupted", &f->plain);
	line_figure("throughput", median(&f->own_percent), "%");
	line_goal(median(&f->own_percent) >= GOAL_PERCENT, ">=%d%%", GOAL_PERCENT);
}

/* The same hashing in a function without a deadline: what the others lose besides is the interruptions'. */
static void whole(int turns) {
	struct samples own = { 0 }, plain = { 0 };
	for (int n = 0; n < turns; n++) {
		uint64_t pauses = 0;
		double none;
		samples_add(&own, sliced(&hashing, TO_COMPLETION, &pauses, &none));
		bare_sample(BARE_SHA, expected.rounds, 1, &plain);
	}
	line_begin("sha256_no_deadline", own.count, 1);
	line_samples(&own, "uninterrupted", &plain);
	line_figure("base_speed", (double)expected.rounds * SHA_ROUND_BYTES / median(&plain) * 1000, "MB/s");
	line_end();
	samples_free(&own);
	samples_free(&plain);
}

void bench_quantum(const struct plan *plan) {
	struct figures figures[QUANTA] = { 0 };
	int turns = plan->quick ? 3 : 5;
	sha256_check();
	expect(&hashing, 40 * NS_PER_MS);
	for (int n = 0; n < turns; n++)
		for (size_t q = 0; q < QUANTA; q++)
			if (!plan->quick || quanta[q].quick)
				turn(plan, &hashing, quanta[q].us, &figures[q]);
	for (size_t q = 0; q < QUANTA; q++)
		if (figures[q].elapsed.count)
			report(plan->timekeeper ? "timekeeper" : "timer", quanta[q].us, &figures[q]);
	if (!plan->timekeeper)
		whole(turns);
}
