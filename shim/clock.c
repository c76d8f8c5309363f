/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c - how fast the time stamp counter runs, and which of the two clocks to use.
 *
 * A finite budget is given only to a call on a thread that has a clock: launch() and resume() make it first (shim_clock_for()),
 * and fail with EAGAIN when there is none to be had. So no budget is ever ignored in silence. */
#include "shim.h"
#include "../gotcha/libset.h"
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

static uint64_t start_ticks, start_ns;

/* At load: the start of the baseline. */
void shim_clock_init(void)
{
	shim_real_clock_init();
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
 * overshoot_*). */
enum shim_clock_kind shim_clock_choose(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SHIM_SIGNAL};
	int id;

	if (shim_syscall3(SYS_timer_create, CLOCK_MONOTONIC, &event, &id) != 0)
		return SHIM_CLOCK_TIMEKEEPER;
	shim_syscall1(SYS_timer_delete, id);
	return SHIM_CLOCK_TIMER;
}

static _Atomic uint32_t keeping; /* 0: no timekeeper, 1: it is being started, 2: it runs */

bool shim_timekeeper_ensure(void)
{
	uint32_t none = 0;

	if (atomic_compare_exchange_strong(&keeping, &none, 1))
		atomic_store(&keeping, shim_timekeeper_start() ? 2 : 0);
	while (atomic_load(&keeping) == 1)
		shim_syscall0(SYS_sched_yield);
	return atomic_load(&keeping) == 2;
}

/* In the child of a fork. */
void shim_clock_forked(void)
{
	atomic_store(&keeping, 0);
	shim_timekeeper_forked();
}

/* Whether the kernel lets the timekeeper signal: signal 0 is none. */
static bool may_signal(const struct shim_thread *t)
{
	siginfo_t info = {.si_code = SI_QUEUE};

	return shim_syscall4(SYS_rt_tgsigqueueinfo, shim_pid, t->tid, 0, &info) == 0;
}

/* The thread's timer was refused, and a full queue may be why: the relay's signal has to come through. */
static bool relay_here(void)
{
	uint64_t bit = 1ull << (SHIM_RELAY - 1);

	if (!shim_relay())
		return false;
	shim_syscall4(SYS_rt_sigprocmask, SIG_UNBLOCK, &bit, NULL, 8);
	return true;
}

/* A thread's clock, when it is first given a budget: its timer, else the timekeeper, which needs no room in the queue of signals
 * (timekeeper.c), or has a timer's in reserve. False, errno EAGAIN and the reason: neither can be had. */
bool shim_clock_make(struct shim_thread *t)
{
	int saved = errno;

	bool timer = shim_config.clock == SHIM_CLOCK_TIMER;
	if (timer)
		t->timer = shim_timer_make(t);
	else if (t->spare < 0)
		t->spare = shim_timer_make(t);
	if (t->timer >= 0 || (may_signal(t) && (t->spare >= 0 || !timer || relay_here()) && shim_timekeeper_ensure())) {
		t->no_clock = false;
		errno = saved;
		return true;
	}
	gotcha_fail(EAGAIN, "clock", "no timer is to be had (RLIMIT_SIGPENDING, or a filter of system calls), and no thread to take its place");
	return false;
}

/* The thread's timer has been taken from it, by a filter of system calls. Another clock, armed for `deadline`; false: none. */
__attribute__((cold, noinline)) bool shim_clock_again(struct shim_thread *t, uint64_t deadline)
{
	if (!shim_clock_make(t))
		return false;
	shim_arm(t, deadline);
	return !t->no_clock;
}
