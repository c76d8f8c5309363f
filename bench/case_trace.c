/* SPDX-License-Identifier: Apache-2.0 */
/* case_trace.c - what recording costs: an empty function is three events (launched, a slice begins, it ends). The library
 * reads INGER_TRACE once, so that the two sides are two processes, which take turns. A mebibyte of the ring is touched before
 * the first launch; of the rest, each page of 128 events costs a page fault in the first lap. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cases.h"
#include "child.h"

enum { BATCH = 1000, EVENTS = 3, GOAL_NS = 50, WARM_UP = 100 * BATCH }; /* more events than the ring has room for */

static double sample(const struct child *side, uint32_t launches) {
	double ns;
	child_ask(side, &launches, sizeof(launches), &ns, sizeof(ns));
	return ns;
}

void bench_trace(const struct plan *plan) {
	char folder[] = "/tmp/inger-bench-XXXXXX", file[64];
	if (!mkdtemp(folder))
		die("measure a trace", folder, errno);
	snprintf(file, sizeof(file), "%s/ring", folder);
	setenv("INGER_TRACE_EVENTS", "65536", 1);
	setenv("INGER_TRACE", file, 1);
	struct child with = child_start("launches", NULL, NULL);
	unsetenv("INGER_TRACE");
	struct child without = child_start("launches", NULL, NULL);
	struct samples traced = { 0 }, plain = { 0 }, event = { 0 };
	sample(&with, WARM_UP);
	sample(&without, WARM_UP);
	bool recorded = access(file, F_OK) == 0;
	for (int turn = 0; turn < (plan->quick ? 100 : 1000); turn++) {
		double a = sample(&with, BATCH), b = sample(&without, BATCH);
		samples_add(&traced, a);
		samples_add(&plain, b);
		samples_add(&event, (a - b) / EVENTS);
	}
	child_end(&with);
	child_end(&without);
	unlink(file);
	rmdir(folder);
	if (!recorded)
		die("measure a trace", "nothing was recorded", 0);
	line_begin("trace_event", event.count, BATCH * EVENTS);
	line_samples(&event, NULL, NULL);
	line_time("traced", median(&traced));
	line_time("untraced", median(&plain));
	line_goal(median(&event) <= GOAL_NS, "<=%dns", GOAL_NS);
	samples_free(&traced);
	samples_free(&plain);
	samples_free(&event);
}
