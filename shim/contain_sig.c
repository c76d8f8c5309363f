/* SPDX-License-Identifier: Apache-2.0 */
/* contain_sig.c - INGER_CONTAIN: a fault inside a call ends that call instead of the program.
 *
 * Context      handler of SIGSEGV, SIGBUS, SIGFPE and SIGILL: ours, or the entry of the program's own.
 * May call     raw system calls and shim_* functions that take no lock.
 *
 * The signal frame is pointed at shim_fault_leave, which goes back to the resumer: the frames of the call are left as they
 * are, and the resumer releases what the call has (cancel.c). Only where the call can't hold a lock of libc or of the dynamic
 * linker; that is known for deferred sections and for the linker's text.
 *
 * A stack that gets full in such a section gets some more room until the section ends, where the call pauses, and is then
 * ended as if the fault had been there.
 *
 * A full stack can only be handled on the thread's alternate stack. Our own handler asks for it. A handler of the program
 * without SA_ONSTACK is entered on the full stack, as it would be without us: the kernel then ends the program. */
#include "shim.h"
#include <ucontext.h>
#include <sys/syscall.h>

#pragma GCC target("general-regs-only")

#define FLAG_TRAP 0x100
#define FLAG_DIRECTION 0x400
#define FLAG_ALIGNMENT 0x40000
/* How far beyond the guard pages a frame's own size may put the first access. */
#define FRAME_MAX ((uint64_t)1 << 30)
#define BELOW_SP 256

/* By an instruction of this thread, not sent and not about memory that somebody else used. */
static bool synchronous(int sig, const siginfo_t *info)
{
	if (sig == SIGBUS && info->si_code == BUS_MCEERR_AO)
		return false;
	return info->si_code > 0 && (sig == SIGSEGV || sig == SIGBUS || sig == SIGFPE || sig == SIGILL);
}

bool shim_is_overflow(const struct shim_call *call, int sig, const siginfo_t *info, const void *context)
{
	const ucontext_t *frame = context;
	uint64_t address = (uint64_t)info->si_addr, rsp = (uint64_t)frame->uc_mcontext.gregs[SHIM_RSP];
	uint64_t low = (uint64_t)call->stack_low;

	if (sig != SIGSEGV || info->si_code <= 0 || call->adopted)
		return false;
	if (address >= (uint64_t)call->map && address < low)
		return true;
	return rsp < low && low - rsp < FRAME_MAX && address < low && address >= rsp - BELOW_SP;
}

/* The frame that shim_switch_in() and shim_pause_voluntary() leave at `rsp`, as registers at the return. */
void shim_regs_of_frame(struct shim_call *call, uint64_t rsp)
{
	static const unsigned char places[] = {7, 6, 5, 4, 11, 10}; /* r15 r14 r13 r12 rbx rbp */
	const uint64_t *frame = (const uint64_t *)rsp;

	for (unsigned i = 0; i < sizeof places; i++)
		call->regs[places[i]] = frame[1 + i];
	call->regs[SHIM_RIP] = frame[7];
	call->regs[SHIM_RSP] = rsp + 64;
	call->at_return = true;
}

static const char in_section[] = "it happened in a function that may hold a lock of libc";

static const char *refusal(struct shim_thread *t, const struct shim_call *call, const struct shim_call *contained,
			   const ucontext_t *frame)
{
	uint64_t rip = (uint64_t)frame->uc_mcontext.gregs[SHIM_RIP];

	if (call->state != SHIM_RUNNING || rip - (uint64_t)shim_switch_begin < (uint64_t)(shim_switch_end - shim_switch_begin))
		return "it happened between the function and its caller";
	if (rip - shim_ldso_low < shim_ldso_high - shim_ldso_low)
		return "it happened in the dynamic linker, which holds a lock";
	bool deferred = shim_deferred(call, (uint64_t)frame->uc_mcontext.gregs[SHIM_RSP], &frame->uc_stack);
	if (shim_interrupted(t)->handlers && (deferred || call != contained))
		return "it happened in a signal handler";
	return deferred ? in_section : NULL;
}

bool shim_contain(int sig, const siginfo_t *info, void *context, const char **why)
{
	struct shim_thread *t = shim_tls.thread;
	struct shim_call *call = t ? t->current : NULL, *contained = call;
	ucontext_t *frame = context;
	greg_t *regs = frame->uc_mcontext.gregs;

	*why = NULL;
	while (contained && (contained->adopted || !(contained->flags & INGER_CONTAIN)))
		contained = contained->parent;
	if (!contained || !synchronous(sig, info))
		return false;
	*why = refusal(t, call, contained, frame);
	struct shim_fault fault = {.signal = sig, .code = info->si_code, .address = (uint64_t)info->si_addr,
				   .instruction = (uint64_t)regs[SHIM_RIP],
				   .stack_overflow = shim_is_overflow(call, sig, info, context)};
	if (*why == in_section && fault.stack_overflow && call == contained && !call->overflowed && !shim_interrupted(t)->handlers &&
	    fault.address >= (uint64_t)call->map && shim_guard_open(call)) {
		call->fault = fault;
		call->overflowed = true;
		call->pending = 1;
		return true;
	}
	if (*why)
		return false;

	/* No handler of the program sees the steps from here to the return, which gives the mask back. */
	uint64_t all = SHIM_ALL_SIGNALS;
	shim_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8);
	__builtin_memcpy(call->regs, regs, sizeof call->regs);
	call->at_return = false;
	for (struct shim_call *c = call; c != contained; c = c->parent) {
		shim_regs_of_frame(c->parent, c->caller_rsp);
		if (c->mask_changed)
			__builtin_memcpy(&frame->uc_sigmask, &c->outer_mask, sizeof c->outer_mask);
		c->mask_changed = false;
	}
	SHIM_TRACE(TRACE_FAULT, call, (uint64_t)sig << 48 | fault.instruction, fault.address);
	shim_abandon(t, call, contained, SHIM_FAULTED);
	contained->fault = fault;
	contained->state = SHIM_FAULTED;
	t->current = contained;
	contained->interrupted.restart_rip = 0;
	regs[SHIM_RIP] = (greg_t)(uint64_t)shim_fault_leave;
	regs[SHIM_RDI] = (greg_t)(uint64_t)contained;
	regs[SHIM_RSP] = (greg_t)contained->caller_rsp;
	regs[SHIM_EFL] &= ~(greg_t)(FLAG_TRAP | FLAG_DIRECTION | FLAG_ALIGNMENT);
	if (contained != call)
		shim_set_fs(contained->fs); /* thread-local variables are the other call's from here on */
	return true;
}
