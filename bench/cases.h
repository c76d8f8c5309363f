/* SPDX-License-Identifier: Apache-2.0 */
/* cases.h - the groups of measurements; each prints its own lines. */
#ifndef BENCH_CASES_H
#define BENCH_CASES_H

#include <stdbool.h>

/* What the driver tells a group. */
struct plan {
	bool quick;      /* fewer samples: a look, not a record */
	bool timekeeper; /* the library's clock, chosen by the driver through INGER_CLOCK */
};

void bench_launch(const struct plan *plan);
void bench_pause(const struct plan *plan);
void bench_overshoot(const struct plan *plan);
void bench_compute(const struct plan *plan);
void bench_malloc(const struct plan *plan);
void bench_memory(const struct plan *plan);
void bench_memory_preempted(const struct plan *plan);
void bench_many(const struct plan *plan);
void bench_run(const struct plan *plan);

#endif
