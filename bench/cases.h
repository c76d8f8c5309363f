/* SPDX-License-Identifier: Apache-2.0 */
/* cases.h - the groups of measurements; each reports its own lines, curves and histograms (harness.h). A new one is a file
 * case_NAME.c, a prototype here and a row in case_main.c. Each round runs it once: a second or two in full, a tenth of that
 * when the plan is quick. What fork() makes of the process must not report: it would be reported twice. */
#ifndef BENCH_CASES_H
#define BENCH_CASES_H

#include <inger.h>
#include <stdbool.h>

/* What the driver tells a group. */
struct plan {
	bool quick;      /* fewer samples: a look, not a record */
	bool timekeeper; /* the library's clock, chosen by the driver through INGER_CLOCK */
};

static inline linger_t launch_as(enum inger_isolation isolation, void (*func)(void *), uint64_t budget_us, void *arg) {
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = isolation;
	return inger_launch_attr(func, budget_us, arg, &attr);
}

void bench_launch(const struct plan *plan);
void bench_pause(const struct plan *plan);
void bench_overshoot(const struct plan *plan);
void bench_compute(const struct plan *plan);
void bench_quantum(const struct plan *plan);
void bench_jitter(const struct plan *plan);
void bench_depth(const struct plan *plan);
void bench_state(const struct plan *plan);
void bench_floor(const struct plan *plan);
void bench_paused_shared(const struct plan *plan);
void bench_paused_isolated(const struct plan *plan);
void bench_threads(const struct plan *plan);
void bench_libraries(const struct plan *plan);
void bench_malloc(const struct plan *plan);
void bench_pairs(const struct plan *plan);
void bench_cancel(const struct plan *plan);
void bench_trace(const struct plan *plan);
void bench_limit(const struct plan *plan);
void bench_sustained(const struct plan *plan);
void bench_memory(const struct plan *plan);
void bench_memory_preempted(const struct plan *plan);
void bench_memory_isolated(const struct plan *plan);
void bench_many(const struct plan *plan);
void bench_run(const struct plan *plan);
void bench_reach(const struct plan *plan);
void bench_isolated(const struct plan *plan);
void bench_sets(const struct plan *plan);
void bench_relink(const struct plan *plan);
void bench_instead_png(const struct plan *plan);
void bench_instead_sqlite(const struct plan *plan);
void bench_instead_pcre2(const struct plan *plan);
void bench_instead_zlib(const struct plan *plan);
void bench_instead_lua(const struct plan *plan);
void bench_cancel_image(const struct plan *plan);
void bench_cancel_after(const struct plan *plan);

#endif
