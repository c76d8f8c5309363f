/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_io.c - reading and writing on descriptors.
 *
 * The kernel restarts these calls after our signal, with two exceptions that a program would notice: a transfer that has
 * begun on a blocking descriptor ends short, and a socket with a timeout (SO_RCVTIMEO, SO_SNDTIMEO) fails with EINTR. A
 * short transfer is completed here; a timeout goes on from where it was. */
#include "shim.h"
#include "pausable.h"
#include "socket.h"
#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

SHIM_SLOT(read);
SHIM_SLOT(__read);
SHIM_SLOT(write);
SHIM_SLOT(__write);
SHIM_SLOT(writev);
SHIM_SLOT(pwrite);
SHIM_SLOT(pwrite64);
SHIM_SLOT(pwritev);
SHIM_SLOT(pwritev64);
SHIM_SLOT(send);
SHIM_SLOT(__send);
SHIM_SLOT(sendto);
SHIM_SLOT(sendmsg);
SHIM_SLOT(sendmmsg);
SHIM_SLOT(recv);
SHIM_SLOT(recvfrom);
SHIM_SLOT(recvmsg);
SHIM_SLOT(recvmmsg);

#define CALL_AGAIN(result, fd, option, events, call)                                \
	do {                                                                        \
		struct shim_marks before = *shim_marks_here();                      \
		uint64_t start = shim_now();                                        \
		do                                                                  \
			result = (call);                                            \
		while (shim_socket_again(result, &before, start, fd, option, events));          \
	} while (0)

/* Whether `done` of `wanted` bytes were cut short by our signal on a blocking descriptor. */
static bool cut_short(ssize_t done, size_t wanted, int fd, int flags, const struct shim_marks *before)
{
	if (done <= 0 || (size_t)done >= wanted || (flags & MSG_DONTWAIT) || !shim_only_ours(before))
		return false;
	int status = fcntl(fd, F_GETFL);
	return status >= 0 && !(status & O_NONBLOCK);
}

/* ---- read */

SHIM_EXPORT ssize_t read(int fd, void *buffer, size_t bytes)
{
	ssize_t (*real)(int, void *, size_t) = SHIM_REAL(ssize_t (*)(int, void *, size_t), read);
	ssize_t result;

	if (!shim_tls.thread)
		return real(fd, buffer, bytes);
	SHIM_WAIT(__func__, fd);
	CALL_AGAIN(result, fd, SO_RCVTIMEO, POLLIN, real(fd, buffer, bytes));
	return result;
}

SHIM_EXPORT ssize_t __read(int fd, void *buffer, size_t bytes)
{
	return read(fd, buffer, bytes);
}

/* ---- write: complete what was cut short */

SHIM_EXPORT ssize_t write(int fd, const void *buffer, size_t bytes)
{
	ssize_t (*real)(int, const void *, size_t) = SHIM_REAL(ssize_t (*)(int, const void *, size_t), write);
	ssize_t result, total = 0;

	if (!shim_tls.thread)
		return real(fd, buffer, bytes);
	SHIM_WAIT(__func__, fd);
	for (;;) {
		struct shim_marks before = *shim_marks_here();
		CALL_AGAIN(result, fd, SO_SNDTIMEO, POLLOUT, real(fd, (const char *)buffer + total, bytes - (size_t)total));
		if (result < 0)
			return total ? total : result; /* the rest failed: the program learns it next time, as from the kernel */
		total += result;
		if (!cut_short(result, bytes - (size_t)(total - result), fd, 0, &before))
			return total;
	}
}

SHIM_EXPORT ssize_t __write(int fd, const void *buffer, size_t bytes)
{
	return write(fd, buffer, bytes);
}

