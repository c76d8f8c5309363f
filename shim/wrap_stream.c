/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_stream.c - waiting for a stream before its function runs deferred.
 *
 * A deferred section that blocks would hold up every pause. So the waits are made first, preemptibly: for the stream's lock when a
 * paused call has it, for input when the stream's buffer is empty, for output when it is about to be flushed. Called by
 * stubs_amd64.S with the argument registers of the real function saved, but not the vector registers.
 *
 * Who may have a stream's lock while it is paused: a call that has called flockfile(), and one whose stream of fopencookie() has
 * called the program back (cookie.c). Until there has been one (shim_streams_held), nobody looks at locks. A lock that
 * is taken between the look and the function by a call on another thread, which is then paused with it, is not seen: the
 * function then waits in its section until that call goes on. */
#include "lock.h"
#include "socket.h"
#include "stream.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#pragma GCC target("general-regs-only")

/* libio/libio.h; part of the ABI since the getc() and putc() macros were in the header. */
#define UNBUFFERED 0x0002
#define NO_READS 0x0004
#define NO_WRITES 0x0008
#define ERROR_SEEN 0x0020
#define USER_LOCK 0x8000
/* Less room than this, and the next output may flush. */
#define FLUSH_ROOM 1024

long shim_with_vectors(long (*function)(long, long), long a, long b);

static bool in_section(const struct shim_call *call, uint64_t rsp)
{
	return call && call->defer_rsp && call->defer_rsp >= rsp;
}

/* ---- the stream's lock */

/* libc's _IO_lock_t, in stdio-lock.h of glibc's sysdeps/nptl. The owner is a TCB. Since 2.3; the owner is what flockfile() leaves there. */
struct stream_lock {
	int word, count;
	void *owner;
};

bool shim_stream_busy(const FILE *f)
{
	const volatile struct stream_lock *lock = (const volatile struct stream_lock *)(const void *)f->_lock;

	return lock && !(f->_flags & USER_LOCK) && lock->owner && lock->owner != (void *)shim_fs();
}

/* Functions that fail by NULL or by a count of 0. */
static long failure(const void *slot, int error)
{
	static const char *const by_0[] = {
		"fgets", "fgets_unlocked", "fgetws", "fgetws_unlocked", "__fgets_chk", "__fgets_unlocked_chk", "__fgetws_chk",
		"__fgetws_unlocked_chk", "gets", "__gets_chk", "_IO_fgets", "_IO_gets", "fread", "fread_unlocked", "__fread_chk",
		"__fread_unlocked_chk", "_IO_fread", "_IO_sgetn", "fwrite", "fwrite_unlocked", "_IO_fwrite", "getmntent", "getmntent_r",
		"__getmntent_r", "fgetpwent", "fgetgrent", "fgetspent", "fgetsgent"};

	errno = error;
	for (const struct shim_slot *s = __start_shim_slots; s < __stop_shim_slots; s++)
		if (s->real == slot)
			for (unsigned i = 0; i < sizeof by_0 / sizeof *by_0; i++)
				if (__builtin_strcmp(s->name, by_0[i]) == 0)
					return STREAM_FAILS_BY_0;
	return STREAM_FAILS;
}

static long await(long call, long f)
{
	return shim_stream_await((struct shim_call *)call, (FILE *)f);
}

/* Nothing but this is done about streams that nobody may be paused with. `f` NULL: all of them. */
static inline int lock_free(struct shim_call *call, FILE *f)
{
	if (SHIM_LIKELY(!shim_streams_held) || (f && !shim_stream_busy(f)))
		return 0;
	return (int)shim_with_vectors(await, (long)call, (long)f);
}

/* The section that begins next is this stream's, and holds its lock alone: see cookie.c. */
static inline long begins(struct shim_call *call, FILE *f, const void *slot)
{
	if (call) {
		call->stream = f;
		call->stream_slot = slot;
	}
	return STREAM_GO_ON;
}

/* ---- its descriptor */

