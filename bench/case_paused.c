/* SPDX-License-Identifier: Apache-2.0 */
/* case_paused.c - what grows with the number of paused functions: the time of a resume in turn, of a launch beside them and of
 * one more that is paused, and memory. Shared up to 10,000; isolated up to what vm.max_map_count leaves room for.
 *
 * One measurement a process: the second would find the stacks of the first in the pool, touched already. */
#include <errno.h>
#include <inger.h>
#include <stdlib.h>
#include <string.h>

#include "bare.h"
#include "cases.h"
#include "memory.h"

static const size_t steps[] = { 1, 3, 10, 30, 100, 300, 1000, 2000, 3000, 5000, 10000 };
enum { STEPS = sizeof(steps) / sizeof(*steps), BATCH = 1000, SAFE_PERCENT = 95, PAPER_CALLS = 511, MOST = 10000, QUICK_MOST = 1000 };

static const struct curve resumed = {
	"resume_paused", "resume() and inger_pause(), by paused functions that take turns", "paused functions", "ns", true, true,
};
static const struct curve launched = {
	"launch_paused", "launch() of an empty function, by paused functions beside it", "paused functions", "ns", true, false,
};
static const struct curve added = {
	"launch_added", "launch() of one more function that is paused", "paused functions", "us", true, true,
};
static const struct curve resident = {
	"memory_resident", "Resident memory of a paused function", "paused functions", "KiB each", true, true,
};
static const struct curve proportional = {
	"memory_proportional", "Proportional memory of a paused function: page cache counted once", "paused functions", "KiB each", true, true,
};
static const struct curve tables = {
	"memory_tables", "Page tables of a paused function", "paused functions", "KiB each", true, true,
};

static void nothing(void *argument) { (void)argument; }

static void pause_forever(void *argument) {
	(void)argument;
	for (;;)
		inger_pause();
}

static double resume_each(linger_t *call, size_t n) {
	size_t turns = n < BATCH ? BATCH / n : 1;
	double start = now_ns();
	for (size_t t = 0; t < turns; t++)
		for (size_t i = 0; i < n; i++)
			if (resume(&call[i], TO_COMPLETION))
				die("resume one of many", "resume", errno);
	return (now_ns() - start) / (double)(turns * n);
}

static double launch_batch(enum inger_isolation isolation) {
	double start = now_ns();
	for (int i = 0; i < BATCH; i++)
		if (!launch_as(isolation, nothing, TO_COMPLETION, NULL).is_complete)
			die("launch an empty function beside many", "launch", errno);
	return (now_ns() - start) / BATCH;
}

/* Nanoseconds each. */
static double add(linger_t *call, size_t from, size_t to, enum inger_isolation isolation) {
	double start = now_ns();
	for (size_t i = from; i < to; i++) {
		call[i] = launch_as(isolation, pause_forever, TO_COMPLETION, NULL);
		if (!call[i].continuation)
			die("launch one of many functions", "launch", call[i].is_complete ? 0 : errno);
	}
	return (now_ns() - start) / (double)(to - from);
}

static void report_memory(const char *series, size_t n, const struct memory *before) {
	struct memory now = memory_now();
	double calls = (double)n;
	curve_value(&resident, series, calls, (now.resident - before->resident) / calls);
	curve_value(&proportional, series, calls, (now.proportional - before->proportional) / calls);
	curve_value(&tables, series, calls, (now.tables - before->tables) / calls);
}

static void at(linger_t *call, size_t n, enum inger_isolation isolation, const char *series, int turns) {
	struct samples in_turn = { 0 }, beside = { 0 }, base = { 0 };
	resume_each(call, n); /* not counted */
	for (int turn = 0; turn < turns; turn++) {
		samples_add(&in_turn, resume_each(call, n));
		samples_add(&beside, launch_batch(isolation));
		if (isolation == INGER_SHARED)
			bare_sample(BARE_SWAP, n, 1, &base);
	}
	curve_point(&resumed, series, (double)n, &in_turn);
	curve_point(&launched, series, (double)n, &beside);
	if (base.count)
		curve_point(&resumed, "swapcontext", (double)n, &base);
	samples_free(&in_turn);
	samples_free(&beside);
	samples_free(&base);
}

/* fit - `wanted`, or how many calls there may be for the kernel to give each its mappings. */
static size_t fit(size_t wanted, size_t now, double mappings_each) {
	double room = (double)mappings_limit() * SAFE_PERCENT / 100 - (double)mappings_now();
	size_t most = now + (room > 0 ? (size_t)(room / mappings_each) : 0);
	return wanted < most ? wanted : most;
}

static void measure(enum inger_isolation isolation, const char *series, size_t most, int turns) {
	size_t now = 0;
	linger_t *call = malloc(most * sizeof(*call));
	if (!call)
		die("keep many calls", "malloc", errno);
	memset(call, 1, most * sizeof(*call)); /* touched before the first reading, so not counted */
	launch_batch(isolation); /* what a process has once is not counted either */
	if (isolation == INGER_SHARED) {
		struct samples unused = { 0 };
		bare_sample(BARE_SWAP, most, 1, &unused); /* the largest number first */
		samples_free(&unused);
	}
	struct memory before = memory_now();
	size_t mappings = mappings_now();
	double mappings_each = 1;
	for (size_t s = 0; s < STEPS && steps[s] <= most && (!s || now == steps[s - 1]); s++) {
		size_t to = now ? fit(steps[s], now, mappings_each) : steps[s];
		if (to <= now)
			break;
		curve_value(&added, series, (double)to, add(call, now, to, isolation) / NS_PER_US);
		now = to;
		mappings_each = (double)(mappings_now() - mappings) / (double)now;
		if (mappings_each < 1)
			mappings_each = 1; /* neighbours of the same kind are one mapping */
		report_memory(series, now, &before);
		at(call, now, isolation, series, turns);
	}
	line_begin(isolation == INGER_SHARED ? "paused_at_once_shared" : "paused_at_once_isolated", now, 1);
	line_figure("calls", (double)now, "");
	line_figure("mappings", (double)mappings_now(), "");
	line_figure("of", (double)mappings_limit(), "");
	line_figure("each", mappings_each, "");
	line_text("stopped_at=%s", now == most ? "what_was_wanted" : "95%_of_vm.max_map_count");
	line_goal(now > PAPER_CALLS, ">%d", PAPER_CALLS);
	/* The process ends with them: the kernel takes back what they have. */
}

void bench_paused_shared(const struct plan *plan) { measure(INGER_SHARED, "shared", MOST, plan->quick ? 5 : 50); }

void bench_paused_isolated(const struct plan *plan) {
	measure(INGER_ISOLATED, "isolated", plan->quick ? QUICK_MOST : MOST, plan->quick ? 5 : 50);
}
