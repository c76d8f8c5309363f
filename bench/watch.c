/* SPDX-License-Identifier: Apache-2.0 */
/* watch.c - the loop, in general registers only: the state is what it was set to. */
#include "watch.h"

#include "harness.h"

enum { PAGE = 4096, CALIBRATION_NS = 20000000 };

double watch_ns_per_tick(void) {
	static double ns_per_tick;
	if (ns_per_tick > 0)
		return ns_per_tick;
	double start = now_ns(), now;
	uint64_t ticks = __rdtsc();
	do
		now = now_ns();
	while (now - start < CALIBRATION_NS);
	return ns_per_tick = (now - start) / (double)(__rdtsc() - ticks);
}

#pragma GCC target("general-regs-only")

__attribute__((noinline)) static void look(struct watch *w) {
	state_load(w->state);
	w->state_bytes = state_bytes();
	uint64_t previous = __rdtsc();
	/* What may have been set by who interrupts is read before the time: so the time is one after that. */
	for (uint32_t stop = 0; !stop;) {
		uint64_t resumed = w->resumed;
		stop = w->stop;
		uint64_t now = __rdtsc();
		if (now - previous > w->gap)
			w->gap = now - previous;
		if (resumed) {
			w->first = now;
			w->resumed = 0;
		}
		previous = now;
		w->last = now;
	}
	state_load(STATE_NONE);
}

void watch(void *argument) {
	struct watch *w = argument;
	volatile char *below = __builtin_alloca(w->depth + 1);
	for (size_t i = 0; i < w->depth; i += PAGE)
		below[i] = 1;
	look(w);
	below[0] = 0; /* the frame is there to the end */
}
