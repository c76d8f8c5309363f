/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_poll.c - waiting for descriptors. The kernel never restarts these calls; see wrap_wait.c. */
#include "shim.h"
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

SHIM_SLOT(poll);
SHIM_SLOT(__poll);
SHIM_SLOT(__poll_chk);
SHIM_SLOT(ppoll);
SHIM_SLOT(__ppoll_chk);
SHIM_SLOT(select);
SHIM_SLOT(__select);
SHIM_SLOT(pselect);
SHIM_SLOT(epoll_wait);
SHIM_SLOT(epoll_pwait);
SHIM_SLOT(epoll_pwait2);

/* A relative timeout that goes on across interruptions. */
struct countdown {
	struct timespec end;
	bool infinite;
};

static struct countdown count_down(const struct timespec *timeout)
{
	struct countdown c = {.infinite = !timeout};

	if (!timeout)
		return c;
	shim_real_clock(CLOCK_MONOTONIC, &c.end);
	if (timeout->tv_sec > INT32_MAX) { /* kernel limits are centuries away too */
		c.infinite = true;
		return c;
	}
	c.end.tv_sec += timeout->tv_sec;
	c.end.tv_nsec += timeout->tv_nsec;
	if (c.end.tv_nsec >= 1000000000) {
		c.end.tv_nsec -= 1000000000;
		c.end.tv_sec++;
	}
	return c;
}

static struct timespec *left_of(const struct countdown *c, struct timespec *left)
{
	struct timespec now;

	if (c->infinite)
		return NULL;
	shim_real_clock(CLOCK_MONOTONIC, &now);
	left->tv_sec = c->end.tv_sec - now.tv_sec;
	left->tv_nsec = c->end.tv_nsec - now.tv_nsec;
	if (left->tv_nsec < 0) {
		left->tv_nsec += 1000000000;
		left->tv_sec--;
	}
	if (left->tv_sec < 0)
		*left = (struct timespec){0};
	return left;
}

static struct timespec *milliseconds(int ms, struct timespec *t)
{
	if (ms < 0)
		return NULL;
	t->tv_sec = ms / 1000;
	t->tv_nsec = ms % 1000 * 1000000L;
	return t;
}

/* True when a wait that returned -1 has to be taken up again. */
static bool again(long result, const struct shim_marks *before)
{
	return result == -1 && errno == EINTR && shim_only_ours(before);
}

static long guarded(const struct shim_marks *before, long number, const long arguments[6])
{
	long result = shim_guarded_syscall(&shim_marks_here()->programs, before->programs, number, arguments);

	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

/* ---- poll */

static int ppoll_again(long result, const struct shim_marks *before, struct pollfd *fds, nfds_t n, const struct countdown *c,
		       const uint64_t *mask)
{
	while (again(result, before)) {
		struct timespec left;
		const long arguments[6] = {(long)fds, (long)n, (long)left_of(c, &left), (long)mask, 8};
		result = guarded(before, SYS_ppoll, arguments);
	}
	return (int)result;
}

SHIM_EXPORT int poll(struct pollfd *fds, nfds_t n, int ms)
{
	int (*real)(struct pollfd *, nfds_t, int) = SHIM_REAL(int (*)(struct pollfd *, nfds_t, int), poll);

	if (!shim_tls.thread) /* a timeout of 0 fails with EINTR, too, when a signal is pending */
		return real(fds, n, ms);
	SHIM_WAIT(__func__, n);
	struct timespec timeout;
	struct countdown c = count_down(milliseconds(ms, &timeout));
	struct shim_marks before = *shim_marks_here();
	return ppoll_again(real(fds, n, ms), &before, fds, n, &c, NULL);
}

SHIM_EXPORT int __poll(struct pollfd *fds, nfds_t n, int ms)
{
	return poll(fds, n, ms);
}

_Noreturn void __chk_fail(void); /* libc's report of an overrun buffer */

SHIM_EXPORT int __poll_chk(struct pollfd *fds, nfds_t n, int ms, size_t bytes)
{
	if (bytes / sizeof *fds < n)
		__chk_fail();
	return poll(fds, n, ms);
}

SHIM_EXPORT int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
	int (*real)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *) =
		SHIM_REAL(int (*)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *), ppoll);
	sigset_t wanted;

	if (mask)
		*shim_mask_bits(&wanted) = shim_mask_wanted(mask);
	if (!shim_tls.thread)
		return real(fds, n, timeout, mask ? &wanted : NULL);
	SHIM_WAIT(__func__, n);
	struct countdown c = count_down(timeout);
	struct shim_marks before = *shim_marks_here();
	return ppoll_again(real(fds, n, timeout, mask ? &wanted : NULL), &before, fds, n, &c, mask ? shim_mask_bits(&wanted) : NULL);
}

SHIM_EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask, size_t bytes)
{
	if (bytes / sizeof *fds < n)
		__chk_fail();
	return ppoll(fds, n, timeout, mask);
}

/* ---- select: the kernel changes the sets only when it does not fail */

static int pselect_again(long result, const struct shim_marks *before, int n, fd_set *r, fd_set *w, fd_set *x,
			 const struct countdown *c, const uint64_t *mask)
{
	while (again(result, before)) {
		struct timespec left;
		const struct { const uint64_t *mask; size_t bytes; } argument = {mask, 8};
		const long arguments[6] = {n, (long)r, (long)w, (long)x, (long)left_of(c, &left), (long)&argument};
		result = guarded(before, SYS_pselect6, arguments);
	}
	return (int)result;
}

