/* SPDX-License-Identifier: Apache-2.0 */
/* case_main.c - the process under test: one group of measurements, named by the driver, and then it ends. */
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "harness.h"

static const struct {
	const char *name;
	void (*run)(const struct plan *plan);
} groups[] = {
	{ "launch", bench_launch },   { "pause", bench_pause },   { "overshoot", bench_overshoot },
	{ "compute", bench_compute }, { "malloc", bench_malloc }, { "memory", bench_memory },
	{ "memory_preempted", bench_memory_preempted }, { "memory_isolated", bench_memory_isolated },
	{ "many", bench_many },     { "run", bench_run },     { "reach", bench_reach },
	{ "isolated", bench_isolated }, { "sets", bench_sets }, { "relink", bench_relink },
	{ "pairs", bench_pairs },   { "cancel", bench_cancel }, { "sustained", bench_sustained },
	{ "trace", bench_trace },   { "cancel_image", bench_cancel_image }, { "cancel_after", bench_cancel_after },
	{ "instead_png", bench_instead_png }, { "instead_sqlite", bench_instead_sqlite },
	{ "instead_pcre2", bench_instead_pcre2 }, { "instead_zlib", bench_instead_zlib },
	{ "instead_lua", bench_instead_lua },
	{ "quantum", bench_quantum },
	{ "jitter", bench_jitter },     { "depth", bench_depth },   { "state", bench_state },
	{ "floor", bench_floor },   { "threads", bench_threads }, { "libraries", bench_libraries },
	{ "paused_shared", bench_paused_shared }, { "paused_isolated", bench_paused_isolated },
};

int main(int argc, char **argv) {
	const char *clock = getenv("INGER_CLOCK");
	struct plan plan = { .timekeeper = clock && !strcmp(clock, "timekeeper") };
	plan.quick = argc > 2 && !strcmp(argv[2], "--quick");
	if (argc < 2)
		die("choose a group", "no name given; start build/bench/bench instead", 0);
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		if (!strcmp(groups[i].name, argv[1])) {
			groups[i].run(&plan);
			return 0;
		}
	die("choose a group", argv[1], 0);
}
