/* SPDX-License-Identifier: Apache-2.0 */
/* forks.c - fork handlers of libsets. They are not in libc's list but in one of ours, which one handler of ours in libc's list
 * runs: they go with their libset the moment that its call is cancelled, without a lock of libc's.
 *
 * The list's lock is held from a fork's first handler to its last, so that what was prepared is finished; it is recursive,
 * because a handler may cancel a call. Nobody waits for anything while he holds it for another purpose. */
#include "libset.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>

struct entry {
	struct entry *next, *before; /* in the order of their registration */
	struct gotcha_set *set;      /* NULL: gone, while handlers run */
	void (*prepare)(void), (*parent)(void), (*child)(void);
	bool prepared;
};

static struct entry *first, *last;
static _Atomic long holder; /* thread id */
static int depth;
static int running; /* forks whose handlers are under way */

static void take_lock(void)
{
	long self = shim_syscall0(SYS_gettid), none = 0;

	if (atomic_load(&holder) != self) {
		while (!atomic_compare_exchange_weak(&holder, &none, self)) {
			shim_syscall0(SYS_sched_yield);
			none = 0;
		}
	}
	depth++;
}

static void drop_lock(void)
{
	if (--depth == 0)
		atomic_store(&holder, 0);
}

static void drop(struct entry *e)
{
	*(e->before ? &e->before->next : &first) = e->next;
	*(e->next ? &e->next->before : &last) = e->before;
	free(e);
}

void gotcha_drop_forks(struct gotcha_set *set)
{
	if (!(set->owner.registered & REG_FORK))
		return;
	take_lock();
	for (struct entry *e = first, *next; e; e = next) {
		next = e->next;
		if (e->set != set)
			continue;
		e->set = NULL;
		if (!running)
			drop(e);
	}
	drop_lock();
	set->owner.registered &= ~(uint32_t)REG_FORK;
}

void gotcha_forks_prepare(void)
{
	if (!atomic_load(&gotcha_sets))
		return;
	take_lock();
	running++;
	for (struct entry *e = last; e; e = e->before) {
		e->prepared = true;
		if (e->set && e->prepare)
			e->prepare();
	}
}

/* Those that came meanwhile were not prepared. */
void gotcha_forks_finish(bool child)
{
	if (!running || (!child && atomic_load(&holder) != shim_syscall0(SYS_gettid)))
		return;
	for (struct entry *e = first; e; e = e->next) {
		void (*handler)(void) = child ? e->child : e->parent;
		if (e->set && e->prepared && handler)
			handler();
		e->prepared = false;
	}
	running--;
	for (struct entry *e = first, *next; e; e = next) {
		next = e->next;
		if (!e->set && !running)
			drop(e);
	}
	drop_lock();
}

SHIM_SLOT(__register_atfork);

int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *dso);
SHIM_EXPORT int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *dso)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	struct gotcha_set *set = gotcha_set_at((uint64_t)dso);
	int error = 0;

	if (!set)
		set = gotcha_set_at((uint64_t)prepare);
	if (!set)
		set = gotcha_set_at((uint64_t)parent);
	if (!set)
		set = gotcha_set_at((uint64_t)child);
	if (!set) {
		error = SHIM_REAL(int (*)(void (*)(void), void (*)(void), void (*)(void), void *), __register_atfork)(prepare, parent, child, dso);
	} else {
		extern void *shim_real_malloc;
		struct entry *e = ((void *(*)(size_t))shim_real_malloc)(sizeof *e);
		if (e) {
			take_lock();
			*e = (struct entry){NULL, last, set, prepare, parent, child, false};
			*(last ? &last->next : &first) = e;
			last = e;
			set->owner.registered |= REG_FORK;
			drop_lock();
		} else {
			error = ENOMEM;
		}
	}
	shim_defer_end(call, deferred);
	return error;
}
