/* SPDX-License-Identifier: Apache-2.0 */
/* call.c - launch, resume, inger_pause: the hot path, top to bottom. The end of a call that does not return: cancel.c. */
#include "shim.h"
#include "../gotcha/libset.h"
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include "../include/inger.h"

#define VERSION "0.1.0"
#define STACK_LIMIT ((size_t)1 << 40)
#define LIBSETS_LIMIT 10000u /* as INGER_LIBSETS */
/* The first published version of struct inger_attr ended here. */
#define KNOWN_FLAGS (uint32_t)(INGER_UNWIND | INGER_RELEASE | INGER_CONTAIN)
#define ATTR_FIRST_SIZE offsetof(struct inger_attr, isolation)

static const linger_t failed = {0};

/* For the trace: why a slice has ended. */
static enum trace_end slice_end(const struct shim_call *call)
{
	switch (atomic_load_explicit(&call->state, memory_order_relaxed)) {
	case SHIM_PAUSING: return call->yielded ? TRACE_YIELDED : TRACE_CLOCK;
	case SHIM_LOST: return TRACE_LEFT;
	case SHIM_FAULTED: return TRACE_FAULTED;
	default: return TRACE_DONE;
	}
}

/* The caller has taken the call (state SHIM_RESUMING). */
void shim_run_slice(struct shim_thread *t, struct shim_call *call, uint64_t budget_us)
{
	struct shim_call *parent = t->current;
	uint64_t deadline = SHIM_NEVER;

	if (budget_us != TO_COMPLETION) {
		call->slice_start = shim_now();
		deadline = call->slice_start + shim_us_to_ticks(budget_us);
		/* A signal that is late is asked for once more: should it ever be lost, the thread would get none for good. */
		if (SHIM_UNLIKELY(atomic_load_explicit(&t->armed, memory_order_relaxed) < call->slice_start))
			atomic_store_explicit(&t->armed, SHIM_NEVER, memory_order_relaxed);
	}
	if (parent) {
		if (parent->deadline < deadline)
			deadline = parent->deadline;
		call->caller_fs = parent->fs;
	} else {
		call->caller_fs = t->fs;
	}
	call->parent = parent;
	call->thread = t;
	call->yielded = 0;
	t->counts.slices++;
	((struct shim_tls *)(call->fs + ((uint64_t)&shim_tls - call->caller_fs)))->thread = t;
	bool options = call->set && gotcha_program.optind;
	if (SHIM_UNLIKELY(options))
		gotcha_swap_options(call);
	if (SHIM_UNLIKELY(call->mask_changed))
		shim_mask_enter(call);
	if (SHIM_UNLIKELY(call->altstack_changed))
		shim_altstack_enter(call);
	SHIM_TRACE(TRACE_SLICE_BEGIN, call, deadline, 0);
	shim_run_until(t, call, deadline);

	if (SHIM_LIKELY(!t->no_clock) || deadline == SHIM_NEVER || shim_clock_again(t, deadline))
		shim_switch_in(call);
	else
		call->state = SHIM_PAUSING; /* its slice is over before it has begun; the next one is refused, with the reason */

	if (SHIM_UNLIKELY(call->overflowed) && call->state == SHIM_PAUSING)
		call->state = SHIM_FAULTED;
	SHIM_TRACE(TRACE_SLICE_END, call, slice_end(call), call->deadline);
	if (SHIM_UNLIKELY(call->mask_changed))
		shim_mask_leave(call);
	if (SHIM_UNLIKELY(call->altstack_changed))
		shim_altstack_leave(call);

	if (SHIM_UNLIKELY(options)) {
		gotcha_swap_options(call);
		call->set->options_used |= call->options.optind != 1;
	}

	t->current = parent;
	atomic_store_explicit(&t->deadline, parent ? parent->deadline : SHIM_NEVER, memory_order_relaxed);
	if (SHIM_UNLIKELY(parent && parent->deadline != SHIM_NEVER)) {
		/* The inner slice may have used the outer one up, or its signal. */
		atomic_signal_fence(memory_order_seq_cst);
		if (shim_now() + shim_us_to_ticks(2) >= parent->deadline)
			parent->pending = 1;
		else if (parent->deadline < atomic_load_explicit(&t->armed, memory_order_relaxed))
			shim_arm(t, parent->deadline);
	}
}

