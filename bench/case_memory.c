/* SPDX-License-Identifier: Apache-2.0 */
/* case_memory.c - memory touched by each of 10,000 paused functions that need little stack. */
#include <errno.h>
#include <inger.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "harness.h"

enum { CALLS = 10000, GOAL_KIB = 16 };

static void pause_once(void *argument) {
	(void)argument;
	inger_pause();
}

static void spin(void *argument) {
	for (;;)
		BARRIER();
	(void)argument;
}

/* kib_of - a field of /proc/self/status, such as VmRSS. */
static double kib_of(const char *field) {
	char line[256];
	FILE *f = fopen("/proc/self/status", "re");
	if (!f)
		die("read the memory in use", "/proc/self/status", errno);
	double kib = -1;
	while (kib < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, field, strlen(field)) && line[strlen(field)] == ':')
			kib = strtod(line + strlen(field) + 1, NULL);
	fclose(f);
	if (kib < 0)
		die("read the memory in use", field, ENOENT);
	return kib;
}

static void measure(const char *name, void (*func)(void *), uint64_t budget_us) {
	linger_t *call = calloc(CALLS, sizeof(*call));
	if (!call)
		die("keep 10,000 calls", "calloc", errno);
	memset(call, 1, CALLS * sizeof(*call)); /* touched before the first reading, so not counted */
	double resident = kib_of("VmRSS"), tables = kib_of("VmPTE");
	for (int i = 0; i < CALLS; i++) {
		call[i] = launch(func, budget_us, NULL);
		if (!call[i].continuation)
			die("launch one of 10,000 functions", "launch", call[i].is_complete ? 0 : errno);
	}
	resident = (kib_of("VmRSS") - resident) / CALLS;
	tables = (kib_of("VmPTE") - tables) / CALLS;
	line_begin(name, CALLS, 1);
	line_text("resident=%.2fKiB page_tables=%.2fKiB", resident, tables);
	line_goal(resident <= GOAL_KIB, "resident<=%dKiB", GOAL_KIB);
	for (int i = 0; i < CALLS; i++)
		cancel(&call[i]);
	free(call);
}

/* One measurement a process: the second would find the stacks of the first in the pool, touched already. */
void bench_memory(const struct plan *plan) {
	(void)plan;
	measure("memory_paused", pause_once, TO_COMPLETION);
}

void bench_memory_preempted(const struct plan *plan) {
	(void)plan;
	measure("memory_preempted", spin, 20);
}
