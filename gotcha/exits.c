/* SPDX-License-Identifier: Apache-2.0 */
/* exits.c - exit handlers of libsets' code. They are kept by the libset: gotcha_close() runs them, nobody else does, since at
 * the end of the process the starting libset's own run. */
#include "libset.h"
#include <stdlib.h>

struct gotcha_exit_entry {
	struct gotcha_exit_entry *next;
	void (*function)(void *, int); /* of on_exit(), with the status last; the others look at the first argument only */
	void *arg;
	bool status_first; /* on_exit() */
};

SHIM_SLOT(__cxa_atexit);
SHIM_SLOT(__cxa_at_quick_exit);
SHIM_SLOT(on_exit);

static void call(const struct gotcha_exit_entry *e)
{
	if (e->status_first)
		((void (*)(int, void *))(void *)e->function)(0, e->arg);
	else
		e->function(e->arg, 0);
}

void gotcha_run_exits(struct gotcha_set *set)
{
	while (set->exits) {
		struct gotcha_exit_entry *e = set->exits;
		set->exits = e->next;
		call(e);
		free(e);
	}
}

void gotcha_drop_exits(struct gotcha_set *set)
{
	while (set->exits) {
		struct gotcha_exit_entry *e = set->exits;
		set->exits = e->next;
		free(e);
	}
}

static int keep(struct gotcha_set *set, void *function, void *arg, bool status_first)
{
	struct gotcha_exit_entry *e = malloc(sizeof *e);

	if (!e)
		return -1;
	*e = (struct gotcha_exit_entry){set->exits, (void (*)(void *, int))function, arg, status_first};
	set->exits = e;
	return 0;
}

/* The libset that the function or the object is in. */
static struct gotcha_set *set_of(const void *function, const void *object)
{
	struct gotcha_set *set = gotcha_set_at((uint64_t)object);

	return set ? set : gotcha_set_at((uint64_t)function);
}

SHIM_EXPORT int __cxa_atexit(void (*function)(void *), void *arg, void *dso)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	struct gotcha_set *set = set_of((void *)function, dso);
	int result = set ? keep(set, (void *)function, arg, false)
			 : SHIM_REAL(int (*)(void (*)(void *), void *, void *), __cxa_atexit)(function, arg, dso);

	shim_defer_end(call, deferred);
	return result;
}

SHIM_EXPORT int on_exit(void (*function)(int, void *), void *arg)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	struct gotcha_set *set = set_of((void *)function, NULL);
	int result = set ? keep(set, (void *)function, arg, true)
			 : SHIM_REAL(int (*)(void (*)(int, void *), void *), on_exit)(function, arg);

	shim_defer_end(call, deferred);
	return result;
}

/* At the end of the process a libset's handlers do not run, however it ends. */
int __cxa_at_quick_exit(void (*function)(void *), void *dso);
SHIM_EXPORT int __cxa_at_quick_exit(void (*function)(void *), void *dso)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	int result = 0;

	if (!set_of((void *)function, dso))
		result = SHIM_REAL(int (*)(void (*)(void *), void *), __cxa_at_quick_exit)(function, dso);
	shim_defer_end(call, deferred);
	return result;
}
