/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_lock.c - mutexes, rwlocks, spinlocks and locked streams, for hold.c.
 *
 * A lock is taken in a deferred section: first without waiting; when it is busy, the wait is a timed one that ends with the
 * slice, and begins again in the next. So a paused call has a lock or has it not, and is in nobody's queue. What is waited
 * for may be held by a paused call of the same thread: the wait uses the slice up and nothing else. */
#include "lock.h"
#include "stream.h"
#include <stdio.h>
#include <sys/syscall.h>
#include <threads.h>

SHIM_SLOT(pthread_mutex_lock);
SHIM_SLOT(pthread_mutex_trylock);
SHIM_SLOT(pthread_mutex_timedlock);
SHIM_SLOT(pthread_mutex_clocklock);
SHIM_SLOT(pthread_mutex_unlock);
SHIM_SLOT(pthread_rwlock_rdlock);
SHIM_SLOT(pthread_rwlock_wrlock);
SHIM_SLOT(pthread_rwlock_tryrdlock);
SHIM_SLOT(pthread_rwlock_trywrlock);
SHIM_SLOT(pthread_rwlock_timedrdlock);
SHIM_SLOT(pthread_rwlock_timedwrlock);
SHIM_SLOT(pthread_rwlock_clockrdlock);
SHIM_SLOT(pthread_rwlock_clockwrlock);
SHIM_SLOT(pthread_rwlock_unlock);
SHIM_SLOT(pthread_spin_lock);
SHIM_SLOT(pthread_spin_trylock);
SHIM_SLOT(pthread_spin_unlock);
SHIM_SLOT(mtx_lock);
SHIM_SLOT(mtx_timedlock);
SHIM_SLOT(mtx_trylock);
SHIM_SLOT(mtx_unlock);
SHIM_SLOT(flockfile);
SHIM_SLOT(ftrylockfile);
SHIM_SLOT(funlockfile);
SHIM_SLOT(_IO_flockfile);
SHIM_SLOT(_IO_ftrylockfile);
SHIM_SLOT(_IO_funlockfile);

typedef int simple(void *);
typedef int timed(void *, const struct timespec *);
typedef int clocked(void *, clockid_t, const struct timespec *);

/* nptl/pthreadP.h in glibc; part of the ABI by the static initialisers of mutexes. */
#define MUTEX_PRIO_INHERIT 32
#define NAP_NS 50000

/* One way of taking a lock; the real functions' slots. */
struct way {
	enum hold_kind kind;
	void **lock, **attempt, **clocklock;
	const char *name;
};
static const struct way way_mutex = {HOLD_MUTEX, &shim_real_pthread_mutex_lock, &shim_real_pthread_mutex_trylock,
				     &shim_real_pthread_mutex_clocklock, "pthread_mutex_lock"};
static const struct way way_read = {HOLD_RWLOCK, &shim_real_pthread_rwlock_rdlock, &shim_real_pthread_rwlock_tryrdlock,
				    &shim_real_pthread_rwlock_clockrdlock, "pthread_rwlock_rdlock"};
static const struct way way_write = {HOLD_RWLOCK, &shim_real_pthread_rwlock_wrlock, &shim_real_pthread_rwlock_trywrlock,
				     &shim_real_pthread_rwlock_clockwrlock, "pthread_rwlock_wrlock"};
static const struct way way_spin = {HOLD_SPINLOCK, &shim_real_pthread_spin_lock, &shim_real_pthread_spin_trylock, NULL,
				    "pthread_spin_lock"};
static const struct way way_stream = {HOLD_STREAM, &shim_real_flockfile, &shim_real_ftrylockfile, NULL, "flockfile"};

static inline bool taken(int result)
{
	return result == 0 || result == EOWNERDEAD;
}

static inline int attempt(struct shim_call *call, const struct way *way, void *lock, void *frame)
{
	bool began = shim_defer_begin_as(call, frame, way->name);
	int result = ((simple *)*way->attempt)(lock);

	if (SHIM_LIKELY(taken(result)))
		hold_add(call, way->kind, lock);
	shim_defer_end(call, began);
	return result;
}

