/* SPDX-License-Identifier: Apache-2.0 */
/* sets.c - one program with N libraries, and COUNT libsets of it: sets N COUNT
 *
 * Prints what case_sets.c reads: nanoseconds of the first isolated launch; with COUNT, nanoseconds of each further one and
 * of a shared one, none of which finds anything to use again, and the KiB of memory and of page tables that a libset adds
 * to a call. A process of its own each time: the first launch is once in a process. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "cases.h"
#include "harness.h"
#include "libraries.h"
#include "memory.h"

struct cost {
	double ns, own, tables;
};

static void pause_once(void *argument) {
	(void)argument;
	inger_pause();
}

static linger_t one(enum inger_isolation isolation) {
	linger_t call = launch_as(isolation, pause_once, TO_COMPLETION, NULL);
	if (!call.continuation)
		die("launch a function", isolation == INGER_SHARED ? "shared" : "isolated", errno);
	return call;
}

static struct cost each(enum inger_isolation isolation, unsigned count) {
	struct memory before = memory_now();
	double start = now_ns();
	for (unsigned i = 0; i < count; i++)
		one(isolation);
	double elapsed = now_ns() - start;
	struct memory after = memory_now();
	return (struct cost){ elapsed / count, (after.own - before.own) / count, (after.tables - before.tables) / count };
}

/* The library's own thread makes libsets, too. On one processor its work is part of the time measured here. */
static void stay_on_one_processor(void) {
	cpu_set_t here;
	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here);
	if (sched_setaffinity(0, sizeof(here), &here))
		die("stay on one processor", "sched_setaffinity", errno);
}

int main(int argc, char **argv) {
	if (argc != 3)
		die("start", "usage: sets LIBRARIES COUNT", 0);
	unsigned count = (unsigned)strtoul(argv[2], NULL, 10);
	libraries_open((unsigned)strtoul(argv[1], NULL, 10));
	if (count)
		stay_on_one_processor();
	one(INGER_SHARED);
	double start = now_ns();
	one(INGER_ISOLATED);
	printf("%.0f\n", now_ns() - start);
	if (!count)
		return 0;
	struct cost shared = each(INGER_SHARED, count), isolated = each(INGER_ISOLATED, count);
	printf("%.0f %.0f %.2f %.2f\n", isolated.ns, shared.ns, isolated.own - shared.own, isolated.tables - shared.tables);
	return 0;
}
