/* SPDX-License-Identifier: Apache-2.0 */
/* lock.h - what hold.c, wrap_lock.c and wrap_cond.c share: the list of a call's locks as its wrappers write it.
 *
 * Written in deferred sections on the call's own thread. A handler of the program that comes in between may take locks and
 * let go of them again: an entry's place is taken before it is filled, and emptied before it is given back. */
#ifndef SHIM_LOCK_H
#define SHIM_LOCK_H

#include "shim.h"
#include <errno.h>
#include <pthread.h>
#include <time.h>

/* In the list, but no lock: the condition that the call waits for. */
#define HOLD_WAIT ((enum hold_kind)(HOLD_PATTERN + 1))

/* The call whose locks are noted; NULL: outside of calls, and for main() under `inger run`. */
static inline struct shim_call *hold_here(void)
{
	struct shim_call *call = shim_tls.call;

	return SHIM_LIKELY(!call) || call->adopted == ADOPTED_MAIN ? NULL : call;
}

static inline struct shim_held *hold_list(struct shim_holds *holds)
{
	return SHIM_LIKELY(!holds->room) ? holds->small : holds->list;
}

void hold_add_more(struct shim_call *call, enum hold_kind kind, void *lock);
void hold_drop_more(struct shim_call *call, void *lock);
void hold_dropped(struct shim_call *call); /* ends a grace slice when this was what cancel() waits for */

static inline void hold_add(struct shim_call *call, enum hold_kind kind, void *lock)
{
	struct shim_holds *holds = &call->holds;

	if (SHIM_UNLIKELY(holds->count)) {
		hold_add_more(call, kind, lock);
		return;
	}
	holds->count = 1;
	atomic_signal_fence(memory_order_seq_cst);
	*hold_list(holds) = (struct shim_held){lock, kind, 1};
}

static inline void hold_drop(struct shim_call *call, void *lock)
{
	struct shim_holds *holds = &call->holds;

	if (SHIM_LIKELY(holds->count)) {
		struct shim_held *last = &hold_list(holds)[holds->count - 1];
		if (SHIM_LIKELY(last->lock == lock && last->times == 1)) {
			last->lock = NULL;
			atomic_signal_fence(memory_order_seq_cst);
			holds->count--;
		} else {
			hold_drop_more(call, lock);
		}
	}
	if (SHIM_UNLIKELY(call->ending))
		hold_dropped(call);
}

/* When a wait in a deferred section has to end so that the slice does: CLOCK_MONOTONIC. False: the slice has no end, or the
 * section is inside another, whose pause it can't bring about. */
bool hold_slice_end(const struct shim_call *call, bool began, struct timespec *end);
/* Whether `until` comes before the slice's end. */
bool hold_is_earlier(clockid_t clock, const struct timespec *until, const struct timespec *slice_end);

/* help.c: `lock` (NULL: any stream) is held by a paused call: run that on. 0: it has let go; EDEADLK: it has not, or the wait is
 * for oneself; ENOENT: no paused call has it. */
int shim_help(const void *lock);
bool shim_awaits_nothing(const struct shim_call *call);
void shim_once_reset(void *control); /* wrap_once.c */

/* wrap_lock.c: pthread_mutex_lock() and pthread_mutex_unlock() inside a call */
int hold_mutex_lock(struct shim_call *call, pthread_mutex_t *mutex);
int hold_mutex_unlock(struct shim_call *call, pthread_mutex_t *mutex); /* in a deferred section */
/* wrap_cond.c: the call does not wait for the condition any more */
void hold_wait_over(void *condition);

#endif