static ssize_t write_at(int fd, const void *buffer, size_t bytes, off_t offset)
{
	ssize_t (*real)(int, const void *, size_t, off_t) = SHIM_REAL(ssize_t (*)(int, const void *, size_t, off_t), pwrite64);
	ssize_t result, total = 0;

	if (!shim_tls.thread)
		return real(fd, buffer, bytes, offset);
	SHIM_WAIT(__func__, fd);
	for (;;) {
		struct shim_marks before = *shim_marks_here();
		CALL_AGAIN(result, fd, 0, 0, real(fd, (const char *)buffer + total, bytes - (size_t)total, offset + total));
		if (result < 0)
			return total ? total : result;
		total += result;
		if (!cut_short(result, bytes - (size_t)(total - result), fd, 0, &before))
			return total;
	}
}

SHIM_EXPORT ssize_t pwrite(int fd, const void *buffer, size_t bytes, off_t offset)
{
	return write_at(fd, buffer, bytes, offset);
}
SHIM_EXPORT ssize_t pwrite64(int fd, const void *buffer, size_t bytes, off64_t offset)
{
	return write_at(fd, buffer, bytes, offset);
}

static size_t length_of(const struct iovec *parts, size_t count)
{
	size_t bytes = 0;

	for (size_t i = 0; i < count; i++)
		bytes += parts[i].iov_len;
	return bytes;
}

/* Copy `from` without its first `skip` bytes; returns the number of parts. */
static size_t rest_of(struct iovec *to, const struct iovec *from, size_t count, size_t skip)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		if (skip >= from[i].iov_len) {
			skip -= from[i].iov_len;
			continue;
		}
		to[n].iov_base = (char *)from[i].iov_base + skip;
		to[n++].iov_len = from[i].iov_len - skip;
		skip = 0;
	}
	return n;
}

static ssize_t receive_message(int fd, struct msghdr *message, int flags)
{
	long result;

	if (shim_receive_owned(SYS_recvmsg, fd, NULL, message, 1, flags, NULL, &result))
		return result;
	return SHIM_REAL(ssize_t (*)(int, struct msghdr *, int), recvmsg)(fd, message, flags);
}

/* writev, pwritev (offset >= 0) and the data of sendmsg and recvmsg (message): one loop over what is left. */
enum vector_kind { VECTOR_WRITE, VECTOR_WRITE_AT, VECTOR_SEND, VECTOR_RECEIVE };

static ssize_t vector_call(enum vector_kind kind, int fd, const struct iovec *parts, size_t count, off_t offset, struct msghdr *message,
			   int flags)
{
	switch (kind) {
	case VECTOR_WRITE:
		return SHIM_REAL(ssize_t (*)(int, const struct iovec *, int), writev)(fd, parts, (int)count);
	case VECTOR_WRITE_AT:
		return SHIM_REAL(ssize_t (*)(int, const struct iovec *, int, off_t), pwritev64)(fd, parts, (int)count, offset);
	case VECTOR_SEND:
		return SHIM_REAL(ssize_t (*)(int, const struct msghdr *, int), sendmsg)(fd, message, flags);
	default:
		return receive_message(fd, message, flags);
	}
}

static ssize_t vector(enum vector_kind kind, int fd, const struct iovec *parts, size_t count, off_t offset, struct msghdr *message, int flags)
{
	bool receives = kind == VECTOR_RECEIVE;
	int option = receives ? SO_RCVTIMEO : SO_SNDTIMEO;
	short events = receives ? POLLIN : POLLOUT;
	ssize_t result;

	static const char *const names[] = {"writev", "pwritev", "sendmsg", "recvmsg"};
	SHIM_WAIT(names[kind], fd);
	struct shim_marks before = *shim_marks_here();
	CALL_AGAIN(result, fd, option, events, vector_call(kind, fd, parts, count, offset, message, flags));
	/* A receive is complete when it has something, unless all was asked for. */
	if (result <= 0 || count > IOV_MAX || (receives && !(flags & MSG_WAITALL)))
		return result;
	size_t wanted = length_of(parts, count);
	ssize_t total = result;
	struct iovec *left = NULL;
	while (cut_short(result, wanted - (size_t)(total - result), fd, flags, &before)) {
		struct msghdr rest = {0};
		if (!left)
			left = alloca(count * sizeof *left);
		size_t n = rest_of(left, parts, count, (size_t)total);
		rest.msg_iov = left;
		rest.msg_iovlen = n;
		if (message) {
			rest.msg_name = receives ? NULL : message->msg_name;
			rest.msg_namelen = receives ? 0 : message->msg_namelen;
		}
		before = *shim_marks_here();
		CALL_AGAIN(result, fd, option, events, vector_call(kind, fd, left, n, offset + total, &rest, flags));
		if (result <= 0)
			break;
		total += result;
	}
	return total;
}

