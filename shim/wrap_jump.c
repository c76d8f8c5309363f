/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_jump.c - longjmp() out of deferred sections and out of calls.
 *
 * A jump out of a deferred section (a signal handler that leaves by siglongjmp) ends the section. A jump out of a call
 * to code of the resumer's stack gives the call up: the resumer's TCB is put back before the jump, and the call is
 * released the next time the thread launches. */
#include "shim.h"
#include "limit.h"
#include "../gotcha/libset.h"
#include <setjmp.h>
#include <sys/syscall.h>

typedef void jump_function(struct __jmp_buf_tag *, int);

SHIM_SLOT(longjmp);
SHIM_SLOT(_longjmp);
SHIM_SLOT(siglongjmp);
SHIM_SLOT(__longjmp_chk);

/* sysdeps/x86_64/jmpbuf-offsets.h; mangled as sysdeps/x86_64/pointer_guard.h does it. */
#define JB_RSP 6

static uint64_t target_rsp(const struct __jmp_buf_tag *buffer)
{
	uint64_t rsp = (uint64_t)buffer->__jmpbuf[JB_RSP], guard;

	__asm__("movq %%fs:0x30, %0" : "=r"(guard));
	return (rsp >> 17 | rsp << 47) ^ guard;
}

static bool on_call_stack(const struct shim_call *call, uint64_t rsp)
{
	return rsp - (uint64_t)call->stack_low <= call->stack_top - (uint64_t)call->stack_low;
}

/* Handlers run with our signal blocked, and a jump may leave the mask as it is. */
void shim_leave_handlers(struct shim_thread *t, struct shim_call *call)
{
	uint64_t ours = SHIM_SIGNAL_BIT;

	if (!t->handlers)
		return;
	t->handlers = 0;
	if (call && !call->adopted && !call->mask_changed) {
		call->outer_mask = t->interrupted_mask;
		call->mask_changed = true;
	}
	shim_syscall4(SYS_rt_sigprocmask, SIG_UNBLOCK, &ours, NULL, 8);
}

/* The call goes on after a jump. A handler may have interrupted it on the way to its pause, which now does not happen, or
 * in a section that a pause was waiting for: have the clock come back. */
static void go_on(struct shim_thread *t, struct shim_call *call)
{
	shim_leave_handlers(t, call);
	if (call->state == SHIM_RUNNING && !(call->pending && !call->defer_rsp))
		return;
	call->pending = 0;
	call->state = SHIM_RUNNING;
	shim_arm_backoff(t);
}

/* Give up everything from `call` to the one that `until` runs. In their resumer's place nobody will tidy up after a slice. */
void shim_abandon(struct shim_thread *t, struct shim_call *call, const struct shim_call *until, enum shim_state state)
{
	while (call != until) {
		struct shim_call *parent = call->parent;
		if (call->set && gotcha_program.optind)
			gotcha_swap_options(call);
		SHIM_TRACE(TRACE_SLICE_END, call, state == SHIM_FAULTED ? TRACE_FAULTED : TRACE_LEFT, call->deadline);
		call->state = state;
		call->next = t->abandoned;
		t->abandoned = call;
		call = parent;
	}
}

/* True when the jump leaves the running call, and its TCB has been left already. */
static bool before_jump(const struct __jmp_buf_tag *buffer)
{
	struct shim_thread *t = shim_tls.thread;
	uint64_t rsp = target_rsp(buffer), here = (uint64_t)SHIM_FRAME;

	struct shim_owner *maker = gotcha_leave_making(rsp);
	/* A launched call has none, and may be on another thread than a moment ago. */
	if (t && (!shim_tls.call || shim_tls.call->adopted))
		shim_limits_jump(t, rsp);
	struct shim_call *call = t ? t->current : NULL;
	if (!call) {
		if (t)
			shim_leave_handlers(t, NULL);
		return false;
	}
	if (buffer->__mask_was_saved)
		shim_mask_note(call);
	call->untracked = 0; /* a match that is left does not go on */
	shim_tls.maker = maker;
	/* Leaving: up the stack to the section's beginning (setjmp() in the function that called it) or past it, or away from the stack it is on. */
	if (call->defer_rsp && (rsp >= call->defer_rsp || here > call->defer_rsp ||
				(!call->adopted && on_call_stack(call, rsp) && !on_call_stack(call, call->defer_rsp))))
		call->defer_rsp = 0;
	if (call->adopted || on_call_stack(call, rsp)) {
		go_on(t, call);
		return false;
	}
	/* Out of this call, perhaps out of several: only when a resumer's frame is above the target. A coroutine's stack
	 * of the call's own making is none of the stacks we know. */
	for (struct shim_call *c = call; c && !c->adopted; c = c->parent) {
		bool to_parent = c->parent && !c->parent->adopted && on_call_stack(c->parent, rsp);
		bool to_own = (!c->parent || c->parent->adopted) && rsp > c->caller_rsp && rsp - c->caller_rsp < ((uint64_t)64 << 20);
		if (on_call_stack(c, rsp))
			return false;
		if (!to_parent && !to_own)
			continue;
		shim_abandon(t, call, c->parent, SHIM_LOST);
		t->handlers = 0;
		uint64_t ours = SHIM_SIGNAL_BIT;
		shim_syscall4(SYS_rt_sigprocmask, SIG_UNBLOCK, &ours, NULL, 8);
		t->current = c->parent;
		atomic_store_explicit(&t->deadline, c->parent ? c->parent->deadline : SHIM_NEVER, memory_order_relaxed);
		if (c->parent) /* launch() of the parent was a deferred section */
			c->parent->defer_rsp = 0;
		shim_set_fs(c->caller_fs);
		return true;
	}
	return false;
}

/* The TLS block changes under the compiler's feet in before_jump(): nothing of it may be used afterwards. */
#define JUMP(name)                                                             \
	SHIM_EXPORT _Noreturn void name(struct __jmp_buf_tag buffer[1], int value) \
	{                                                                      \
		jump_function *real = SHIM_REAL(jump_function *, name);        \
		if (before_jump(buffer)) /* the checking variant knows of no second stack */ \
			real = (jump_function *)shim_real_siglongjmp;          \
		real(buffer, value);                                           \
		__builtin_unreachable();                                       \
	}

#undef longjmp
#undef _longjmp
#undef siglongjmp
JUMP(longjmp)
JUMP(_longjmp)
JUMP(siglongjmp)
_Noreturn void __longjmp_chk(struct __jmp_buf_tag buffer[1], int value);
JUMP(__longjmp_chk)
