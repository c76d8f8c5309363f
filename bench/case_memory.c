/* SPDX-License-Identifier: Apache-2.0 */
/* case_memory.c - memory of paused functions that need little stack: of 10,000 in the program's own libraries, and of
 * 1,000 isolated ones, whose libsets are limited by the number of mappings that the kernel allows a process. */
#include <errno.h>
#include <inger.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "harness.h"
#include "memory.h"

enum { SHARED_CALLS = 10000, ISOLATED_CALLS = 1000, SHARED_GOAL_KIB = 16, ISOLATED_GOAL_KIB = 250 };

static void pause_once(void *argument) {
	(void)argument;
	inger_pause();
}

static void spin(void *argument) {
	for (;;)
		BARRIER();
	(void)argument;
}

static void measure(const char *name, enum inger_isolation isolation, size_t calls, void (*func)(void *), uint64_t budget_us) {
	linger_t *call = calloc(calls, sizeof(*call));
	if (!call)
		die("keep many calls", "calloc", errno);
	memset(call, 1, calls * sizeof(*call)); /* touched before the first reading, so not counted */
	linger_t first = launch_as(isolation, func, budget_us, NULL); /* what a process has once is not counted either */
	struct memory before = memory_now();
	for (size_t i = 0; i < calls; i++) {
		call[i] = launch_as(isolation, func, budget_us, NULL);
		if (!call[i].continuation)
			die("launch one of many functions", "launch", call[i].is_complete ? 0 : errno);
	}
	struct memory after = memory_now();
	double n = (double)calls, own = (after.own - before.own) / n;
	double resident = (after.resident - before.resident) / n, tables = (after.tables - before.tables) / n;
	line_begin(name, calls, 1);
	line_figure("own", own, "KiB");
	line_figure("resident", resident, "KiB");
	line_figure("page_tables", tables, "KiB");
	/* Pages of a library's file are the page cache's, in however many libsets they are counted as resident. */
	if (isolation == INGER_ISOLATED)
		line_goal(own <= ISOLATED_GOAL_KIB, "own<=%dKiB", ISOLATED_GOAL_KIB);
	else
		line_goal(resident <= SHARED_GOAL_KIB, "resident<=%dKiB", SHARED_GOAL_KIB);
	for (size_t i = 0; i < calls; i++)
		cancel(&call[i]);
	cancel(&first);
	free(call);
}

/* One measurement a process: the second would find the stacks of the first in the pool, touched already. */
void bench_memory(const struct plan *plan) {
	(void)plan;
	measure("memory_paused", INGER_SHARED, SHARED_CALLS, pause_once, TO_COMPLETION);
}

void bench_memory_preempted(const struct plan *plan) {
	(void)plan;
	measure("memory_preempted", INGER_SHARED, SHARED_CALLS, spin, 20);
}

void bench_memory_isolated(const struct plan *plan) {
	(void)plan;
	measure("memory_isolated", INGER_ISOLATED, ISOLATED_CALLS, pause_once, TO_COMPLETION);
}
