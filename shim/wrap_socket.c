/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_socket.c - sockets with a timeout, and connect().
 *
 * The kernel makes a socket call again by itself after our signal unless the socket has a timeout: then it fails with EINTR.
 * Made again, its timeout would begin anew with each slice and never end: what is left of it is waited for here. */
#include "socket.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>

SHIM_SLOT(connect);
SHIM_SLOT(__connect);

static bool timeout_of(int fd, int option, struct timeval *timeout)
{
	socklen_t length = sizeof *timeout;

	return shim_syscall6(SYS_getsockopt, fd, SOL_SOCKET, option, (long)timeout, (long)&length, 0) == 0 &&
	       (timeout->tv_sec || timeout->tv_usec);
}

int64_t shim_socket_timeout(int fd, int option)
{
	struct timeval timeout;

	return timeout_of(fd, option, &timeout) ? timeout.tv_sec * 1000 + (timeout.tv_usec + 999) / 1000 : 0;
}

static int64_t elapsed_us(uint64_t start)
{
	return (int64_t)(shim_ticks_to_ns(shim_now() - start) / 1000);
}

bool shim_socket_again(long result, const struct shim_marks *before, uint64_t start, int fd, int option, short events)
{
	return result == -1 && errno == EINTR && shim_only_ours(before) && shim_socket_wait(fd, option, events, start);
}

bool shim_socket_wait(int fd, int option, short events, uint64_t start)
{
	int64_t ms = option ? shim_socket_timeout(fd, option) : 0;

	if (!ms) {
		errno = EINTR;
		return true;
	}
	int64_t left = ms - elapsed_us(start) / 1000;
	struct pollfd wait = {.fd = fd, .events = events};
	int ready = left <= 0 ? 0 : poll(&wait, 1, left > INT_MAX ? INT_MAX : (int)left);
	if (ready == 0)
		errno = EAGAIN;
	return ready > 0;
}

/* ---- connect */

typedef int connect_function(int, const struct sockaddr *, socklen_t);

static int domain_of(int fd)
{
	int domain = 0;
	socklen_t length = sizeof domain;

	(void)shim_syscall6(SYS_getsockopt, fd, SOL_SOCKET, SO_DOMAIN, (long)&domain, (long)&length, 0);
	return domain;
}

/* The connection is being made meanwhile: a second connect() only waits for it, but calls the end of the timeout EALREADY. */
static int connect_rest(connect_function *real, int fd, const struct sockaddr *to, socklen_t length, uint64_t start)
{
	for (;;) {
		if (!shim_socket_wait(fd, SO_SNDTIMEO, POLLOUT, start)) {
			if (errno == EAGAIN)
				errno = EINPROGRESS;
			return -1;
		}
		struct shim_marks before = *shim_marks_here();
		int result = real(fd, to, length);
		if (result == 0 || errno != EINTR || !shim_only_ours(&before))
			return result;
	}
}

/* A local socket waits for a place in the other's queue, for which nothing can be polled, and begins from the start: with what
 * is left of its timeout, which is the socket's for that long. */
static int connect_local(connect_function *real, int fd, const struct sockaddr *to, socklen_t length, uint64_t start,
			 const struct timeval *timeout)
{
	int64_t us = timeout->tv_sec * 1000000 + timeout->tv_usec;
	int result, error;

	for (;;) {
		int64_t left = us - elapsed_us(start);
		if (left <= 0) {
			result = -1;
			error = EAGAIN;
			break;
		}
		struct timeval rest = {left / 1000000, left % 1000000};
		(void)shim_syscall6(SYS_setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, (long)&rest, sizeof rest, 0);
		struct shim_marks before = *shim_marks_here();
		result = real(fd, to, length);
		error = errno;
		if (result == 0 || error != EINTR || !shim_only_ours(&before))
			break;
	}
	(void)shim_syscall6(SYS_setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, (long)timeout, sizeof *timeout, 0);
	errno = error;
	return result;
}

static int connect_by(connect_function *real, int fd, const struct sockaddr *to, socklen_t length)
{
	struct timeval timeout;

	if (!shim_tls.thread)
		return real(fd, to, length);
	SHIM_WAIT("connect", fd);
	uint64_t start = shim_now();
	for (;;) {
		struct shim_marks before = *shim_marks_here();
		int result = real(fd, to, length);
		if (SHIM_LIKELY(result == 0 || errno != EINTR || !shim_only_ours(&before)))
			return result;
		if (!timeout_of(fd, SO_SNDTIMEO, &timeout))
			continue;
		return domain_of(fd) == AF_UNIX ? connect_local(real, fd, to, length, start, &timeout)
						: connect_rest(real, fd, to, length, start);
	}
}

SHIM_EXPORT int connect(int fd, const struct sockaddr *to, socklen_t length)
{
	return connect_by(SHIM_REAL(connect_function *, connect), fd, to, length);
}
int __connect(int fd, const struct sockaddr *to, socklen_t length);
SHIM_EXPORT int __connect(int fd, const struct sockaddr *to, socklen_t length)
{
	return connect_by(SHIM_REAL(connect_function *, __connect), fd, to, length);
}
