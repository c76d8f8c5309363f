/* SPDX-License-Identifier: Apache-2.0 */
/* case_launch.c - an empty function as a preemptible one, as a thread, as a process. */
#include <errno.h>
#include <inger.h>

#include "bare.h"
#include "cases.h"

enum { BATCH = 1000 };

static void nothing(void *argument) { (void)argument; }

static double launch_batch(uint64_t budget_us) {
	double start = now_ns();
	for (int i = 0; i < BATCH; i++) {
		linger_t call = launch(nothing, budget_us, NULL);
		if (!call.is_complete)
			die("launch an empty function", "not complete", call.continuation ? 0 : errno);
	}
	return (now_ns() - start) / BATCH;
}

static const struct {
	const char *name;
	uint64_t budget_us;
	double goal_thread, goal_fork;
} cases[] = {
	{ "launch_nop", TO_COMPLETION, 300, 1000 },
	{ "launch_nop_deadline_1s", 1000000, 200, 1000 },
	{ "launch_nop_deadline_1ms", 1000, 200, 1000 },
};
enum { CASES = sizeof(cases) / sizeof(*cases) };

/* Threads and processes cost several times as much while somebody else uses the machine, launch does not. So that a
 * busy machine cannot reach the goal, the 10th percentiles are compared as well and the smaller factor is judged. */
static void report(const char *name, struct samples *own, const char *base, struct samples *bare, double goal) {
	double cheaper = median(bare) / median(own), undisturbed = percentile(bare, 0.1) / percentile(own, 0.1);
	line_begin(name, own->count, BATCH);
	line_samples(own, base, bare);
	line_time("p10", percentile(own, 0.1));
	line_time("base_p10", percentile(bare, 0.1));
	line_figure("cheaper", cheaper, "x");
	line_figure("cheaper_p10", undisturbed, "x");
	line_goal(cheaper >= goal && undisturbed >= goal, ">=%.0fx", goal);
}

void bench_launch(const struct plan *plan) {
	struct samples own[CASES] = { 0 }, thread = { 0 }, process = { 0 };
	for (size_t c = 0; c < CASES; c++)
		launch_batch(cases[c].budget_us); /* the first launch makes a stack and a TCB */
	for (int turn = 0; turn < (plan->quick ? 50 : 300); turn++) {
		for (size_t c = 0; c < CASES; c++)
			samples_add(&own[c], launch_batch(cases[c].budget_us));
		bare_sample(BARE_THREAD, 0, 20, &thread);
		bare_sample(BARE_FORK, 0, 5, &process);
	}
	for (size_t c = 0; c < CASES; c++) {
		report(cases[c].name, &own[c], "pthread_create+join", &thread, cases[c].goal_thread);
		report(cases[c].name, &own[c], "fork+wait", &process, cases[c].goal_fork);
	}
}
