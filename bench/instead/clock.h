/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - deadlines on the monotonic clock. */
#ifndef BENCH_INSTEAD_CLOCK_H
#define BENCH_INSTEAD_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

static inline struct timespec now_plus(uint64_t us) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	uint64_t ns = (uint64_t)t.tv_nsec + us * 1000;
	t.tv_sec += (time_t)(ns / 1000000000);
	t.tv_nsec = (long)(ns % 1000000000);
	return t;
}

/* left_until - never negative. */
static inline struct timespec left_until(const struct timespec *deadline) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	int64_t ns = (deadline->tv_sec - t.tv_sec) * INT64_C(1000000000) + deadline->tv_nsec - t.tv_nsec;
	return ns <= 0 ? (struct timespec){ 0 } : (struct timespec){ ns / 1000000000, ns % 1000000000 };
}

static inline bool is_past(const struct timespec *deadline) {
	struct timespec left = left_until(deadline);
	return !left.tv_sec && !left.tv_nsec;
}

#endif
