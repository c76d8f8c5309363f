/* SPDX-License-Identifier: Apache-2.0 */
/* finish.c - the end of a call is the end of a thread to what it used: thread-local destructors, key destructors and the
 * locale that uselocale() set, all kept in the call's TCB, which the next call gets; and pthread_exit().
 *
 * The wrappers here note in shim_call.finish_work what a call has used, so that most calls end without any of it. */
#include "shim.h"
#include "../gotcha/libset.h"
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>

SHIM_SLOT(__cxa_thread_atexit_impl);
extern void *shim_outer_malloc, *shim_outer_free;

/* A thread-local object that was made in a call, or by code of a libset: libc is given its record in its place. So when the
 * call is cancelled, or the libset is gone before the thread, libc's list is emptied in the usual way and no destructor runs. */
struct shim_object {
	void (*destructor)(void *);
	void *object;
	struct shim_call *call;        /* in its list; NULL: not, or the call has been cancelled */
	struct gotcha_set *set;        /* whose code it is and whose end it may see: in the list of all such, under the lock */
	struct shim_object *next;      /* of the call */
	struct shim_object *after, **link; /* of all such */
};
static struct shim_object *of_sets;
static atomic_flag objects_lock = ATOMIC_FLAG_INIT;

static void lock_objects(void)
{
	while (atomic_flag_test_and_set_explicit(&objects_lock, memory_order_acquire))
		shim_syscall0(SYS_sched_yield);
}

static void unlock_objects(void)
{
	atomic_flag_clear_explicit(&objects_lock, memory_order_release);
}

void shim_objects_forked(void)
{
	unlock_objects();
}

static void enlist(struct shim_object *o)
{
	lock_objects();
	o->after = of_sets;
	o->link = &of_sets;
	if (of_sets)
		of_sets->link = &o->after;
	of_sets = o;
	unlock_objects();
}

static void unlist(struct shim_object *o)
{
	*o->link = o->after;
	if (o->after)
		o->after->link = o->link;
	o->set = NULL;
}

void shim_objects_drop(struct gotcha_set *set)
{
	lock_objects();
	for (struct shim_object *o = of_sets, *next; o; o = next) {
		next = o->after;
		if (o->set == set) {
			unlist(o);
			o->destructor = NULL;
		}
	}
	unlock_objects();
}

/* Called by libc in the place of the destructor. */
static void destroy(void *arg)
{
	struct shim_object *o = arg, taken;

	lock_objects();
	if (o->set)
		unlist(o);
	taken = *o;
	unlock_objects();
	struct shim_object **link = taken.call ? &taken.call->objects : NULL;
	while (link && *link && *link != o)
		link = &(*link)->next;
	if (link && *link)
		*link = taken.next;
	((void (*)(void *))shim_outer_free)(o);
	if (taken.destructor)
		taken.destructor(taken.object);
}

SHIM_EXPORT int __cxa_thread_atexit_impl(void (*destructor)(void *), void *object, void *dso)
{
	int (*real)(void (*)(void *), void *, void *) = SHIM_REAL(int (*)(void (*)(void *), void *, void *), __cxa_thread_atexit_impl);
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	struct gotcha_set *set = gotcha_set_at((uint64_t)dso);
	struct shim_object *o = NULL;

	/* While a libset's code makes things, the call whose TCB this is is not the one that is in force. */
	struct shim_call *whose = call;
	for (const struct gotcha_making *m = shim_tls.making; m; m = m->before)
		whose = m->call;
	if (whose && whose->adopted)
		whose = NULL;
	if (!set)
		set = gotcha_set_at((uint64_t)destructor);
	if (call)
		call->finish_work |= FINISH_DESTRUCTORS;
	if (whose || set)
		o = ((void *(*)(size_t))shim_outer_malloc)(sizeof *o);
	if (o) {
		*o = (struct shim_object){.destructor = destructor, .object = object, .call = whose, .set = set};
		if (whose) {
			o->next = whose->objects;
			whose->objects = o;
		}
		if (set) {
			enlist(o);
			set->owner.registered |= REG_OBJECTS;
		}
		destructor = destroy;
		object = o;
	}
	int result = real(destructor, object, dso);
	shim_defer_end(call, deferred);
	return result;
}

