/* SPDX-License-Identifier: Apache-2.0 */
/* iterate.c - dl_iterate_phdr() inside a call: the callback can be paused.
 *
 * The linker calls back under its lock, with which nothing may be paused. So the objects are written down in a deferred section,
 * and the callback is called for each of them afterwards. What the lock was for, that no object goes while it is shown, is kept
 * up by postponing: dlclose() returns at once while a call shows objects, and the object goes when the last such call has done. */
#include "shim.h"
#include "loader.h"
#include "../gotcha/libset.h"
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

typedef int iterate_callback(struct dl_phdr_info *, size_t, void *);
typedef int iterate_function(iterate_callback *, void *);

extern void *shim_real_dlclose, *shim_real_malloc, *shim_real_free;

static atomic_flag lock = ATOMIC_FLAG_INIT; /* guards what follows; its holder is in a deferred section */
static uint32_t showing;
static struct postponed {
	struct postponed *next;
	void *handle;
} *postponed;

bool shim_close_postponed(void *handle)
{
	if (SHIM_LIKELY(!__atomic_load_n(&showing, __ATOMIC_RELAXED)))
		return false;
	struct postponed *p = ((void *(*)(size_t))shim_real_malloc)(sizeof *p);
	shim_spin_take(&lock);
	bool later = p && showing;
	if (later) {
		*p = (struct postponed){postponed, handle};
		postponed = p;
	}
	shim_spin_drop(&lock);
	if (!later)
		((void (*)(void *))shim_real_free)(p);
	return later;
}

/* `depth` iterations are over. Runs destructors of what goes. */
static void end_showing(struct shim_call *call, uint32_t depth)
{
	shim_spin_take(&lock);
	call->iterating -= depth;
	showing -= depth;
	struct postponed *list = showing ? NULL : postponed, *next;
	if (list)
		postponed = NULL;
	shim_spin_drop(&lock);
	for (; list; list = next) {
		next = list->next;
		(void)shim_loader_close((int (*)(void *))shim_real_dlclose, list->handle);
		((void (*)(void *))shim_real_free)(list);
		shim_modules_changed = true;
	}
}

void shim_iterations_end(struct shim_call *call)
{
	if (call->iterating)
		end_showing(call, call->iterating);
}

void shim_iterate_forked(void)
{
	shim_spin_drop(&lock);
}

struct shown {
	struct dl_phdr_info info;
	size_t size;
};
struct list {
	struct shim_call *call;
	struct shown *shown;
	size_t count, room;
};

static int write_down(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct list *l = arg;

	if (l->count < l->room) {
		l->shown[l->count].size = size < sizeof *info ? size : sizeof *info;
		memcpy(&l->shown[l->count].info, info, l->shown[l->count].size);
	}
	l->count++;
	return 0;
}

static void over(void *arg)
{
	struct list *l = arg;
	bool began = shim_defer_begin(l->call, SHIM_FRAME);

	end_showing(l->call, 1);
	shim_defer_end(l->call, began);
	free(l->shown);
}

/* False: not here (nested in a section, or there is no memory): as the linker does it. */
bool shim_iterate(iterate_function *real, iterate_callback *callback, void *arg, int *result)
{
	struct list l = {.call = shim_tls.call};

	for (;;) {
		bool began = shim_defer_begin(l.call, SHIM_FRAME);
		if (!began)
			return false;
		if (l.shown) { /* from here on nothing goes */
			shim_spin_take(&lock);
			showing++;
			l.call->iterating++;
			l.call->special = true;
			shim_spin_drop(&lock);
		}
		l.count = 0;
		(void)real(write_down, &l);
		if (l.shown && l.count > l.room)
			end_showing(l.call, 1);
		shim_defer_end(l.call, began);
		if (l.shown && l.count <= l.room)
			break;
		free(l.shown);
		l.room = l.count + 8;
		l.shown = malloc(l.room * sizeof *l.shown);
		if (!l.shown)
			return false;
	}
	*result = 0;
	for (size_t i = 0; i < l.count && !*result; i++)
		*result = (int)shim_call_noticed(over, &l, (void *)callback, (long)&l.shown[i].info, (long)l.shown[i].size, (long)arg);
	over(&l);
	return true;
}
