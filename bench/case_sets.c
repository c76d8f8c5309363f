/* SPDX-License-Identifier: Apache-2.0 */
/* case_sets.c - what libsets cost that nobody has used before: to start with, to make, to keep. In programs of their own,
 * with 5 libraries (libpng, libjpeg, zlib, sqlite3, libstdc++) and with 50; libc is one more. */
#include <stdio.h>

#include "bare.h"
#include "cases.h"
#include "child.h"

enum { GOAL_KIB = 250 };

static void line_name(const char *what, unsigned libraries, size_t count, size_t batch) {
	char name[64];
	snprintf(name, sizeof(name), "%s_%u_libraries", what, libraries);
	line_begin(name, count, batch);
}

/* The first isolated launch: the thread of libsets, the Go runtime, the plan, one libset and the function itself. */
static void first(unsigned libraries, int processes) {
	struct samples launch = { 0 };
	char number[16];
	snprintf(number, sizeof(number), "%u", libraries);
	for (int i = 0; i < processes; i++) {
		double ns;
		child_run("sets", number, "0", &ns, 1);
		samples_add(&launch, ns);
	}
	line_name("first_launch", libraries, launch.count, 1);
	line_samples(&launch, NULL, NULL);
	line_end();
	samples_free(&launch);
}

static void further(unsigned libraries, int processes, unsigned sets) {
	enum { FIRST, ISOLATED, SHARED, OWN, TABLES, VALUES };
	struct samples made = { 0 }, shared = { 0 }, own = { 0 }, tables = { 0 };
	char number[16], count[16];
	snprintf(number, sizeof(number), "%u", libraries);
	snprintf(count, sizeof(count), "%u", sets);
	for (int i = 0; i < processes; i++) {
		double value[VALUES];
		child_run("sets", number, count, value, VALUES);
		samples_add(&made, value[ISOLATED] - value[SHARED]);
		samples_add(&shared, value[SHARED]);
		samples_add(&own, value[OWN]);
		samples_add(&tables, value[TABLES]);
	}
	line_name("libset", libraries, made.count, sets);
	line_samples(&made, "shared_call", &shared);
	line_figure("own", median(&own), "KiB");
	line_figure("page_tables", median(&tables), "KiB");
	/* The goal is for the program that has just the well-known libraries. */
	if (libraries == 5)
		line_goal(median(&own) <= GOAL_KIB, "own<=%dKiB", GOAL_KIB);
	else
		line_end();
	samples_free(&made);
	samples_free(&shared);
	samples_free(&own);
	samples_free(&tables);
}

/* A program that launches nothing has no plan and no libset, however many libraries it has. */
static void idle(unsigned libraries, int turns) {
	struct samples with = { 0 }, without = { 0 }, added = { 0 };
	for (int turn = 0; turn < turns; turn++) {
		bare_sample(BARE_IDLE, libraries, 1, &without);
		bare_sample(BARE_IDLE, libraries | BARE_IDLE_PRELOADED, 1, &with);
		samples_add(&added, with.value[with.count - 1] - without.value[without.count - 1]);
	}
	line_name("start_idle", libraries, with.count, 1);
	line_samples(&with, "not_preloaded", &without);
	line_time("added", median(&added));
	line_end();
	samples_free(&with);
	samples_free(&without);
	samples_free(&added);
}

void bench_sets(const struct plan *plan) {
	static const unsigned libraries[] = { 5, 50 };
	for (size_t i = 0; i < sizeof(libraries) / sizeof(*libraries); i++) {
		first(libraries[i], plan->quick ? 10 : 100);
		further(libraries[i], plan->quick ? 3 : 20, plan->quick ? 20 : 100);
	}
	idle(0, plan->quick ? 20 : 200);
	for (size_t i = 0; i < sizeof(libraries) / sizeof(*libraries); i++)
		idle(libraries[i], plan->quick ? 20 : 200);
}
