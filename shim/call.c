/* SPDX-License-Identifier: Apache-2.0 */
/* call.c - launch, resume, cancel, inger_pause: the hot path, top to bottom. */
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
#define ATTR_FIRST_SIZE offsetof(struct inger_attr, isolation)

static const linger_t failed = {0};

/* Run `call` on this thread until it pauses, completes or is left. The caller has taken it (state SHIM_RESUMING). */
static void run_slice(struct shim_thread *t, struct shim_call *call, uint64_t budget_us)
{
	struct shim_call *parent = t->current;
	uint64_t deadline = SHIM_NEVER;

	if (budget_us != TO_COMPLETION) {
		call->slice_start = shim_now();
		deadline = call->slice_start + shim_us_to_ticks(budget_us);
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
	((struct shim_tls *)(call->fs + ((uint64_t)&shim_tls - call->caller_fs)))->thread = t;
	bool options = call->set && gotcha_program.optind;
	if (SHIM_UNLIKELY(options))
		gotcha_swap_options(call);
	shim_run_until(t, call, deadline);

	shim_switch_in(call);

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

/* What became of the call after a slice; releases it when it is over. */
static void settle(struct shim_thread *t, struct shim_call *call, linger_t *f)
{
	switch (atomic_load_explicit(&call->state, memory_order_relaxed)) {
	case SHIM_PAUSING:
		f->yielded = call->yielded;
		atomic_store_explicit(&call->state, SHIM_PAUSED, memory_order_release);
		return;
	case SHIM_LOST: {
		bool exits = call->exits_thread;
		void *value = call->exit_value;
		*f = failed;
		shim_call_retire_set(call);
		shim_call_put(t, call);
		if (exits)
			pthread_exit(value);
		return;
	}
	default:
		f->is_complete = true;
		f->yielded = false;
		f->continuation = NULL;
		shim_call_put(t, call);
	}
}

static struct shim_thread *this_thread(void)
{
	struct shim_thread *t = shim_tls.thread;

	return SHIM_LIKELY(t != NULL) ? t : shim_thread_get();
}

static void give_up(struct shim_thread *t, struct shim_call *call)
{
	bool usable = shim_tcb_forget(call); /* may leave libsets that it had entered */
	shim_call_retire_set(call);
	if (usable)
		shim_call_put(t, call);
	else
		shim_call_destroy(call);
}

/* What has to happen before the next slice, rarely: calls left by longjmp() go back to the pool, TCBs learn of loaded
 * objects. */
__attribute__((noinline, cold)) static void catch_up(struct shim_thread *t)
{
	while (t->abandoned) {
		struct shim_call *call = t->abandoned;
		t->abandoned = call->next;
		give_up(t, call);
	}
	if (shim_modules_changed)
		shim_loaded_hook();
}

static inline void check_up(struct shim_thread *t)
{
	if (SHIM_UNLIKELY(t->abandoned || shim_modules_changed))
		catch_up(t);
}

static bool wants_libset(const struct inger_attr *attr)
{
	if (attr->libsets > shim_config.libsets)
		shim_config.libsets = attr->libsets;
	return attr->isolation == INGER_ISOLATED || (attr->isolation == INGER_ISOLATION_DEFAULT && shim_config.isolate);
}

static linger_t launch_on(const struct inger_attr *attr, void (*func)(void *), uint64_t budget_us, void *arg)
{
	linger_t f = failed;
	struct shim_thread *t = this_thread();
	if (SHIM_UNLIKELY(!t))
		return f;

	/* The options were read when the thread was made known. */
	bool isolated = attr ? wants_libset(attr) : shim_config.isolate;
	struct shim_call *outer = shim_tls.call;
	bool deferred = shim_defer_begin(outer, SHIM_FRAME);
	check_up(t);
	struct shim_call *call = shim_call_get(t, attr ? attr->stack_bytes : 0, isolated);
	if (SHIM_LIKELY(call != NULL)) {
		/* A library's function is called as the libset has it. */
		if (isolated && SHIM_UNLIKELY((uint64_t)func - gotcha_program.program_low >= gotcha_program.program_high - gotcha_program.program_low))
			func = (void (*)(void *))gotcha_copy_of(call->set, (uint64_t)func);
		call->func = func;
		call->arg = arg;
		if (attr)
			call->name = attr->name;
		if (isolated && SHIM_UNLIKELY(gotcha_program.optind != NULL))
			gotcha_begin_options(call);
		call->resume_entry = (uint64_t)shim_entry_start;
		f.continuation = shim_call_handle(call);
		if (SHIM_UNLIKELY(budget_us == 0)) {
			atomic_store_explicit(&call->state, SHIM_PAUSED, memory_order_release);
		} else {
			atomic_store_explicit(&call->state, SHIM_RESUMING, memory_order_relaxed);
			run_slice(t, call, budget_us);
			settle(t, call, &f);
		}
	}
	shim_defer_end(outer, deferred);
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
	if (!func || known.stack_bytes > STACK_LIMIT || known.isolation > INGER_SHARED || known.libsets > LIBSETS_LIMIT) {
		gotcha_fail(EINVAL, "inger_launch_attr", !func ? "the function is NULL" : "stack_bytes, isolation or libsets is out of range");
		return failed;
	}
	return launch_on(&known, func, budget_us, arg);
}

/* Take a paused call for this thread, or say why not. */
static struct shim_call *take(linger_t *f)
{
	if (!f || !f->continuation) {
		gotcha_fail(EINVAL, "continuation", "there is none: the call is complete, cancelled, or was never launched");
		return NULL;
	}
	struct shim_call *call = shim_call_find(f->continuation);
	if (!call) {
		gotcha_fail(EINVAL, "continuation", "stale: its call is complete or cancelled");
		return NULL;
	}
	uint32_t paused = SHIM_PAUSED;
	if (!atomic_compare_exchange_strong_explicit(&call->state, &paused, SHIM_RESUMING, memory_order_acquire, memory_order_relaxed)) {
		gotcha_fail(EBUSY, "continuation", "its call is running");
		return NULL;
	}
	if (SHIM_UNLIKELY(shim_call_find(f->continuation) != call)) { /* completed and reused in between */
		atomic_store_explicit(&call->state, SHIM_PAUSED, memory_order_release);
		gotcha_fail(EINVAL, "continuation", "stale: its call is complete or cancelled");
		return NULL;
	}
	return call;
}

SHIM_EXPORT int resume(linger_t *f, uint64_t budget_us)
{
	if (f && (f->is_complete))
		return 0;
	struct shim_thread *t = this_thread();
	if (!t)
		return -1;
	struct shim_call *outer = shim_tls.call;
	bool deferred = shim_defer_begin(outer, SHIM_FRAME);
	check_up(t);
	struct shim_call *call = take(f);
	if (call) {
		if (SHIM_UNLIKELY(budget_us == 0)) {
			atomic_store_explicit(&call->state, SHIM_PAUSED, memory_order_release);
		} else {
			run_slice(t, call, budget_us);
			settle(t, call, f);
		}
	}
	shim_defer_end(outer, deferred);
	return call ? 0 : -1;
}

SHIM_EXPORT int cancel(linger_t *f)
{
	struct shim_thread *t = this_thread();
	if (!t)
		return -1;
	struct shim_call *outer = shim_tls.call;
	bool deferred = shim_defer_begin(outer, SHIM_FRAME);
	struct shim_call *call = take(f);
	if (call) {
		f->continuation = NULL;
		f->yielded = false;
		give_up(t, call);
	}
	shim_defer_end(outer, deferred);
	return call ? 0 : -1;
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
