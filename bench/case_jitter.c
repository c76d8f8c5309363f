/* SPDX-License-Identifier: Apache-2.0 */
/* case_jitter.c - how far from its deadline a spinning function is paused, over budgets of 10 us to 10 ms: on a machine that
 * has nothing else to do, and while a process spins on each processor.
 *
 * Beside it an empty handler of the same clock, less its own median at each budget: what would be left to anyone who knows the
 * bias of this machine exactly. In turns, idle and loaded. */
#include <errno.h>
#include <inger.h>
#include <stdio.h>
#include <unistd.h>

#include "bare.h"
#include "cases.h"
#include "load.h"

static const struct {
	unsigned us;
	bool quick; /* measured in a short look, too */
} budgets[] = {
	{ 10, true }, { 20, false }, { 50, false }, { 100, true }, { 300, false }, { 1000, true }, { 3000, false }, { 10000, true },
};
enum { BUDGETS = sizeof(budgets) / sizeof(*budgets), LOADS = 2, TURNS = 5, MOST_A_TURN = 4000, FEWEST_A_TURN = 4, LONGEST_TURN = 3 };

/* A percentile is only told from as many samples as are beyond it at least once. */
static const struct {
	struct curve curve;
	double q;
	size_t fewest;
} pictures[] = {
	{ { "overshoot_median", "Pause after the deadline: median", "budget, us", "us", true, false }, 0.5, 1 },
	{ { "overshoot_p99", "Pause after the deadline: 99 of 100 are earlier", "budget, us", "us", true, true }, 0.99, 100 },
	{ { "overshoot_p999", "Pause after the deadline: 999 of 1,000 are earlier", "budget, us", "us", true, true }, 0.999, 1000 },
	{ { "overshoot_max", "Pause after the deadline: the latest", "budget, us", "us", true, true }, 1, 1 },
};
enum { PICTURES = sizeof(pictures) / sizeof(*pictures) };

/* One that is interrupted where it was resumed is not paused before it has moved on, so that it can't be kept from running by
 * budgets that are too short. In a loop of a few instructions that is every other time; in this one it is rare. */
#define STEP x ^= x << 13; x ^= x >> 7; x ^= x << 17; __asm__ volatile("" : "+r"(x));
#define STEPS STEP STEP STEP STEP STEP STEP STEP STEP

static void spin(void *argument) {
	uint64_t x = 0x9e3779b97f4a7c15u;
	for (;;) {
		STEPS STEPS STEPS STEPS
	}
	(void)argument;
}

/* On a loaded machine the wait for a processor takes longer than any budget: time is what bounds both. */
static void late(linger_t *call, uint64_t budget_us, unsigned count, double until, struct samples *s) {
	for (unsigned i = 0; i < count && now_ns() < until; i++) {
		double start = now_ns();
		if (resume(call, budget_us))
			die("resume a spinning function", "resume", errno);
		samples_add(s, (now_ns() - start) / NS_PER_US - (double)budget_us);
	}
}

static void report(const char *what, const char *clock, int loaded, unsigned budget_us, struct samples *s) {
	char series[64];
	snprintf(series, sizeof(series), "%s, %s, %s", what, clock, loaded ? "loaded" : "idle");
	for (size_t i = 0; i < PICTURES; i++)
		if (s->count >= pictures[i].fewest)
			curve_value(&pictures[i].curve, series, budget_us, percentile(s, pictures[i].q));
}

void bench_jitter(const struct plan *plan) {
	static struct samples own[BUDGETS][LOADS], floor[BUDGETS][LOADS];
	enum bare_op op = plan->timekeeper ? BARE_LATE_KEEPER : BARE_LATE_TIMER;
	const char *clock = plan->timekeeper ? "timekeeper" : "timer";
	double turn_us = plan->quick ? 8e3 : 40e3; /* for each of what takes turns */
	load_start();
	linger_t call = launch(spin, 1000, NULL);
	if (!call.continuation)
		die("launch a spinning function", "launch", errno);
	for (int turn = 0; turn < TURNS; turn++)
		for (size_t b = 0; b < BUDGETS; b++) {
			if (plan->quick && !budgets[b].quick)
				continue;
			double fit = turn_us / budgets[b].us;
			unsigned count = fit < FEWEST_A_TURN ? FEWEST_A_TURN : fit > MOST_A_TURN ? MOST_A_TURN : (unsigned)fit;
			for (int loaded = 0; loaded < LOADS; loaded++) {
				load_run(loaded);
				double limit = LONGEST_TURN * turn_us * NS_PER_US;
				late(&call, budgets[b].us, count, now_ns() + limit, &own[b][loaded]);
				bare_late(op, budgets[b].us, count, limit, &floor[b][loaded]);
			}
			load_run(false);
		}
	cancel(&call);
	load_end();
	for (size_t b = 0; b < BUDGETS; b++)
		for (int loaded = 0; loaded < LOADS && own[b][loaded].count; loaded++) {
			struct samples *f = &floor[b][loaded];
			for (size_t i = 0; i < f->count; i++)
				f->value[i] /= NS_PER_US;
			/* What was subtracted is shown beside our median, which has had the library's own estimate of it subtracted. */
			char series[64];
			snprintf(series, sizeof(series), "empty handler, %s, %s", clock, loaded ? "loaded" : "idle");
			curve_value(&pictures[0].curve, series, budgets[b].us, median(f));
			less_own_median(f);
			f->sorted = false;
			report("libinger", clock, loaded, budgets[b].us, &own[b][loaded]);
			for (size_t i = 1; i < PICTURES; i++)
				if (f->count >= pictures[i].fewest)
					curve_value(&pictures[i].curve, series, budgets[b].us, percentile(f, pictures[i].q));
		}
}
