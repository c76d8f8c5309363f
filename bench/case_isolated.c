/* SPDX-License-Identifier: Apache-2.0 */
/* case_isolated.c - what a libset adds to launching, and to pausing and resuming, when it is there already. */
#include <errno.h>
#include <inger.h>

#include "cases.h"
#include "harness.h"

enum { BATCH = 1000, GOAL_NS = 30 };

static void nothing(void *argument) { (void)argument; }

static void pause_forever(void *argument) {
	(void)argument;
	for (;;)
		inger_pause();
}

static double launch_batch(enum inger_isolation isolation) {
	double start = now_ns();
	for (int i = 0; i < BATCH; i++) {
		linger_t call = launch_as(isolation, nothing, TO_COMPLETION, NULL);
		if (!call.is_complete)
			die("launch an empty function", "not complete", call.continuation ? 0 : errno);
	}
	return (now_ns() - start) / BATCH;
}

static double resume_batch(linger_t *call) {
	double start = now_ns();
	for (int i = 0; i < BATCH; i++)
		if (resume(call, TO_COMPLETION))
			die("resume a paused function", "resume", errno);
	return (now_ns() - start) / BATCH;
}

static void report(const char *name, struct samples *isolated, struct samples *shared, struct samples *more) {
	line_begin(name, isolated->count, BATCH);
	line_samples(isolated, "shared", shared);
	line_time("more", median(more));
	line_goal(median(more) <= GOAL_NS, "<=%dns_more", GOAL_NS);
}

void bench_isolated(const struct plan *plan) {
	struct samples isolated = { 0 }, shared = { 0 }, more = { 0 };
	struct samples isolated_pause = { 0 }, shared_pause = { 0 }, more_pause = { 0 };
	/* The first of each makes a stack, a TCB and a libset. */
	launch_batch(INGER_ISOLATED);
	launch_batch(INGER_SHARED);
	linger_t in_set = launch_as(INGER_ISOLATED, pause_forever, TO_COMPLETION, NULL);
	linger_t in_none = launch_as(INGER_SHARED, pause_forever, TO_COMPLETION, NULL);
	for (int turn = 0; turn < (plan->quick ? 50 : 500); turn++) {
		double with = launch_batch(INGER_ISOLATED), without = launch_batch(INGER_SHARED);
		samples_add(&isolated, with);
		samples_add(&shared, without);
		samples_add(&more, with - without);
		with = resume_batch(&in_set);
		without = resume_batch(&in_none);
		samples_add(&isolated_pause, with);
		samples_add(&shared_pause, without);
		samples_add(&more_pause, with - without);
	}
	report("launch_nop_isolated", &isolated, &shared, &more);
	report("pause_resume_isolated", &isolated_pause, &shared_pause, &more_pause);
	cancel(&in_set);
	cancel(&in_none);
}