SHIM_EXPORT int select(int n, fd_set *r, fd_set *w, fd_set *x, struct timeval *timeout)
{
	int (*real)(int, fd_set *, fd_set *, fd_set *, struct timeval *) =
		SHIM_REAL(int (*)(int, fd_set *, fd_set *, fd_set *, struct timeval *), select);

	if (!shim_tls.thread)
		return real(n, r, w, x, timeout);
	SHIM_WAIT(__func__, n);
	struct timespec time, left;
	if (timeout) {
		if (timeout->tv_sec < 0 || timeout->tv_usec < 0)
			return real(n, r, w, x, timeout);
		time.tv_sec = timeout->tv_sec + timeout->tv_usec / 1000000;
		time.tv_nsec = timeout->tv_usec % 1000000 * 1000;
	}
	struct countdown c = count_down(timeout ? &time : NULL);
	struct shim_marks before = *shim_marks_here();
	int result = real(n, r, w, x, timeout);
	if (!again(result, &before))
		return result;
	result = pselect_again(result, &before, n, r, w, x, &c, NULL);
	if (timeout && left_of(&c, &left)) { /* Linux tells how much was left */
		timeout->tv_sec = left.tv_sec;
		timeout->tv_usec = left.tv_nsec / 1000;
	}
	return result;
}

SHIM_EXPORT int __select(int n, fd_set *r, fd_set *w, fd_set *x, struct timeval *timeout)
{
	return select(n, r, w, x, timeout);
}

SHIM_EXPORT int pselect(int n, fd_set *r, fd_set *w, fd_set *x, const struct timespec *timeout, const sigset_t *mask)
{
	int (*real)(int, fd_set *, fd_set *, fd_set *, const struct timespec *, const sigset_t *) =
		SHIM_REAL(int (*)(int, fd_set *, fd_set *, fd_set *, const struct timespec *, const sigset_t *), pselect);
	sigset_t wanted;

	if (mask)
		*shim_mask_bits(&wanted) = shim_mask_wanted(mask);
	if (!shim_tls.thread)
		return real(n, r, w, x, timeout, mask ? &wanted : NULL);
	SHIM_WAIT(__func__, n);
	struct countdown c = count_down(timeout);
	struct shim_marks before = *shim_marks_here();
	return pselect_again(real(n, r, w, x, timeout, mask ? &wanted : NULL), &before, n, r, w, x, &c,
			     mask ? shim_mask_bits(&wanted) : NULL);
}

/* ---- epoll */

/* epoll_pwait2 (Linux 5.11) takes nanoseconds; before that milliseconds, rounded up. */
static int epoll_again(long result, const struct shim_marks *before, int fd, struct epoll_event *events, int n,
		       const struct countdown *c, const uint64_t *mask)
{
	while (again(result, before)) {
		struct timespec room, *left = left_of(c, &room);
		const long arguments[6] = {fd, (long)events, n, (long)left, (long)mask, 8};
		result = guarded(before, SYS_epoll_pwait2, arguments);
		if (result == -1 && errno == ENOSYS) {
			long ms = left ? left->tv_sec * 1000 + (left->tv_nsec + 999999) / 1000000 : -1;
			const long older[6] = {fd, (long)events, n, ms, (long)mask, 8};
			result = guarded(before, SYS_epoll_pwait, older);
		}
	}
	return (int)result;
}

SHIM_EXPORT int epoll_pwait(int fd, struct epoll_event *events, int n, int ms, const sigset_t *mask)
{
	int (*real)(int, struct epoll_event *, int, int, const sigset_t *) =
		SHIM_REAL(int (*)(int, struct epoll_event *, int, int, const sigset_t *), epoll_pwait);
	sigset_t wanted;

	if (mask)
		*shim_mask_bits(&wanted) = shim_mask_wanted(mask);
	if (!shim_tls.thread)
		return real(fd, events, n, ms, mask ? &wanted : NULL);
	SHIM_WAIT(__func__, fd);
	struct timespec timeout;
	struct countdown c = count_down(milliseconds(ms, &timeout));
	struct shim_marks before = *shim_marks_here();
	return epoll_again(real(fd, events, n, ms, mask ? &wanted : NULL), &before, fd, events, n, &c,
			   mask ? shim_mask_bits(&wanted) : NULL);
}

SHIM_EXPORT int epoll_wait(int fd, struct epoll_event *events, int n, int ms)
{
	if (!shim_tls.thread)
		return SHIM_REAL(int (*)(int, struct epoll_event *, int, int), epoll_wait)(fd, events, n, ms);
	return epoll_pwait(fd, events, n, ms, NULL);
}

SHIM_EXPORT int epoll_pwait2(int fd, struct epoll_event *events, int n, const struct timespec *timeout, const sigset_t *mask)
{
	int (*real)(int, struct epoll_event *, int, const struct timespec *, const sigset_t *) =
		SHIM_REAL(int (*)(int, struct epoll_event *, int, const struct timespec *, const sigset_t *), epoll_pwait2);
	sigset_t wanted;

	if (mask)
		*shim_mask_bits(&wanted) = shim_mask_wanted(mask);
	if (!shim_tls.thread)
		return real(fd, events, n, timeout, mask ? &wanted : NULL);
	SHIM_WAIT(__func__, fd);
	struct countdown c = count_down(timeout);
	struct shim_marks before = *shim_marks_here();
	return epoll_again(real(fd, events, n, timeout, mask ? &wanted : NULL), &before, fd, events, n, &c,
			   mask ? shim_mask_bits(&wanted) : NULL);
}
