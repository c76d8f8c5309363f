/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_process.c - exec and _exit, and system calls by number. */
#include "shim.h"
#include "number.h"
#include "pausable.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

SHIM_SLOT(_exit);
SHIM_SLOT(_Exit);
SHIM_SLOT(syscall);
SHIM_SLOT(fcntl);
SHIM_SLOT(fcntl64);
SHIM_SLOT(semtimedop);

void shim_exec_begin(uint64_t rsp);
void shim_exec_failed(void);

/* A signal that is on its way when the clock is stopped must not start it again: hence `quiet` first. Such signals arrive
 * before exec: our own timer's at the end of the system call that stops it, the timekeeper's at the end of any, and one is
 * made. In the child of a vfork() the clock is the parent's, and so is this memory.
 * A call stays on this thread until exec has failed: in a section; `rsp` is as it is after exec's return. */
void shim_exec_begin(uint64_t rsp)
{
	shim_tls.exec_deferred = shim_in_own_process() && shim_defer_begin_as(shim_tls.call, (void *)rsp, "exec");
	struct shim_thread *t = shim_tls.thread;

	if (t && shim_in_own_process()) {
		t->quiet = true;
		atomic_signal_fence(memory_order_seq_cst);
		shim_disarm(t);
		shim_syscall0(SYS_getpid);
		shim_mask_as_believed(true); /* the next program inherits it */
	}
	if (shim_in_own_process())
		shim_stats_print();
}

void shim_exec_failed(void)
{
	struct shim_thread *t = shim_tls.thread;

	if (!t || !shim_in_own_process())
		return;
	shim_mask_as_believed(false);
	t->quiet = false;
	atomic_signal_fence(memory_order_seq_cst);
	if (t->deadline != SHIM_NEVER)
		shim_arm(t, t->deadline);
	bool deferred = shim_tls.exec_deferred;
	shim_tls.exec_deferred = false;
	shim_defer_end(shim_tls.call, deferred);
}

SHIM_EXPORT _Noreturn void _exit(int status)
{
	shim_stats_print();
	for (;;)
		shim_syscall1(SYS_exit_group, status);
}

SHIM_EXPORT _Noreturn void _Exit(int status)
{
	_exit(status);
}

/* ---- syscall(): the blocking ones that the kernel does not restart */

SHIM_EXPORT long syscall(long number, ...)
{
	long (*real)(long, ...) = SHIM_REAL(long (*)(long, ...), syscall);
	long a[6];
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	long owned;
	if (shim_number_owned(number, a, &owned, __builtin_return_address(0)))
		return owned;
	if (!shim_tls.thread)
		return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	/* Those with a relative timeout go to the wrapper that knows it. */
	switch (number) {
	case SYS_nanosleep:
		return nanosleep((const struct timespec *)a[0], (struct timespec *)a[1]);
	case SYS_pause:
		return pause();
	case SYS_exit_group:
		shim_stats_print();
		break;
	}
	struct shim_marks before = *shim_marks_here();
	uint64_t start = shim_now();
	long result = real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	while (result == -1 && errno == EINTR && shim_only_ours(&before)) {
		struct timespec left;
		const struct timespec *timeout = NULL;
		int place = -1;
		switch (number) {
		case SYS_futex: /* FUTEX_WAIT has a relative timeout, FUTEX_WAIT_BITSET and FUTEX_LOCK_PI an absolute one */
			if ((a[1] & 127) == 0)
				place = 3;
			break;
		case SYS_ppoll: place = 2; break;
		case SYS_rt_sigtimedwait: place = 2; break;
		case SYS_semtimedop: place = 3; break;
		case SYS_io_getevents: place = 4; break;
		case SYS_epoll_pwait2: place = 3; break;
		}
		if (place >= 0 && (timeout = (const struct timespec *)a[place])) {
			__int128 ns = (__int128)timeout->tv_sec * 1000000000 + timeout->tv_nsec - shim_ticks_to_ns(shim_now() - start);
			if (ns < 0)
				ns = 0;
			left = (struct timespec){(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
		} else {
			place = -1;
		}
		if (number == SYS_clock_nanosleep && !(a[1] & TIMER_ABSTIME)) {
			int error = clock_nanosleep((clockid_t)a[0], 0, (const struct timespec *)a[3], NULL);
			errno = error;
			return error ? -1 : 0;
		}
		if ((number == SYS_poll && a[2] > 0) || (number == SYS_epoll_wait && a[3] > 0) || (number == SYS_epoll_pwait && a[3] > 0)) {
			int at = number == SYS_poll ? 2 : 3;
			long ms = a[at] - (long)(shim_ticks_to_ns(shim_now() - start) / 1000000);
			a[at] = ms > 0 ? ms : 0;
			start = shim_now();
		}
		long arguments[6] = {a[0], a[1], a[2], a[3], a[4], a[5]};
		if (place >= 0)
			arguments[place] = (long)&left;
		result = shim_guarded_syscall(&shim_marks_here()->programs, before.programs, number, arguments);
		if (result < 0) {
			errno = (int)-result;
			result = -1;
		}
	}
	return result;
}

/* ---- file locks and semaphores */

static int copy(int (*real)(int, int, ...), int fd, int command, void *least)
{
	struct shim_call *call = shim_tls.call;
	int result = -1;

	bool began = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = own_here(call, began);
	if (!owner || own_fd_allowed(owner))
		result = real(fd, command, least);
	if (owner && result >= 0)
		result = own_fd_made(owner, result);
	shim_defer_end(call, began);
	return result;
}

int shim_fcntl_by(int (*real)(int, int, ...), int fd, int command, void *argument)
{
	if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)
		return copy(real, fd, command, argument);
	if (!shim_tls.thread)
		return real(fd, command, argument);
	for (;;) {
		struct shim_marks before = *shim_marks_here();
		int result = real(fd, command, argument);
		if (result != -1 || errno != EINTR || !shim_only_ours(&before))
			return result;
	}
}

SHIM_EXPORT int fcntl(int fd, int command, ...)
{
	va_list list;
	va_start(list, command);
	void *argument = va_arg(list, void *);
	va_end(list);
	return shim_fcntl_by(SHIM_REAL(int (*)(int, int, ...), fcntl), fd, command, argument);
}

SHIM_EXPORT int fcntl64(int fd, int command, ...)
{
	va_list list;
	va_start(list, command);
	void *argument = va_arg(list, void *);
	va_end(list);
	return shim_fcntl_by(SHIM_REAL(int (*)(int, int, ...), fcntl64), fd, command, argument);
}

SHIM_EXPORT int semtimedop(int id, struct sembuf *operations, size_t count, const struct timespec *timeout)
{
	int (*real)(int, struct sembuf *, size_t, const struct timespec *) =
		SHIM_REAL(int (*)(int, struct sembuf *, size_t, const struct timespec *), semtimedop);

	if (!shim_tls.thread)
		return real(id, operations, count, timeout);
	return (int)syscall(SYS_semtimedop, id, operations, count, timeout, 0, 0);
}
