/* SPDX-License-Identifier: Apache-2.0 */
/* case_floor.c - launch, resume and pause beside what they are made of: see bare_floor.c. docs/performance-breakdown.md counts
 * the instructions in between. */
#include <errno.h>
#include <inger.h>

#include "bare.h"
#include "cases.h"

enum { BATCH = 1000 };

static const char *const names[FLOOR_PARTS] = {
	[FLOOR_CALL] = "floor_call",       [FLOOR_TICKS] = "floor_time_stamp",  [FLOOR_STACK] = "floor_stack_pair",
	[FLOOR_CONTROL] = "floor_control_pair", [FLOOR_FS] = "floor_fs_pair",   [FLOOR_JUMP] = "floor_jump_pair",
	[FLOOR_STATE] = "floor_state_pair",
	[FLOOR_SYSCALL] = "floor_syscall", [FLOOR_ARM] = "floor_timer_settime", [FLOOR_SIGNAL] = "floor_signal",
};

static void nothing(void *argument) { (void)argument; }

static void pause_forever(void *argument) {
	(void)argument;
	for (;;)
		inger_pause();
}

static double launches(uint64_t budget_us) {
	double start = now_ns();
	for (int i = 0; i < BATCH; i++)
		if (!launch(nothing, budget_us, NULL).is_complete)
			die("launch an empty function", "not complete", 0);
	return (now_ns() - start) / BATCH;
}

static double resumes(linger_t *call, uint64_t budget_us) {
	double start = now_ns();
	for (int i = 0; i < BATCH; i++)
		if (resume(call, budget_us))
			die("resume a paused function", "resume", errno);
	return (now_ns() - start) / BATCH;
}

static void report(const char *name, struct samples *own, const char *base, struct samples *floor) {
	if (!floor->count || median(floor) < 0)
		return; /* the processor or the kernel does not offer it */
	line_begin(name, own->count, BATCH);
	line_samples(own, base, floor);
	line_time("more", median(own) - median(floor));
	line_end();
}

void bench_floor(const struct plan *plan) {
	struct samples launched = { 0 }, limited = { 0 }, resumed = { 0 }, resumed_limited = { 0 }, part[FLOOR_PARTS] = { 0 };
	linger_t call = launch(pause_forever, TO_COMPLETION, NULL);
	if (!call.continuation)
		die("launch a function that pauses", "launch", errno);
	for (int turn = 0; turn < (plan->quick ? 50 : 500); turn++) {
		samples_add(&launched, launches(TO_COMPLETION));
		samples_add(&limited, launches(1000000));
		samples_add(&resumed, resumes(&call, TO_COMPLETION));
		samples_add(&resumed_limited, resumes(&call, 1000000));
		for (int i = 0; i < FLOOR_PARTS; i++)
			bare_sample(BARE_FLOOR, (uint64_t)i, 1, &part[i]);
	}
	cancel(&call);
	report("launch_beside_floor", &launched, "stack_and_fs_by_jumps", &part[FLOOR_JUMP]);
	report("launch_deadline_beside_floor", &limited, "stack_and_fs_by_jumps", &part[FLOOR_JUMP]);
	report("resume_beside_floor", &resumed, "stack_and_fs_pair", &part[FLOOR_FS]);
	report("resume_deadline_beside_floor", &resumed_limited, "stack_and_fs_pair", &part[FLOOR_FS]);
	for (int i = 0; i < FLOOR_PARTS; i++) {
		if (median(&part[i]) < 0)
			continue;
		line_begin(names[i], part[i].count, BATCH);
		line_samples(&part[i], NULL, NULL);
		line_end();
	}
}
