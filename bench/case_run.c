/* SPDX-License-Identifier: Apache-2.0 */
/* case_run.c - what the tool and the preloaded library add to the shortest program there is.
 * Everything here runs in the bare process: the question is how a shell sees it. */
#include "bare.h"
#include "cases.h"

enum { GOAL_MS = 4 };

static double report(const char *name, struct samples *own, struct samples *plain) {
	double added = median(own) - median(plain);
	line_begin(name, own->count, 1);
	line_samples(own, "/bin/true", plain);
	line_time("added", added);
	return added;
}

void bench_run(const struct plan *plan) {
	struct samples kind[SPAWN_KINDS] = { 0 }, warm = { 0 };
	for (int turn = -2; turn < (plan->quick ? 50 : 200); turn++)
		for (int k = 0; k < SPAWN_KINDS; k++)
			bare_sample(BARE_SPAWN, (uint64_t)k, 1, turn < 0 ? &warm : &kind[k]);
	double added = report("run_true", &kind[SPAWN_INGER], &kind[SPAWN_TRUE]);
	line_goal(added <= GOAL_MS * NS_PER_MS, "<=%dms_added", GOAL_MS);
	report("run_true_slice_100us", &kind[SPAWN_INGER_SLICED], &kind[SPAWN_TRUE]);
	line_end();
	report("run_true_preload_only", &kind[SPAWN_PRELOADED], &kind[SPAWN_TRUE]);
	line_end();
}
