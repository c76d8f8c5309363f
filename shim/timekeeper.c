/* SPDX-License-Identifier: Apache-2.0 */
/* timekeeper.c - the other clock: one thread that sleeps until the next deadline of all threads and signals the owner.
 *
 * Cheaper for the running thread than a timer interrupt where there is a second processor to sleep on.
 * A thread publishes `wake` and then looks at `until`; the timekeeper publishes `until` and then looks at all `wake`
 * once more before it sleeps: one of the two sees the other.
 *
 * A full queue (RLIMIT_SIGPENDING) refuses real-time signals from other threads, but not a timer's, which has its place. So each
 * thread has a timer for that (`spare`), unless the queue was full already or timers are denied. Nor does it refuse a classic
 * signal, which then comes without a record. So for a thread without a spare the timekeeper sends SHIM_RELAY instead, whose handler
 * sends our signal to its own thread: that the kernel allows as if it were kill()'s (SI_USER), which needs no record either. `bare`
 * says that one is on its way. SHIM_RELAY is the program's until it has been needed once. */
#include "shim.h"
#include "loader.h"
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#pragma GCC target("general-regs-only")

#define LINGER_US 10

static _Atomic uint64_t until = SHIM_NEVER;          /* written by the timekeeper: it sleeps until then */
static _Atomic uint32_t knocks;                      /* futex: an earlier deadline has come up */
static struct shim_thread *_Atomic sending;          /* whom the timekeeper is about to signal */

/* Called in handlers too. */
void shim_timekeeper_want(struct shim_thread *t, uint64_t wake)
{
	atomic_store(&t->wake, wake);
	if (wake == SHIM_NEVER) {
		while (atomic_load(&sending) == t)
			__builtin_ia32_pause();
		return;
	}
	if (wake < atomic_load(&until)) {
		atomic_fetch_add(&knocks, 1);
		shim_syscall6(SYS_futex, (long)&knocks, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0);
	}
}

static void signal_thread(struct shim_thread *t)
{
	siginfo_t info;

	memset(&info, 0, sizeof info);
	info.si_signo = SHIM_SIGNAL;
	info.si_code = SI_QUEUE;
	info.si_value.sival_ptr = (void *)SHIM_SIGNAL_COOKIE;
	if (shim_syscall4(SYS_rt_tgsigqueueinfo, shim_pid, t->tid, SHIM_SIGNAL, &info) != -EAGAIN || shim_spare_fires(t))
		return;
	if (!shim_relay())
		return;
	atomic_store(&t->bare, 1);
	shim_syscall3(SYS_tgkill, shim_pid, t->tid, SHIM_RELAY);
}

/* Signal who is due, the last of them is *signalled; the earliest of the others. */
static uint64_t serve(struct shim_thread **signalled)
{
	uint64_t next = SHIM_NEVER;

	for (struct shim_thread *t = shim_threads; t; t = t->next) {
		uint64_t wake = atomic_load(&t->wake);
		if (wake == SHIM_NEVER)
			continue;
		if (wake > shim_now()) {
			if (wake < next)
				next = wake;
			continue;
		}
		atomic_store(&sending, t);
		if (atomic_compare_exchange_strong(&t->wake, &wake, SHIM_NEVER)) {
			signal_thread(t);
			*signalled = t;
		}
		atomic_store(&sending, NULL);
	}
	return next;
}

/* Slices follow each other: a thread that has been signalled asks again some microseconds later. If the timekeeper sleeps then,
 * it has to be woken, a system call and an interrupt of another processor. So it looks on for a while, unless that was in vain
 * more often than not. */
static uint64_t linger(const struct shim_thread *t)
{
	static int worth; /* -8 to 8 */
	struct shim_thread *other;
	uint64_t end = shim_now() + shim_us_to_ticks(LINGER_US), next;

	if (worth < 0) {
		worth++; /* tried again some signals later */
		return serve(&other);
	}
	do {
		__builtin_ia32_pause();
		next = serve(&other);
		if (atomic_load(&t->wake) != SHIM_NEVER) {
			worth += worth < 8;
			return next;
		}
	} while (shim_now() < end);
	worth = worth > 0 ? worth - 2 : -8;
	return next;
}

