/* SPDX-License-Identifier: Apache-2.0 */
/* case_cancel.c - what cancel() takes: of a paused function with 1,000 heap blocks and 10 descriptors in hand, and of one with
 * nothing; beside it the end of a thread and of a process that wait with the same in hand. Then, with nothing in hand, over how
 * long the function ran: when an isolated one has run for longer than the library's thread needs for the next libset, that
 * thread sleeps again, and cancel() wakes it. The program has libpng, libjpeg, zlib, sqlite3 and libstdc++, so that a libset
 * is of a usual size; making one is not part of this. */
#include <errno.h>
#include <inger.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bare.h"
#include "cases.h"
#include "held.h"
#include "libraries.h"

enum { LIBRARIES = 5 };

static const struct {
	const char *name;
	enum inger_isolation isolation;
	bool holding;
	double goal_ns;
} cases[] = {
	{ "cancel_fresh", INGER_ISOLATED, false, 10e3 },
	{ "cancel_holding", INGER_ISOLATED, true, 100e3 },
	{ "cancel_fresh_shared", INGER_SHARED, false, 10e3 },
	{ "cancel_holding_shared", INGER_SHARED, true, 100e3 },
};
enum { CASES = sizeof(cases) / sizeof(*cases) };

static const struct curve after = {
	.name = "cancel_after", .title = "cancel() of a function with nothing in hand", .parameter = "it ran for, us",
	.unit = "ns", .log_x = true, .log_y = true,
};

static void hold(void *held) {
	held_take(held);
	for (;;)
		inger_pause();
}

static void spin(void *unused) {
	(void)unused;
	for (;;)
		BARRIER();
}

/* A server launches some time after it has cancelled: then a libset is ready, and the last one has been unmapped. */
static void until_a_libset_is_ready(void) {
	struct inger_stats stats = { .size = sizeof(stats) };
	for (int i = 0; i < 10000; i++) {
		usleep(200);
		if (!inger_stats(&stats) && stats.libsets_ready > 0)
			return;
	}
	die("wait for a libset", "none is ready", 0);
}

static double cancel_one(enum inger_isolation isolation, void (*func)(void *), unsigned budget_us, void *arg) {
	linger_t call = launch_as(isolation, func, budget_us, arg);
	if (!call.continuation)
		die("launch a function that pauses", "launch", call.is_complete ? 0 : errno);
	double start = now_ns();
	int failed = cancel(&call);
	double elapsed = now_ns() - start;
	if (failed)
		die("cancel a paused function", "cancel", errno);
	until_a_libset_is_ready();
	return elapsed;
}

static double cancel_holding(size_t c) {
	static struct held held;
	held.blocks = cases[c].holding ? HELD_BLOCKS : 0;
	held.descriptors = cases[c].holding ? HELD_DESCRIPTORS : 0;
	double elapsed = cancel_one(cases[c].isolation, hold, 1000000, &held);
	struct stat st;
	for (unsigned i = 0; i < held.descriptors; i++) /* a library's file may have the number meanwhile: not a device */
		if (!fstat(held.descriptor[i], &st) && S_ISCHR(st.st_mode))
			die("cancel a paused function", "its descriptors are still open", 0);
	return elapsed;
}

static void report(size_t c, struct samples *own, const char *base, struct samples *bare) {
	line_begin(cases[c].name, own->count, 1);
	line_samples(own, base, bare);
	line_goal(median(own) <= cases[c].goal_ns, "<=%.0fus", cases[c].goal_ns / NS_PER_US);
}

void bench_cancel(const struct plan *plan) {
	/* By whether things are held: threads and processes. */
	struct samples own[CASES] = { 0 }, thread[2] = { 0 }, process[2] = { 0 };
	libraries_open(LIBRARIES);
	for (size_t c = 0; c < CASES; c++)
		cancel_holding(c); /* not counted: the first makes a stack, a TCB and the tables of what is held */
	for (int turn = 0; turn < (plan->quick ? 100 : 1000); turn++) {
		for (size_t c = 0; c < CASES; c++)
			samples_add(&own[c], cancel_holding(c));
		for (uint64_t holding = 0; holding < 2; holding++) {
			bare_sample(BARE_CANCEL_THREAD, holding, 1, &thread[holding]);
			bare_sample(BARE_KILL, holding, 1, &process[holding]);
		}
	}
	for (size_t c = 0; c < CASES; c++) {
		report(c, &own[c], "pthread_cancel+join", &thread[cases[c].holding]);
		report(c, &own[c], "kill+wait", &process[cases[c].holding]);
	}
}

void bench_cancel_after(const struct plan *plan) {
	static const unsigned budgets[] = { 20, 100, 300, 1000, 3000, 10000 };
	libraries_open(LIBRARIES);
	cancel_one(INGER_ISOLATED, spin, 0, NULL); /* makes the plan */
	for (size_t b = 0; b < sizeof(budgets) / sizeof(*budgets); b++) {
		struct samples isolated = { 0 }, shared = { 0 };
		for (int turn = 0; turn < (plan->quick ? 20 : 200); turn++) {
			samples_add(&isolated, cancel_one(INGER_ISOLATED, spin, budgets[b], NULL));
			samples_add(&shared, cancel_one(INGER_SHARED, spin, budgets[b], NULL));
		}
		curve_point(&after, "isolated", budgets[b], &isolated);
		curve_point(&after, "shared", budgets[b], &shared);
		samples_free(&isolated);
		samples_free(&shared);
	}
}
