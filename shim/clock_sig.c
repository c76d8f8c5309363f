/* SPDX-License-Identifier: Apache-2.0 */
/* clock_sig.c - what time it is, and getting a signal when a slice ends.
 *
 * Context      any thread, and its preemption handler.
 * May call     raw system calls. No libc, no locks, no TLS but shim_tls.
 *
 * A clock is armed lazily: `armed` is the earliest deadline for which a signal is on its way. A later deadline does not
 * touch it; the early signal finds the later deadline and arms again. `deadline` is published before `armed` is looked
 * at, so that a signal in between sees the new deadline: no wake-up is lost.
 *
 * The signal arrives a nearly constant time after the moment the clock was told (13.8 us measured on a nested virtual
 * machine, less on hardware): the bias, learned from the signals that arrive and subtracted. */
#include "shim.h"
#include <linux/time_types.h>
#include <sys/syscall.h>
#include <time.h>

#pragma GCC target("general-regs-only")

/* The kernel's own layout: libc's sigevent and itimerspec agree, but its headers hide the thread id. */
struct kernel_sigevent {
	uint64_t value;
	int signo;
	int notify;
	int tid;
	int pad[11];
};
#define KERNEL_SIGEV_THREAD_ID 4

/* What a function has at least between two signals, however short its budget is: as much as a signal takes to arrive, else it would
 * get nowhere. So a slice that is shorter than twice the bias grows. */
#define RUN_LEAST_NS 10000
#define BACKOFF_LIMIT_NS 1000000
#define BIAS_FIRST_NS 12000
#define BIAS_LIMIT_NS 60000

uint64_t shim_ns_per_tick_q32, shim_ticks_per_ns_q32;
uint64_t shim_bias_ns = BIAS_FIRST_NS;

uint64_t shim_now(void)
{
	if (SHIM_LIKELY(shim_cpu.invariant_tsc)) {
		uint32_t low, high;
		__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
		return (uint64_t)high << 32 | low;
	}
	return shim_monotonic_ns();
}

/* 32.32 fixed point: no division, which would be a library call in 128 bits. */
uint64_t shim_ticks_to_ns(uint64_t ticks)
{
	return (uint64_t)((unsigned __int128)ticks * shim_ns_per_tick_q32 >> 32);
}

uint64_t shim_us_to_ticks(uint64_t us)
{
	unsigned __int128 ticks = (unsigned __int128)us * 1000u * shim_ticks_per_ns_q32 >> 32;
	return ticks > SHIM_NEVER / 4 ? SHIM_NEVER / 4 : (uint64_t)ticks;
}

static uint64_t ns_to_ticks(uint64_t ns)
{
	return (uint64_t)((unsigned __int128)ns * shim_ticks_per_ns_q32 >> 32);
}

static bool timer_set(int timer, uint64_t ns)
{
	struct { struct __kernel_timespec interval, value; } when = {{0, 0}, {(long long)(ns / 1000000000u), (long long)(ns % 1000000000u)}};

	return shim_syscall4(SYS_timer_settime, timer, 0, &when, 0) >= 0;
}

bool shim_spare_fires(const struct shim_thread *t)
{
	return t->spare >= 0 && timer_set(t->spare, 1);
}

/* A timer of the kernel's for this thread alone. Its signal has its place in the queue from now on, so that it comes however
 * full the queue is later. -1: the queue is full (RLIMIT_SIGPENDING, which counts for all of a user's processes), or timers
 * are denied here (seccomp). */
int shim_timer_make(const struct shim_thread *t)
{
	struct kernel_sigevent event = {.value = SHIM_SIGNAL_COOKIE, .signo = SHIM_SIGNAL, .notify = KERNEL_SIGEV_THREAD_ID, .tid = t->tid};
	struct { struct __kernel_timespec interval, value; } never = {{0, 0}, {0, 0}};
	int id;

	if (shim_syscall3(SYS_timer_create, CLOCK_MONOTONIC, &event, &id) < 0)
		return -1;
	if (shim_syscall4(SYS_timer_settime, id, 0, &never, 0) < 0) {
		(void)shim_syscall1(SYS_timer_delete, id);
		return -1;
	}
	return id;
}

