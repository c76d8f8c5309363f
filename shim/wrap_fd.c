/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_fd.c - making descriptors without waiting, copying and closing them: deferred, and noted as the call's own (own.h).
 * Whoever closes one makes it nobody's, inside of calls and outside. What may wait is in wrap_open.c. */
#include "shim.h"
#include "number.h"
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <pty.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

static inline bool plain(void)
{
	return SHIM_LIKELY(!shim_tls.call && !shim_tls.maker);
}

/* Both, or neither and -1. */
static int note_pair(struct shim_owner *owner, int result, const int pair[2])
{
	if (result != 0 || !owner)
		return result;
	if (own_fd_made(owner, pair[0]) < 0) {
		(void)shim_syscall1(SYS_close, pair[1]);
		return -1;
	}
	if (own_fd_made(owner, pair[1]) >= 0)
		return 0;
	(void)own_fd_take(owner, pair[0]);
	(void)shim_syscall1(SYS_close, pair[0]);
	return -1;
}

/* ---- one new descriptor */

#define UNPACK(...) __VA_ARGS__
#define MAKES(name, parameters, arguments)                                                        \
	SHIM_SLOT(name);                                                                          \
	int name(UNPACK parameters);                                                              \
	SHIM_EXPORT int name(UNPACK parameters)                                                   \
	{                                                                                         \
		int (*real)(UNPACK parameters) = SHIM_REAL(int (*)(UNPACK parameters), name);     \
		struct shim_call *call = shim_tls.call;                                           \
		int made = -1;                                                                    \
		if (plain())                                                                      \
			return real arguments;                                                    \
		bool began = shim_defer_begin(call, SHIM_FRAME);                                  \
		struct shim_owner *owner = own_here(call, began);                                 \
		if (!owner || own_fd_allowed(owner))                                              \
			made = real arguments;                                                    \
		if (owner && made >= 0)                                                            \
			made = own_fd_made(owner, made);                                          \
		shim_defer_end(call, began);                                                      \
		return made;                                                                      \
	}

MAKES(dup, (int fd), (fd))
MAKES(socket, (int domain, int type, int protocol), (domain, type, protocol))
MAKES(eventfd, (unsigned count, int flags), (count, flags))
MAKES(epoll_create, (int size), (size))
MAKES(epoll_create1, (int flags), (flags))
MAKES(inotify_init, (void), ())
MAKES(inotify_init1, (int flags), (flags))
MAKES(fanotify_init, (unsigned flags, unsigned event_flags), (flags, event_flags))
MAKES(memfd_create, (const char *name, unsigned flags), (name, flags))
MAKES(timerfd_create, (int clock, int flags), (clock, flags))
MAKES(pidfd_open, (pid_t pid, unsigned flags), (pid, flags))
MAKES(fsopen, (const char *name, unsigned flags), (name, flags))
MAKES(fsmount, (int fd, unsigned flags, unsigned attributes), (fd, flags, attributes))
MAKES(fspick, (int at, const char *path, unsigned flags), (at, path, flags))
MAKES(open_tree, (int at, const char *path, unsigned flags), (at, path, flags))
MAKES(mkstemp, (char *path), (path))
MAKES(mkstemp64, (char *path), (path))
MAKES(mkstemps, (char *path, int suffix), (path, suffix))
MAKES(mkstemps64, (char *path, int suffix), (path, suffix))
MAKES(mkostemp, (char *path, int flags), (path, flags))
MAKES(mkostemp64, (char *path, int flags), (path, flags))
MAKES(mkostemps, (char *path, int suffix, int flags), (path, suffix, flags))
MAKES(mkostemps64, (char *path, int suffix, int flags), (path, suffix, flags))
MAKES(posix_openpt, (int flags), (flags))
MAKES(getpt, (void), ())
MAKES(shm_open, (const char *name, int flags, mode_t mode), (name, flags, mode))
MAKES(__mq_open_2, (const char *name, int flags), (name, flags))

SHIM_SLOT(mq_open);
SHIM_EXPORT mqd_t mq_open(const char *name, int flags, ...)
{
	mqd_t (*real)(const char *, int, ...) = SHIM_REAL(mqd_t (*)(const char *, int, ...), mq_open);
	struct shim_call *call = shim_tls.call;
	mode_t mode = 0;
	struct mq_attr *attributes = NULL;
	mqd_t fd = -1;

	if (flags & O_CREAT) {
		va_list list;
		va_start(list, flags);
		mode = va_arg(list, mode_t);
		attributes = va_arg(list, struct mq_attr *);
		va_end(list);
	}
	if (plain())
		return real(name, flags, mode, attributes);
	bool began = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = own_here(call, began);
	if (!owner || own_fd_allowed(owner))
		fd = real(name, flags, mode, attributes);
	if (owner && fd >= 0)
		fd = own_fd_made(owner, fd);
	shim_defer_end(call, began);
	return fd;
}

/* ---- two new descriptors */

#define PAIR_BY(name, pair, parameters, arguments)                                                \
	int shim_##name##_by(int (*real)(UNPACK parameters), UNPACK parameters)                   \
	{                                                                                         \
		struct shim_call *call = shim_tls.call;                                           \
		int result = -1;                                                                  \
		if (plain())                                                                      \
			return real arguments;                                                    \
		bool began = shim_defer_begin(call, SHIM_FRAME);                                  \
		struct shim_owner *owner = own_here(call, began);                                 \
		if (!owner || own_fds_allowed(owner, 2))                                          \
			result = note_pair(owner, real arguments, pair);                          \
		shim_defer_end(call, began);                                                      \
		return result;                                                                    \
	}