/* A slice of a call whose processor time is limited. Wall time is at least processor time: the slice ends when the limit may
 * have been reached, and goes on when it has not. */
__attribute__((noinline, cold)) static void run_limited(struct shim_thread *t, struct shim_call *call, uint64_t budget_us)
{
	uint64_t end = budget_us == TO_COMPLETION ? SHIM_NEVER : shim_now() + shim_us_to_ticks(budget_us);

	for (;;) {
		uint64_t left_us = (call->cpu_limit_ns - call->cpu_used_ns) / 1000 + 1, now = shim_now();
		uint64_t until_end_us = end > now ? shim_ticks_to_ns(end - now) / 1000 + 1 : 1;
		if (end != SHIM_NEVER && left_us > until_end_us)
			left_us = until_end_us;
		uint64_t before = shim_thread_cpu_ns();
		shim_run_slice(t, call, left_us);
		call->cpu_used_ns += shim_thread_cpu_ns() - before;
		if (call->state != SHIM_PAUSING || call->yielded || call->cpu_used_ns >= call->cpu_limit_ns || shim_now() >= end)
			return;
		if (call->parent && call->parent->pending)
			return;
		call->state = SHIM_RESUMING;
	}
}

static inline void run(struct shim_thread *t, struct shim_call *call, uint64_t budget_us)
{
	if (SHIM_UNLIKELY(call->cpu_limit_ns != 0))
		run_limited(t, call, budget_us);
	else
		shim_run_slice(t, call, budget_us);
}

/* What became of a call after a slice, besides what is in its linger_t. */
struct ended {
	void *value; /* of a thread that exits */
	int error;
	bool exits;
};

/* Releases the call when it is over. */
static struct ended settle(struct shim_thread *t, struct shim_call *call, linger_t *f)
{
	switch (atomic_load_explicit(&call->state, memory_order_relaxed)) {
	case SHIM_PAUSING:
		f->yielded = call->yielded;
		shim_call_offer(call);
		return (struct ended){0};
	case SHIM_FAULTED:
		*f = failed;
		return (struct ended){.error = shim_call_faulted(t, call)};
	case SHIM_LOST: {
		struct ended how = {.exits = call->exits_thread, .value = call->exit_value};
		*f = failed;
		t->counts.abandoned++;
		shim_call_over(t, call);
		shim_call_retire_set(call);
		shim_call_put(t, call);
		return how;
	}
	default:
		f->is_complete = true;
		f->yielded = false;
		f->continuation = NULL;
		t->counts.completed++;
		if (SHIM_UNLIKELY(shim_call_has_traces(call)))
			shim_call_over(t, call);
		shim_call_put(t, call);
		return (struct ended){0};
	}
}

/* What has to happen before the next slice, rarely: calls left by longjmp() go back to the pool, TCBs learn of loaded
 * objects. */
__attribute__((noinline, cold)) void shim_catch_up(struct shim_thread *t)
{
	while (t->abandoned) {
		struct shim_call *call = t->abandoned;
		t->abandoned = call->next;
		t->counts.abandoned++;
		shim_call_over(t, call);
		shim_give_up(t, call);
	}
	if (atomic_load_explicit(&t->unblock, memory_order_relaxed))
		shim_mask_unblock(t);
	if (shim_modules_changed)
		shim_loaded_hook();
}

static inline void check_up(struct shim_thread *t)
{
	if (SHIM_UNLIKELY(t->abandoned || shim_modules_changed || atomic_load_explicit(&t->unblock, memory_order_relaxed)))
		shim_catch_up(t);
}

static bool wants_libset(const struct inger_attr *attr)
{
	if (attr->libsets > shim_config.libsets)
		shim_config.libsets = attr->libsets;
	return attr->isolation == INGER_ISOLATED || (attr->isolation == INGER_ISOLATION_DEFAULT && shim_config.isolate);
}

