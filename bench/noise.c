/* SPDX-License-Identifier: Apache-2.0 */
/* noise.c - how quiet the machine is: a loop that always does the same, and how late a sleeping thread is woken. Without the
 * library. The driver runs it before each round, so that a result says in what weather it was made. */
#include <errno.h>
#include <sys/prctl.h>

#include "harness.h"
#include "loop.h"

enum { SPINS = 2000, SPIN_ROUNDS = 20000, SLEEPS = 500, SLEEP_US = 200 };

static void spin(void) {
	struct samples s = { 0 };
	struct compute_job job = { .rounds = SPIN_ROUNDS };
	compute_loop(&job); /* not counted: the processor may have slept */
	for (int i = 0; i < SPINS; i++) {
		double start = now_ns();
		compute_loop(&job);
		samples_add(&s, now_ns() - start);
	}
	line_begin("spin", s.count, 1);
	line_samples(&s, NULL, NULL);
	line_end();
	samples_free(&s);
}

static void jitter(void) {
	struct samples s = { 0 };
	prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
	for (int i = 0; i < SLEEPS; i++) {
		double deadline = now_ns() + SLEEP_US * NS_PER_US;
		struct timespec t = { .tv_sec = (time_t)(deadline / NS_PER_S) };
		t.tv_nsec = (long)(deadline - (double)t.tv_sec * NS_PER_S);
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
			;
		samples_add(&s, now_ns() - deadline);
	}
	line_begin("timer", s.count, 1);
	line_samples(&s, NULL, NULL);
	line_end();
	samples_free(&s);
}

int main(void) {
	spin();
	jitter();
	return 0;
}
