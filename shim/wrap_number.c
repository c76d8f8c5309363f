/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_number.c - system calls by number that make or end what a call owns: those that have a function go to its wrapper, and
 * other makers of descriptors are recorded here. */
#include "shim.h"
#include "pausable.h"
#include <errno.h>
#include <fcntl.h>
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

bool shim_number_owned(long number, const long a[6], long *result)
{
	struct shim_call *call = shim_tls.call;

	switch (number) {
	case SYS_close: *result = close((int)a[0]); return true;
	case SYS_close_range: *result = close_range((unsigned)a[0], (unsigned)a[1], (int)a[2]); return true;
	case SYS_dup2: *result = dup2((int)a[0], (int)a[1]); return true;
	case SYS_dup3: *result = dup3((int)a[0], (int)a[1], (int)a[2]); return true;
	case SYS_pipe: *result = pipe((int *)a[0]); return true;
	case SYS_pipe2: *result = pipe2((int *)a[0], (int)a[1]); return true;
	case SYS_socketpair: *result = socketpair((int)a[0], (int)a[1], (int)a[2], (int *)a[3]); return true;
	case SYS_fcntl: *result = fcntl((int)a[0], (int)a[1], a[2]); return true;
	case SYS_mmap: *result = (long)mmap((void *)a[0], (size_t)a[1], (int)a[2], (int)a[3], (int)a[4], a[5]); return true;
	case SYS_munmap: *result = munmap((void *)a[0], (size_t)a[1]); return true;
	case SYS_mremap: *result = (long)mremap((void *)a[0], (size_t)a[1], (size_t)a[2], (int)a[3], (void *)a[4]); return true;
	case SYS_shmat: *result = (long)shmat((int)a[0], (const void *)a[1], (int)a[2]); return true;
	case SYS_shmdt: *result = shmdt((const void *)a[0]); return true;
	case SYS_recvmsg: *result = recvmsg((int)a[0], (struct msghdr *)a[1], (int)a[2]); return true;
	case SYS_recvmmsg:
		*result = recvmmsg((int)a[0], (struct mmsghdr *)a[1], (unsigned)a[2], (int)a[3], (struct timespec *)a[4]);
		return true;
	}
	if (!call || call->adopted || !makes_descriptor(number, a))
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
