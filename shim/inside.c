/* SPDX-License-Identifier: Apache-2.0 */
/* inside.c - who is inside of launch(), resume(), cancel(), gotcha_open() and their kin.
 *
 * These change lists and take locks that have no place for a visitor. Two may come in the middle of them on the same thread:
 *
 * - A handler of the program's that calls one of them itself: it would wait for a lock that its own thread holds, or break a list. It is
 *   refused. A constructor that a libset's making runs may launch: there everything is at rest.
 * - Asynchronous cancellation (PTHREAD_CANCEL_ASYNCHRONOUS), which ends the thread at any instruction. It is held until the function is
 *   over, in which time the thread has the deferred type; libc looks at what is due when the type is set back.
 *
 * While a call runs, the thread control block in force is the call's, which no cancellation reaches (TCB_NO_CANCEL in tcb.c). So who has
 * interrupted a function that a call runs has not interrupted the launch() that it is in. */
#include "shim.h"
#include "../gotcha/libset.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>

SHIM_SLOT(pthread_setcanceltype);

static int set_type(int type)
{
	int before = PTHREAD_CANCEL_DEFERRED;

	(void)SHIM_REAL(int (*)(int, int *), pthread_setcanceltype)(type, &before);
	return before;
}

bool shim_hold_cancel(void)
{
	if (set_type(PTHREAD_CANCEL_DEFERRED) != PTHREAD_CANCEL_ASYNCHRONOUS)
		return false;
	/* Somebody has seen the type before, and his signal is on its way: it must not come where another TCB is in force. */
	while (shim_cancel_is_coming())
		sched_yield();
	return true;
}

void shim_let_cancel(void)
{
	(void)set_type(PTHREAD_CANCEL_ASYNCHRONOUS); /* does not return when one is due */
}

bool shim_enter_slowly(struct shim_thread *t, struct shim_interrupted *in, uint32_t *was)
{
	if ((in->inside & INSIDE_NOW) && (in->handlers || shim_interrupted(t)->handlers)) {
		gotcha_fail(EDEADLK, "signal handler", "it has interrupted a function of this library on its own thread");
		return false;
	}
	/* In a handler libc itself may have set the type, for a system call that was interrupted. */
	if (in == &t->interrupted && !(in->inside & INSIDE_NOW) && shim_hold_cancel())
		in->inside |= INSIDE_HELD;
	in->inside |= INSIDE_NOW;
	*was |= in->inside & INSIDE_HELD;
	return true;
}

/* A jump has left it. */
void shim_inside_left(struct shim_interrupted *in)
{
	bool held = in->inside & INSIDE_HELD;

	in->inside &= INSIDE_ASYNC;
	if (held)
		shim_let_cancel();
}

/* A call's own TCB is cancelled by nobody, whatever its type. */
SHIM_EXPORT int pthread_setcanceltype(int type, int *before)
{
	int (*real)(int, int *) = SHIM_REAL(int (*)(int, int *), pthread_setcanceltype);
	struct shim_call *call = shim_tls.call;
	struct shim_thread *t = call && !call->adopted ? NULL : shim_tls.thread;

	if (t && type == PTHREAD_CANCEL_ASYNCHRONOUS)
		t->interrupted.inside |= INSIDE_ASYNC;
	int error = real(type, before);
	if (t && !error && type == PTHREAD_CANCEL_DEFERRED)
		t->interrupted.inside &= ~(uint32_t)INSIDE_ASYNC;
	return error;
}
