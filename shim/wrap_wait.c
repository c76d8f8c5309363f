/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_wait.c - sleeping and waiting for signals.
 *
 * None of these calls is restarted by the kernel (signal(7)): after a signal of ours the wait is taken up again with the
 * time that is left. The first attempt goes through libc, which makes it a cancellation point. */
#include "shim.h"
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

SHIM_SLOT(nanosleep);
SHIM_SLOT(__nanosleep);
SHIM_SLOT(clock_nanosleep);
SHIM_SLOT(usleep);
SHIM_SLOT(sleep);
SHIM_SLOT(pause);
SHIM_SLOT(sigsuspend);
SHIM_SLOT(sigpause);
SHIM_SLOT(__sigpause);
SHIM_SLOT(__xpg_sigpause);
SHIM_SLOT(sigwait);
SHIM_SLOT(sigwaitinfo);
SHIM_SLOT(sigtimedwait);

long shim_wait_again(const struct shim_marks *before, long number, long a, long b, long c, long d, long e, long f)
{
	const long arguments[6] = {a, b, c, d, e, f};
	long result;

	/* -EINTR once more only because of us: again. A handler of the program makes the guard refuse. */
	do
		result = shim_guarded_syscall(&shim_marks_here()->programs, before->programs, number, arguments);
	while (result == -EINTR && shim_marks_here()->programs == before->programs);
	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

/* ---- sleeping */

typedef int clock_nanosleep_function(clockid_t, int, const struct timespec *, struct timespec *);

static __int128 nanoseconds(const struct timespec *t)
{
	return (__int128)t->tv_sec * 1000000000 + t->tv_nsec;
}

static struct timespec as_time(__int128 ns)
{
	if (ns < 0)
		ns = 0;
	return (struct timespec){(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
}

SHIM_EXPORT int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *left)
{
	clock_nanosleep_function *real = SHIM_REAL(clock_nanosleep_function *, clock_nanosleep);
	struct timespec end, rest;

	if (!shim_tls.thread)
		return real(clock, flags, time, left);
	SHIM_WAIT(__func__, clock);
	struct shim_marks before = *shim_marks_here();
	/* A relative sleep is measured by CLOCK_MONOTONIC also when CLOCK_REALTIME was asked for: clock_nanosleep(2). */
	clockid_t measure = clock == CLOCK_REALTIME ? CLOCK_MONOTONIC : clock;
	bool absolute = flags & TIMER_ABSTIME;
	if (!absolute)
		shim_real_clock(measure, &end);
	int error = real(clock, flags, time, &rest);
	if (error != EINTR || !shim_only_ours(&before)) {
		if (error == EINTR && left && !absolute)
			*left = rest;
		return error;
	}
	if (absolute) {
		end = *time;
		measure = clock;
	} else {
		if (__builtin_add_overflow(end.tv_sec, time->tv_sec, &end.tv_sec))
			end.tv_sec = INT64_MAX - 1;
		end.tv_nsec += time->tv_nsec;
		if (end.tv_nsec >= 1000000000) {
			end.tv_nsec -= 1000000000;
			end.tv_sec++;
		}
	}
	int saved = errno;
	long result = shim_wait_again(&before, SYS_clock_nanosleep, measure, TIMER_ABSTIME, (long)&end, 0, 0, 0);
	error = result == 0 ? 0 : errno;
	errno = saved;
	if (error == EINTR && left && !absolute) {
		shim_real_clock(measure, &rest);
		__int128 ns = nanoseconds(&end) - nanoseconds(&rest);
		*left = as_time(ns);
	}
	return error;
}

static int sleep_for(const struct timespec *time, struct timespec *left)
{
	int error = clock_nanosleep(CLOCK_REALTIME, 0, time, left);

	if (!error)
		return 0;
	errno = error;
	return -1;
}

SHIM_EXPORT int nanosleep(const struct timespec *time, struct timespec *left)
{
	if (!shim_tls.thread)
		return SHIM_REAL(int (*)(const struct timespec *, struct timespec *), nanosleep)(time, left);
	return sleep_for(time, left);
}

SHIM_EXPORT int __nanosleep(const struct timespec *time, struct timespec *left)
{
	return nanosleep(time, left);
}

SHIM_EXPORT int usleep(useconds_t us)
{
	if (!shim_tls.thread)
		return SHIM_REAL(int (*)(useconds_t), usleep)(us);
	struct timespec time = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000L};
	return sleep_for(&time, NULL);
}

SHIM_EXPORT unsigned sleep(unsigned seconds)
{
	if (!shim_tls.thread)
		return SHIM_REAL(unsigned (*)(unsigned), sleep)(seconds);
	struct timespec time = {.tv_sec = seconds}, left = {0};
	int saved = errno;
	if (sleep_for(&time, &left) != 0)
		return (unsigned)left.tv_sec;
	errno = saved;
	return 0;
}

SHIM_SLOT(thrd_sleep);
SHIM_EXPORT int thrd_sleep(const struct timespec *time, struct timespec *left)
{
	if (!shim_tls.thread)
		return SHIM_REAL(int (*)(const struct timespec *, struct timespec *), thrd_sleep)(time, left);
	int error = clock_nanosleep(CLOCK_REALTIME, 0, time, left);
	return error == 0 ? 0 : error == EINTR ? -1 : -2;
}

/* ---- waiting for a handler to run */

/* The program's signals stay blocked between two attempts, so that none is handled outside of the wait. */
static int suspend(uint64_t mask)
{
	if (!shim_tls.thread) {
		sigset_t plain;
		sigemptyset(&plain);
		*shim_mask_bits(&plain) = mask;
		return SHIM_REAL(int (*)(const sigset_t *), sigsuspend)(&plain);
	}
	uint64_t all = SHIM_ALL_SIGNALS, old;
	struct shim_marks before;
	sigset_t set;
	SHIM_WAIT("sigsuspend", 0);

	mask &= ~SHIM_SIGNAL_BIT;
	sigemptyset(&set);
	*shim_mask_bits(&set) = mask;
	shim_mask_note(shim_tls.call); /* while it is paused here the resumer has its own */
	shim_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, 8);
	before = *shim_marks_here();
	do {
		if (shim_tls.call && !shim_tls.call->adopted)
			shim_syscall2(SYS_rt_sigsuspend, &mask, 8);
		else /* where pthread_cancel() acts */
			SHIM_REAL(int (*)(const sigset_t *), sigsuspend)(&set);
	} while (shim_only_ours(&before));
	shim_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, 8);
	errno = EINTR;
	return -1;
}