static void drop_objects(struct shim_call *call)
{
	lock_objects();
	for (struct shim_object *o = call->objects; o; o = o->next) {
		o->destructor = NULL;
		o->call = NULL;
	}
	unlock_objects();
	call->objects = NULL;
	shim_libc_exit.call_tls_dtors();
}

void shim_tcb_finish(struct shim_call *call)
{
	if (call->finish_work & FINISH_DESTRUCTORS)
		shim_libc_exit.call_tls_dtors();
	if (call->finish_work & FINISH_LIBSETS)
		gotcha_leave_all();
	if (call->finish_work & FINISH_LOCALE)
		shim_use_global_locale();
	if (call->finish_work & FINISH_KEYS)
		own_keys_run_destructors();
}

/* A cancelled call: its key values, its thread-local objects and its locale are forgotten without any destructor; the next
 * call on the TCB starts without them. */
void shim_tcb_forget(struct shim_call *call)
{
	if (!call->finish_work)
		return;
	uint64_t own = shim_fs();
	struct shim_tls *tls = (struct shim_tls *)(call->fs + ((uint64_t)&shim_tls - own));
	tls->call = NULL;
	tls->thread = shim_tls.thread; /* not the one that it ran on: our handler asks here whose signal it has */
	shim_set_fs(call->fs);
	if (call->finish_work & FINISH_DESTRUCTORS)
		drop_objects(call);
	if (call->finish_work & FINISH_LIBSETS)
		gotcha_leave_all();
	if (call->finish_work & FINISH_LOCALE)
		shim_use_global_locale();
	if (call->finish_work & FINISH_KEYS)
		own_keys_drop_values();
	shim_set_fs(own);
	tls->call = call;
}

/* ---- pthread_exit() in a call
 *
 * libc unwinds the stack to the innermost cleanup handler, runs it, goes on to the next, and expects the last to be that of
 * the thread's start. A call has none: put one of ours at the end of the list, which lands at the bottom of the call's
 * stack. The buffers are nptl's struct pthread_unwind_buf: jump buffer, then {prev, cleanup, canceltype}. */

static uint64_t mangle(uint64_t value)
{
	uint64_t guard;

	__asm__("movq %%fs:0x30, %0" : "=r"(guard));
	value ^= guard;
	return value << 17 | value >> 47;
}

/* The TCB is not exiting, and has no cleanup handlers: the next call runs on it. The list may lead to a stack that was left, and to the
 * end of its list as pthread_exit() in an earlier call has put it there. */
void shim_tcb_not_exiting(struct shim_call *call)
{
	shim_tcb_never_cancelled(call);
	*(void **)(call->fs + shim_libc_exit.cleanup_offset) = NULL;
}

static void landed(void)
{
	struct shim_call *call = shim_tls.call;

	shim_tcb_finish(call);
	call->finish_work = 0;
	shim_tcb_not_exiting(call);
	call->exits_thread = true;
	call->state = SHIM_LOST;
	shim_leave(call);
}

_Noreturn void shim_tcb_exit(struct shim_call *call, void *value, void (*real_exit)(void *))
{
	static __thread __pthread_unwind_buf_t bottom __attribute__((tls_model("initial-exec")));
	__pthread_unwind_buf_t innermost;
	struct { void *prev; } *link;
	void **last = NULL;

	memset(&bottom, 0, sizeof bottom);
	uint64_t *registers = (uint64_t *)bottom.__cancel_jmp_buf[0].__cancel_jmp_buf;
	registers[6] = mangle(call->stack_top - 8); /* JB_RSP: as at a function's entry */
	registers[7] = mangle((uint64_t)landed);    /* JB_PC */
	call->exit_value = value;
	/* The innermost buffer of the list, or NULL, shows up in one that is put in front of it. */
	shim_libc_exit.register_cancel(&innermost);
	shim_libc_exit.unregister_cancel(&innermost);
	void *buffer = innermost.__pad[0];
	while (buffer) {
		last = &((__pthread_unwind_buf_t *)buffer)->__pad[0];
		link = (void *)last;
		buffer = link->prev;
	}
	if (last)
		*last = &bottom;
	else
		shim_libc_exit.register_cancel(&bottom);
	real_exit(value);
	__builtin_unreachable();
}
