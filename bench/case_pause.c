/* SPDX-License-Identifier: Apache-2.0 */
/* case_pause.c - there and back by inger_pause() and resume(), beside a pair of swapcontext(). */
#include <errno.h>
#include <inger.h>

#include "bare.h"
#include "cases.h"

enum { BATCH = 1000, GOAL_NS = 100 };

static void pause_forever(void *argument) {
	(void)argument;
	for (;;)
		inger_pause();
}

static double resume_batch(linger_t *call, uint64_t budget_us) {
	double start = now_ns();
	for (int i = 0; i < BATCH; i++)
		if (resume(call, budget_us))
			die("resume a paused function", "resume", errno);
	return (now_ns() - start) / BATCH;
}

static void report(const char *name, struct samples *own, struct samples *bare) {
	line_begin(name, own->count, BATCH);
	line_samples(own, "swapcontext_pair", bare);
	line_goal(median(own) <= GOAL_NS, "<=%dns", GOAL_NS);
}

void bench_pause(const struct plan *plan) {
	struct samples free_running = { 0 }, deadline = { 0 }, bare = { 0 };
	linger_t call = launch(pause_forever, TO_COMPLETION, NULL);
	if (!call.continuation)
		die("launch a function that pauses", "launch", errno);
	for (int turn = 0; turn < (plan->quick ? 100 : 1000); turn++) {
		samples_add(&free_running, resume_batch(&call, TO_COMPLETION));
		samples_add(&deadline, resume_batch(&call, 1000000));
		bare_sample(BARE_SWAP, 1, 1, &bare);
	}
	report("pause_resume", &free_running, &bare);
	report("pause_resume_deadline", &deadline, &bare);
	cancel(&call);
}
