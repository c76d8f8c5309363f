/* SPDX-License-Identifier: Apache-2.0 */
/* cancel.c - the end of a call that does not return: cancel(), contained faults, and what is left of a call in any case.
 *
 * In order: locks of the program are let go of, cleanup handlers run and the stack is unwound (all that on the call's own
 * stack and TCB, as slices like any other), calls that it launched are cancelled, what it has is released, and the rest
 * of it (TCB, stack) goes back to the pool. Its libset is retired. */
#include "shim.h"
#include "../gotcha/libset.h"
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include "../include/inger.h"

#define GRACE_US 10000
#define CLEANUP_US 10000
#define RED_ZONE 128
#define CLEANUP_STACK ((size_t)32 << 10) /* room that cleanup handlers must have on a call's stack */

static const char *name_of(const struct shim_call *call, char *room, size_t bytes)
{
	if (call->name)
		return call->name;
	return shim_symbol_name((const void *)call->func, room, bytes) ? room : "a function without a symbol";
}

uint64_t shim_thread_cpu_ns(void)
{
	struct timespec t;

	shim_syscall2(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int shim_cpu_exhausted(const struct shim_call *call)
{
	char room[200];

	gotcha_fail(EDQUOT, name_of(call, room, sizeof room), "its %llu us of processor time are used up",
		    (unsigned long long)(call->cpu_limit_ns / 1000));
	return EDQUOT;
}

/* ---- slices after the end */

/* It has ended: the mask that is in force is the call's. */
static void drop_mask(struct shim_call *call)
{
	if (call->mask_changed)
		shim_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, &call->outer_mask, NULL, 8);
	call->mask_changed = false;
}

/* Let a call that has been taken run on, until `over` says so or it ends: true when it has ended. */
bool shim_run_on(struct shim_thread *t, struct shim_call *call, uint64_t budget_us, bool (*over)(const struct shim_call *))
{
	uint64_t end = shim_now() + shim_us_to_ticks(budget_us);

	if (!shim_clock_for(t))
		return false;
	for (;;) {
		uint64_t now = shim_now();
		if (now >= end || (over && over(call)))
			return false;
		call->state = SHIM_RESUMING;
		shim_run_slice(t, call, shim_ticks_to_ns(end - now) / 1000 + 1);
		if (call->state != SHIM_PAUSING)
			break;
	}
	drop_mask(call);
	return true;
}

static bool holds_nothing(const struct shim_call *call)
{
	return !hold_outliving(call);
}

/* Until it holds no lock that outlives it. 0, or EBUSY; `ended`: it has run to its end meanwhile. */
static int let_go(struct shim_thread *t, struct shim_call *call, bool *ended)
{
	char room[200], lock[200];

	if (SHIM_LIKELY(!call->holds.count) || holds_nothing(call))
		return 0;
	call->ending = true;
	*ended = shim_run_on(t, call, call->grace_us ? call->grace_us : GRACE_US, holds_nothing);
	call->ending = false;
	const struct shim_held *held = *ended ? NULL : hold_outliving(call);
	if (!held || ((call->flags & INGER_RELEASE) && held->kind != HOLD_PATTERN))
		return 0;
	hold_describe(held, lock, sizeof lock);
	gotcha_fail(EBUSY, name_of(call, room, sizeof room), "it holds the %s, and has not let go of it in %llu us", lock,
		    (unsigned long long)(call->grace_us ? call->grace_us : GRACE_US));
	return EBUSY;
}

/* The stack pointer of a paused call. */
static uint64_t paused_rsp(const struct shim_call *call)
{
	if (call->state == SHIM_FAULTED || call->resume_entry == (uint64_t)shim_entry_full)
		return call->regs[SHIM_RSP];
	return call->voluntary_rsp;
}

/* Runs as the call's function, on its stack, below what is there. */
static void run_handlers(void *arg)
{
	shim_cleanup_run_above(arg, UINT64_MAX);
}

/* Cleanup handlers and unwinding. The frames of the function stay where they are: handlers have pointers into them. */
static void clean(struct shim_thread *t, struct shim_call *call)
{
	uint64_t budget_us = call->cleanup_us ? call->cleanup_us : CLEANUP_US, rsp = paused_rsp(call);
	bool on_stack = shim_on_stack_of(call, rsp);
	void (*func)(void *) = call->func;
	uint32_t finish_work = 0;
	void *spare = NULL;
	char room[200];

	call->defer_rsp = 0; /* what was under way there does not go on */
	if (!(call->flags & INGER_UNWIND) || !shim_unwind_begin(call)) {
		if (!call->cleanups)
			return;
		if (!on_stack || rsp - (uint64_t)call->stack_low < CLEANUP_STACK) {
			/* The stack is full, or the function was on another one. */
			spare = mmap(NULL, 2 * CLEANUP_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
			if (spare == MAP_FAILED) {
				shim_message("cleanup handlers are not run", name_of(call, room, sizeof room), "no memory for a stack");
				return;
			}
			rsp = (uint64_t)spare + 2 * CLEANUP_STACK;
		}
		call->entry_rsp = (rsp - RED_ZONE) & ~(uint64_t)15;
		call->resume_entry = (uint64_t)shim_entry_start;
		call->func = run_handlers;
		call->arg = call;
		finish_work = call->finish_work;
		call->finish_work = 0; /* nothing of the function's is destroyed that its frames may refer to */
	}
	bool ended = shim_run_on(t, call, budget_us, NULL);
	call->func = func;
	call->finish_work |= finish_work;
	if (!ended)
		shim_message("cleanup is given up", name_of(call, room, sizeof room), "its budget is used up (inger_attr.cleanup_us)");
	if (call->state == SHIM_FAULTED)
		shim_message("cleanup is given up", name_of(call, room, sizeof room), "it faulted");
	call->entry_rsp = call->stack_top;
	if (spare)
		(void)munmap(spare, 2 * CLEANUP_STACK);
}

/* ---- what is left */

/* On the call's TCB: streams and locks know their owner by it. Not inlined: the compiler may keep the address of a
 * thread-local variable, but not across a call. */
__attribute__((noinline)) static void release_here(struct shim_call *call)
{
	if (call->holds.count && (call->flags & INGER_RELEASE))
		hold_release(call);
	if (SHIM_UNLIKELY(call->owner.maps) && !call->set)
		own_map_keep_referred(&call->owner);
	own_release(&call->owner);
	shim_patterns_release(call);
}

static void release(struct shim_thread *t, struct shim_call *call)
{
	uint64_t here = shim_fs();
	struct shim_tls *tls = (struct shim_tls *)(call->fs + ((uint64_t)&shim_tls - here));

	tls->maker = NULL;
	tls->making = NULL;
	tls->call = call; /* it has faulted in a constructor */
	if (!call->holds.count && !call->owner.count && !call->owner.registered && !call->owner.maps && !call->patterns)
		return;
	tls->call = NULL;
	tls->thread = t;
	shim_set_fs(call->fs);
	release_here(call);
	shim_set_fs(here);
	tls->call = call;
}

static void drop_traces(struct shim_call *call)
{
	shim_cleanup_drop(call);
	if (call->holds.count)
		hold_end(call);
	if (call->overflowed)
		shim_guard_close(call);
	call->launches = call->mask_changed = call->altstack_changed = call->unwinding = call->overflowed = false;
	call->untracked = 0;
	call->made_for = 0; /* cancelled at the end of malloc(): the next function in this place is not there */
	call->reason.error = 0;
	if (call->special) {
		shim_iterations_end(call);
		call->special = false;
		call->flags = 0;
		call->cpu_limit_ns = call->cpu_used_ns = call->grace_us = call->cleanup_us = 0;
		call->fault_to = NULL;
	}
}

/* A function that returned, or was left: what it made stays, the outer call's if there is one. */
void shim_call_over(struct shim_thread *t, struct shim_call *call)
{
	struct shim_call *outer = t->current;

	if (outer && !outer->adopted)
		own_move(&call->owner, &outer->owner);
	else
		own_forget(&call->owner);
	drop_traces(call);
}

void shim_give_up(struct shim_thread *t, struct shim_call *call)
{
	shim_tcb_forget(call); /* may leave libsets that it had entered */
	shim_tcb_not_exiting(call);
	shim_call_retire_set(call);
	shim_call_put(t, call);
}

static int end(struct shim_thread *t, struct shim_call *call);

static void end_inner(struct shim_thread *t, const struct shim_call *call)
{
	void *handle = shim_call_handle(call);
	char room[200];

	for (uint32_t i = 0; i < shim_pool_calls(); i++) {
		struct shim_call *inner = shim_call_take_at(i, handle);
		if (inner && end(t, inner) != 0) {
			shim_message("a call launched by a cancelled one stays", name_of(inner, room, sizeof room), gotcha_reason());
			shim_call_offer(inner);
		}
	}
}

static int end_untraced(struct shim_thread *t, struct shim_call *call);

/* The call is taken, or has faulted. 0, or EBUSY: it is as it was. */
static int end(struct shim_thread *t, struct shim_call *call)
{
	if (SHIM_LIKELY(!shim_tracing))
		return end_untraced(t, call);
	uint32_t number = shim_trace_number(call); /* it may be gone afterwards */
	shim_trace_add(TRACE_CANCEL_BEGIN, number, 0, 0);
	int error = end_untraced(t, call);
	shim_trace_add(TRACE_CANCEL_END, number, (uint64_t)error, 0);
	return error;
}

/* Its own, or libc's that work for it. */
static bool has_threads(const struct shim_call *call)
{
	return (call->owner.registered & (REG_THREADS | REG_REQUESTS)) || ((call->set ? call->set->owner.registered : 0) & REG_THREADS);
}

/* What is left of a call that has ended, once nobody uses it. */
static void let_go_of(struct shim_thread *t, struct shim_call *call)
{
	release(t, call);
	own_forget(&call->owner);
	drop_traces(call);
	shim_give_up(t, call);
}

__attribute__((noinline)) static void look_after_kept(struct shim_thread *t)
{
	struct shim_call *gone = shim_unreleased_gone(), *next;

	for (; gone; gone = next) {
		next = gone->next;
		let_go_of(t, gone);
	}
}

static int end_untraced(struct shim_thread *t, struct shim_call *call)
{
	bool faulted = call->state == SHIM_FAULTED, ended = false;

	char room[200];

	if (SHIM_UNLIKELY(shim_unreleased != NULL))
		look_after_kept(t);
	if (SHIM_UNLIKELY(has_threads(call)) && !faulted && shim_unreleased_full(call, name_of(call, room, sizeof room)))
		return EBUSY;
	if (call->resume_entry != (uint64_t)shim_entry_start || faulted) {
		int error = faulted ? 0 : let_go(t, call, &ended);
		if (!error && !ended && !faulted && (call->flags & INGER_UNWIND)) {
			ended = shim_unwind_approach(t, call, call->grace_us ? call->grace_us : GRACE_US);
			if (ended)
				drop_mask(call);
			else
				error = let_go(t, call, &ended); /* it has gone on, and may have taken one */
		}
		if (error)
			return error;
		if (!ended && (call->cleanups || (call->flags & INGER_UNWIND)))
			clean(t, call);
	}
	if (call->launches)
		end_inner(t, call);
	if (call->kept_mask)
		shim_mask_drop(t, call);
	if (faulted)
		t->counts.faulted++;
	else
		t->counts.cancelled++;
	if (SHIM_UNLIKELY(has_threads(call)) && !shim_threads_gone(call, true))
		shim_keep_whole(call);
	else
		let_go_of(t, call);
	return 0;
}

SHIM_EXPORT int cancel(linger_t *f)
{
	struct shim_call *outer = shim_tls.call;
	bool deferred = shim_defer_begin(outer, SHIM_FRAME);
	struct shim_thread *t = shim_this_thread();
	if (!t)
		return -1;
	uint32_t was = 0;
	bool entered = shim_enter(t, outer, &was);
	struct shim_call *call = entered ? shim_call_take(f) : NULL;
	int error = call ? end(t, call) : errno;
	if (!error)
		*f = (linger_t){0};
	else if (call)
		shim_call_offer(call);
	if (entered)
		shim_exit(t, outer, was);
	shim_defer_end(outer, deferred);
	shim_exited(was);
	if (!error)
		return 0;
	errno = error;
	return -1;
}

/* ---- contained faults */

static const char *signal_name(int sig)
{
	switch (sig) {
	case SIGSEGV: return "SIGSEGV";
	case SIGBUS: return "SIGBUS";
	case SIGFPE: return "SIGFPE";
	default: return "SIGILL";
	}
}

/* Calls inside the one that has faulted, whose resumers are gone with it; innermost first. */
static void end_abandoned(struct shim_thread *t)
{
	struct shim_call **link = &t->abandoned, *inner = NULL, *next;

	while (*link) {
		struct shim_call *call = *link;
		if (call->state != SHIM_FAULTED) {
			link = &call->next;
			continue;
		}
		*link = call->next;
		call->next = inner;
		inner = call;
	}
	for (; inner; inner = next) {
		next = inner->next;
		(void)end(t, inner);
	}
}

int shim_call_faulted(struct shim_thread *t, struct shim_call *call)
{
	char room[200], place[200];
	const struct shim_fault *fault = &call->fault;

	if (call->fault_to)
		*call->fault_to = (struct inger_fault){fault->signal, fault->code, (void *)fault->address, (void *)fault->instruction,
						       fault->stack_overflow};
	if (!shim_symbol_name((void *)fault->instruction, place, sizeof place))
		snprintf(place, sizeof place, "%p", (void *)fault->instruction);
	drop_mask(call);
	gotcha_fail(EFAULT, name_of(call, room, sizeof room), "%s%s in %s, address %p", signal_name(fault->signal),
		    fault->stack_overflow ? " (its stack is full)" : "", place, (void *)fault->address);
	if (hold_outliving(call) && !(call->flags & INGER_RELEASE)) {
		hold_describe(hold_outliving(call), place, sizeof place);
		shim_message("a lock stays locked after a contained fault", name_of(call, room, sizeof room), place);
	}
	end_abandoned(t);
	(void)end(t, call);
	return EFAULT;
}
