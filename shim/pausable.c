/* SPDX-License-Identifier: Apache-2.0 */
/* pausable.c - system calls that may block and whose result has to be recorded before any pause: they are made in a deferred
 * section, and pauses are let through while the kernel waits (pausable_amd64.S).
 *
 * As everywhere, an EINTR is shown only when a handler of the program ran. */
#include "shim.h"
#include "pausable.h"
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>

/* Nothing has been made that is not recorded: the section may end for a moment. */
static void pause_if_due(struct shim_call *call)
{
	uint64_t section = call->defer_rsp;

	if (!call->pending)
		return;
	shim_defer_end(call, true);
	(void)shim_defer_begin(call, (void *)section);
}

/* -EINTR: our signal ended it, and it is to be made again. */
static long once(struct shim_call *call, long number, const long arguments[6], bool *again)
{
	for (;;) {
		struct shim_marks before = *shim_marks_here();
		long result = shim_pausable_syscall(call, call->defer_rsp, number, arguments);
		if (result == SHIM_PAUSE_DUE) {
			pause_if_due(call);
			continue;
		}
		*again = result == -EINTR && shim_only_ours(&before);
		if (*again)
			pause_if_due(call);
		return result;
	}
}

long shim_pausable(struct shim_call *call, long number, const long arguments[6])
{
	bool again;
	long result;

	do
		result = once(call, number, arguments, &again);
	while (again);
	return result;
}

/* Until the socket can be read, or its timeout is over (-EAGAIN, as the kernel has it). */
static long wait_rest(struct shim_call *call, int fd, uint64_t start, int64_t timeout_ms)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	bool again;
	long ready;

	do {
		int64_t left = timeout_ms - (int64_t)(shim_ticks_to_ns(shim_now() - start) / 1000000);
		if (left <= 0)
			return -EAGAIN;
		long arguments[6] = {(long)&wait, 1, left > INT_MAX ? INT_MAX : left};
		ready = once(call, SYS_poll, arguments, &again);
	} while (again);
	return ready == 0 ? -EAGAIN : ready;
}

long shim_pausable_receive(struct shim_call *call, long number, const long arguments[6])
{
	uint64_t start = shim_now();

	for (;;) {
		struct timeval timeout = {0};
		socklen_t length = sizeof timeout;
		bool again;
		long result = once(call, number, arguments, &again);
		if (!again)
			return result;
		if (shim_syscall6(SYS_getsockopt, arguments[0], SOL_SOCKET, SO_RCVTIMEO, (long)&timeout, (long)&length, 0) != 0 ||
		    (!timeout.tv_sec && !timeout.tv_usec))
			continue;
		result = wait_rest(call, (int)arguments[0], start, timeout.tv_sec * 1000 + (timeout.tv_usec + 999) / 1000);
		if (result < 0)
			return result;
	}
}

/* ---- descriptors that come in messages are the call's own, recorded before any pause */

static void own_received(struct shim_owner *owner, struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		const int *fds = (const int *)CMSG_DATA(c);
		for (size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof *fds; n > 0; n--)
			(void)own_fd_add(owner, fds[n - 1]);
	}
}

/* False: the call owns nothing here, and nothing has been received. Without memory for the record they are nobody's. */
bool shim_receive_owned(long number, int fd, struct mmsghdr *many, struct msghdr *one, unsigned count, int flags,
			struct timespec *timeout, long *result)
{
	struct shim_call *call = shim_tls.call;
	bool room = false;

	for (unsigned i = 0; i < count; i++)
		room |= (one ? one : &many[i].msg_hdr)->msg_controllen > 0;
	if (!room || !call || call->adopted)
		return false;
	bool began = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = began ? own_here(call, began) : NULL;
	if (owner) {
		const long arguments[6] = {fd, one ? (long)one : (long)many, one ? flags : (long)count, flags, (long)timeout};
		long got = shim_pausable_receive(call, number, arguments);
		for (long i = 0; i < (one ? got >= 0 : got); i++)
			own_received(owner, one ? one : &many[i].msg_hdr);
		errno = got < 0 ? (int)-got : errno;
		*result = got < 0 ? -1 : got;
	}
	shim_defer_end(call, began);
	return owner != NULL;
}