static void take_attributes(struct shim_call *call, const struct inger_attr *attr)
{
	call->name = attr->name;
	if (SHIM_LIKELY(!(attr->flags | attr->descriptors | attr->heap_bytes | attr->cpu_us | attr->grace_us | attr->cleanup_us)))
		return;
	call->special = true;
	call->flags = attr->flags;
	call->owner.fd_limit = attr->descriptors;
	call->owner.heap_limit = attr->heap_bytes;
	call->cpu_limit_ns = attr->cpu_us > SHIM_NEVER / 1000 ? SHIM_NEVER : attr->cpu_us * 1000;
	call->grace_us = attr->grace_us;
	call->cleanup_us = attr->cleanup_us;
	call->fault_to = attr->fault;
	if (attr->flags & INGER_CONTAIN)
		shim_contain_prepare();
}

static inline bool needs_clock(uint64_t budget_us)
{
	return budget_us != TO_COMPLETION && budget_us != 0;
}

__attribute__((noinline, cold)) static linger_t refused(struct shim_call *outer, bool deferred, uint32_t was)
{
	int error = errno;

	shim_defer_end(outer, deferred);
	shim_exited(was);
	errno = error;
	return failed;
}

static linger_t launch_on(const struct inger_attr *attr, void (*func)(void *), uint64_t budget_us, void *arg)
{
	linger_t f = failed;
	struct shim_call *outer = shim_tls.call;
	bool deferred = shim_defer_begin(outer, SHIM_FRAME);
	struct shim_thread *t = shim_this_thread();
	if (SHIM_UNLIKELY(!t))
		return f; /* not in a call, so no section has begun */
	uint32_t was;
	if (SHIM_UNLIKELY(!shim_enter(t, outer, &was)))
		return refused(outer, deferred, 0);
	if (SHIM_UNLIKELY(t->no_clock) && needs_clock(budget_us) && !shim_clock_make(t)) {
		shim_exit(t, outer, was);
		return refused(outer, deferred, was);
	}

	/* The options were read when the thread was made known. */
	bool isolated = attr ? wants_libset(attr) : shim_config.isolate;
	struct ended ended = {0};
	check_up(t);
	struct shim_call *call = isolated && SHIM_UNLIKELY(shim_modules_changed) && !gotcha_is_current()
		? NULL : shim_call_get(t, attr ? attr->stack_bytes : 0, isolated);
	if (SHIM_LIKELY(call != NULL)) {
		t->counts.launched++;
		call->launcher = NULL;
		call->interrupted.handlers = call->interrupted.inside = 0;
		if (SHIM_UNLIKELY(outer != NULL)) {
			call->launcher = shim_call_handle(outer);
			outer->launches = outer->offered = true;
		}
		SHIM_TRACE(TRACE_LAUNCH, call, func,
			   (attr ? shim_trace_name(attr->name) : 0) | (uint64_t)isolated << 32 | (uint64_t)shim_trace_number(outer) << 40);
		/* A library's function is called as the libset has it. */
		if (isolated && SHIM_UNLIKELY((uint64_t)func - gotcha_program.program_low >= gotcha_program.program_high - gotcha_program.program_low))
			func = (void (*)(void *))gotcha_copy_of(call->set, (uint64_t)func);
		call->func = func;
		call->arg = arg;
		if (attr)
			take_attributes(call, attr);
		if (isolated && SHIM_UNLIKELY(gotcha_program.optind != NULL))
			gotcha_begin_options(call);
		call->resume_entry = (uint64_t)shim_entry_start;
		f.continuation = shim_call_handle(call);
		if (SHIM_UNLIKELY(budget_us == 0)) {
			shim_call_offer(call);
		} else {
			atomic_store_explicit(&call->state, SHIM_RESUMING, memory_order_relaxed);
			run(t, call, budget_us);
			ended = settle(t, call, &f);
		}
	}
	shim_exit(t, outer, was);
	shim_defer_end(outer, deferred);
	shim_exited(was);
	if (SHIM_UNLIKELY(ended.error != 0))
		errno = ended.error;
	if (SHIM_UNLIKELY(ended.exits))
		pthread_exit(ended.value); /* outside of the section, which its handlers must not run in */
	return f;
}