/* What a busy lock of a kind without timed waits is tried again after; the function can be paused here. */
static void nap(enum hold_kind kind, unsigned round)
{
	struct timespec t = {0, NAP_NS};

	if (kind != HOLD_SPINLOCK)
		(void)shim_syscall2(SYS_nanosleep, &t, NULL);
	else if (round % 64 == 63)
		(void)shim_syscall0(SYS_sched_yield);
	else
		__builtin_ia32_pause();
}

static bool is_over(clockid_t clock, const struct timespec *until)
{
	struct timespec now;

	shim_real_clock(clock, &now);
	return now.tv_sec > until->tv_sec || (now.tv_sec == until->tv_sec && now.tv_nsec >= until->tv_nsec);
}

/* Priority inheritance needs the kernel to know the holder, and it knows no thread id of a call. */
static bool without_queue(const struct way *way, const void *lock)
{
	return !way->clocklock || (way == &way_mutex && (((const pthread_mutex_t *)lock)->__data.__kind & MUTEX_PRIO_INHERIT));
}

/* Wait for a lock that was busy, at most until the caller's time (NULL: none). */
__attribute__((noinline)) static int wait_for(struct shim_call *call, const struct way *way, void *lock, clockid_t clock,
					      const struct timespec *until)
{
	bool poll = without_queue(way, lock);
	SHIM_WAIT(way->name, lock);

	for (unsigned round = 0;; round++) {
		struct timespec end;
		bool began = shim_defer_begin_as(call, SHIM_FRAME, way->name), slice_over = false;
		bool ends = hold_slice_end(call, began, &end);
		int result;

		if (began && poll && (ends || way->kind != HOLD_STREAM)) {
			result = ((simple *)*way->attempt)(lock);
			if (result && way->kind == HOLD_STREAM)
				result = EBUSY;
		} else if (until && (!ends || hold_is_earlier(clock, until, &end))) {
			result = ((clocked *)*way->clocklock)(lock, clock, until);
		} else if (ends) {
			result = ((clocked *)*way->clocklock)(lock, CLOCK_MONOTONIC, &end);
			slice_over = result == ETIMEDOUT;
		} else if (way->kind == HOLD_STREAM) {
			result = began ? ((simple *)*way->attempt)(lock) : (((void (*)(void *))*way->lock)(lock), 0);
			if (result) /* nothing ends this wait: who has it may be paused */
				result = EBUSY;
		} else {
			result = ((simple *)*way->lock)(lock);
		}
		if (taken(result))
			hold_add(call, way->kind, lock);
		if (slice_over)
			call->pending = 1; /* the signal may be a little late */
		shim_defer_end(call, began);
		if (slice_over || (result == EBUSY && !ends && way->kind == HOLD_STREAM && shim_help(lock) == 0))
			continue;
		if (result != EBUSY || !poll)
			return result;
		if (until && is_over(clock, until))
			return ETIMEDOUT;
		nap(way->kind, round);
	}
}

/* Everything below has a way without calls in front: a test and a jump. */
#define TAKE(call, way, lock, clock, until)                                               \
	do {                                                                              \
		int result = attempt(call, way, lock, SHIM_FRAME);                        \
		return SHIM_LIKELY(result != EBUSY) ? result : wait_for(call, way, lock, clock, until); \
	} while (0)
#define TRY(call, way, lock) return attempt(call, way, lock, SHIM_FRAME)
#define LET_GO(call, real, lock)                                  \
	do {                                                      \
		bool began = shim_defer_begin(call, SHIM_FRAME);  \
		int result = SHIM_REAL(simple *, real)(lock);     \
		if (SHIM_LIKELY(!result))                         \
			hold_drop(call, lock);                    \
		shim_defer_end(call, began);                      \
		return result;                                    \
	} while (0)

#define LOCK(name, type, way)                                                     \
	SHIM_EXPORT int name(type lock)                                           \
	{                                                                         \
		struct shim_call *call = hold_here();                             \
		simple *real = SHIM_REAL(simple *, name);                         \
		if (SHIM_LIKELY(!call))                                           \
			return real((void *)lock);                                \
		TAKE(call, way, (void *)lock, 0, NULL);                           \
	}