/* See timekeeper.c. */
void shim_relay_handler(int sig, siginfo_t *info, void *context)
{
	struct shim_thread *t = shim_tls.thread;
	siginfo_t bare = {.si_signo = SHIM_SIGNAL, .si_code = SI_USER};

	(void)info;
	(void)context;
	if (t && atomic_load_explicit(&t->bare, memory_order_relaxed)) {
		(void)shim_syscall4(SYS_rt_tgsigqueueinfo, shim_pid, t->tid, SHIM_SIGNAL, &bare);
		return;
	}
	shim_default_action(sig); /* not ours, and the program has no handler */
	shim_syscall3(SYS_tgkill, shim_syscall0(SYS_getpid), shim_syscall0(SYS_gettid), sig);
}

/* A thread without a timer of its own is the timekeeper's. */
static void wake_in(struct shim_thread *t, uint64_t ns)
{
	if (t->timer >= 0 && !timer_set(t->timer, ns)) {
		/* A filter of system calls has come since. What runs now can't be given a slice; shim_run_slice() sees that. */
		t->timer = -1;
		t->no_clock = true;
		atomic_store_explicit(&t->armed, SHIM_NEVER, memory_order_relaxed);
	}
	if (t->timer < 0)
		shim_timekeeper_want(t, shim_now() + ns_to_ticks(ns));
}

/* Ask for a signal at `deadline`, bias subtracted, but never so much that less than a useful run is left. */
void shim_arm(struct shim_thread *t, uint64_t deadline)
{
	uint64_t now = shim_now();
	uint64_t ns = deadline > now ? shim_ticks_to_ns(deadline - now) : 0;

	uint64_t least = shim_bias_ns > RUN_LEAST_NS ? shim_bias_ns : RUN_LEAST_NS;
	ns = ns > shim_bias_ns + least ? ns - shim_bias_ns : least;
	if (ns > (uint64_t)1000000000 * 86400 * 365)
		ns = (uint64_t)1000000000 * 86400 * 365;
	t->target = now + ns_to_ticks(ns);
	atomic_store_explicit(&t->armed, deadline, memory_order_relaxed);
	wake_in(t, ns);
}

/* The signal came at a moment that does not allow a pause: come back soon, each time twice as late, so that the
 * function makes progress between two signals even when a signal costs more than the budget. */
void shim_arm_backoff(struct shim_thread *t)
{
	uint64_t ns = t->backoff_ns < RUN_LEAST_NS ? RUN_LEAST_NS : t->backoff_ns;

	t->backoff_ns = ns * 2 > BACKOFF_LIMIT_NS ? BACKOFF_LIMIT_NS : ns * 2;
	t->target = 0;
	/* When it comes back, so that the next slice arms for itself when that is too late. */
	atomic_store_explicit(&t->armed, shim_now() + ns_to_ticks(ns), memory_order_relaxed);
	wake_in(t, ns);
}

/* For shim_pause_here(), which can't pause inside the dynamic linker, and from which nothing here may pause either: the thread
 * would be another one's in the middle. */
void shim_arm_current(void)
{
	struct shim_call *call = shim_tls.call;

	atomic_store_explicit(&call->state, SHIM_RESUMING, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	shim_arm_backoff(call->thread);
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&call->state, SHIM_RUNNING, memory_order_relaxed);
}

void shim_disarm(struct shim_thread *t)
{
	if (t->timer >= 0)
		timer_set(t->timer, 0);
	else
		shim_timekeeper_want(t, SHIM_NEVER);
	atomic_store_explicit(&t->armed, SHIM_NEVER, memory_order_relaxed);
}

/* A signal arrived: move the bias towards the lateness that two of three signals do not exceed. Constant steps are not
 * moved by outliers; twice as large up as down, because a signal that comes early costs a short wait, one that comes
 * late is an overshoot. */
void shim_clock_learn(struct shim_thread *t, uint64_t now)
{
	static uint32_t samples; /* approximate when threads race: only widens or narrows a step */

	if (!t->target)
		return;
	uint64_t late = now > t->target ? shim_ticks_to_ns(now - t->target) : 0;
	uint64_t step = samples < 32 ? 500 : 40;
	samples++;
	t->target = 0;
	if (late > shim_bias_ns && shim_bias_ns + 2 * step < BIAS_LIMIT_NS)
		shim_bias_ns += 2 * step;
	else if (late < shim_bias_ns && shim_bias_ns > step)
		shim_bias_ns -= step;
}