PAIR_BY(pipe2, pair, (int pair[2], int flags), (pair, flags))
PAIR_BY(socketpair, pair, (int domain, int type, int protocol, int pair[2]), (domain, type, protocol, pair))

#define MAKES_PAIR(name, by, parameters, real_parameters, arguments)                                     \
	SHIM_SLOT(name);                                                                                 \
	int name(UNPACK parameters);                                                                     \
	SHIM_EXPORT int name(UNPACK parameters)                                                          \
	{                                                                                                \
		return shim_##by##_by(SHIM_REAL(int (*)(UNPACK real_parameters), name), UNPACK arguments); \
	}

/* pipe() ignores the second argument. */
MAKES_PAIR(pipe, pipe2, (int pair[2]), (int[2], int), (pair, 0))
MAKES_PAIR(__pipe, pipe2, (int pair[2]), (int[2], int), (pair, 0))
MAKES_PAIR(pipe2, pipe2, (int pair[2], int flags), (int[2], int), (pair, flags))
MAKES_PAIR(socketpair, socketpair, (int domain, int type, int protocol, int pair[2]), (int, int, int, int[2]), (domain, type, protocol, pair))

SHIM_SLOT(openpty);
SHIM_EXPORT int openpty(int *master, int *slave, char *name, const struct termios *attributes, const struct winsize *size)
{
	int (*real)(int *, int *, char *, const struct termios *, const struct winsize *) =
		SHIM_REAL(int (*)(int *, int *, char *, const struct termios *, const struct winsize *), openpty);
	struct shim_call *call = shim_tls.call;
	int result = -1;

	if (plain())
		return real(master, slave, name, attributes, size);
	bool began = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = own_here(call, began);
	if (!owner || own_fds_allowed(owner, 2))
		result = real(master, slave, name, attributes, size);
	if (result == 0 && owner)
		result = note_pair(owner, 0, (int[2]){*master, *slave});
	shim_defer_end(call, began);
	return result;
}

/* ---- a copy of a chosen number closes what was there */

/* Was it open and not the call's, the copy is whose the number was: the program asked for it, as for its standard output. */
static int copy_to(struct shim_call *call, bool began, int (*real)(int, int, int), int from, int to, int flags)
{
	struct shim_owner *owner = plain() ? NULL : own_here(call, began);

	if (from == to)
		return real(from, to, flags);
	bool fresh = owner && shim_syscall2(SYS_fcntl, to, F_GETFD) < 0;
	if (fresh && !own_fd_allowed(owner))
		return -1;
	uint32_t tag = own_fd_take(owner, to);
	bool mine = owner && tag == own_tag(owner->tag, OWN_FD);
	int fd = real(from, to, flags);
	if (fd >= 0)
		return fresh || mine ? own_fd_made(owner, fd) : fd;
	if (mine)
		(void)own_fd_add(owner, to);
	else
		own_fd_put_back(to, tag);
	return fd;
}

int shim_copy_by(int (*real)(int, int, int), int from, int to, int flags)
{
	struct shim_call *call = shim_tls.call;
	bool began = shim_defer_begin(call, SHIM_FRAME);
	int fd = copy_to(call, began, real, from, to, flags);
	shim_defer_end(call, began);
	return fd;
}

/* Of three arguments for copy_to(); these ignore the third. */
#define COPIES(name, parameters, flags)                                                     \
	SHIM_SLOT(name);                                                                    \
	int name(UNPACK parameters);                                                        \
	SHIM_EXPORT int name(UNPACK parameters)                                             \
	{                                                                                   \
		return shim_copy_by(SHIM_REAL(int (*)(int, int, int), name), from, to, flags); \
	}

COPIES(dup2, (int from, int to), 0)
COPIES(__dup2, (int from, int to), 0)
COPIES(dup3, (int from, int to, int flags), flags)

/* ---- closing: the tag first, since the number may be somebody else's the moment it is free */

int shim_close_by(int (*real)(int), int fd)
{
	struct shim_call *call = shim_tls.call;
	bool began = shim_defer_begin(call, SHIM_FRAME);

	(void)own_fd_take(plain() ? NULL : own_here(call, began), fd);
	int result = real(fd);
	shim_defer_end(call, began);
	return result;
}

#define CLOSES(name)                                                        \
	SHIM_SLOT(name);                                                    \
	int name(int fd);                                                   \
	SHIM_EXPORT int name(int fd)                                        \
	{                                                                   \
		return shim_close_by(SHIM_REAL(int (*)(int), name), fd);    \
	}

CLOSES(close)
CLOSES(__close)
CLOSES(mq_close)

int shim_close_range_by(int (*real)(unsigned, unsigned, int), unsigned first, unsigned last, int flags)
{
	struct shim_call *call = shim_tls.call;

	bool began = shim_defer_begin(call, SHIM_FRAME);
	if (first <= last && !(flags & ~(int)CLOSE_RANGE_UNSHARE))
		own_fd_clear_range(first, last);
	int result = real(first, last, flags);
	shim_defer_end(call, began);
	return result;
}

SHIM_SLOT(close_range);
SHIM_EXPORT int close_range(unsigned first, unsigned last, int flags)
{
	return shim_close_range_by(SHIM_REAL(int (*)(unsigned, unsigned, int), close_range), first, last, flags);
}

SHIM_SLOT(closefrom);
SHIM_EXPORT void closefrom(int first)
{
	struct shim_call *call = shim_tls.call;

	bool began = shim_defer_begin(call, SHIM_FRAME);
	own_fd_clear_range(first < 0 ? 0 : (unsigned)first, UINT32_MAX);
	SHIM_REAL(void (*)(int), closefrom)(first);
	shim_defer_end(call, began);
}
