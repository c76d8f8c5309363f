/* SPDX-License-Identifier: Apache-2.0 */
/* kept_fd_sig.c - signalfd() of our number, once something has been launched: where kept signals (kept_sig.c) wait then.
 *
 * Context      any thread, and its handlers; the lock of kept_sig.c is held where it says so.
 * May call     raw system calls. No libc.
 *
 * The kernel's descriptor shows what is pending where a thread has the signal blocked, and none that has launched has. So the program
 * gets one end of a pair of sockets, and what is kept is sent into the other as a struct signalfd_siginfo: it is read, polled for
 * and copied as the kernel's is, in slices as well, and who waits with sigwaitinfo() takes from the same queue. We have both ends
 * ourselves, so that nothing is lost when the program closes its own. A program may close or reuse our numbers, too: an end counts only
 * while it is the socket that was made; after that signals are kept in memory as before. */
#include "shim.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#pragma GCC target("general-regs-only")

_Static_assert(SFD_CLOEXEC == O_CLOEXEC && SFD_NONBLOCK == O_NONBLOCK, "signalfd's flags are open's");

static struct end {
	int fd;
	uint64_t device, inode;
} in, out; /* written under the lock of kept_sig.c */
static _Atomic bool made;

static bool identify(int fd, struct end *e)
{
	struct stat status;

	if (shim_syscall2(SYS_fstat, fd, &status) < 0)
		return false;
	*e = (struct end){fd, status.st_dev, status.st_ino};
	return true;
}

static bool is_there(const struct end *e)
{
	struct end now;

	return identify(e->fd, &now) && now.device == e->device && now.inode == e->inode;
}

bool shim_kept_fd_is(void)
{
	return SHIM_UNLIKELY(atomic_load_explicit(&made, memory_order_acquire)) && is_there(&in) && is_there(&out);
}

/* False: it is not there, or full. */
bool shim_kept_fd_add(const siginfo_t *info)
{
	struct signalfd_siginfo s = {.ssi_signo = (uint32_t)info->si_signo, .ssi_errno = info->si_errno, .ssi_code = info->si_code};

	if (info->si_code == SI_TIMER) {
		s.ssi_tid = (uint32_t)info->si_timerid;
		s.ssi_overrun = (uint32_t)info->si_overrun;
	} else {
		s.ssi_pid = (uint32_t)info->si_pid;
		s.ssi_uid = info->si_uid;
	}
	s.ssi_ptr = (uint64_t)info->si_value.sival_ptr;
	s.ssi_int = info->si_value.sival_int;
	return shim_kept_fd_is() &&
	       shim_syscall6(SYS_sendto, in.fd, (long)&s, sizeof s, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0) == (long)sizeof s;
}

bool shim_kept_fd_take(siginfo_t *info)
{
	struct signalfd_siginfo s;

	if (!shim_kept_fd_is() || shim_syscall6(SYS_recvfrom, out.fd, (long)&s, sizeof s, MSG_DONTWAIT, 0, 0) != (long)sizeof s)
		return false;
	__builtin_memset(info, 0, sizeof *info);
	info->si_signo = (int)s.ssi_signo;
	info->si_errno = s.ssi_errno;
	info->si_code = s.ssi_code;
	if (s.ssi_code == SI_TIMER) {
		info->si_timerid = (int)s.ssi_tid;
		info->si_overrun = (int)s.ssi_overrun;
	} else {
		info->si_pid = (pid_t)s.ssi_pid;
		info->si_uid = s.ssi_uid;
	}
	info->si_value.sival_ptr = (void *)s.ssi_ptr;
	return true;
}

bool shim_kept_fd_any(void)
{
	int bytes = 0;

	return shim_kept_fd_is() && shim_syscall3(SYS_ioctl, out.fd, FIONREAD, &bytes) >= 0 && bytes > 0;
}

/* The lock is held. 0, or a negative errno. */
static long make(void)
{
	int pair[2];
	long result = shim_syscall4(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);

	if (result < 0)
		return result;
	(void)shim_syscall2(SYS_shutdown, pair[1], SHUT_WR); /* nobody writes to a signalfd */
	if (!identify(pair[0], &in) || !identify(pair[1], &out))
		return -EBADF;
	atomic_store_explicit(&made, true, memory_order_release);
	return 0;
}

/* The lock is held. A descriptor for the program, or a negative errno. All of them are one open file: the flags that the last was asked
 * for are everybody's. */
long shim_kept_fd_open(int flags)
{
	long result = shim_kept_fd_is() ? 0 : make();

	if (result >= 0)
		result = shim_syscall3(SYS_fcntl, out.fd, flags & SFD_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, 0);
	if (result >= 0)
		(void)shim_syscall3(SYS_fcntl, result, F_SETFL, O_RDWR | (flags & SFD_NONBLOCK));
	return result;
}

/* In the child of a fork: the queue is the parent's. */
void shim_kept_fd_forked(void)
{
	if (!atomic_exchange(&made, false))
		return;
	if (is_there(&in))
		(void)shim_syscall1(SYS_close, in.fd);
	if (is_there(&out))
		(void)shim_syscall1(SYS_close, out.fd);
}
