/* SPDX-License-Identifier: Apache-2.0 */
/* case_reach.c - what the way to a library costs once functions are isolated, from the program and from inside one.
 *
 * The base is the same loop in the bare process, whose GOT is as the linker left it. Differences and ratios are taken turn
 * by turn, since the machine's speed drifts by more than what is looked for. */
#include <errno.h>
#include <inger.h>
#include <stdio.h>

#include "bare.h"
#include "cases.h"
#include "reach.h"

enum from { PROGRAM, INSIDE, PLACES };

static const struct {
	const char *name;
	enum reach_way way;
	double most_ns, most_percent; /* goals; the one that is 0 does not apply */
} cases[] = {
	{ "call_library", REACH_CALL, 1, 0 },
	{ "call_library_table", REACH_TABLE, 1, 0 },
	/* "No measurable cost": less than what the placement of a loop decides. */
	{ "variable_copied", REACH_COPIED, 0, 5 },
	{ "variable_got", REACH_GOT, 0, 5 },
	{ "gettimeofday", REACH_GETTIMEOFDAY, 0, 5 },
	{ "getpid", REACH_GETPID, 0, 5 },
};
enum { CASES = sizeof(cases) / sizeof(*cases) };

struct figures {
	struct samples own, bare, more, slower;
};

static double measure(struct reach_job *job, enum from from) {
	double start = now_ns();
	if (from == PROGRAM) {
		reach_loop(job);
	} else {
		/* A finite budget, never reached: arming the clock is part of a launch, and not of each. */
		linger_t call = launch_as(INGER_ISOLATED, reach_loop, 10000000, job);
		if (!call.is_complete)
			die("use a library in an isolated function", "not complete", call.continuation ? 0 : errno);
	}
	return (now_ns() - start) / (double)job->rounds;
}

static void report(size_t c, enum from from, struct figures *f) {
	char name[64];
	snprintf(name, sizeof(name), "%s%s", cases[c].name, from == INSIDE ? "_inside" : "");
	line_begin(name, f->own.count, reach_job_of(cases[c].way).rounds);
	line_samples(&f->own, "without_library", &f->bare);
	line_time("more", median(&f->more));
	line_figure("slower", median(&f->slower), "%");
	if (cases[c].most_percent > 0)
		line_goal(median(&f->slower) <= cases[c].most_percent, "<=%.0f%%_slower", cases[c].most_percent);
	else
		line_goal(median(&f->more) <= cases[c].most_ns, "<=%.0fns_more", cases[c].most_ns);
}

void bench_reach(const struct plan *plan) {
	for (size_t c = 0; c < CASES; c++)
		for (int from = 0; from < PLACES; from++) {
			struct reach_job job = reach_job_of(cases[c].way);
			struct figures f = { 0 };
			for (int turn = 0; turn < (plan->quick ? 50 : 500); turn++) {
				/* Twice: the second one finds the caches and the predictor as it left them. The first of all
				 * launches also points the program's GOT at the trampolines. */
				measure(&job, INSIDE);
				measure(&job, (enum from)from);
				double own = measure(&job, (enum from)from);
				bare_sample(BARE_REACH, cases[c].way, 1, &f.bare);
				double bare = f.bare.value[f.bare.count - 1];
				samples_add(&f.own, own);
				samples_add(&f.more, own - bare);
				samples_add(&f.slower, (own / bare - 1) * 100);
			}
			report(c, (enum from)from, &f);
			samples_free(&f.own);
			samples_free(&f.bare);
			samples_free(&f.more);
			samples_free(&f.slower);
		}
}
