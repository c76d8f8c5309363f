/* SPDX-License-Identifier: Apache-2.0 */
/* own_thread_sig.c - a thread that a call or a libset has started is asked to leave: it does where it is at rest, in that it
 * goes on in its lowest frame, returns from there and ends as threads do.
 *
 * Context      handler of SHIM_SIGNAL, on any thread.
 * Preemptible  no.
 * May call     what sigsafe.txt lists. */
#include "own_thread.h"
#include <errno.h>
#include <ucontext.h>

#define FLAG_DIRECTION 0x400

/* The system call that the signal has interrupted, or that the kernel is about to make again. */
static bool in_kernel(const greg_t *regs)
{
	uint64_t rip = (uint64_t)regs[SHIM_RIP];
	const uint8_t *at = (const uint8_t *)rip;

	if ((uint64_t)regs[SHIM_RCX] == rip)
		return regs[SHIM_RAX] == -EINTR && at[-2] == 0x0f && at[-1] == 0x05;
	return (uint64_t)regs[SHIM_RCX] == rip + 2 && at[0] == 0x0f && at[1] == 0x05;
}

void shim_started_signal(void *context)
{
	struct shim_started *s = shim_tls.started;
	const struct shim_thread *t = shim_tls.thread;
	ucontext_t *frame = context;
	greg_t *regs = frame->uc_mcontext.gregs;
	uint64_t rsp = (uint64_t)regs[SHIM_RSP];

	if (!s || !s->base_rsp || shim_tls.call || shim_tls.making || (t && (t->current || t->interrupted.handlers)))
		return;
	if (rsp > s->base_rsp || s->base_rsp - rsp > ((uint64_t)1 << 30))
		return; /* a stack of its own making */
	if (!shim_started_may_leave(s, (uint64_t)regs[SHIM_RIP], in_kernel(regs), (uint64_t)regs[SHIM_RDI], rsp))
		return;
	s->left = true;
	regs[SHIM_RIP] = (greg_t)(uint64_t)shim_started_leave;
	regs[SHIM_RSP] = (greg_t)s->base_rsp;
	regs[SHIM_RAX] = (greg_t)(uint64_t)PTHREAD_CANCELED;
	regs[SHIM_EFL] &= ~(greg_t)FLAG_DIRECTION;
}
