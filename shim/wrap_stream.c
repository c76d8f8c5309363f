/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_stream.c - waiting for a stream before its function runs deferred.
 *
 * A deferred section that blocks would hold up every pause. So the wait is made first, preemptibly: for input when the
 * stream's buffer is empty, for output when it is about to be flushed. Called by stubs_amd64.S with the argument
 * registers of the real function saved, but not the vector registers. */
#include "shim.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/syscall.h>

#pragma GCC target("general-regs-only")

/* libio/libio.h; part of the ABI since the getc() and putc() macros were in the header. */
#define UNBUFFERED 0x0002
#define NO_READS 0x0004
#define NO_WRITES 0x0008
/* Less room than this, and the next output may flush. */
#define FLUSH_ROOM 1024

void shim_stream_in(struct shim_call *call, FILE *f, uint64_t rsp);
void shim_stream_out(struct shim_call *call, FILE *f, uint64_t rsp);
void shim_stream_flush(struct shim_call *call, FILE *f, uint64_t rsp);

static bool in_section(const struct shim_call *call, uint64_t rsp)
{
	return call->defer_rsp && call->defer_rsp >= rsp;
}

/* Wait until the descriptor is ready; at once when it does not block or is no descriptor. */
static void wait_for(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	if (fd < 0)
		return;
	long flags = shim_syscall2(SYS_fcntl, fd, F_GETFL);
	if (flags < 0 || (flags & O_NONBLOCK))
		return;
	SHIM_WAIT(events == POLLIN ? "a stream's input" : "a stream's output", fd);
	while (shim_syscall6(SYS_ppoll, (long)&p, 1, 0, 0, 8, 0) == -EINTR)
		;
}

void shim_stream_in(struct shim_call *call, FILE *f, uint64_t rsp)
{
	if (!f)
		f = stdin;
	if (!f || in_section(call, rsp) || (f->_flags & NO_READS) || f->_mode > 0 || f->_IO_read_ptr < f->_IO_read_end)
		return;
	wait_for(f->_fileno, POLLIN);
}

void shim_stream_out(struct shim_call *call, FILE *f, uint64_t rsp)
{
	if (!f)
		f = stdout;
	if (!f || in_section(call, rsp) || (f->_flags & NO_WRITES))
		return;
	/* Without a buffer yet (the first output) nothing can block before it is full. */
	if (!(f->_flags & UNBUFFERED) && (!f->_IO_write_base || f->_IO_buf_end - f->_IO_write_ptr > FLUSH_ROOM))
		return;
	wait_for(f->_fileno, POLLOUT);
}

/* fflush and fclose; fflush(NULL) waits for stdout, the one that is most likely to block. */
void shim_stream_flush(struct shim_call *call, FILE *f, uint64_t rsp)
{
	if (!f)
		f = stdout;
	if (!f || in_section(call, rsp) || (f->_flags & NO_WRITES) || f->_IO_write_ptr <= f->_IO_write_base)
		return;
	wait_for(f->_fileno, POLLOUT);
}
