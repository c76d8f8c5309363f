/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_jump.c - longjmp() out of deferred sections and out of calls.
 *
 * A jump out of a deferred section (a signal handler that leaves by siglongjmp) ends the section. A jump out of a call
 * to code of the resumer's stack gives the call up: the resumer's TCB and stack are put back before the jump, and the call
 * is released the next time the thread launches. */
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

/* Handlers run with our signal blocked, and a jump may leave the mask as it is. */
void shim_leave_handlers(struct shim_thread *t, struct shim_call *call)
{
	struct shim_interrupted *interrupted = shim_interrupted(t);
	uint64_t ours = SHIM_SIGNAL_BIT;

	if (!interrupted->handlers)
		return;
	interrupted->handlers = 0;
	if (call && !call->adopted && !call->mask_changed) {
		call->outer_mask = interrupted->mask;
		call->mask_changed = true;
	}
	shim_syscall4(SYS_rt_sigprocmask, SIG_UNBLOCK, &ours, NULL, 8);
}

/* The call goes on after a jump. A handler may have interrupted it on the way to its pause, which now does not happen, or
 * in a section that a pause was waiting for: have the clock come back. */
static void go_on(struct shim_thread *t, struct shim_call *call, bool in_section)
{
	shim_leave_handlers(t, call);
	if (call->state == SHIM_RUNNING && !(call->pending && !in_section))
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

/* Whether the jump leaves the open section: up the stack to its beginning (setjmp() in the function that called it) or past it, or away
 * from the stack it is on. */
static bool leaves_section(const struct shim_call *call, uint64_t rsp, uint64_t here)
{
	uint64_t section = call->defer_rsp;

	return rsp >= section || here > section || (!call->adopted && shim_on_stack_of(call, rsp) && !shim_on_stack_of(call, section));
}

/* The outermost call that the jump leaves, NULL: none. `own`: a section has begun here, so that a launched call stays on this thread; it
 * is over when this is. */
static struct shim_call *leaves_call(struct shim_thread *t, uint64_t rsp, uint64_t here, bool saved_mask, bool own)
{
	struct shim_owner *maker = gotcha_leave_making(rsp);

	/* A launched call has none. */
	if (t && (!shim_tls.call || shim_tls.call->adopted))
		shim_limits_jump(t, rsp);
	struct shim_call *call = t ? t->current : NULL;
	/* A constructor's own jump, while a libset is being made, leaves nothing of ours. */
	if (t && SHIM_UNLIKELY(shim_interrupted(t)->inside & INSIDE_NOW) && !shim_tls.making && !own)
		shim_inside_left(shim_interrupted(t));
	if (!call) {
		if (t)
			shim_leave_handlers(t, NULL);
		return NULL;
	}
	if (saved_mask)
		shim_mask_note(call);
	call->untracked = 0; /* a match that is left does not go on */
	shim_tls.maker = maker;
	if (call->defer_rsp && !own && leaves_section(call, rsp, here)) {
		call->defer_rsp = 0;
		if (call->covered.rsp && shim_on_stack_of(call, rsp)) {
			shim_uncover(call);
			if (rsp >= call->defer_rsp)
				call->defer_rsp = 0;
		}
	}
	if (call->adopted || shim_on_stack_of(call, rsp)) {
		go_on(t, call, call->defer_rsp && !own);
		return NULL;
	}
	/* Out of this call, perhaps out of several: only when a resumer's frame is above the target. A coroutine's stack
	 * of the call's own making is none of the stacks we know. */
	for (struct shim_call *c = call; c && !c->adopted; c = c->parent) {
		bool to_parent = c->parent && !c->parent->adopted && shim_on_stack_of(c->parent, rsp);
		bool to_own = (!c->parent || c->parent->adopted) && rsp > c->caller_rsp && rsp - c->caller_rsp < ((uint64_t)64 << 20);
		if (shim_on_stack_of(c, rsp))
			return NULL;
		if (to_parent || to_own)
			return c;
	}
	return NULL;
}

/* What is left of a jump out of a call, on the resumer's stack, below the frames of its launch(). */
struct landing {
	struct shim_thread *thread;
	struct shim_call *parent;
	jump_function *jump;
	int value;
	uint64_t rsp; /* the target's */
	struct __jmp_buf_tag buffer;
};

/* The resumer has its place back, and budgets of the calls outside of the one that was left stay in force. The section that its
 * launch() has begun is open until all is done: from then on it may be paused, and go on on another thread. */
_Noreturn static void land(struct landing *landing)
{
	struct shim_thread *t = landing->thread;
	struct shim_call *parent = landing->parent;

	t->current = parent;
	atomic_store_explicit(&t->deadline, parent ? parent->deadline : SHIM_NEVER, memory_order_relaxed);
	if (!shim_interrupted(t)->handlers) {
		uint64_t ours = SHIM_SIGNAL_BIT;
		shim_syscall4(SYS_rt_sigprocmask, SIG_UNBLOCK, &ours, NULL, 8);
	}
	if (parent && !parent->adopted)
		parent->interrupted.inside = 0;
	if (parent) {
		parent->pending = 0;
		if (parent->deadline != SHIM_NEVER)
			shim_arm_backoff(t); /* the signal for it may have come while the inner call ran */
		atomic_signal_fence(memory_order_seq_cst);
		parent->defer_rsp = 0;
	}
	if (!parent || parent->adopted) {
		shim_limits_jump(t, landing->rsp);
		shim_inside_left(&t->interrupted);
	}
	landing->jump(&landing->buffer, landing->value);
	__builtin_unreachable();
}

/* The TLS block changes under the compiler's feet here: nothing of it may be used after shim_set_fs(). While this runs the current call is
 * one that is lost, and is not paused; its stack is not this thread's for longer than that. */
_Noreturn static void jump_out(struct shim_thread *t, struct shim_call *outermost, const struct __jmp_buf_tag *buffer, uint64_t rsp, int value)
{
	struct landing *landing = (struct landing *)((outermost->caller_rsp - 128 - sizeof *landing) & ~(uint64_t)15);

	*landing = (struct landing){.thread = t, .parent = outermost->parent, .value = value, .rsp = rsp, .buffer = *buffer,
				    .jump = (jump_function *)shim_real_siglongjmp}; /* the checking variant knows of no second stack */
	uint64_t fs = outermost->caller_fs;
	shim_abandon(t, t->current, outermost->parent, SHIM_LOST);
	shim_set_fs(fs);
	__asm__ volatile("movq %0, %%rsp\n\tcall *%1\n\tud2" : : "D"(landing), "a"(land) : "memory");
	__builtin_unreachable();
}

static void before_jump(const struct __jmp_buf_tag *buffer, int value)
{
	struct shim_call *call = shim_tls.call;
	uint64_t rsp = target_rsp(buffer), here = (uint64_t)SHIM_FRAME;
	bool own = call && !call->adopted && shim_defer_begin_as(call, (void *)here, "longjmp");
	struct shim_thread *t = shim_tls.thread;
	struct shim_call *outermost = leaves_call(t, rsp, here, buffer->__mask_was_saved, own);

	/* Without a look at a pause that is due: go_on() has seen to that. */
	if (outermost)
		jump_out(t, outermost, buffer, rsp, value);
	if (own)
		call->defer_rsp = 0;
}

#define JUMP(name)                                                             \
	SHIM_EXPORT _Noreturn void name(struct __jmp_buf_tag buffer[1], int value) \
	{                                                                      \
		before_jump(buffer, value);                                    \
		SHIM_REAL(jump_function *, name)(buffer, value);               \
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
