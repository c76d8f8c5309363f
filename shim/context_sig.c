/* SPDX-License-Identifier: Apache-2.0 */
/* context_sig.c - what a handler of the program finds in its context when it comes in the middle of a pause or a resumption.
 *
 * Context      handlers of the program's signals, before the program's own code.
 * May call     raw system calls. No libc, no locks.
 *
 * The general registers are then in the call, and the extended state may be in its save area, so the frame shows our code.
 * A profiler wants the program's, and a handler that changes RIP or MXCSR means the program's. So the frame is made that of the
 * program's own instruction: a resumption is completed by the signal's return, with all that the handler has changed; a pause
 * is taken back, and is due again at once. Both leave the call running. Where the stack is the resumer's, its caller is inside of
 * a function of ours, and that is what it sees.
 *
 * Until then the handler is not paused (SHIM_SETTLES): our signal may come with the program's, and finds the call running when only the
 * last jump of the resumption is left. */
#include "shim.h"
#include <ucontext.h>

#pragma GCC target("general-regs-only")

extern char shim_stub_saved[], shim_stub_left[], shim_full_load[], shim_full_live[], shim_full_jump[], shim_full_end[];

#define LEGACY_BYTES 464 /* of the area, without what software may use */

/* At the end of the legacy area of a signal frame: asm/sigcontext.h, which disagrees with libc's header. */
struct sw_reserved {
	uint32_t magic1, extended_size;
	uint64_t xfeatures;
};

/* What the kernel lets a handler begin with. */
static const struct {
	uint16_t control;
	char unused[22];
	uint32_t mxcsr;
	char rest[548];
} initial __attribute__((aligned(64))) = {.control = 0x37f, .mxcsr = 0x1f80};
_Static_assert(sizeof initial == 576, "the legacy area and the header, which says that all else is initial, too");
#define ALL_BUT_PKRU (~0u & ~(1u << 9)) /* the handler uses the program's memory */

static inline __attribute__((always_inline)) bool within(uint64_t rip, const char *from, const char *to)
{
	return rip - (uint64_t)from < (uint64_t)(to - from);
}

/* The frame's extended state := what the call has saved. By way of the processor, which knows both formats: the registers
 * themselves are the frame's at the return. */
SHIM_SETTLES static void show_extended(void *xsave, void *area)
{
	const struct sw_reserved *sw = (const void *)((char *)area + LEGACY_BYTES);

	if (!area)
		return;
	if (sw->magic1 != FP_XSTATE_MAGIC1) {
		__builtin_memcpy(area, xsave, LEGACY_BYTES);
		return;
	}
	/* MXCSR is stored with the SSE component, which is therefore asked for even when all its registers are zero. */
	uint32_t low = (uint32_t)sw->xfeatures, high = (uint32_t)(sw->xfeatures >> 32);
	__asm__ volatile("xrstor64 %0" : : "m"(*(const char (*)[4096])xsave), "a"(~0u), "d"(~0u));
	__asm__ volatile("xsave64 %0" : "+m"(*(char (*)[4096])area) : "a"(low), "d"(high));
	__asm__ volatile("xrstor64 %0" : : "m"(initial), "a"(ALL_BUT_PKRU), "d"(~0u));
}

SHIM_SETTLES void shim_context_settle(struct shim_thread *t, void *context)
{
	ucontext_t *frame = context;
	greg_t *regs = frame->uc_mcontext.gregs;
	uint64_t rip = (uint64_t)regs[SHIM_RIP];
	struct shim_call *call;

	if (SHIM_LIKELY(!within(rip, shim_switch_begin, shim_switch_end)))
		return;
	if (within(rip, shim_entry_full, shim_full_end)) {
		if (rip == (uint64_t)shim_full_jump) { /* all but RIP is there */
			uint64_t to;
			__asm__("movq %%fs:%c1, %0" : "=r"(to) : "i"(TCB_FREE_WORD));
			regs[SHIM_RIP] = (greg_t)to;
			return;
		}
		/* In the first part the argument's register is the system call's. */
		call = (struct shim_call *)regs[within(rip, shim_entry_full, shim_full_load) ? SHIM_RBX : SHIM_RDI];
		if (within(rip, shim_entry_full, shim_full_live))
			show_extended(call->xsave, frame->uc_mcontext.fpregs);
	} else if (within(rip, shim_preempt_stub, shim_stub_left) && t && t->current && t->current->state == SHIM_PAUSING) {
		call = t->current;
		if (within(rip, shim_stub_saved, shim_stub_left))
			show_extended(call->xsave, frame->uc_mcontext.fpregs);
		if (shim_fs() != call->fs)
			shim_set_fs(call->fs);
		call->pending = 1;
		shim_arm_backoff(t); /* in a section that may be paused where it waits, nobody else asks again */
	} else {
		return;
	}
	__builtin_memcpy(regs, call->regs, sizeof call->regs);
	call->state = SHIM_RUNNING;
}
