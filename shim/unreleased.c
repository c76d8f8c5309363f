/* SPDX-License-Identifier: Apache-2.0 */
/* unreleased.c - cancelled calls that can't go yet: threads that they or their libsets have started, or libc for them, use their
 * stacks and blocks (own_thread.c, own_request.c). They are kept whole, unreleased, until another end finds those threads gone. There is a bound: beyond it a
 * call with threads that don't leave can't be cancelled. */
#include "shim.h"
#include "../gotcha/libset.h"
#include <errno.h>
#include <sys/syscall.h>

#define KEPT_MOST 64u

struct shim_call *shim_unreleased; /* newest first */
static uint32_t count;
static atomic_flag lock = ATOMIC_FLAG_INIT;

void shim_unreleased_forked(void)
{
	shim_spin_drop(&lock);
}

bool shim_threads_gone(struct shim_call *call, bool wait)
{
	return own_requests_end(&call->owner, wait) && own_threads_end(&call->owner, call->set ? &call->set->owner : NULL, wait);
}

void shim_keep_whole(struct shim_call *call)
{
	shim_spin_take(&lock);
	call->generation++; /* its handles are stale */
	call->launcher = NULL;
	call->state = SHIM_LOST;
	call->next = shim_unreleased;
	shim_unreleased = call;
	count++;
	shim_spin_drop(&lock);
}

bool shim_unreleased_full(struct shim_call *call, const char *name)
{
	if (count < KEPT_MOST || shim_threads_gone(call, true))
		return false;
	gotcha_fail(EBUSY, name, "threads that it has started go on, and %u cancelled calls are kept for that reason already", count);
	return true;
}

struct shim_call *shim_unreleased_gone(void)
{
	struct shim_call *gone = NULL;

	shim_spin_take(&lock);
	for (struct shim_call **link = &shim_unreleased; *link;) {
		struct shim_call *call = *link;
		if (shim_threads_gone(call, false)) {
			*link = call->next;
			count--;
			call->next = gone;
			gone = call;
		} else {
			link = &call->next;
		}
	}
	shim_spin_drop(&lock);
	return gone;
}
