/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_cond.c - condition variables.
 *
 * libc's condition counts its waiters, and a call that is cancelled would be counted for good: pthread_cond_destroy() would
 * wait for it, and a signal be spent on it. So a function whose slice has an end does not enter the condition. It waits for a
 * *bell* to be rung: one of a table, chosen by the condition's address, which signal and broadcast ring as well when
 * somebody waits there. The bell's count is read while the mutex is held, so no ring after that is missed, and who was paused
 * meanwhile finds the count changed. A wake-up may be one too many (another condition's, or a signal that woke several),
 * never one too few; conditions have always been allowed that. */
#include "lock.h"
#include <linux/futex.h>
#include <limits.h>
#include <string.h>
#include <sys/syscall.h>
#include <threads.h>

SHIM_SLOT(pthread_cond_wait);
SHIM_SLOT(pthread_cond_timedwait);
SHIM_SLOT(pthread_cond_clockwait);
SHIM_SLOT(pthread_cond_signal);
SHIM_SLOT(pthread_cond_broadcast);
SHIM_SLOT(cnd_wait);
SHIM_SLOT(cnd_timedwait);
SHIM_SLOT(cnd_signal);
SHIM_SLOT(cnd_broadcast);

typedef int simple(void *);
typedef int waiting(void *, void *);
typedef int timed(void *, void *, const struct timespec *);
typedef int clocked(void *, void *, clockid_t, const struct timespec *);

#define SECOND_NS 1000000000
#define BELL_BITS 10
#define CLOCK_OF_CONDITION ((clockid_t)-1)

static struct bell {
	_Atomic uint32_t rung;    /* written by who signals; a futex */
	_Atomic uint32_t waiting; /* calls, paused or not; written with the mutex held, or after the wait */
} bells[1u << BELL_BITS];

static inline struct bell *bell_of(const void *condition)
{
	return &bells[((uint64_t)condition >> 3) * 0x9e3779b97f4a7c15u >> (64 - BELL_BITS)];
}

void hold_wait_over(void *condition)
{
	atomic_fetch_sub(&bell_of(condition)->waiting, 1);
}

/* ---- what libc's condition says about itself */

/* nptl/pthreadP.h in glibc: the low bits of __wrefs. */
#define COND_SHARED 1u
#define COND_MONOTONIC 2u

/* The word moved in glibc 2.41, when conditions lost their counts of references, so it is looked for: what differs between
 * conditions with other attributes, and by these bits alone. -1: it is nowhere; then the real functions do everything, and a
 * wait is not paused. */
static int find_bits(void)
{
	pthread_condattr_t attributes;
	pthread_cond_t plain, clock, shared;
	uint32_t words[3][sizeof plain / sizeof(uint32_t)];
	int found = -1;

	pthread_condattr_init(&attributes);
	pthread_cond_init(&plain, &attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&clock, &attributes);
	pthread_condattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&shared, &attributes);
	memcpy(words[0], &plain, sizeof plain);
	memcpy(words[1], &clock, sizeof clock);
	memcpy(words[2], &shared, sizeof shared);
	pthread_cond_destroy(&plain);
	pthread_cond_destroy(&clock);
	pthread_cond_destroy(&shared);
	pthread_condattr_destroy(&attributes);
	for (int i = 0; i < (int)(sizeof plain / sizeof(uint32_t)); i++)
		if (words[0][i] == 0 && words[1][i] == COND_MONOTONIC && words[2][i] == (COND_MONOTONIC | COND_SHARED))
			found = found < 0 ? i : -2;
	if (found < 0)
		shim_message("a wait for a condition is not paused", "pthread_cond_wait",
			     "this libc keeps the condition's clock where no known one does");
	return found < 0 ? -1 : found;
}

/* Where the bits are, in words. */
static int bits_at(void)
{
	static _Atomic int known; /* the place plus 2 */

	if (SHIM_UNLIKELY(!known))
		known = find_bits() + 2;
	return known - 2;
}

/* ---- waiting inside a call */

