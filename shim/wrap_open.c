/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_open.c - opening by name and accepting connections: may wait for long, and the descriptor is noted as the call's own
 * before any pause.
 *
 * In a call these are system calls that a pause need not wait for (pausable.c). Elsewhere they are libc's functions, which
 * are cancellation points, made again when it was our signal that ended them. */
#include "shim.h"
#include "pausable.h"
#include "socket.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

SHIM_SLOT(open);
SHIM_SLOT(open64);
SHIM_SLOT(__open);
SHIM_SLOT(__open64);
SHIM_SLOT(__open_2);
SHIM_SLOT(__open64_2);
SHIM_SLOT(openat);
SHIM_SLOT(openat64);
SHIM_SLOT(__openat_2);
SHIM_SLOT(__openat64_2);
SHIM_SLOT(openat2);
SHIM_SLOT(creat);
SHIM_SLOT(creat64);
SHIM_SLOT(open_by_handle_at);
SHIM_SLOT(accept);
SHIM_SLOT(accept4);

/* Whether a call is running that has things of its own. */
static inline bool in_call(const struct shim_call *call)
{
	return SHIM_UNLIKELY((call && !call->adopted) || shim_tls.maker);
}

/* The common part: `libc` is the real function's call; the system call's number and arguments follow. `fd` and `option`: the
 * socket that is waited for and its timeout, 0 for files. */
#define PAUSABLE(pausable, libc, fd, option, number, ...)                                  \
	do {                                                                                      \
		SHIM_WAIT(__func__, 0);                                                                  \
		struct shim_call *call = shim_tls.call;                                                  \
		bool inside = in_call(call);                                                             \
		bool began = inside && shim_defer_begin(call, SHIM_FRAME);                               \
		struct shim_owner *owner = inside ? own_here(call, began) : NULL;                        \
		int made = -1;                                                                           \
		if (owner && began) {                                                                    \
			const long arguments[6] = {__VA_ARGS__};                                                \
			if (own_fd_allowed(owner))                                                              \
				made = own_fd_made(owner, pausable(call, number, arguments));                          \
		} else if (!shim_tls.thread) {                                                           \
			made = libc;                                                                            \
			made = owner ? own_fd_made(owner, made < 0 ? -errno : made) : made;                     \
		} else {                                                                                 \
			struct shim_marks before;                                                               \
			uint64_t start = option ? shim_now() : 0;                                               \
			do {                                                                                    \
				before = *shim_marks_here();                                                           \
				made = libc;                                                                           \
			} while (shim_socket_again(made, &before, start, fd, option, POLLIN));                  \
			made = owner ? own_fd_made(owner, made < 0 ? -errno : made) : made;                     \
		}                                                                                        \
		if (inside)                                                                              \
			shim_defer_end(call, began);                                                            \
		return made;                                                                             \
	} while (0)

static inline bool needs_mode(int flags)
{
	return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
}

#define TAKE_MODE(mode, flags)                                        \
	mode_t mode = 0;                                              \
	if (needs_mode(flags)) {                                      \
		va_list list;                                         \
		va_start(list, flags);                                \
		mode = va_arg(list, mode_t);                          \
		va_end(list);                                         \
	}

#define OPEN(name)                                                                                        \
	int name(const char *path, int flags, ...);                                                       \
	SHIM_EXPORT int name(const char *path, int flags, ...)                                            \
	{                                                                                                 \
		int (*real)(const char *, int, ...) = SHIM_REAL(int (*)(const char *, int, ...), name);   \
		TAKE_MODE(mode, flags)                                                                    \
		PAUSABLE(shim_pausable, real(path, flags, mode), 0, 0, SYS_openat, AT_FDCWD, (long)path, flags, mode); \
	}
/* The fortified names refuse O_CREAT, whose mode is missing, by ending the program. */
#define OPEN_2(name)                                                                              \
	int name(const char *path, int flags);                                                    \
	SHIM_EXPORT int name(const char *path, int flags)                                         \
	{                                                                                         \
		int (*real)(const char *, int) = SHIM_REAL(int (*)(const char *, int), name);     \
		if (needs_mode(flags))                                                            \
			return real(path, flags);                                                 \
		PAUSABLE(shim_pausable, real(path, flags), 0, 0, SYS_openat, AT_FDCWD, (long)path, flags); \
	}
