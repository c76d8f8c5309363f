/* SPDX-License-Identifier: Apache-2.0 */
/* case_sustained.c - one thread launches functions that are all cancelled after 100 us: how many a second, what their
 * libsets cost, and whether memory grows. The ceiling is 10,000 a second. With libpng, libjpeg, zlib, sqlite3 and
 * libstdc++ in the program. */
#include <errno.h>
#include <inger.h>
#include <stdlib.h>
#include <unistd.h>

#include "cases.h"
#include "harness.h"
#include "libraries.h"
#include "memory.h"

enum { LIBRARIES = 5, BUDGET_US = 100, WARM_UP = 2000, GROWTH_GOAL_KIB = 1024 };

/* Allocates as it goes, some of it freed, some not. */
static void runaway(void *unused) {
	for (unsigned long i = 0;; i++) {
		char *kept = malloc(16 + i % 500), *freed = malloc(64);
		if (kept)
			*(volatile char *)kept = 1;
		free(freed);
		for (unsigned long turn = 0; turn < 300; turn++)
			BARRIER();
	}
	(void)unused;
}

static void cancel_some(unsigned count, enum inger_isolation isolation, unsigned libsets, struct samples *each) {
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = isolation;
	attr.libsets = libsets;
	for (unsigned i = 0; i < count; i++) {
		double start = now_ns();
		int failed = inger_call(runaway, NULL, BUDGET_US, &attr);
		samples_add(each, now_ns() - start);
		if (failed != ETIMEDOUT)
			die("cancel a function at its deadline", "inger_call", failed);
	}
}

static struct inger_stats counts(void) {
	struct inger_stats stats = { .size = sizeof(stats) };
	if (inger_stats(&stats))
		die("read the library's counters", "inger_stats", errno);
	return stats;
}

/* Libsets are unmapped by a thread of the library. */
static double settled_kib(void) {
	double before, after = memory_now().resident;
	do {
		before = after;
		usleep(100000);
		after = memory_now().resident;
	} while (after < before);
	return after;
}

/* Of all threads: a libset is made and unmapped on another processor. */
static double cpu_ns(void) {
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * NS_PER_S + (double)t.tv_nsec;
}

static void measure(const char *name, enum inger_isolation isolation, unsigned libsets, unsigned count) {
	struct samples each = { 0 };
	cancel_some(count + WARM_UP, isolation, libsets, &each); /* not counted; keeps as many samples as will be kept */
	each.count = 0;
	double kib = settled_kib();
	struct inger_stats before = counts();
	double start = now_ns(), cpu = cpu_ns();
	cancel_some(count, isolation, libsets, &each);
	double elapsed = now_ns() - start;
	cpu = cpu_ns() - cpu;
	struct inger_stats after = counts();
	double growth = settled_kib() - kib;
	line_begin(name, count, 1);
	line_samples(&each, NULL, NULL);
	line_time("cpu", cpu / count);
	line_figure("a_second", count / (elapsed / NS_PER_S), "/s");
	line_figure("ceiling", NS_PER_S / (BUDGET_US * NS_PER_US), "/s");
	line_figure("libsets", (double)(after.libsets_made - before.libsets_made), "");
	line_figure("retired", (double)(after.libsets_retired - before.libsets_retired), "");
	line_figure("resident", kib, "KiB");
	line_figure("growth", growth, "KiB");
	line_goal(growth <= GROWTH_GOAL_KIB, "growth<=%dKiB", GROWTH_GOAL_KIB);
	samples_free(&each);
}

void bench_sustained(const struct plan *plan) {
	unsigned count = plan->quick ? 1000 : 5000;
	libraries_open(LIBRARIES);
	measure("cancels_sustained", INGER_ISOLATED, 0, count);
	measure("cancels_sustained_8_ready", INGER_ISOLATED, 8, count);
	measure("cancels_sustained_shared", INGER_SHARED, 0, count);
}
