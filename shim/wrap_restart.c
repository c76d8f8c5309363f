/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_restart.c - blocking calls that only need to be made again when it was our signal that ended them.
 *
 * The kernel restarts most of them by itself (our handler has SA_RESTART) and never the rest (signal(7)). All have at
 * most six integer arguments and report EINTR by -1 and errno, so one wrapper serves them; rows of class Restarted in
 * package interpose. */
#include "socket.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

typedef long any_function(long, long, long, long, long, long);

/* Those that work on a socket, too, whose timeout must not begin anew each time. */
static const struct {
	const char *name;
	int argument, option;
	short events;
} on_sockets[] = {
	{"readv", 0, SO_RCVTIMEO, POLLIN},          {"preadv2", 0, SO_RCVTIMEO, POLLIN},      {"preadv64v2", 0, SO_RCVTIMEO, POLLIN},
	{"__read_chk", 0, SO_RCVTIMEO, POLLIN},     {"__recv_chk", 0, SO_RCVTIMEO, POLLIN},   {"__recvfrom_chk", 0, SO_RCVTIMEO, POLLIN},
	{"splice", 0, SO_RCVTIMEO, POLLIN},         {"splice", 2, SO_SNDTIMEO, POLLOUT},      {"sendfile", 0, SO_SNDTIMEO, POLLOUT},
	{"sendfile64", 0, SO_SNDTIMEO, POLLOUT},    {"pwritev2", 0, SO_SNDTIMEO, POLLOUT},    {"pwritev64v2", 0, SO_SNDTIMEO, POLLOUT},
};

/* After an EINTR that is ours: false when a timeout is over, errno says so. */
__attribute__((noinline, cold)) static bool goes_on(const char *name, uint64_t start, long a, long c)
{
	long arguments[] = {a, 0, c};

	for (unsigned i = 0; i < sizeof on_sockets / sizeof *on_sockets; i++) {
		int fd = (int)arguments[on_sockets[i].argument];
		if (strcmp(on_sockets[i].name, name) == 0 && shim_socket_timeout(fd, on_sockets[i].option))
			return shim_socket_wait(fd, on_sockets[i].option, on_sockets[i].events, start);
	}
	return true;
}

__attribute__((noinline)) static long call_again(const char *name, any_function *real, long a, long b, long c, long d, long e, long f)
{
	SHIM_WAIT(name, a);
	uint64_t start = shim_now();
	for (;;) {
		struct shim_marks before = *shim_marks_here();
		long result = real(a, b, c, d, e, f);
		/* int functions leave the upper half open; no result of a long one has -1 in the lower half only. */
		if (SHIM_LIKELY((int)result != -1 || errno != EINTR || !shim_only_ours(&before)))
			return result;
		if (!goes_on(name, start, a, c))
			return -1;
	}
}

/* A function is resolved lazily because a constructor of another object may come first. */
__attribute__((noinline, cold)) static any_function *resolve(void *const *real)
{
	shim_resolve_all();
	return (any_function *)*real;
}

#define SHIM_RESTART(name)                                                                             \
	SHIM_SLOT(name);                                                                               \
	SHIM_EXPORT long shim_restart_##name(long, long, long, long, long, long) __asm__(#name);       \
	long shim_restart_##name(long a, long b, long c, long d, long e, long f)                       \
	{                                                                                              \
		any_function *real = (any_function *)shim_real_##name;                                 \
		if (SHIM_UNLIKELY(!real))                                                              \
			real = resolve(&shim_real_##name);                                             \
		return SHIM_LIKELY(!shim_tls.thread) ? real(a, b, c, d, e, f)                          \
						     : call_again(#name, real, a, b, c, d, e, f);             \
	}
#include "wrap_gen.h"
