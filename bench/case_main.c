/* SPDX-License-Identifier: Apache-2.0 */
/* case_main.c - the process under test: one group of measurements, named by the driver, and then it ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "harness.h"

/* The list of groups, in the order in which the driver runs them; `cases --list` tells it. What is to be measured with both
 * clocks is there twice. */
static const struct {
	const char *name;
	void (*run)(const struct plan *plan);
	const char *clock; /* of INGER_CLOCK; NULL: the library chooses */
} groups[] = {
	{ "launch", bench_launch, NULL },
	{ "pause", bench_pause, NULL },
	{ "overshoot", bench_overshoot, "timer" },
	{ "overshoot", bench_overshoot, "timekeeper" },
	{ "compute", bench_compute, "timer" },
	{ "compute", bench_compute, "timekeeper" },
	{ "malloc", bench_malloc, NULL },
	{ "memory", bench_memory, NULL },
	{ "memory_preempted", bench_memory_preempted, NULL },
	{ "memory_isolated", bench_memory_isolated, NULL },
	{ "many", bench_many, NULL },
	{ "run", bench_run, NULL },
	{ "reach", bench_reach, NULL },
	{ "isolated", bench_isolated, NULL },
	{ "sets", bench_sets, NULL },
	{ "relink", bench_relink, NULL },
	{ "pairs", bench_pairs, NULL },
	{ "cancel", bench_cancel, NULL },
	{ "sustained", bench_sustained, NULL },
	{ "trace", bench_trace, NULL },
	{ "limit", bench_limit, NULL },
	{ "cancel_image", bench_cancel_image, NULL },
	{ "cancel_after", bench_cancel_after, NULL },
	{ "instead_png", bench_instead_png, NULL },
	{ "instead_sqlite", bench_instead_sqlite, NULL },
	{ "instead_pcre2", bench_instead_pcre2, NULL },
	{ "instead_zlib", bench_instead_zlib, NULL },
	{ "instead_lua", bench_instead_lua, NULL },
	{ "quantum", bench_quantum, "timer" },
	{ "quantum", bench_quantum, "timekeeper" },
	{ "jitter", bench_jitter, "timer" },
	{ "jitter", bench_jitter, "timekeeper" },
	{ "depth", bench_depth, "timer" },
	{ "state", bench_state, "timer" },
	{ "floor", bench_floor, NULL },
	{ "threads", bench_threads, NULL },
	{ "libraries", bench_libraries, NULL },
	{ "paused_shared", bench_paused_shared, NULL },
	{ "paused_isolated", bench_paused_isolated, NULL },
};
enum { GROUPS = sizeof(groups) / sizeof(*groups) };

static void list(void) {
	for (size_t i = 0; i < GROUPS; i++)
		printf("%s %s\n", groups[i].name, groups[i].clock ? groups[i].clock : "auto");
}

int main(int argc, char **argv) {
	const char *clock = getenv("INGER_CLOCK");
	struct plan plan = { .timekeeper = clock && !strcmp(clock, "timekeeper") };
	plan.quick = argc > 2 && !strcmp(argv[2], "--quick");
	if (argc < 2)
		die("choose a group", "no name given; start build/bench/bench instead", 0);
	if (!strcmp(argv[1], "--list")) {
		list();
		return 0;
	}
	for (size_t i = 0; i < GROUPS; i++)
		if (!strcmp(groups[i].name, argv[1])) {
			groups[i].run(&plan);
			return 0;
		}
	die("choose a group", argv[1], 0);
}