#define TRYLOCK(name, type, way)                                                  \
	SHIM_EXPORT int name(type lock)                                           \
	{                                                                         \
		struct shim_call *call = hold_here();                             \
		simple *real = SHIM_REAL(simple *, name);                         \
		if (SHIM_LIKELY(!call))                                           \
			return real((void *)lock);                                \
		TRY(call, way, (void *)lock);                                     \
	}
#define TIMEDLOCK(name, type, way)                                                \
	SHIM_EXPORT int name(type lock, const struct timespec *until)             \
	{                                                                         \
		struct shim_call *call = hold_here();                             \
		timed *real = SHIM_REAL(timed *, name);                           \
		if (SHIM_LIKELY(!call))                                           \
			return real(lock, until);                                 \
		TAKE(call, way, lock, CLOCK_REALTIME, until);                     \
	}
#define CLOCKLOCK(name, type, way)                                                \
	SHIM_EXPORT int name(type lock, clockid_t clock, const struct timespec *until) \
	{                                                                         \
		struct shim_call *call = hold_here();                             \
		clocked *real = SHIM_REAL(clocked *, name);                       \
		if (SHIM_LIKELY(!call))                                           \
			return real(lock, clock, until);                          \
		if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)          \
			return EINVAL;                                            \
		TAKE(call, way, lock, clock, until);                              \
	}
#define UNLOCK(name, type)                                                        \
	SHIM_EXPORT int name(type lock)                                           \
	{                                                                         \
		struct shim_call *call = hold_here();                             \
		if (SHIM_LIKELY(!call))                                           \
			return SHIM_REAL(simple *, name)((void *)lock);           \
		LET_GO(call, name, (void *)lock);                                 \
	}

LOCK(pthread_mutex_lock, pthread_mutex_t *, &way_mutex)
TRYLOCK(pthread_mutex_trylock, pthread_mutex_t *, &way_mutex)
TIMEDLOCK(pthread_mutex_timedlock, pthread_mutex_t *, &way_mutex)
CLOCKLOCK(pthread_mutex_clocklock, pthread_mutex_t *, &way_mutex)
UNLOCK(pthread_mutex_unlock, pthread_mutex_t *)

LOCK(pthread_rwlock_rdlock, pthread_rwlock_t *, &way_read)
LOCK(pthread_rwlock_wrlock, pthread_rwlock_t *, &way_write)
TRYLOCK(pthread_rwlock_tryrdlock, pthread_rwlock_t *, &way_read)
TRYLOCK(pthread_rwlock_trywrlock, pthread_rwlock_t *, &way_write)
TIMEDLOCK(pthread_rwlock_timedrdlock, pthread_rwlock_t *, &way_read)
TIMEDLOCK(pthread_rwlock_timedwrlock, pthread_rwlock_t *, &way_write)
CLOCKLOCK(pthread_rwlock_clockrdlock, pthread_rwlock_t *, &way_read)
CLOCKLOCK(pthread_rwlock_clockwrlock, pthread_rwlock_t *, &way_write)
UNLOCK(pthread_rwlock_unlock, pthread_rwlock_t *)

LOCK(pthread_spin_lock, pthread_spinlock_t *, &way_spin)
TRYLOCK(pthread_spin_trylock, pthread_spinlock_t *, &way_spin)
UNLOCK(pthread_spin_unlock, pthread_spinlock_t *)

/* ---- for wrap_cond.c */

int hold_mutex_lock(struct shim_call *call, pthread_mutex_t *mutex)
{
	TAKE(call, &way_mutex, mutex, 0, NULL);
}

int hold_mutex_unlock(struct shim_call *call, pthread_mutex_t *mutex)
{
	int result = SHIM_REAL(simple *, pthread_mutex_unlock)(mutex);

	if (!result)
		hold_drop(call, mutex);
	return result;
}

/* ---- C11: libc's mtx_t is a pthread_mutex_t */

_Static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t), "mtx_t is a pthread_mutex_t");

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

