/* SPDX-License-Identifier: Apache-2.0 */
/* help.c - who waits for what a paused call holds, with nothing that would end the wait, runs that call on until it lets go.
 *
 * Streams and pthread_once() are libc's, and a paused call may be in the middle of using one. Another call waits for it within its
 * budget, and is paused. The program's own side has no budget, and while it waits nobody resumes the call: so it helps, for as
 * long as cancel() would (inger_attr.grace_us, 10 ms), and after that fails with EDEADLK.
 *
 * A call that ends while it is helped stays paused for its owner, and ends in the same way when it is resumed. */
#include "lock.h"
#include "../gotcha/libset.h"
#include <sys/syscall.h>

#define HELP_US 10000

uint32_t shim_streams_held, shim_onces_held;

/* NULL: any stream. */
static bool holds(const struct shim_call *call, const void *lock)
{
	const struct shim_held *list = call->holds.room ? call->holds.list : call->holds.small;

	for (uint32_t i = 0; i < call->holds.count; i++)
		if (list[i].times && (lock ? list[i].lock == lock : list[i].kind == HOLD_STREAM))
			return true;
	return false;
}

bool shim_awaits_nothing(const struct shim_call *call)
{
	return !holds(call, call->awaits_any ? NULL : call->awaited);
}

static void nothing(void *call)
{
	(void)call;
}

static void end_again(void *arg)
{
	struct shim_call *call = arg;

	call->state = call->ended_as;
	shim_leave(call);
}

/* It ended while nobody looked after it. */
static void keep_end(struct shim_call *call)
{
	call->ended_as = atomic_load(&call->state);
	call->func = call->ended_as == SHIM_DONE ? nothing : end_again;
	call->arg = call;
	call->entry_rsp = call->stack_top;
	call->resume_entry = (uint64_t)shim_entry_start;
	call->defer_rsp = 0;
	call->finish_work = 0;
	call->yielded = false;
}

/* The call has been taken. */
static int run_until_let_go(struct shim_thread *t, struct shim_call *call, const void *lock)
{
	struct shim_call *outer = shim_tls.call;
	bool began = shim_defer_begin(outer, SHIM_FRAME);

	call->ending = true;
	call->awaited = lock;
	call->awaits_any = !lock;
	bool ended = shim_run_on(t, call, call->grace_us ? call->grace_us : HELP_US, shim_awaits_nothing);
	int error = !ended && holds(call, lock) ? EDEADLK : 0;
	call->ending = call->awaits_any = false;
	call->awaited = NULL;
	if (ended)
		keep_end(call);
	shim_call_offer(call);
	shim_defer_end(outer, began);
	return error;
}

static int help(struct shim_thread *t, const void *lock)
{
	int error = ENOENT;

	/* It waits for itself; or where it is no call can be run: in a handler, or on another TCB than its own. */
	for (const struct shim_call *c = t->current; c; c = c->parent)
		if (holds(c, lock))
			return EDEADLK;
	if (shim_interrupted(t)->handlers || (t->current && t->current->fs != shim_fs()))
		return EDEADLK;
	for (uint32_t i = 0; i < shim_pool_calls() && error == ENOENT; i++) {
		struct shim_call *call = shim_call_borrow(i);
		if (!call)
			continue;
		if (holds(call, lock)) {
			shim_call_keep(call);
			error = run_until_let_go(t, call, lock);
		} else {
			shim_call_offer(call);
		}
	}
	return error;
}

int shim_help(const void *lock)
{
	struct shim_call *outer = shim_tls.call;
	bool began = shim_defer_begin(outer, SHIM_FRAME);
	struct shim_thread *t = shim_this_thread();
	int saved = errno, error = t ? help(t, lock) : ENOENT;

	shim_defer_end(outer, began);
	errno = saved;
	return error;
}
