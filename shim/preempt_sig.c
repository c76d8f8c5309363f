/* SPDX-License-Identifier: Apache-2.0 */
/* preempt_sig.c - the preemption signal: pause the running call, or remember that a pause is due.
 *
 * Context      signal handler, any thread that has launched, on the thread's alternate stack if it has one.
 * Preemptible  no: a second preemption signal is blocked while it runs.
 * May call     raw system calls and what sigsafe.txt lists. No libc, no locks, no Go, no lazily allocated TLS.
 *
 * The handler only decides. To pause, it copies the general registers out of the signal frame and points the frame at
 * shim_preempt_stub, which runs as ordinary code after the return from the signal: the extended state is then live in
 * the registers, nothing has to be dug out of the frame, and resuming needs no system call. */
#include "shim.h"
#include "limit.h"
#include "own_thread.h"
#include "pausable.h"
#include <ucontext.h>
#include <sys/syscall.h>

#pragma GCC target("general-regs-only")

_Static_assert(SAVED_R8 - CALL_REGS == 0 && CALL_REGS_BYTES == 18 * 8, "regs are gregs R8..EFL");
#define FLAG_DIRECTION 0x400

/* How early a pause may be, and how long the handler waits for the deadline rather than arming once more: a signal
 * costs more than either. */
#define EARLY_OK_US 2
#define EARLY_WAIT_US 8
/* A slice shorter than this must at least have moved on from where it was resumed, or have changed a register. A longer one
 * has run: a loop may well come back to the same place with all registers the same. */
#define PROGRESS_US 50

#define LONG_SECTION_NS 500000

uint64_t shim_ldso_low, shim_ldso_high; /* text of the dynamic linker; set by shim_start.c */

/* Whether `call`, interrupted with stack pointer rsp, is inside a deferred section. A section that was left is closed
 * by who notices (left.c, wrap_jump.c); one that nobody saw (a handler's that went on by setcontext()) shows by a stack pointer
 * above it, or by a different stack. */
bool shim_deferred(const struct shim_call *call, uint64_t rsp, const stack_t *alternate)
{
	uint64_t section = call->defer_rsp;

	if (!section)
		return false;
	bool section_alternate = shim_on_alternate(alternate, section), now_alternate = shim_on_alternate(alternate, rsp);
	if (section_alternate != now_alternate)
		return now_alternate; /* a handler on the alternate stack above the section; else a handler that was left */
	return rsp <= section;
}

/* Nothing but flags has changed since it was resumed. */
static bool unmoved(const struct shim_call *call, const greg_t *regs)
{
	if ((uint64_t)regs[SHIM_RIP] != call->regs[SHIM_RIP])
		return false;
	for (int i = 0; i < SHIM_RIP; i++)
		if ((uint64_t)regs[i] != call->regs[i])
			return false;
	return true;
}

/* Point the signal frame at the stub. False when this place does not allow a pause. */
bool shim_try_inject(struct shim_call *call, void *context)
{
	ucontext_t *frame = context;
	greg_t *regs = frame->uc_mcontext.gregs;
	uint64_t rip = (uint64_t)regs[SHIM_RIP];

	if (call->adopted == ADOPTED_LIMITED) {
		bool done = shim_limit_inject(&call, context);
		if (call->adopted == ADOPTED_LIMITED)
			return done;
	}
	if (call->thread->limits_busy)
		return false;
	if (call->state != SHIM_RUNNING)
		return false;
	if (rip - (uint64_t)shim_switch_begin < (uint64_t)(shim_switch_end - shim_switch_begin))
		return false;
	if (SHIM_UNLIKELY(rip - (uint64_t)__start_shim_settle < (uint64_t)(__stop_shim_settle - __start_shim_settle)))
		return false;
	if (rip - shim_ldso_low < shim_ldso_high - shim_ldso_low)
		return false; /* the linker's locks, and the flag that stalls dlclose() */
	if (shim_on_alternate(&frame->uc_stack, (uint64_t)regs[SHIM_RSP]))
		return false; /* somebody else's handler may need that stack meanwhile */
	if (unmoved(call, regs) && shim_now() - call->slice_start < shim_us_to_ticks(PROGRESS_US))
		return false; /* resumed here just now and not moved since */

	__builtin_memcpy(call->regs, regs, sizeof call->regs);
	call->resume_entry = (uint64_t)shim_entry_full;
	call->pending = 0;
	call->at_return = false;
	if (call->adopted) {
		__builtin_memcpy(&call->sigmask, &frame->uc_sigmask, sizeof call->sigmask);
		*shim_mask_bits(&frame->uc_sigmask) = SHIM_ALL_SIGNALS;
	}
	call->state = SHIM_PAUSING;
	regs[SHIM_RIP] = (greg_t)(uint64_t)shim_preempt_stub;
	regs[SHIM_RDI] = (greg_t)(uint64_t)call;
	regs[SHIM_EFL] &= ~(greg_t)FLAG_DIRECTION;
	return true;
}