SHIM_EXPORT int mtx_lock(mtx_t *lock)
{
	return hold_here() ? c11(pthread_mutex_lock((pthread_mutex_t *)lock)) : SHIM_REAL(simple *, mtx_lock)(lock);
}
SHIM_EXPORT int mtx_timedlock(mtx_t *lock, const struct timespec *until)
{
	return hold_here() ? c11(pthread_mutex_timedlock((pthread_mutex_t *)lock, until))
			   : SHIM_REAL(timed *, mtx_timedlock)(lock, until);
}
SHIM_EXPORT int mtx_trylock(mtx_t *lock)
{
	return hold_here() ? c11(pthread_mutex_trylock((pthread_mutex_t *)lock)) : SHIM_REAL(simple *, mtx_trylock)(lock);
}
SHIM_EXPORT int mtx_unlock(mtx_t *lock)
{
	return hold_here() ? c11(pthread_mutex_unlock((pthread_mutex_t *)lock)) : SHIM_REAL(simple *, mtx_unlock)(lock);
}

/* ---- streams */

void _IO_flockfile(FILE *stream);
int _IO_ftrylockfile(FILE *stream);
void _IO_funlockfile(FILE *stream);

static void stream_lock(FILE *stream, void (*real)(FILE *))
{
	struct shim_call *call = hold_here();

	if (call)
		shim_streams_held = 1;
	/* It can't fail: it helps for as long as it takes. */
	if (SHIM_LIKELY(!call) && SHIM_UNLIKELY(shim_streams_held))
		while (shim_stream_busy(stream) && shim_stream_await(NULL, stream))
			nap(HOLD_STREAM, 0);
	if (SHIM_LIKELY(!call))
		real(stream);
	else if (attempt(call, &way_stream, stream, SHIM_FRAME) != 0)
		(void)wait_for(call, &way_stream, stream, 0, NULL);
}

/* Between two looks: the call that has it is running, on another thread. */
static bool is_calls(const void *owner)
{
	for (uint32_t i = 0; i < shim_pool_calls(); i++) {
		const struct shim_call *call = shim_call_at(i);
		if (call && call->fs == (uint64_t)owner)
			return true;
	}
	return false;
}

int shim_stream_await(struct shim_call *call, FILE *stream)
{
	if (!stream) {
		int error = shim_help(NULL);
		return error == ENOENT ? 0 : error;
	}
	if (call && call->adopted != ADOPTED_MAIN && call->deadline != SHIM_NEVER) {
		flockfile(stream); /* within its budget */
		funlockfile(stream);
		return 0;
	}
	while (shim_stream_busy(stream) && is_calls(((void **)stream->_lock)[1])) {
		int error = shim_help(stream);
		if (error == EDEADLK)
			return error;
		if (error == ENOENT)
			nap(HOLD_STREAM, 0);
	}
	return 0;
}

static int stream_try(FILE *stream, int (*real)(FILE *))
{
	struct shim_call *call = hold_here();

	if (call)
		shim_streams_held = 1;

	return SHIM_LIKELY(!call) ? real(stream) : attempt(call, &way_stream, stream, SHIM_FRAME);
}

static void stream_unlock(FILE *stream, void (*real)(FILE *))
{
	struct shim_call *call = hold_here();
	bool began = shim_defer_begin(call, SHIM_FRAME);

	real(stream);
	if (SHIM_UNLIKELY(call != NULL))
		hold_drop(call, stream);
	shim_defer_end(call, began);
}

SHIM_EXPORT void flockfile(FILE *stream)
{
	stream_lock(stream, SHIM_REAL(void (*)(FILE *), flockfile));
}
SHIM_EXPORT void _IO_flockfile(FILE *stream)
{
	stream_lock(stream, SHIM_REAL(void (*)(FILE *), _IO_flockfile));
}
SHIM_EXPORT int ftrylockfile(FILE *stream)
{
	return stream_try(stream, SHIM_REAL(int (*)(FILE *), ftrylockfile));
}
SHIM_EXPORT int _IO_ftrylockfile(FILE *stream)
{
	return stream_try(stream, SHIM_REAL(int (*)(FILE *), _IO_ftrylockfile));
}
SHIM_EXPORT void funlockfile(FILE *stream)
{
	stream_unlock(stream, SHIM_REAL(void (*)(FILE *), funlockfile));
}
SHIM_EXPORT void _IO_funlockfile(FILE *stream)
{
	stream_unlock(stream, SHIM_REAL(void (*)(FILE *), _IO_funlockfile));
}
