/* SPDX-License-Identifier: Apache-2.0 */
/* watch.h - a function that looks at the time without end, and so sees itself what an interruption takes away: the last moment
 * before and the first one after. It has a stack of some depth and extended state of some kind. */
#ifndef BENCH_WATCH_H
#define BENCH_WATCH_H

#include <stddef.h>
#include <stdint.h>
#include <x86intrin.h>

#include "state.h"

struct watch {
	enum state_kind state;
	size_t depth;              /* bytes of stack touched below the loop */
	uint32_t state_bytes;      /* set before the loop */
	/* Ticks, shared with who interrupts. */
	volatile uint64_t last;    /* when it looked last */
	volatile uint64_t resumed; /* set by who resumes it; taken away by the first look after that */
	volatile uint64_t first;   /* of that look */
	volatile uint64_t gap;     /* the longest between two looks */
	volatile uint32_t stop;
};

/* watch - has the shape that launch() takes; returns once stop is set. Ends with all extended state initial. */
void watch(void *watch);

/* watch_ns_per_tick - measured at the first call. */
double watch_ns_per_tick(void);

#endif
