/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_number.c - system calls by number that make or end what a call owns: those that have a function go to its wrapper, and
 * other makers of descriptors are recorded here. */
#include "shim.h"
#include "number.h"
#include "pausable.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Not in every kernel header that this is compiled with. */
enum {
	NUMBER_PIDFD_OPEN = 434,
	NUMBER_OPENAT2 = 437,
	NUMBER_PIDFD_GETFD = 438,
	NUMBER_LANDLOCK_CREATE = 444,
	NUMBER_MEMFD_SECRET = 447,
};

static bool makes_descriptor(long number, const long a[6])
{
	switch (number) {
	case SYS_open: case SYS_creat: case SYS_openat: case NUMBER_OPENAT2: case SYS_open_by_handle_at: case SYS_socket: case SYS_accept:
	case SYS_accept4: case SYS_dup: case SYS_eventfd: case SYS_eventfd2: case SYS_epoll_create: case SYS_epoll_create1:
	case SYS_inotify_init: case SYS_inotify_init1: case SYS_fanotify_init: case SYS_memfd_create: case NUMBER_MEMFD_SECRET:
	case SYS_timerfd_create: case SYS_userfaultfd: case SYS_perf_event_open: case SYS_io_uring_setup: case SYS_mq_open:
	case NUMBER_PIDFD_OPEN: case NUMBER_PIDFD_GETFD: case SYS_fsopen: case SYS_fsmount: case SYS_fspick: case SYS_open_tree:
	case NUMBER_LANDLOCK_CREATE:
		return true;
	case SYS_signalfd: case SYS_signalfd4:
		return (int)a[0] == -1;
	}
	return false;
}

extern void *shim_real_syscall; /* wrap_process.c */

/* What the wrappers end in. libc's syscall() sets errno. */
static long by(long number, long a, long b, long c, long d, long e, long f)
{
	return SHIM_REAL(long (*)(long, ...), syscall)(number, a, b, c, d, e, f);
}
static int by_close(int fd) { return (int)by(SYS_close, fd, 0, 0, 0, 0, 0); }
static int by_close_range(unsigned first, unsigned last, int flags) { return (int)by(SYS_close_range, first, last, flags, 0, 0, 0); }
static int by_dup2(int from, int to, int flags) { return (int)by(SYS_dup2, from, to, flags, 0, 0, 0); }
static int by_dup3(int from, int to, int flags) { return (int)by(SYS_dup3, from, to, flags, 0, 0, 0); }
static int by_pipe2(int pair[2], int flags) { return (int)by(SYS_pipe2, (long)pair, flags, 0, 0, 0, 0); }
static int by_socketpair(int domain, int type, int protocol, int pair[2])
{
	return (int)by(SYS_socketpair, domain, type, protocol, (long)pair, 0, 0);
}
static int by_fcntl(int fd, int command, ...)
{
	va_list list;
	va_start(list, command);
	long argument = va_arg(list, long);
	va_end(list);
	return (int)by(SYS_fcntl, fd, command, argument, 0, 0, 0);
}
static void *by_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
	return (void *)by(SYS_mmap, (long)address, (long)bytes, protection, flags, fd, offset);
}
static int by_munmap(void *address, size_t bytes) { return (int)by(SYS_munmap, (long)address, (long)bytes, 0, 0, 0, 0); }
static void *by_mremap(void *address, size_t bytes, size_t wanted, int flags, ...)
{
	va_list list;
	va_start(list, flags);
	long target = va_arg(list, long);
	va_end(list);
	return (void *)by(SYS_mremap, (long)address, (long)bytes, (long)wanted, flags, target, 0);
}
static void *by_shmat(int id, const void *address, int flags) { return (void *)by(SYS_shmat, id, (long)address, flags, 0, 0, 0); }
static int by_shmdt(const void *address) { return (int)by(SYS_shmdt, (long)address, 0, 0, 0, 0, 0); }

bool shim_number_owned(long number, const long a[6], long *result, const void *caller)
{
	struct shim_call *call = shim_tls.call;

	switch (number) {
	case SYS_close: *result = shim_close_by(by_close, (int)a[0]); return true;
	case SYS_close_range: *result = shim_close_range_by(by_close_range, (unsigned)a[0], (unsigned)a[1], (int)a[2]); return true;
	case SYS_dup2: *result = shim_copy_by(by_dup2, (int)a[0], (int)a[1], 0); return true;
	case SYS_dup3: *result = shim_copy_by(by_dup3, (int)a[0], (int)a[1], (int)a[2]); return true;
	case SYS_pipe: *result = shim_pipe2_by(by_pipe2, (int *)a[0], 0); return true;
	case SYS_pipe2: *result = shim_pipe2_by(by_pipe2, (int *)a[0], (int)a[1]); return true;
	case SYS_socketpair: *result = shim_socketpair_by(by_socketpair, (int)a[0], (int)a[1], (int)a[2], (int *)a[3]); return true;
	case SYS_fcntl: *result = shim_fcntl_by(by_fcntl, (int)a[0], (int)a[1], (void *)a[2]); return true;
	case SYS_mmap:
		*result = (long)shim_map_by(by_mmap, (void *)a[0], (size_t)a[1], (int)a[2], (int)a[3], (int)a[4], a[5], caller);
		return true;
	case SYS_munmap: *result = shim_unmap_by(by_munmap, (void *)a[0], (size_t)a[1]); return true;
	case SYS_mremap:
		*result = (long)shim_remap_by(by_mremap, (void *)a[0], (size_t)a[1], (size_t)a[2], (int)a[3], (void *)a[4], caller);
		return true;
	case SYS_shmat: *result = (long)shim_attach_by(by_shmat, (int)a[0], (const void *)a[1], (int)a[2]); return true;
	case SYS_shmdt: *result = shim_detach_by(by_shmdt, (const void *)a[0]); return true;
	}
	if (!call || call->adopted)
		return false;
	switch (number) {
	case SYS_recvmsg: *result = recvmsg((int)a[0], (struct msghdr *)a[1], (int)a[2]); return true;
	case SYS_recvmmsg:
		*result = recvmmsg((int)a[0], (struct mmsghdr *)a[1], (unsigned)a[2], (int)a[3], (struct timespec *)a[4]);
		return true;
	}
	if (!makes_descriptor(number, a))
		return false;
	bool began = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = began ? own_here(call, began) : NULL;
	if (owner && own_fd_allowed(owner))
		*result = own_fd_made(owner, number == SYS_accept || number == SYS_accept4 ? shim_pausable_receive(call, number, a)
										  : shim_pausable(call, number, a));
	else if (owner)
		*result = -1;
	shim_defer_end(call, began);
	return owner != NULL;
}