static int real_wait(pthread_cond_t *c, pthread_mutex_t *m, clockid_t clock, const struct timespec *until)
{
	if (!until)
		return SHIM_REAL(waiting *, pthread_cond_wait)(c, m);
	if (clock == CLOCK_OF_CONDITION)
		return SHIM_REAL(timed *, pthread_cond_timedwait)(c, m, until);
	return SHIM_REAL(clocked *, pthread_cond_clockwait)(c, m, clock, until);
}

/* Until the bell rings or the time is over; the function can be paused and cancelled here. 0, ETIMEDOUT, or EINTR: something
 * of libc's own came, such as pthread_cancel(). */
static int wait_for_bell(struct shim_call *call, struct bell *bell, uint32_t rung, clockid_t clock, const struct timespec *until)
{
	int operation = FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG | (clock == CLOCK_REALTIME ? FUTEX_CLOCK_REALTIME : 0);

	if (until && until->tv_sec < 0)
		return ETIMEDOUT;
	while (atomic_load(&bell->rung) == rung) {
		struct shim_marks before = call->marks;
		long result = shim_syscall6(SYS_futex, (long)&bell->rung, operation, (long)rung, (long)until, 0, FUTEX_BITSET_MATCH_ANY);
		const volatile struct shim_marks *now = &call->marks;
		if (result == -ETIMEDOUT)
			return ETIMEDOUT;
		if (result == -EINTR && now->ours == before.ours && now->programs == before.programs)
			return EINTR;
	}
	return 0;
}

/* Signals of other processes ring no bell: in the condition until the slice's end, then a wake-up too many. The mutex is not
 * kept over the pause. */
static int wait_shared(struct shim_call *call, pthread_cond_t *c, pthread_mutex_t *m, clockid_t clock,
			const struct timespec *until)
{
	struct timespec end;
	bool began = shim_defer_begin(call, SHIM_FRAME);
	bool ours = hold_slice_end(call, began, &end) && !(until && hold_is_earlier(clock, until, &end));
	int result = ours ? real_wait(c, m, CLOCK_MONOTONIC, &end) : real_wait(c, m, clock, until);

	ours = ours && result == ETIMEDOUT;
	if (ours) {
		(void)hold_mutex_unlock(call, m);
		call->pending = 1;
	}
	shim_defer_end(call, began);
	return ours ? hold_mutex_lock(call, m) : result;
}

static int wait_private(struct shim_call *call, pthread_cond_t *c, pthread_mutex_t *m, clockid_t clock,
			const struct timespec *until)
{
	struct bell *bell = bell_of(c);
	bool began = shim_defer_begin(call, SHIM_FRAME);

	atomic_fetch_add(&bell->waiting, 1);
	uint32_t rung = atomic_load(&bell->rung);
	hold_add(call, HOLD_WAIT, c);
	int error = hold_mutex_unlock(call, m);
	if (error) {
		hold_drop(call, c);
		hold_wait_over(c);
	}
	shim_defer_end(call, began);
	if (error)
		return error;

	int result = wait_for_bell(call, bell, rung, clock, until);

	began = shim_defer_begin(call, SHIM_FRAME);
	hold_drop(call, c);
	hold_wait_over(c);
	shim_defer_end(call, began);
	error = hold_mutex_lock(call, m);
	if (error)
		return error;
	if (result == EINTR) {
		pthread_testcancel();
		result = 0;
	}
	return result;
}

__attribute__((noinline)) static int wait_inside(struct shim_call *call, pthread_cond_t *c, pthread_mutex_t *m, clockid_t clock,
						 const struct timespec *until)
{
	SHIM_WAIT("pthread_cond_wait", c);
	bool began = shim_defer_begin(call, SHIM_FRAME);

	if (!began || call->deadline == SHIM_NEVER || bits_at() < 0) {
		/* Nothing looks at the list before the section's end: the mutex may stay in it. */
		int result = real_wait(c, m, clock, until);
		if (result == ENOTRECOVERABLE)
			hold_drop(call, m);
		shim_defer_end(call, began);
		return result;
	}
	shim_defer_end(call, began);
	if (until && (until->tv_nsec < 0 || until->tv_nsec >= SECOND_NS))
		return EINVAL;
	uint32_t bits = ((const uint32_t *)c)[bits_at()];
	if (clock == CLOCK_OF_CONDITION)
		clock = bits & COND_MONOTONIC ? CLOCK_MONOTONIC : CLOCK_REALTIME;
	pthread_testcancel();
	return bits & COND_SHARED ? wait_shared(call, c, m, clock, until) : wait_private(call, c, m, clock, until);
}

