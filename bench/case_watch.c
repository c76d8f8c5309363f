/* SPDX-License-Identifier: Apache-2.0 */
/* case_watch.c - what a pause by the clock and a resume take, as the function sees it: from its last instruction to the return
 * from resume(), and from the call of resume() to its next instruction. By stack depth, and by extended state in use.
 *
 * Beside it the whole of an interruption by an empty handler, with the same depth and state: the kernel saves and loads both
 * state and registers for any handler. */
#include <errno.h>
#include <inger.h>
#include <stdio.h>

#include "bare.h"
#include "cases.h"
#include "watch.h"

enum { MOST = 8, BUDGET_US = 40, EARLY_US = 6, CHUNK = 100, BATCH = 200, CHECKPOINT_GOAL_US = 3 };

static const struct curve by_depth = {
	"pause_depth", "Pause and resume, by the stack in use", "KiB of stack", "ns", false, false,
};
static const struct curve by_state = {
	"pause_state", "Pause and resume, by extended state in use", "bytes saved", "ns", false, false,
};

struct subject {
	struct watch watch;
	linger_t call, yielding;
	struct samples pause, resume, floor, both, voluntary;
};

static void yield_forever(void *argument) {
	struct watch *w = argument;
	volatile char *below = __builtin_alloca(w->depth + 1);
	for (size_t i = 0; i < w->depth; i += 4096)
		below[i] = 1;
	for (;;)
		inger_pause();
}

static linger_t launched(void (*func)(void *), uint64_t budget_us, struct watch *w) {
	linger_t call = launch_as(INGER_SHARED, func, budget_us, w);
	if (!call.continuation)
		die("launch a function that watches", "launch", call.is_complete ? 0 : errno);
	return call;
}

/* The handler of a signal that is a little early waits for the deadline; such a pause says nothing about its cost. One that is
 * in time has interrupted the function some microseconds before the deadline: it is the handler that meets it. */
static void interrupt(struct subject *s, unsigned count) {
	double ns = watch_ns_per_tick();
	uint64_t budget = (uint64_t)((BUDGET_US - EARLY_US) * NS_PER_US / ns);
	struct watch *w = &s->watch;
	for (unsigned i = 0; i < count; i++) {
		uint64_t start = __rdtsc();
		w->resumed = start;
		if (resume(&s->call, BUDGET_US))
			die("resume a function that watches", "resume", errno);
		uint64_t end = __rdtsc();
		if (w->resumed || w->last - start < budget)
			continue;
		double out = (double)(end - w->last) * ns, in = (double)(w->first - start) * ns;
		samples_add(&s->pause, out);
		samples_add(&s->resume, in);
		samples_add(&s->both, out + in);
	}
}

static double yield_batch(linger_t *call) {
	double start = now_ns();
	for (int i = 0; i < BATCH; i++)
		if (resume(call, TO_COMPLETION))
			die("resume a paused function", "resume", errno);
	return (now_ns() - start) / BATCH;
}

static void measure(struct subject *subjects, size_t n, bool voluntary, int turns) {
	for (size_t i = 0; i < n; i++) {
		subjects[i].call = launched(watch, BUDGET_US, &subjects[i].watch);
		if (voluntary)
			subjects[i].yielding = launched(yield_forever, TO_COMPLETION, &subjects[i].watch);
	}
	for (int turn = 0; turn < turns; turn++)
		for (size_t i = 0; i < n; i++) {
			struct subject *s = &subjects[i];
			interrupt(s, CHUNK);
			bare_watch(s->watch.state, s->watch.depth, BUDGET_US, CHUNK, &s->floor);
			if (voluntary)
				samples_add(&s->voluntary, yield_batch(&s->yielding));
		}
	for (size_t i = 0; i < n; i++) {
		if (!subjects[i].pause.count)
			die("measure pauses", "none came after its deadline", 0);
		cancel(&subjects[i].call);
		if (voluntary)
			cancel(&subjects[i].yielding);
	}
}

static void report(const struct curve *curve, double x, struct subject *s) {
	curve_point(curve, "pause by the clock", x, &s->pause);
	curve_point(curve, "resume", x, &s->resume);
	curve_point(curve, "both", x, &s->both);
	curve_point(curve, "empty handler", x, &s->floor);
	if (s->voluntary.count)
		curve_point(curve, "inger_pause and resume", x, &s->voluntary);
}

void bench_depth(const struct plan *plan) {
	static const size_t kib[] = { 0, 16, 256, 1024, 4096 };
	static struct subject subjects[MOST];
	size_t n = sizeof(kib) / sizeof(*kib);
	for (size_t i = 0; i < n; i++)
		subjects[i].watch.depth = kib[i] << 10;
	measure(subjects, n, true, plan->quick ? 10 : 60);
	for (size_t i = 0; i < n; i++)
		report(&by_depth, (double)kib[i], &subjects[i]);
}

/* The original's figure for saving a function and going on with it; the interruption itself is not part of it. */
static void report_original(struct subject *s) {
	double more = median(&s->both) - median(&s->floor);
	line_begin("checkpoint_restore", s->both.count, 1);
	line_samples(&s->both, "empty_handler", &s->floor);
	line_time("more", more);
	line_goal(more <= CHECKPOINT_GOAL_US * NS_PER_US, "<=%dus_more", CHECKPOINT_GOAL_US);
}

void bench_state(const struct plan *plan) {
	static struct subject subjects[MOST];
	size_t n = 0;
	for (int kind = STATE_NONE; kind < STATE_KINDS; kind++)
		if (state_available((enum state_kind)kind))
			subjects[n++].watch.state = (enum state_kind)kind;
	if (!n)
		die("measure extended state", "the processor has no XSAVEC, or cannot tell what is in use", 0);
	measure(subjects, n, false, plan->quick ? 10 : 60);
	report_original(&subjects[0]);
	for (size_t i = 0; i < n; i++) {
		struct subject *s = &subjects[i];
		char name[32];
		if (!i || s->watch.state_bytes != subjects[i - 1].watch.state_bytes) /* SSE's registers are in the legacy area */
			report(&by_state, s->watch.state_bytes, s);
		snprintf(name, sizeof(name), "pause_state_%s", state_name(s->watch.state));
		line_begin(name, s->both.count, 1);
		line_samples(&s->both, "empty_handler", &s->floor);
		line_time("pause", median(&s->pause));
		line_time("resume", median(&s->resume));
		line_figure("saved", s->watch.state_bytes, "bytes");
		line_end();
	}
}