/* When our signal ends a system call that the kernel then makes again, RIP is back at the instruction and RCX still has
 * the return address that the first entry put there. See interrupt_restarted() in wrap_signal.c. */
static void note_restart(struct shim_thread *t, const greg_t *regs)
{
	uint64_t rip = (uint64_t)regs[SHIM_RIP];

	/* On the way to a pause or back: what was noted when the call was interrupted still holds. */
	if (rip - (uint64_t)shim_switch_begin < (uint64_t)(shim_switch_end - shim_switch_begin))
		return;
	shim_interrupted(t)->restart_rip = (uint64_t)regs[SHIM_RCX] == rip + 2 ? rip : 0;
}

/* Whether the open section is waiting in the kernel, or about to, and allows a pause there. */
static bool waits_pausably(const struct shim_call *call, const greg_t *regs)
{
	uint64_t begin = (uint64_t)shim_pausable_begin, at = (uint64_t)shim_pausable_at;

	return (uint64_t)regs[SHIM_RIP] - begin <= at - begin && regs[SHIM_RBX] == (greg_t)(uint64_t)call &&
	       (uint64_t)regs[SHIM_R12] == call->defer_rsp;
}

static bool ours(struct shim_thread *t, const siginfo_t *info)
{
	if (SHIM_LIKELY(info->si_value.sival_ptr == (void *)SHIM_SIGNAL_COOKIE && (info->si_code == SI_TIMER || info->si_code == SI_QUEUE)))
		return true;
	/* The timekeeper's when the queue is full; a signal of somebody's with a record has a sender. */
	return t && info->si_code == SI_USER && !info->si_pid && atomic_exchange_explicit(&t->bare, 0, memory_order_relaxed);
}

void shim_preempt_handler(int sig, siginfo_t *info, void *context)
{
	struct shim_thread *t = shim_tls.thread;
	ucontext_t *frame = context;

	if (!ours(t, info)) {
		if (info->si_value.sival_ptr == (void *)SHIM_LEAVE_COOKIE && info->si_code == SI_QUEUE)
			shim_started_signal(context);
		else
			shim_program_handler(sig, info, context);
		return;
	}
	if (!t)
		return;
	uint64_t now = shim_now();
	if (SHIM_UNLIKELY(t->limits != NULL) && !shim_limits_at_border(context))
		shim_limits_trim(t, (uint64_t)frame->uc_mcontext.gregs[SHIM_RSP]);
	struct shim_call *call = t->current;
	uint64_t deadline = t->deadline;

	t->marks.ours++;
	atomic_store_explicit(&t->armed, SHIM_NEVER, memory_order_relaxed);
	shim_clock_learn(t, now);
	if (!call || t->quiet) {
		t->counts.spurious++;
		SHIM_TRACE(TRACE_SIGNAL, NULL, deadline, TRACE_SPURIOUS);
		return;
	}
	call->marks.ours++;
	note_restart(t, frame->uc_mcontext.gregs);
	if (deadline == SHIM_NEVER) {
		t->counts.spurious++;
		SHIM_TRACE(TRACE_SIGNAL, call, deadline, TRACE_SPURIOUS);
		return;
	}
	if (now + shim_us_to_ticks(EARLY_WAIT_US) < deadline) {
		t->counts.spurious++;
		SHIM_TRACE(TRACE_SIGNAL, call, deadline, TRACE_EARLY);
		shim_arm(t, deadline);
		if (SHIM_LIKELY(!t->no_clock))
			return;
		now = deadline; /* it can't come back, and so pauses now */
	}
	while (now + shim_us_to_ticks(EARLY_OK_US) < deadline)
		now = shim_now();
	if (shim_deferred(call, (uint64_t)frame->uc_mcontext.gregs[SHIM_RSP], &frame->uc_stack) &&
	    !waits_pausably(call, frame->uc_mcontext.gregs)) {
		/* The section's end pauses. The clock comes back all the same, for a section left by an exception. */
		t->counts.deferrals += !call->pending;
		SHIM_TRACE(TRACE_SIGNAL, call, deadline, TRACE_DEFERS);
		if (!call->pending)
			SHIM_TRACE(TRACE_DEFER, call, shim_trace_section(call), frame->uc_mcontext.gregs[SHIM_RIP]);
		call->pending = 1;
		if (t->backoff_ns < LONG_SECTION_NS)
			t->backoff_ns = LONG_SECTION_NS;
		shim_arm_backoff(t);
		return;
	}
	bool pauses = shim_try_inject(call, context);
	SHIM_TRACE(TRACE_SIGNAL, call, deadline, pauses ? TRACE_PAUSES : TRACE_LATER);
	if (!pauses)
		shim_arm_backoff(t);
}
