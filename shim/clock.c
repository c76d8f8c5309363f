/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c - how fast the time stamp counter runs, and which of the two clocks to use. */
#include "shim.h"
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

static uint64_t start_ticks, start_ns;

/* At load: the start of the baseline. */
void shim_clock_init(void)
{
	start_ns = shim_monotonic_ns();
	start_ticks = shim_now();
}

/* Before the first launch: the rate, from the time since load (at least 200 us: reading the clock is then off by less
 * than 0.05 %). */
void shim_clock_calibrate(void)
{
	uint64_t ns, ticks;

	if (!shim_cpu.invariant_tsc) { /* a tick is a nanosecond */
		shim_ns_per_tick_q32 = shim_ticks_per_ns_q32 = (uint64_t)1 << 32;
		return;
	}
	do {
		ns = shim_monotonic_ns();
		ticks = shim_now();
	} while (ns - start_ns < 200000);
	ns -= start_ns;
	ticks -= start_ticks;
	shim_ns_per_tick_q32 = (uint64_t)(((unsigned __int128)ns << 32) / ticks);
	shim_ticks_per_ns_q32 = (uint64_t)(((unsigned __int128)ticks << 32) / ns);
}

/* The thread's own timer wherever the kernel gives one: its signals come about 17 us after the deadline here, within a few
 * microseconds of each other, those of a thread that has to be woken first about 34 us and scattered (`make bench`,
 * overshoot_*). No timer is left when RLIMIT_SIGPENDING is used up. */
enum shim_clock_kind shim_clock_choose(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SHIM_SIGNAL};
	int id;

	if (shim_syscall3(SYS_timer_create, CLOCK_MONOTONIC, &event, &id) != 0)
		return SHIM_CLOCK_TIMEKEEPER;
	shim_syscall1(SYS_timer_delete, id);
	return SHIM_CLOCK_TIMER;
}
