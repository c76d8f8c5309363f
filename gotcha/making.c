/* SPDX-License-Identifier: Apache-2.0 */
/* making.c - code of a libset that makes things for the libset: its constructors and destructors, and what it hands to
 * pthread_once(), whose control variable is as new again when the libset is.
 *
 * What such code makes goes with the libset. What libc makes for itself meanwhile does not: the table of many thread-specific
 * values, the list of fork handlers, the environment stay when the libset is gone. Which is which is known as in calls, by the
 * deferred section that is open: so the code runs as in a call of its own, which is adopted (it is on the stack and TCB that
 * it is on) and has no end. */
#include "libset.h"
#include "../shim/limit.h"
#include <string.h>
#include <unwind.h>

/* A pthread_once() under way. */
struct gotcha_once {
	void (*routine)(void);
	struct gotcha_set *set; /* whose control variable it is */
	struct shim_call *call;
	bool deferred;
	struct gotcha_once *before;
};
static __thread struct gotcha_once *once __attribute__((tls_model("initial-exec")));

void gotcha_begin_making(struct gotcha_making *m, struct gotcha_set *set)
{
	struct shim_thread *t = shim_tls.thread;

	memset(m, 0, sizeof *m);
	m->as.adopted = ADOPTED_MAIN;
	m->as.state = SHIM_RUNNING;
	m->as.fs = shim_fs();
	m->as.deadline = SHIM_NEVER;
	m->thread.fs = m->as.fs;
	m->as.thread = t ? t : &m->thread;
	m->maker = shim_tls.maker;
	m->call = shim_tls.call;
	m->outside = gotcha_here();
	m->before = shim_tls.making;
	m->once = once;
	shim_tls.making = m;
	m->owner = shim_tls.maker = &set->owner;
	shim_tls.call = &m->as;
	/* In the libset, so that what it calls back into the program finds its own libraries. */
	gotcha_switch(&shim_tls, set);
}

void gotcha_end_making(struct gotcha_making *m)
{
	gotcha_switch(&shim_tls, m->outside);
	shim_tls.call = m->call;
	shim_tls.maker = m->maker;
	shim_tls.making = m->before;
	/* What it has left in the TCB is the call's whose TCB it is. */
	if (m->call)
		m->call->finish_work |= m->as.finish_work;
}

/* longjmp() from such code: who makes things where the stack pointer is `rsp`, further up. */
struct shim_owner *gotcha_leave_making(uint64_t rsp)
{
	while (once && (uint64_t)once < rsp)
		once = once->before;
	while (shim_tls.making && (uint64_t)shim_tls.making < rsp)
		gotcha_end_making(shim_tls.making);
	return shim_tls.making ? shim_tls.making->owner : NULL;
}

/* An exception passes gotcha_making_call(). What is further down has ended on the way here. */
_Unwind_Reason_Code gotcha_making_personality(int version, _Unwind_Action actions, _Unwind_Exception_Class class,
					      struct _Unwind_Exception *exception, struct _Unwind_Context *context);
_Unwind_Reason_Code gotcha_making_personality(int version, _Unwind_Action actions, _Unwind_Exception_Class class,
					      struct _Unwind_Exception *exception, struct _Unwind_Context *context)
{
	(void)version;
	(void)class;
	(void)exception;
	(void)context;
	if (!(actions & _UA_CLEANUP_PHASE))
		return _URC_CONTINUE_UNWIND;
	if (shim_tls.making && shim_tls.making->once == once)
		gotcha_end_making(shim_tls.making);
	if (once) {
		if (once->deferred)
			shim_close_section(once->call);
		once = once->before;
	}
	return _URC_CONTINUE_UNWIND;
}

/* ---- pthread_once() whose control word is a libset's, see shim/wrap_once.c */

static void make_once(void)
{
	struct gotcha_making m;

	gotcha_begin_making(&m, once->set);
	gotcha_making_call((void *)once->routine, 0, 0, 0);
	gotcha_end_making(&m);
}

int gotcha_run_once(struct gotcha_set *set, int (*real)(void *, void (*)(void)), void *control, void (*routine)(void), void *frame)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, frame);
	struct gotcha_once mine = {routine, set, call, deferred, once};

	once = &mine;
	int result = real(control, make_once);
	once = mine.before;
	shim_defer_end(call, deferred);
	return result;
}
