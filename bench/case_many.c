/* SPDX-License-Identifier: Apache-2.0 */
/* case_many.c - does a resume cost more when many functions are paused?
 *
 * Each resume in turn goes to a stack that was not used for a while, so caches and TLBs have their share in the cost,
 * whatever the library does. The base has the same share: as many contexts, on stacks as far apart, by swapcontext. */
#include <errno.h>
#include <inger.h>
#include <stdio.h>
#include <stdlib.h>

#include "bare.h"
#include "cases.h"

static const size_t numbers[] = { 1, 100, 1000, 10000 };
enum { NUMBERS = sizeof(numbers) / sizeof(*numbers), GOAL_TIMES = 2 };

static void pause_forever(void *argument) {
	(void)argument;
	for (;;)
		inger_pause();
}

/* A library that walked a list or searched a table would pay per function, microseconds with 10,000 of them. */
static double resume_each(linger_t *call, size_t n) {
	size_t turns = n < 1000 ? 1000 / n : 1;
	double start = now_ns();
	for (size_t t = 0; t < turns; t++)
		for (size_t i = 0; i < n; i++)
			if (resume(&call[i], 1000000))
				die("resume one of many", "resume", errno);
	return (now_ns() - start) / (double)(turns * n);
}

void bench_many(const struct plan *plan) {
	size_t most = numbers[NUMBERS - 1];
	linger_t *call = calloc(most, sizeof(*call));
	if (!call)
		die("keep many calls", "calloc", errno);
	for (size_t i = 0; i < most; i++) {
		/* Shared: 10,000 libsets need more mappings than the kernel allows a process by default. */
		call[i] = launch_as(INGER_SHARED, pause_forever, TO_COMPLETION, NULL);
		if (!call[i].continuation)
			die("launch one of many functions", "launch", errno);
	}
	/* Once each, in the base as well: it prepares the largest number first and that turn is not counted. */
	struct samples own[NUMBERS] = { 0 }, bare[NUMBERS] = { 0 }, unused = { 0 };
	resume_each(call, most);
	bare_sample(BARE_SWAP, most, 1, &unused);
	for (int turn = 0; turn < (plan->quick ? 20 : 200); turn++)
		for (size_t k = 0; k < NUMBERS; k++) {
			samples_add(&own[k], resume_each(call, numbers[k]));
			bare_sample(BARE_SWAP, numbers[k], 1, &bare[k]);
		}
	double growth = 0, base_growth = 0;
	for (size_t k = 0; k < NUMBERS; k++) {
		char name[32];
		snprintf(name, sizeof(name), "resume_of_%zu", numbers[k]);
		line_begin(name, own[k].count, numbers[k] < 1000 ? 1000 : numbers[k]);
		line_samples(&own[k], "swapcontext_of_as_many", &bare[k]);
		growth = median(&own[k]) - median(&own[0]);
		base_growth = median(&bare[k]) - median(&bare[0]);
		if (k < NUMBERS - 1) {
			line_end();
			continue;
		}
		line_figure("last/first", median(&own[k]) / median(&own[0]), "");
		line_figure("base_last/first", median(&bare[k]) / median(&bare[0]), "");
		line_time("growth", growth);
		line_time("base_growth", base_growth);
		line_goal(growth <= GOAL_TIMES * base_growth, "growth<=%dx_base_growth", GOAL_TIMES);
	}
	for (size_t i = 0; i < most; i++)
		cancel(&call[i]);
	free(call);
}