/* Wait until the descriptor is ready; at once when it does not block or is no descriptor. False: a socket's timeout is over. */
static bool wait_for(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};
	struct timespec left, *timeout = NULL;

	if (fd < 0)
		return true;
	long flags = shim_syscall2(SYS_fcntl, fd, F_GETFL);
	if (flags < 0 || (flags & O_NONBLOCK))
		return true;
	SHIM_WAIT(events == POLLIN ? "a stream's input" : "a stream's output", fd);
	/* Most are ready, and most are no sockets. */
	long ready = shim_syscall6(SYS_ppoll, (long)&p, 1, (long)&(struct timespec){0, 0}, 0, 8, 0);
	if (ready != 0 && ready != -EINTR)
		return true;
	uint64_t start = shim_monotonic_ns();
	int64_t ms = shim_socket_timeout(fd, events == POLLIN ? SO_RCVTIMEO : SO_SNDTIMEO);
	for (;;) {
		if (ms) {
			int64_t ns = ms * 1000000 - (int64_t)(shim_monotonic_ns() - start);
			left = ns > 0 ? (struct timespec){ns / 1000000000, ns % 1000000000} : (struct timespec){0, 0};
			timeout = &left;
		}
		ready = shim_syscall6(SYS_ppoll, (long)&p, 1, (long)timeout, 0, 8, 0);
		if (ready != -EINTR)
			return ready != 0;
	}
}

static long wait_then(struct shim_call *call, FILE *f, const void *slot, short events)
{
	if (wait_for(f->_fileno, events))
		return begins(call, f, slot);
	f->_flags |= ERROR_SEEN; /* as after the system call's EAGAIN */
	return failure(slot, EAGAIN);
}

long shim_stream_in(struct shim_call *call, FILE *f, uint64_t rsp, const void *slot)
{
	if (!f)
		f = stdin;
	if (!f || in_section(call, rsp))
		return STREAM_GO_ON;
	int error = lock_free(call, f);
	if (error)
		return failure(slot, error);
	if (!call || (f->_flags & NO_READS) || f->_mode > 0 || f->_IO_read_ptr < f->_IO_read_end)
		return begins(call, f, slot);
	return wait_then(call, f, slot, POLLIN);
}

long shim_stream_out(struct shim_call *call, FILE *f, uint64_t rsp, const void *slot)
{
	if (!f)
		f = stdout;
	if (!f || in_section(call, rsp))
		return STREAM_GO_ON;
	int error = lock_free(call, f);
	if (error)
		return failure(slot, error);
	/* Without a buffer yet (the first output) nothing can block before it is full. */
	if (!call || (f->_flags & NO_WRITES) ||
	    (!(f->_flags & UNBUFFERED) && (!f->_IO_write_base || f->_IO_buf_end - f->_IO_write_ptr > FLUSH_ROOM)))
		return begins(call, f, slot);
	return wait_then(call, f, slot, POLLOUT);
}

/* fflush and fclose; fflush(NULL) waits for stdout, the one that is most likely to block. */
long shim_stream_flush(struct shim_call *call, FILE *f, uint64_t rsp, const void *slot)
{
	FILE *all = f;

	if (in_section(call, rsp))
		return STREAM_GO_ON;
	int error = lock_free(call, f);
	if (error)
		return failure(slot, error);
	if (!f)
		f = stdout;
	if (!call || !f || (f->_flags & NO_WRITES) || f->_IO_write_ptr <= f->_IO_write_base)
		return begins(call, all, slot);
	long result = wait_then(call, f, slot, POLLOUT);
	begins(call, all, slot);
	return result;
}

/* Without input or output to wait for. NULL is stderr, and what prints there can't fail: some of it does not return. */
long shim_stream_any(struct shim_call *call, FILE *f, uint64_t rsp, const void *slot)
{
	FILE *errors = stderr;
	int error;

	if (in_section(call, rsp) || !(f || errors))
		return STREAM_GO_ON;
	do
		error = lock_free(call, f ? f : errors);
	while (error && !f);
	return error ? failure(slot, error) : begins(call, f, slot);
}
