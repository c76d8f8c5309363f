/* SPDX-License-Identifier: Apache-2.0 */
/* case_cancel_after.c - what cancel() of a function with nothing in hand takes, over how long the function ran. When an isolated
 * one has run for longer than the library's thread needs for the next libset, that thread sleeps again, and cancel()
 * wakes it. */
#include <errno.h>
#include <unistd.h>

#include "cases.h"
#include "harness.h"
#include "libraries.h"

enum { LIBRARIES = 5 };

static const struct curve curve = {
	.name = "cancel_after", .title = "cancel() of a function with nothing in hand", .parameter = "it ran for, us",
	.unit = "ns", .log_x = true, .log_y = true,
};

static void spin(void *unused) {
	(void)unused;
	for (;;)
		BARRIER();
}

static void until_a_libset_is_ready(void) {
	struct inger_stats stats = { .size = sizeof(stats) };
	for (int i = 0; i < 10000; i++) {
		usleep(200);
		if (!inger_stats(&stats) && stats.libsets_ready > 0)
			return;
	}
	die("wait for a libset", "none is ready", 0);
}

static double cancel_one(enum inger_isolation isolation, unsigned budget_us) {
	until_a_libset_is_ready();
	linger_t call = launch_as(isolation, spin, budget_us, NULL);
	if (!call.continuation)
		die("launch a function that spins", "launch", call.is_complete ? 0 : errno);
	double start = now_ns();
	int failed = cancel(&call);
	double elapsed = now_ns() - start;
	if (failed)
		die("cancel a paused function", "cancel", errno);
	return elapsed;
}

void bench_cancel_after(const struct plan *plan) {
	static const unsigned budgets[] = { 20, 100, 300, 1000, 3000, 10000 };
	libraries_open(LIBRARIES);
	linger_t first = launch_as(INGER_ISOLATED, spin, 0, NULL); /* makes the plan */
	cancel(&first);
	for (size_t b = 0; b < sizeof(budgets) / sizeof(*budgets); b++) {
		struct samples isolated = { 0 }, shared = { 0 };
		for (int turn = 0; turn < (plan->quick ? 20 : 200); turn++) {
			samples_add(&isolated, cancel_one(INGER_ISOLATED, budgets[b]));
			samples_add(&shared, cancel_one(INGER_SHARED, budgets[b]));
		}
		curve_point(&curve, "isolated", budgets[b], &isolated);
		curve_point(&curve, "shared", budgets[b], &shared);
		samples_free(&isolated);
		samples_free(&shared);
	}
}