SHIM_EXPORT linger_t launch(void (*func)(void *), uint64_t budget_us, void *arg)
{
	if (SHIM_UNLIKELY(!func)) {
		gotcha_fail(EINVAL, "launch", "the function is NULL");
		return failed;
	}
	return launch_on(NULL, func, budget_us, arg);
}

SHIM_EXPORT linger_t inger_launch_attr(void (*func)(void *), uint64_t budget_us, void *arg, const struct inger_attr *attr)
{
	struct inger_attr known = INGER_ATTR_INIT;

	if (attr) {
		if (attr->size < ATTR_FIRST_SIZE || attr->size > 4096) {
			gotcha_fail(EINVAL, "inger_launch_attr", "size %zu is no size of struct inger_attr", attr->size);
			return failed;
		}
		for (size_t i = sizeof known; i < attr->size; i++)
			if (((const char *)attr)[i]) {
				gotcha_fail(EINVAL, "inger_launch_attr", "a field that this version does not know is not zero");
				return failed;
			}
		memcpy(&known, attr, attr->size < sizeof known ? attr->size : sizeof known);
	}
	if (!func || known.stack_bytes > STACK_LIMIT || known.isolation > INGER_SHARED || known.libsets > LIBSETS_LIMIT ||
	    (known.flags & ~KNOWN_FLAGS)) {
		gotcha_fail(EINVAL, "inger_launch_attr",
			    !func ? "the function is NULL" : "stack_bytes, isolation, libsets or flags is out of range");
		return failed;
	}
	return launch_on(&known, func, budget_us, arg);
}

SHIM_EXPORT int resume(linger_t *f, uint64_t budget_us)
{
	if (f && (f->is_complete))
		return 0;
	struct shim_call *outer = shim_tls.call;
	bool deferred = shim_defer_begin(outer, SHIM_FRAME);
	struct shim_thread *t = shim_this_thread();
	if (!t)
		return -1;
	uint32_t was;
	if (SHIM_UNLIKELY(!shim_enter(t, outer, &was))) {
		(void)refused(outer, deferred, 0);
		return -1;
	}
	check_up(t);
	struct ended ended = {0};
	bool clock = SHIM_LIKELY(!t->no_clock) || !needs_clock(budget_us) || shim_clock_make(t);
	struct shim_call *call = clock ? shim_call_take(f) : NULL;
	if (!call) {
		ended.error = errno;
	} else if (SHIM_UNLIKELY(call->cpu_limit_ns != 0 && call->cpu_used_ns >= call->cpu_limit_ns)) {
		shim_call_offer(call);
		ended.error = shim_cpu_exhausted(call);
	} else if (SHIM_UNLIKELY(budget_us == 0)) {
		shim_call_offer(call);
	} else {
		run(t, call, budget_us);
		ended = settle(t, call, f);
	}
	shim_exit(t, outer, was);
	shim_defer_end(outer, deferred);
	shim_exited(was);
	if (SHIM_UNLIKELY(ended.exits))
		pthread_exit(ended.value);
	if (SHIM_LIKELY(ended.error == 0))
		return 0;
	errno = ended.error;
	return -1;
}

void shim_pause_voluntary(struct shim_call *call);

SHIM_EXPORT void inger_pause(void)
{
	struct shim_call *call = shim_tls.call;

	/* Not main() under `inger run`, which nobody waits for, and not from a handler inside a deferred section. */
	if (!call || call->adopted || call->state != SHIM_RUNNING || call->thread->current != call)
		return;
	if (call->defer_rsp && call->defer_rsp >= (uint64_t)SHIM_FRAME)
		return;
	shim_pause_voluntary(call);
}

SHIM_EXPORT const char *inger_version(void)
{
	return VERSION;
}