SHIM_EXPORT ssize_t writev(int fd, const struct iovec *parts, int count)
{
	if (!shim_tls.thread || count < 0)
		return SHIM_REAL(ssize_t (*)(int, const struct iovec *, int), writev)(fd, parts, count);
	return vector(VECTOR_WRITE, fd, parts, (size_t)count, 0, NULL, 0);
}

static ssize_t write_vector_at(int fd, const struct iovec *parts, int count, off_t offset)
{
	if (!shim_tls.thread || count < 0)
		return SHIM_REAL(ssize_t (*)(int, const struct iovec *, int, off_t), pwritev64)(fd, parts, count, offset);
	return vector(VECTOR_WRITE_AT, fd, parts, (size_t)count, offset, NULL, 0);
}
SHIM_EXPORT ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
	return write_vector_at(fd, parts, count, offset);
}
SHIM_EXPORT ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset)
{
	return write_vector_at(fd, parts, count, offset);
}

/* ---- sockets */

SHIM_EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	if (!shim_tls.thread)
		return SHIM_REAL(ssize_t (*)(int, const struct msghdr *, int), sendmsg)(fd, message, flags);
	return vector(VECTOR_SEND, fd, message->msg_iov, message->msg_iovlen, 0, (struct msghdr *)message, flags);
}

SHIM_EXPORT ssize_t sendto(int fd, const void *buffer, size_t bytes, int flags, const struct sockaddr *to, socklen_t length)
{
	if (!shim_tls.thread)
		return SHIM_REAL(ssize_t (*)(int, const void *, size_t, int, const struct sockaddr *, socklen_t), sendto)(fd, buffer, bytes,
															  flags, to, length);
	struct iovec part = {(void *)buffer, bytes};
	struct msghdr message = {.msg_name = (void *)to, .msg_namelen = to ? length : 0, .msg_iov = &part, .msg_iovlen = 1};
	return vector(VECTOR_SEND, fd, &part, 1, 0, &message, flags);
}

SHIM_EXPORT ssize_t send(int fd, const void *buffer, size_t bytes, int flags)
{
	return sendto(fd, buffer, bytes, flags, NULL, 0);
}
SHIM_EXPORT ssize_t __send(int fd, const void *buffer, size_t bytes, int flags)
{
	return sendto(fd, buffer, bytes, flags, NULL, 0);
}

SHIM_EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	if (!shim_tls.thread)
		return SHIM_REAL(ssize_t (*)(int, struct msghdr *, int), recvmsg)(fd, message, flags);
	return vector(VECTOR_RECEIVE, fd, message->msg_iov, message->msg_iovlen, 0, message, flags);
}

SHIM_EXPORT ssize_t recvfrom(int fd, void *buffer, size_t bytes, int flags, struct sockaddr *from, socklen_t *length)
{
	ssize_t (*real)(int, void *, size_t, int, struct sockaddr *, socklen_t *) =
		SHIM_REAL(ssize_t (*)(int, void *, size_t, int, struct sockaddr *, socklen_t *), recvfrom);
	ssize_t result, total = 0;

	if (!shim_tls.thread)
		return real(fd, buffer, bytes, flags, from, length);
	SHIM_WAIT(__func__, fd);
	for (;;) {
		struct shim_marks before = *shim_marks_here();
		CALL_AGAIN(result, fd, SO_RCVTIMEO, POLLIN,
			   real(fd, (char *)buffer + total, bytes - (size_t)total, flags, total ? NULL : from, total ? NULL : length));
		if (result <= 0)
			return total ? total : result;
		total += result;
		if (!(flags & MSG_WAITALL) || (flags & MSG_PEEK) || !cut_short(result, bytes - (size_t)(total - result), fd, flags, &before))
			return total;
	}
}

