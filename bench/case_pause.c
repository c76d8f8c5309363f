/* SPDX-License-Identifier: Apache-2.0 */
/* case_pause.c - there and back by inger_pause() and resume(), beside a pair of swapcontext(), and beside a thread and a process
 * from beginning to end, as the original's paper has resume(). */
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

static void begin(const char *name, struct samples *own, const char *base, struct samples *bare) {
	line_begin(name, own->count, BATCH);
	line_samples(own, base, bare);
}

static void report(const char *name, struct samples *own, struct samples *swap, struct samples *thread, struct samples *process) {
	begin(name, own, "swapcontext_pair", swap);
	line_goal(median(own) <= GOAL_NS, "<=%dns", GOAL_NS);
	begin(name, own, "pthread_create+join", thread);
	line_end();
	begin(name, own, "fork+wait", process);
	line_end();
}

void bench_pause(const struct plan *plan) {
	struct samples free_running = { 0 }, deadline = { 0 }, swap = { 0 }, thread = { 0 }, process = { 0 };
	linger_t call = launch(pause_forever, TO_COMPLETION, NULL);
	if (!call.continuation)
		die("launch a function that pauses", "launch", errno);
	for (int turn = 0; turn < (plan->quick ? 100 : 1000); turn++) {
		samples_add(&free_running, resume_batch(&call, TO_COMPLETION));
		samples_add(&deadline, resume_batch(&call, 1000000));
		bare_sample(BARE_SWAP, 1, 1, &swap);
		bare_sample(BARE_THREAD, 0, 5, &thread);
		bare_sample(BARE_FORK, 0, 1, &process);
	}
	report("pause_resume", &free_running, &swap, &thread, &process);
	report("pause_resume_deadline", &deadline, &swap, &thread, &process);
	cancel(&call);
}