/* Outside of calls. A thread that a call has started may be asked to leave here, see own_thread.c. */
static int wait_outside(pthread_cond_t *c, pthread_mutex_t *m, clockid_t clock, const struct timespec *until)
{
	shim_tls.waits = true;
	int result = real_wait(c, m, clock, until);
	shim_tls.waits = false;
	return result;
}

SHIM_EXPORT int pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
	struct shim_call *call = hold_here();

	if (SHIM_LIKELY(!call))
		return wait_outside(c, m, CLOCK_OF_CONDITION, NULL);
	return wait_inside(call, c, m, CLOCK_OF_CONDITION, NULL);
}

SHIM_EXPORT int pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until)
{
	struct shim_call *call = hold_here();

	if (SHIM_LIKELY(!call))
		return wait_outside(c, m, CLOCK_OF_CONDITION, until);
	return wait_inside(call, c, m, CLOCK_OF_CONDITION, until);
}

SHIM_EXPORT int pthread_cond_clockwait(pthread_cond_t *c, pthread_mutex_t *m, clockid_t clock, const struct timespec *until)
{
	struct shim_call *call = hold_here();

	if (SHIM_LIKELY(!call))
		return wait_outside(c, m, clock, until);
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		return EINVAL;
	return wait_inside(call, c, m, clock, until);
}

/* ---- signals, from anywhere */

__attribute__((noinline)) static void ring(struct bell *bell)
{
	atomic_fetch_add(&bell->rung, 1);
	(void)shim_syscall3(SYS_futex, &bell->rung, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX);
}

/* Deferred: the real function holds the condition's internal lock for a moment. */
static inline int wake(pthread_cond_t *c, simple *real)
{
	struct bell *bell = bell_of(c);
	struct shim_call *call = shim_tls.call;
	bool began = shim_defer_begin(call, SHIM_FRAME);

	if (SHIM_UNLIKELY(atomic_load(&bell->waiting)))
		ring(bell);
	int result = real(c);
	shim_defer_end(call, began);
	return result;
}

SHIM_EXPORT int pthread_cond_signal(pthread_cond_t *c)
{
	return wake(c, SHIM_REAL(simple *, pthread_cond_signal));
}
SHIM_EXPORT int pthread_cond_broadcast(pthread_cond_t *c)
{
	return wake(c, SHIM_REAL(simple *, pthread_cond_broadcast));
}

/* ---- C11: libc's cnd_t is a pthread_cond_t */

_Static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t), "cnd_t is a pthread_cond_t");

static int c11(int error)
{
	switch (error) {
	case 0: return thrd_success;
	case ENOMEM: return thrd_nomem;
	case ETIMEDOUT: return thrd_timedout;
	case EBUSY: return thrd_busy;
	default: return thrd_error;
	}
}

SHIM_EXPORT int cnd_wait(cnd_t *c, mtx_t *m)
{
	return hold_here() ? c11(pthread_cond_wait((pthread_cond_t *)c, (pthread_mutex_t *)m)) : SHIM_REAL(waiting *, cnd_wait)(c, m);
}
SHIM_EXPORT int cnd_timedwait(cnd_t *c, mtx_t *m, const struct timespec *until)
{
	return hold_here() ? c11(pthread_cond_timedwait((pthread_cond_t *)c, (pthread_mutex_t *)m, until))
			   : SHIM_REAL(timed *, cnd_timedwait)(c, m, until);
}
SHIM_EXPORT int cnd_signal(cnd_t *c)
{
	return wake((pthread_cond_t *)c, SHIM_REAL(simple *, cnd_signal));
}
SHIM_EXPORT int cnd_broadcast(cnd_t *c)
{
	return wake((pthread_cond_t *)c, SHIM_REAL(simple *, cnd_broadcast));
}