SHIM_EXPORT ssize_t recv(int fd, void *buffer, size_t bytes, int flags)
{
	if (!shim_tls.thread)
		return SHIM_REAL(ssize_t (*)(int, void *, size_t, int), recv)(fd, buffer, bytes, flags);
	return recvfrom(fd, buffer, bytes, flags, NULL, NULL);
}

/* Several messages at once: some of them is an answer; only none at all is taken up again. */
SHIM_EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
	int (*real)(int, struct mmsghdr *, unsigned, int) = SHIM_REAL(int (*)(int, struct mmsghdr *, unsigned, int), sendmmsg);
	int result;

	if (!shim_tls.thread)
		return real(fd, messages, count, flags);
	SHIM_WAIT(__func__, fd);
	CALL_AGAIN(result, fd, SO_SNDTIMEO, POLLOUT, real(fd, messages, count, flags));
	return result;
}

SHIM_EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout)
{
	int (*real)(int, struct mmsghdr *, unsigned, int, struct timespec *) =
		SHIM_REAL(int (*)(int, struct mmsghdr *, unsigned, int, struct timespec *), recvmmsg);
	int result;

	if (!shim_tls.thread)
		return real(fd, messages, count, flags, timeout);
	SHIM_WAIT(__func__, fd);
	long owned;
	if (shim_receive_owned(SYS_recvmmsg, fd, messages, NULL, count, flags, timeout, &owned))
		return (int)owned;
	/* The kernel looks at the timeout only after a message (recvmmsg(2), BUGS): nothing was used up when none came. */
	CALL_AGAIN(result, fd, SO_RCVTIMEO, POLLIN, real(fd, messages, count, flags, timeout));
	return result;
}

/* ---- room on disk: a memory file undoes its work when a signal comes, and only one does in a deferred section */

SHIM_SLOT(fallocate);
SHIM_SLOT(fallocate64);
SHIM_SLOT(posix_fallocate);
SHIM_SLOT(posix_fallocate64);

SHIM_EXPORT int fallocate64(int fd, int mode, off64_t offset, off64_t bytes)
{
	int (*real)(int, int, off64_t, off64_t) = SHIM_REAL(int (*)(int, int, off64_t, off64_t), fallocate64);
	struct shim_call *call = shim_tls.call;
	int result;

	if (!shim_tls.thread)
		return real(fd, mode, offset, bytes);
	SHIM_WAIT(__func__, fd);
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	CALL_AGAIN(result, fd, 0, 0, real(fd, mode, offset, bytes));
	shim_defer_end(call, deferred);
	return result;
}
SHIM_EXPORT int fallocate(int fd, int mode, off_t offset, off_t bytes)
{
	return fallocate64(fd, mode, offset, bytes);
}

SHIM_EXPORT int posix_fallocate64(int fd, off64_t offset, off64_t bytes)
{
	int (*real)(int, off64_t, off64_t) = SHIM_REAL(int (*)(int, off64_t, off64_t), posix_fallocate64);
	struct shim_call *call = shim_tls.call;
	struct shim_marks before;
	int error;

	if (!shim_tls.thread)
		return real(fd, offset, bytes);
	SHIM_WAIT(__func__, fd);
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	do {
		before = *shim_marks_here();
		error = real(fd, offset, bytes);
	} while (error == EINTR && shim_only_ours(&before));
	shim_defer_end(call, deferred);
	return error;
}
SHIM_EXPORT int posix_fallocate(int fd, off_t offset, off_t bytes)
{
	return posix_fallocate64(fd, offset, bytes);
}