#define OPENAT(name)                                                                                             \
	int name(int at, const char *path, int flags, ...);                                                      \
	SHIM_EXPORT int name(int at, const char *path, int flags, ...)                                           \
	{                                                                                                        \
		int (*real)(int, const char *, int, ...) = SHIM_REAL(int (*)(int, const char *, int, ...), name); \
		TAKE_MODE(mode, flags)                                                                           \
		PAUSABLE(shim_pausable, real(at, path, flags, mode), 0, 0, SYS_openat, at, (long)path, flags, mode);   \
	}
#define OPENAT_2(name)                                                                                \
	int name(int at, const char *path, int flags);                                                \
	SHIM_EXPORT int name(int at, const char *path, int flags)                                     \
	{                                                                                             \
		int (*real)(int, const char *, int) = SHIM_REAL(int (*)(int, const char *, int), name); \
		if (needs_mode(flags))                                                                \
			return real(at, path, flags);                                                 \
		PAUSABLE(shim_pausable, real(at, path, flags), 0, 0, SYS_openat, at, (long)path, flags);    \
	}
#define CREAT(name)                                                                                          \
	int name(const char *path, mode_t mode);                                                             \
	SHIM_EXPORT int name(const char *path, mode_t mode)                                                  \
	{                                                                                                    \
		int (*real)(const char *, mode_t) = SHIM_REAL(int (*)(const char *, mode_t), name);          \
		PAUSABLE(shim_pausable, real(path, mode), 0, 0, SYS_openat, AT_FDCWD, (long)path, O_CREAT | O_WRONLY | O_TRUNC, mode); \
	}

OPEN(open)
OPEN(open64)
OPEN(__open)
OPEN(__open64)
OPEN_2(__open_2)
OPEN_2(__open64_2)
OPENAT(openat)
OPENAT(openat64)
OPENAT_2(__openat_2)
OPENAT_2(__openat64_2)
CREAT(creat)
CREAT(creat64)

/* Since glibc 2.43, as the kernel has it. */
#define NUMBER_OPENAT2 437
struct open_how;
int openat2(int at, const char *path, const struct open_how *how, size_t bytes);
SHIM_EXPORT int openat2(int at, const char *path, const struct open_how *how, size_t bytes)
{
	int (*real)(int, const char *, const struct open_how *, size_t) =
		SHIM_REAL(int (*)(int, const char *, const struct open_how *, size_t), openat2);

	PAUSABLE(shim_pausable, real(at, path, how, bytes), 0, 0, NUMBER_OPENAT2, at, (long)path, (long)how, (long)bytes);
}

SHIM_EXPORT int open_by_handle_at(int mount, struct file_handle *handle, int flags)
{
	int (*real)(int, struct file_handle *, int) = SHIM_REAL(int (*)(int, struct file_handle *, int), open_by_handle_at);

	PAUSABLE(shim_pausable, real(mount, handle, flags), 0, 0, SYS_open_by_handle_at, mount, (long)handle, flags);
}

SHIM_EXPORT int accept(int fd, struct sockaddr *from, socklen_t *length)
{
	int (*real)(int, struct sockaddr *, socklen_t *) = SHIM_REAL(int (*)(int, struct sockaddr *, socklen_t *), accept);

	PAUSABLE(shim_pausable_receive, real(fd, from, length), fd, SO_RCVTIMEO, SYS_accept, fd, (long)from, (long)length);
}

SHIM_EXPORT int accept4(int fd, struct sockaddr *from, socklen_t *length, int flags)
{
	int (*real)(int, struct sockaddr *, socklen_t *, int) = SHIM_REAL(int (*)(int, struct sockaddr *, socklen_t *, int), accept4);

	PAUSABLE(shim_pausable_receive, real(fd, from, length, flags), fd, SO_RCVTIMEO, SYS_accept4, fd, (long)from, (long)length, flags);
}
