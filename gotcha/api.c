/* SPDX-License-Identifier: Apache-2.0 */
/* api.c - gotcha.h: libsets for programs; and inger_shutdown(). */
#include "libset.h"
#include "../include/gotcha.h"
#include "../shim/loader.h"
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdlib.h>

#define DEPTH 8

struct nest {
	uint32_t depth;
	struct gotcha_set *before[DEPTH];
};
static __thread struct nest nest __attribute__((tls_model("initial-exec")));

/* The plans of single libraries; never forgotten, since what they describe stays loaded. */
struct known {
	const struct link_map *map;
	struct gotcha_plan plan;
	struct known *next;
};
static struct known *known; /* inside of an order only */

static struct gotcha_plan *plan_of(const struct link_map *map)
{
	for (struct known *k = known; k; k = k->next)
		if (k->map == map)
			return &k->plan;
	struct known *k = calloc(1, sizeof *k);
	if (!k) {
		gotcha_fail(ENOMEM, map->l_name, "no memory for its plan");
		return NULL;
	}
	k->map = map;
	struct gotcha_library request = {map, &k->plan};
	if (!gotcha_order(GOTCHA_LIBRARY, &request)) {
		if (errno == ENOSYS)
			gotcha_fail_as(ENOTSUP, gotcha_reason());
		free(k);
		return NULL;
	}
	k->next = known;
	known = k;
	return &k->plan;
}

static struct gotcha_set *open_library(const char *library)
{
	/* The reference is kept: the copies use the original's thread-local variables and shared data. */
	struct link_map *map = dlopen(library, RTLD_NOW | RTLD_LOCAL);

	if (!map) {
		const char *why = dlerror();
		gotcha_fail(ENOENT, "dlopen", "%s", why ? why : library);
		return NULL;
	}
	struct gotcha_plan *plan = NULL;
	if (gotcha_order_begin(SHIM_LOADER_PATIENCE_NS)) {
		plan = plan_of(map);
		gotcha_order_end();
	}
	return plan ? gotcha_make(plan) : NULL;
}

SHIM_EXPORT gotcha_t *gotcha_open(const char *library)
{
	struct shim_call *call = shim_tls.call;

	/* Constructors run here, and are none the wiser: no pause, as in dlopen(). */
	if (!shim_thread_get() || !gotcha_table_init())
		return NULL;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	struct gotcha_set *set = NULL;
	uint32_t was = 0;
	if (shim_enter(shim_tls.thread, call, &was)) {
		set = library ? open_library(library) : gotcha_take();
		if (set)
			set->open = true;
		shim_exit(shim_tls.thread, call, was);
	}
	int error = errno;
	shim_defer_end(call, deferred);
	shim_exited(was);
	errno = error;
	return set;
}

static bool valid(const struct gotcha_set *set)
{
	for (const struct gotcha_set *s = atomic_load(&gotcha_sets); s && set; s = s->all_next)
		if (s == set && s->in_use && s->open)
			return true;
	gotcha_fail(EINVAL, "libset", "not an open one");
	return false;
}

SHIM_EXPORT void *gotcha_sym(gotcha_t *set, const char *symbol)
{
	if (!valid(set))
		return NULL;
	if (!symbol || !*symbol) {
		gotcha_fail(EINVAL, "gotcha_sym", "no name is given");
		return NULL;
	}
	/* What was named first comes last in the order of constructors. */
	for (uint32_t n = set->batch_count; n-- > 0;) {
		const struct gotcha_batch *b = set->plan->batches[n];
		for (uint64_t i = b->member_count; i-- > 0;) {
			void *original = shim_lookup_in(b->members[i].map, symbol);
			if (original)
				return (void *)gotcha_copy_of(set, (uint64_t)original);
		}
	}
	gotcha_fail(ENOENT, symbol, "no library of the libset exports it");
	return NULL;
}

SHIM_EXPORT int gotcha_enter(gotcha_t *set)
{
	if (!valid(set))
		return -1;
	if (nest.depth == DEPTH) {
		gotcha_fail(EOVERFLOW, "gotcha_enter", "entered %d times without leaving", DEPTH);
		return -1;
	}
	if (shim_tls.call)
		shim_tls.call->finish_work |= FINISH_LIBSETS;
	nest.before[nest.depth++] = gotcha_here();
	atomic_fetch_add(&set->entered, 1);
	gotcha_switch(&shim_tls, set);
	return 0;
}

SHIM_EXPORT int gotcha_leave(void)
{
	if (!nest.depth) {
		gotcha_fail(EINVAL, "gotcha_leave", "no libset was entered here");
		return -1;
	}
	struct gotcha_set *inside = gotcha_here();
	gotcha_switch(&shim_tls, nest.before[--nest.depth]);
	shim_leave_locale(inside);
	atomic_fetch_sub(&inside->entered, 1);
	return 0;
}

/* A call that ends or is given up inside. */
void gotcha_leave_all(void)
{
	while (nest.depth)
		(void)gotcha_leave();
}

SHIM_EXPORT int gotcha_close(gotcha_t *set)
{
	struct shim_call *call = shim_tls.call;

	if (!valid(set))
		return -1;
	if (set->entered) {
		gotcha_fail(EBUSY, "libset", "a thread is inside");
		return -1;
	}
	if (!shim_thread_get())
		return -1;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	uint32_t was = 0;
	bool entered = shim_enter(shim_tls.thread, call, &was);
	if (entered) {
		set->open = false;
		gotcha_unmake(set, true);
		shim_exit(shim_tls.thread, call, was);
	}
	shim_defer_end(call, deferred);
	shim_exited(was);
	return entered ? 0 : -1;
}

/* Without a lock: calls in the table stay mapped (shim/handle.c). What a thread that launches meanwhile makes of one that is seen
 * here is nothing that a lock could decide, as it may as well launch the moment after. */
static bool any_isolated(void)
{
	for (uint32_t i = 0; i < shim_pool_calls(); i++) {
		const struct shim_call *call = shim_call_at(i);
		if (call && call->set && call->state != SHIM_FREE)
			return true;
	}
	return false;
}

static int shut_down(void)
{
	if (any_isolated()) {
		gotcha_fail(EBUSY, "inger_shutdown", "an isolated call is not complete");
		return -1;
	}
	if (!gotcha_order_begin(SHIM_LOADER_PATIENCE_NS)) {
		gotcha_fail_as(EBUSY, gotcha_reason());
		return -1;
	}
	gotcha_prepare_again();
	gotcha_restore();
	shim_unbind();
	gotcha_order_end();
	shim_modules_changed = true; /* the next launch binds again */
	shim_pool_drop_sets();
	gotcha_drop_ready();
	return 0;
}

SHIM_EXPORT int inger_shutdown(void)
{
	struct shim_thread *t = shim_thread_get();
	uint32_t was;

	if (!t)
		return -1;
	if (shim_tls.call) {
		gotcha_fail(EBUSY, "inger_shutdown", "an isolated call is not complete");
		return -1;
	}
	if (!shim_enter(t, NULL, &was))
		return -1;
	int result = shut_down(), error = errno;
	shim_exit(t, NULL, was);
	shim_exited(was);
	errno = error;
	return result;
}
