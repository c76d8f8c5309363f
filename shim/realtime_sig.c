/* SPDX-License-Identifier: Apache-2.0 */
/* realtime_sig.c - the kernel's clocks, whatever the program takes for the time.
 *
 * Context      any thread, and its preemption handler.
 * May call     raw system calls and the vDSO. No libc, no locks.
 *
 * clock_gettime() may be somebody else's: libraries that show a program another time (libfaketime) or a time that stands still
 * are preloaded, too. Deadlines are the kernel's, and so is the time that is left of a wait that is taken up again by a system
 * call. So whatever is compared with either is read here, past every definition of clock_gettime() in the process. */
#include "shim.h"
#include <sys/syscall.h>
#include <time.h>

#pragma GCC target("general-regs-only")

typedef int read_clock(clockid_t, struct timespec *);

static read_clock *vdso; /* NULL: there is none (valgrind hides it), or it is not known yet */

void shim_real_clock_init(void)
{
	vdso = (read_clock *)shim_resolve_in("linux-vdso.so.1", "__vdso_clock_gettime");
}

void shim_real_clock(clockid_t clock, struct timespec *t)
{
	if (SHIM_LIKELY(vdso != NULL))
		(void)vdso(clock, t);
	else
		(void)shim_syscall2(SYS_clock_gettime, clock, t);
}

uint64_t shim_monotonic_ns(void)
{
	struct timespec t;

	shim_real_clock(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