static void *keep_time(void *unused)
{
	(void)unused;
	pthread_setname_np(pthread_self(), "inger-clock");
	shim_syscall2(SYS_prctl, PR_SET_TIMERSLACK, 1); /* the default lets a sleep end 50 us late */
	for (;;) {
		uint32_t seen = atomic_load(&knocks);
		atomic_store(&until, 0); /* nobody needs to knock while we look */
		struct shim_thread *signalled = NULL;
		uint64_t next = serve(&signalled);
		if (signalled)
			next = linger(signalled);
		atomic_store(&until, next);
		uint64_t once_more = serve(&signalled);
		if (once_more < next)
			continue;
		struct timespec sleep = {0}, *timeout = NULL;
		if (next != SHIM_NEVER) {
			uint64_t now = shim_now();
			if (next <= now)
				continue;
			uint64_t ns = shim_ticks_to_ns(next - now);
			sleep.tv_sec = (time_t)(ns / 1000000000);
			sleep.tv_nsec = (long)(ns % 1000000000);
			timeout = &sleep;
		}
		shim_syscall6(SYS_futex, (long)&knocks, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, (long)seen, (long)timeout, 0, 0);
	}
	return NULL;
}

bool shim_timekeeper_start(void)
{
	return shim_thread_start(keep_time, 128 << 10) == 0;
}

/* What a thread of ours begins with, until it has read it. Not from the heap, which may be the program's. */
static struct start {
	_Atomic uint32_t used;
	void *(*function)(void *);
	void *arg;
} starts[16];

/* The child of a fork has no timekeeper. A thread in the middle of a fork would cost more than its timer. */
void shim_timekeeper_forked(void)
{
	if (shim_config.clock == SHIM_CLOCK_TIMEKEEPER)
		shim_config.clock = SHIM_CLOCK_TIMER;
	atomic_store(&until, SHIM_NEVER);
	atomic_store(&sending, NULL);
	for (uint32_t i = 0; i < 16; i++)
		atomic_store(&starts[i].used, 0);
}

static struct start *claim_start(void)
{
	for (uint32_t i = 0;; i++) {
		uint32_t unused = 0;
		if (atomic_compare_exchange_strong(&starts[i % 16].used, &unused, 1))
			return &starts[i % 16];
		if (i % 16 == 15)
			shim_syscall0(SYS_sched_yield);
	}
}

static void *start_ours(void *arg)
{
	struct start *s = arg;
	void *(*function)(void *) = s->function;

	shim_tls.ours = true;
	arg = s->arg;
	atomic_store(&s->used, 0);
	return function(arg);
}

/* The Go runtime of this library: its threads must never take the program's signals, so they are born with all of them
 * blocked (the runtime keeps the mask it finds, but for faults). The linker's --wrap brings its calls here. */
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*function)(void *), void *arg);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*function)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*function)(void *), void *arg)
{
	uint64_t all = SHIM_ALL_SIGNALS, old;

	struct start *s = claim_start();

	shim_loader_check_thread_start();
	shim_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, 8);
	s->function = function;
	s->arg = arg;
	int error = __real_pthread_create(thread, attr, start_ours, s);
	if (error)
		atomic_store(&s->used, 0);
	old &= SHIM_ALL_SIGNALS; /* libc has just unblocked its own, with its first thread */
	shim_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, 8);
	return error;
}

/* A thread of this library, detached; its signals are blocked as above. 0, or an errno. */
int shim_thread_start_with(void *(*function)(void *), void *arg, size_t stack_bytes)
{
	pthread_t thread;
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, stack_bytes);
	int error = __wrap_pthread_create(&thread, &attr, function, arg);
	pthread_attr_destroy(&attr);
	return error;
}

int shim_thread_start(void *(*function)(void *), size_t stack_bytes)
{
	return shim_thread_start_with(function, NULL, stack_bytes);
}
