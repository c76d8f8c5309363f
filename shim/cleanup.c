/* SPDX-License-Identifier: Apache-2.0 */
/* cleanup.c - a call's cleanup handlers: functions that cancel() runs for it, newest first, on its own stack and TCB. */
#include "shim.h"
#include "../gotcha/libset.h"
#include <errno.h>

struct shim_cleanup {
	struct shim_cleanup *next;
	void (*handler)(void *);
	void *arg;
	uint64_t sp; /* of who pushed it */
};

extern void *shim_real_malloc, *shim_real_free;

static struct shim_cleanup *pop(struct shim_call *call)
{
	struct shim_cleanup *top = call->cleanups;

	if (top)
		call->cleanups = top->next;
	return top;
}

SHIM_EXPORT int inger_cleanup_push(void (*handler)(void *), void *arg)
{
	struct shim_call *call = shim_tls.call;

	if (!handler || !call || call->adopted) {
		gotcha_fail(EINVAL, "inger_cleanup_push", !handler ? "the handler is NULL" : "no preemptible function is running");
		return -1;
	}
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	struct shim_cleanup *c = ((void *(*)(size_t))shim_real_malloc)(sizeof *c);
	if (c) {
		*c = (struct shim_cleanup){call->cleanups, handler, arg, (uint64_t)SHIM_FRAME};
		call->cleanups = c;
	}
	shim_defer_end(call, deferred);
	return c ? 0 : -1;
}

SHIM_EXPORT int inger_cleanup_pop(int execute)
{
	struct shim_call *call = shim_tls.call;
	struct shim_cleanup taken = {0};

	if (call && call->cleanups) {
		bool deferred = shim_defer_begin(call, SHIM_FRAME);
		struct shim_cleanup *c = pop(call);
		taken = *c;
		((void (*)(void *))shim_real_free)(c);
		shim_defer_end(call, deferred);
	}
	if (!taken.handler) {
		gotcha_fail(EINVAL, "inger_cleanup_pop", "there is no handler");
		return -1;
	}
	if (execute)
		taken.handler(taken.arg);
	return 0;
}

void shim_cleanup_run_above(struct shim_call *call, uint64_t cfa)
{
	while (call->cleanups && call->cleanups->sp <= cfa)
		(void)inger_cleanup_pop(1);
}

void shim_cleanup_drop(struct shim_call *call)
{
	struct shim_cleanup *c;

	while ((c = pop(call)))
		((void (*)(void *))shim_real_free)(c);
}
