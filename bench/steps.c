/* SPDX-License-Identifier: Apache-2.0 */
/* steps.c - one operation of the library, some number of times, for who counts instructions: steps OPERATION COUNT
 *
 * Callgrind counts, with --collect-atstart=no, only what the operation itself does on this thread, and what surrounds it not.
 * Signal handlers are not counted then: operations that need one say "all", and everything is. See bench/breakdown. Without an
 * operation: their names, each with what is to be counted. */
#include <errno.h>
#include <inger.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../shim/valgrind.h"
#include "cases.h"
#include "harness.h"

/* valgrind/callgrind.h has the number; it is not installed everywhere. */
#define TOGGLE_COLLECT 0x43540002

enum { DEADLINE_US = 1000000000, BUDGET_US = 200, READY_TURNS = 5000 };

static bool all;

static void counted(void) {
	if (!all)
		shim_valgrind(TOGGLE_COLLECT, 0, 0);
}

static void nothing(void *argument) { (void)argument; }

static void pause_forever(void *argument) {
	(void)argument;
	for (;;)
		inger_pause();
}

static void spin(void *argument) {
	volatile unsigned long *turns = argument;
	for (;;)
		++*turns;
}

static void launch_many(enum inger_isolation isolation, uint64_t budget_us, unsigned count) {
	(void)isolation;
	for (unsigned i = 0; i < count; i++) {
		counted();
		linger_t call = launch(nothing, budget_us, NULL);
		counted();
		if (!call.is_complete)
			die("launch an empty function", "not complete", call.continuation ? 0 : errno);
	}
}

static linger_t paused(enum inger_isolation isolation, void (*func)(void *), uint64_t budget_us, void *argument) {
	linger_t call = launch_as(isolation, func, budget_us, argument);
	if (!call.continuation)
		die("launch a function that pauses", "launch", call.is_complete ? 0 : errno);
	return call;
}

static void resume_many(enum inger_isolation isolation, uint64_t budget_us, unsigned count) {
	linger_t call = paused(isolation, pause_forever, TO_COMPLETION, NULL);
	for (unsigned i = 0; i < count; i++) {
		counted();
		int failed = resume(&call, budget_us);
		counted();
		if (failed)
			die("resume a paused function", "resume", errno);
	}
}

static void clock_many(enum inger_isolation isolation, uint64_t budget_us, unsigned count) {
	unsigned long turns = 0;
	linger_t call = paused(isolation, spin, budget_us, &turns);
	for (unsigned i = 0; i < count; i++) {
		counted();
		int failed = resume(&call, budget_us);
		counted();
		if (failed)
			die("resume a spinning function", "resume", errno);
	}
}

static void until_a_libset_is_ready(void) {
	struct inger_stats stats = { .size = sizeof(stats) };
	for (int i = 0; i < READY_TURNS; i++) {
		if (!inger_stats(&stats) && stats.libsets_ready > 0)
			return;
		usleep(1000);
	}
	die("wait for a libset", "none is ready", 0);
}

static void cancel_many(enum inger_isolation isolation, uint64_t budget_us, unsigned count) {
	for (unsigned i = 0; i < count; i++) {
		linger_t call = paused(isolation, pause_forever, budget_us, NULL);
		counted();
		int failed = cancel(&call);
		counted();
		if (failed)
			die("cancel a paused function", "cancel", errno);
		if (isolation == INGER_ISOLATED)
			until_a_libset_is_ready();
	}
}

static const struct {
	const char *name;
	void (*run)(enum inger_isolation isolation, uint64_t budget_us, unsigned count);
	enum inger_isolation isolation;
	uint64_t budget_us;
	bool all;
} operations[] = {
	{ "launch", launch_many, INGER_SHARED, TO_COMPLETION, false },
	{ "launch_deadline", launch_many, INGER_SHARED, DEADLINE_US, false },
	{ "resume", resume_many, INGER_SHARED, TO_COMPLETION, false },
	{ "resume_deadline", resume_many, INGER_SHARED, DEADLINE_US, false },
	{ "pause_by_clock", clock_many, INGER_SHARED, BUDGET_US, true },
	{ "cancel_shared", cancel_many, INGER_SHARED, TO_COMPLETION, false },
	{ "cancel_isolated", cancel_many, INGER_ISOLATED, TO_COMPLETION, false },
};
enum { OPERATIONS = sizeof(operations) / sizeof(*operations) };

int main(int argc, char **argv) {
	for (size_t i = 0; i < OPERATIONS; i++) {
		if (argc == 1)
			printf("%s %s\n", operations[i].name, operations[i].all ? "all" : "own");
		if (argc != 3 || strcmp(argv[1], operations[i].name))
			continue;
		all = operations[i].all;
		/* launch() has no attributes, and is what is counted; the others choose for themselves. */
		if (operations[i].run == launch_many)
			setenv("INGER_ISOLATION", operations[i].isolation == INGER_SHARED ? "shared" : "isolated", 1);
		operations[i].run(operations[i].isolation, operations[i].budget_us, (unsigned)strtoul(argv[2], NULL, 10));
		return 0;
	}
	if (argc != 1)
		die("start", "usage: steps [OPERATION COUNT]", 0);
	return 0;
}
