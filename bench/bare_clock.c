/* SPDX-License-Identifier: Apache-2.0 */
/* bare_clock.c - the two clocks with an empty handler: what any preemption on this machine has to pay.
 *
 * The timer is a POSIX timer that signals this thread; the keeper is a second thread that sleeps until the deadline
 * and calls tgkill. */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bare_ops.h"
#include "watch.h"

#define INTERRUPT (SIGRTMIN + 3)

static atomic_uint_fast64_t interrupts;
static _Atomic double handled_at; /* 0 until the handler of the present deadline has run */

static void count_only(int signal) {
	(void)signal;
	atomic_fetch_add_explicit(&interrupts, 1, memory_order_relaxed);
}

static void note_time(int signal) {
	(void)signal;
	atomic_store_explicit(&handled_at, now_ns(), memory_order_release);
}

static void handle_with(void (*handler)(int)) {
	struct sigaction action;
	memset(&action, 0, sizeof(action));
	action.sa_handler = handler;
	action.sa_flags = SA_RESTART;
	if (sigaction(INTERRUPT, &action, NULL))
		die("handle the clock's signal", "sigaction", errno);
}

static struct timespec to_timespec(double ns) {
	struct timespec t = { .tv_sec = (time_t)(ns / NS_PER_S) };
	t.tv_nsec = (long)(ns - (double)t.tv_sec * NS_PER_S);
	return t;
}

timer_t bare_thread_timer(void (*handler)(int)) {
	handle_with(handler);
	struct sigevent event;
	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_THREAD_ID;
	event.sigev_signo = INTERRUPT;
	event._sigev_un._tid = (pid_t)syscall(SYS_gettid); /* glibc 2.36 has no public name for this field */
	timer_t timer;
	if (timer_create(CLOCK_MONOTONIC, &event, &timer))
		die("create a timer", "timer_create", errno);
	return timer;
}

static void sleep_until(double ns) {
	struct timespec t = to_timespec(ns);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

struct keeper {
	pthread_t thread;
	pid_t target;
	atomic_bool stop;
	double every_ns; /* the period, or the time from one deadline being noticed to the next */
	/* Lateness only. */
	uint32_t count;
	double until;
	struct samples *late;
};

static void interrupt(const struct keeper *k) { syscall(SYS_tgkill, getpid(), k->target, INTERRUPT); }

static void keeper_start(struct keeper *k, void *(*run)(void *)) {
	k->target = (pid_t)syscall(SYS_gettid);
	int failed = pthread_create(&k->thread, NULL, run, k);
	if (failed)
		die("start the keeper", "pthread_create", failed);
}

static void keeper_stop(struct keeper *k) {
	atomic_store(&k->stop, true);
	pthread_join(k->thread, NULL);
}

static void *keep_period(void *keeper) {
	struct keeper *k = keeper;
	prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0); /* the default of 50 us would be added to each sleep */
	double next = now_ns();
	while (!atomic_load(&k->stop)) {
		next += k->every_ns;
		sleep_until(next);
		interrupt(k);
	}
	return NULL;
}

static void *keep_deadlines(void *keeper) {
	struct keeper *k = keeper;
	prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
	for (uint32_t i = 0; i < k->count && now_ns() < k->until; i++) {
		atomic_store(&handled_at, 0.0);
		double deadline = now_ns() + k->every_ns;
		sleep_until(deadline);
		interrupt(k);
		double at;
		while ((at = atomic_load_explicit(&handled_at, memory_order_acquire)) == 0)
			sched_yield();
		samples_add(k->late, at - deadline);
	}
	atomic_store(&k->stop, true);
	return NULL;
}

double base_work(void (*work)(void *), void *job, enum interrupter by, uint64_t period_ns, uint64_t *interrupted) {
	struct keeper keeper = { .every_ns = (double)period_ns };
	timer_t timer = NULL;
	atomic_store(&interrupts, 0);
	if (by == BY_TIMER) {
		timer = bare_thread_timer(count_only);
		struct timespec period = to_timespec((double)period_ns);
		struct itimerspec every = { .it_value = period, .it_interval = period };
		timer_settime(timer, 0, &every, NULL);
	} else if (by == BY_KEEPER) {
		handle_with(count_only);
		keeper_start(&keeper, keep_period);
	}
	double start = now_ns();
	work(job);
	double elapsed = now_ns() - start;
	*interrupted = atomic_load(&interrupts);
	if (by == BY_TIMER)
		timer_delete(timer);
	else if (by == BY_KEEPER)
		keeper_stop(&keeper);
	return elapsed;
}

static void late_by_timer(uint64_t budget_us, uint32_t count, double until, struct samples *s) {
	timer_t timer = bare_thread_timer(note_time);
	for (uint32_t i = 0; i < count && now_ns() < until; i++) {
		atomic_store(&handled_at, 0.0);
		double deadline = now_ns() + (double)budget_us * NS_PER_US;
		struct itimerspec once = { .it_value = to_timespec(deadline) };
		timer_settime(timer, TIMER_ABSTIME, &once, NULL);
		double at;
		while ((at = atomic_load_explicit(&handled_at, memory_order_acquire)) == 0)
			;
		samples_add(s, at - deadline);
	}
	timer_delete(timer);
}

void base_late(uint64_t budget_us, enum interrupter by, uint32_t count, uint64_t limit_ns, struct samples *s) {
	double until = limit_ns ? now_ns() + (double)limit_ns : INFINITY;
	if (by == BY_TIMER) {
		late_by_timer(budget_us, count, until, s);
		return;
	}
	handle_with(note_time);
	struct keeper keeper = { .every_ns = (double)budget_us * NS_PER_US, .count = count, .until = until, .late = s };
	keeper_start(&keeper, keep_deadlines);
	while (!atomic_load_explicit(&keeper.stop, memory_order_relaxed))
		; /* busy, as a function that is due to be paused would be */
	keeper_stop(&keeper);
}

static struct watch *watching;

static void end_watch(int signal) {
	(void)signal;
	watching->stop = 1;
}

void base_watch(uint64_t state_and_depth, uint64_t period_ns, uint32_t count, struct samples *s) {
	enum state_kind state = (enum state_kind)(state_and_depth >> 32);
	double ns = watch_ns_per_tick();
	if (state >= STATE_KINDS || !state_available(state))
		die("watch an interruption", "no such state", EINVAL);
	timer_t timer = bare_thread_timer(end_watch);
	for (uint32_t i = 0; i < count; i++) {
		struct watch w = { .state = state, .depth = (uint32_t)state_and_depth };
		struct itimerspec once = { .it_value = to_timespec((double)period_ns) };
		watching = &w;
		timer_settime(timer, 0, &once, NULL);
		watch(&w);
		samples_add(s, (double)w.gap * ns);
	}
	timer_delete(timer);
}
