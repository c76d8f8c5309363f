/* SPDX-License-Identifier: Apache-2.0 */
/* setxid_sig.c - the signal by which libc's set*id functions reach every thread, while a call runs.
 *
 * Context      handler of SIGSETXID, on any thread.
 * Preemptible  no: all signals are blocked.
 * May call     raw system calls, and libc's own handler of that signal.
 *
 * libc's handler (sighandler_setxid() in nptl/nptl_setxid.c) takes off a mark in the TCB in force, and who asked for the change
 * signals again until the mark of the thread's own TCB is off. With a call's TCB it never is: that went on until the signal happened to
 * come between two slices, and two processors were busy with it. So the handler runs on the thread's own TCB. */
#include "shim.h"
#include <signal.h>
#include <sys/syscall.h>

#pragma GCC target("general-regs-only")

#define SIGSETXID 33 /* internal-signals.h */

/* As the kernel has it. */
struct kernel_action {
	void (*handler)(int, siginfo_t *, void *);
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

static void (*libc_handler)(int, siginfo_t *, void *);

static void handle(int sig, siginfo_t *info, void *context)
{
	const struct shim_thread *t = shim_tls.thread;
	uint64_t here = shim_fs();
	bool other = t && t->fs != here && t->tid == (int)shim_syscall0(SYS_gettid);

	if (other)
		shim_set_fs(t->fs); /* nothing thread-local may be used here from now on */
	libc_handler(sig, info, context);
	if (other)
		shim_set_fs(here);
}

/* When libc has its handler. */
void shim_setxid_install(void)
{
	struct kernel_action now;

	if (shim_syscall4(SYS_rt_sigaction, SIGSETXID, 0, &now, 8) != 0 || (uintptr_t)now.handler <= 1 || now.handler == handle)
		return;
	libc_handler = now.handler;
	now.handler = handle;
	now.mask = ~0ull;
	shim_syscall4(SYS_rt_sigaction, SIGSETXID, &now, 0, 8);
}