static uint64_t current_mask(void)
{
	uint64_t mask;

	shim_syscall4(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
	return mask;
}

SHIM_EXPORT int pause(void)
{
	if (!shim_tls.thread)
		return SHIM_REAL(int (*)(void), pause)();
	return suspend(current_mask());
}

SHIM_EXPORT int sigsuspend(const sigset_t *mask)
{
	if (!shim_tls.thread)
		return SHIM_REAL(int (*)(const sigset_t *), sigsuspend)(mask);
	return suspend(*(const uint64_t *)mask);
}

SHIM_SLOT(__sigsuspend);
SHIM_EXPORT int __sigsuspend(const sigset_t *mask)
{
	return sigsuspend(mask);
}

static int pause_for(int sig)
{
	if (sig < 1 || sig >= _NSIG) {
		errno = EINVAL;
		return -1;
	}
	return suspend(current_mask() & ~(1ull << (sig - 1)));
}

/* The symbol sigpause is BSD's, with a mask; __xpg_sigpause, which the header calls sigpause, has a signal. */
SHIM_EXPORT int shim_bsd_sigpause(int mask) __asm__("sigpause");
int shim_bsd_sigpause(int mask)
{
	return suspend((unsigned)mask);
}
SHIM_EXPORT int __sigpause(int sig_or_mask, int is_sig)
{
	return is_sig ? pause_for(sig_or_mask) : suspend((unsigned)sig_or_mask);
}
SHIM_EXPORT int __xpg_sigpause(int sig)
{
	return pause_for(sig);
}

/* ---- taking a blocked signal */

typedef int sigtimedwait_function(const sigset_t *, siginfo_t *, const struct timespec *);

static struct timespec rest_of(int64_t end)
{
	int64_t ns = end - (int64_t)shim_monotonic_ns();

	return ns > 0 ? (struct timespec){ns / 1000000000, ns % 1000000000} : (struct timespec){0, 0};
}

/* Our signal's number is among those that the program waits for. Such signals come from the kernel where this thread has them
 * blocked, and else from kept_sig.c, whose knock ends the wait: as a signal that is taken, or by EINTR. */
__attribute__((noinline)) static int wait_for_ours_too(sigtimedwait_function *real, const sigset_t *wanted, siginfo_t *info,
						       const struct timespec *timeout)
{
	int64_t end = timeout ? (int64_t)shim_monotonic_ns() + nanoseconds(timeout) : 0;
	_Atomic int *place = shim_kept_wait_begin();
	siginfo_t got;
	sigset_t set;
	int result;

	sigemptyset(&set);
	*shim_mask_bits(&set) = shim_mask_wanted(wanted);
	for (;;) {
		struct shim_thread *t = shim_tls.thread;
		struct shim_marks before = t ? *shim_marks_here() : (struct shim_marks){0};
		if (shim_kept_take(&got)) {
			result = SHIM_SIGNAL;
			break;
		}
		struct timespec left = rest_of(end), look = {0, 5000000};
		bool looks = !place && (!timeout || nanoseconds(&left) > look.tv_nsec);
		result = real(&set, &got, looks ? &look : timeout ? &left : NULL);
		if (result == SHIM_SIGNAL && got.si_code == SI_QUEUE && got.si_value.sival_ptr == (void *)SHIM_SIGNAL_COOKIE)
			continue;
		if (result == -1 && ((errno == EINTR && t && shim_only_ours(&before)) || (errno == EAGAIN && looks)))
			continue;
		break;
	}
	if (place)
		atomic_store(place, 0);
	if (result > 0 && info)
		*info = got;
	return result;
}

SHIM_EXPORT int sigtimedwait(const sigset_t *wanted, siginfo_t *info, const struct timespec *timeout)
{
	sigtimedwait_function *real = SHIM_REAL(sigtimedwait_function *, sigtimedwait);
	struct timespec start, now, left;
	sigset_t set;

	if (SHIM_UNLIKELY(*(const uint64_t *)wanted & SHIM_SIGNAL_BIT) && shim_actions_taken)
		return wait_for_ours_too(real, wanted, info, timeout);
	if (!shim_tls.thread)
		return real(wanted, info, timeout);
	*shim_mask_bits(&set) = shim_mask_wanted(wanted);
	SHIM_WAIT(__func__, 0);
	struct shim_marks before = *shim_marks_here();
	shim_real_clock(CLOCK_MONOTONIC, &start);
	int result = real(&set, info, timeout);
	while (result == -1 && errno == EINTR && shim_only_ours(&before)) {
		if (timeout) {
			shim_real_clock(CLOCK_MONOTONIC, &now);
			left = as_time(nanoseconds(timeout) - (nanoseconds(&now) - nanoseconds(&start)));
		}
		const long arguments[6] = {(long)&set, (long)info, timeout ? (long)&left : 0, 8};
		long raw = shim_guarded_syscall(&shim_marks_here()->programs, before.programs, SYS_rt_sigtimedwait, arguments);
		if (raw < 0)
			errno = (int)-raw;
		result = raw < 0 ? -1 : (int)raw;
		if (result > 0 && info && info->si_code == SI_TKILL)
			info->si_code = SI_USER; /* as libc reports raise() */
	}
	return result;
}

SHIM_EXPORT int sigwaitinfo(const sigset_t *wanted, siginfo_t *info)
{
	return sigtimedwait(wanted, info, NULL);
}

SHIM_EXPORT int sigwait(const sigset_t *wanted, int *sig)
{
	int result, saved = errno, error;

	do
		result = sigtimedwait(wanted, NULL, NULL);
	while (result == -1 && errno == EINTR); /* sigwait() does not fail with EINTR */
	error = errno;
	errno = saved;
	if (result == -1)
		return error;
	*sig = result;
	return 0;
}
