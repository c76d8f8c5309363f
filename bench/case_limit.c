/* SPDX-License-Identifier: Apache-2.0 */
/* case_limit.c - a library function with a budget from outside (inger run --limit) that is not used up, beside the same call
 * without. Two processes take turns, as the rules are read before main(). */
#include <stdlib.h>

#include "cases.h"
#include "child.h"
#include "limited.h"

enum { GOAL_NS = 150 };

void bench_limit(const struct plan *plan) {
	static const char *const names[LIMITED_FUNCTIONS] = { "limited_call", "limited_call_12_arguments" };
	struct samples own[LIMITED_FUNCTIONS] = { 0 }, base[LIMITED_FUNCTIONS] = { 0 }, more[LIMITED_FUNCTIONS] = { 0 };
	setenv("INGER_LIMITS", "libbenchlib.so:benchlib_*=1h:return=0", 1);
	struct child with = child_start("limited", NULL, NULL);
	unsetenv("INGER_LIMITS");
	struct child without = child_start("limited", NULL, NULL);
	double a[LIMITED_FUNCTIONS], b[LIMITED_FUNCTIONS];
	for (int turn = -3; turn < (plan->quick ? 100 : 1000); turn++) {
		child_ask(&with, "", 1, a, sizeof(a));
		child_ask(&without, "", 1, b, sizeof(b));
		for (int f = 0; f < LIMITED_FUNCTIONS && turn >= 0; f++) {
			samples_add(&own[f], a[f]);
			samples_add(&base[f], b[f]);
			samples_add(&more[f], a[f] - b[f]);
		}
	}
	child_end(&with);
	child_end(&without);
	for (int f = 0; f < LIMITED_FUNCTIONS; f++) {
		line_begin(names[f], own[f].count, LIMITED_BATCH);
		line_samples(&own[f], "unlimited", &base[f]);
		line_time("more", median(&more[f]));
		line_goal(median(&more[f]) <= GOAL_NS, "<=%dns more", GOAL_NS);
		samples_free(&own[f]);
		samples_free(&base[f]);
		samples_free(&more[f]);
	}
}
