/* SPDX-License-Identifier: Apache-2.0 */
/* finish.c - the end of a call is the end of a thread to what it used: thread-local destructors, key destructors and the
 * locale that uselocale() set, all kept in the call's TCB, which the next call gets; and pthread_exit().
 *
 * The wrappers here note in shim_call.finish_work what a call has used, so that most calls end without any of it. */
#include "shim.h"
#include "../gotcha/libset.h"
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <threads.h>

struct key {
	void (*_Atomic destructor)(void *);
};
static struct key keys[PTHREAD_KEYS_MAX];

SHIM_SLOT(pthread_key_create);
SHIM_SLOT(__pthread_key_create);
SHIM_SLOT(pthread_key_delete);
SHIM_SLOT(pthread_setspecific);
SHIM_SLOT(__cxa_thread_atexit_impl);

static int key_create(int (*real)(pthread_key_t *, void (*)(void *)), pthread_key_t *key, void (*destructor)(void *))
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	int error = real(key, destructor);
	if (!error && *key < PTHREAD_KEYS_MAX)
		atomic_store_explicit(&keys[*key].destructor, destructor, memory_order_release);
	shim_defer_end(call, deferred);
	return error;
}

SHIM_EXPORT int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
	return key_create(SHIM_REAL(int (*)(pthread_key_t *, void (*)(void *)), pthread_key_create), key, destructor);
}

SHIM_EXPORT int __pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
	return key_create(SHIM_REAL(int (*)(pthread_key_t *, void (*)(void *)), pthread_key_create), key, destructor);
}

SHIM_EXPORT int pthread_key_delete(pthread_key_t key)
{
	if (key < PTHREAD_KEYS_MAX)
		atomic_store_explicit(&keys[key].destructor, NULL, memory_order_release);
	return SHIM_REAL(int (*)(pthread_key_t), pthread_key_delete)(key);
}

SHIM_EXPORT int pthread_setspecific(pthread_key_t key, const void *value)
{
	struct shim_call *call = shim_tls.call;

	if (call && value)
		call->finish_work |= FINISH_KEYS;
	/* Deferred, because the table of many keys is the TCB's, and not the call's. */
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	int error = SHIM_REAL(int (*)(pthread_key_t, const void *), pthread_setspecific)(key, value);
	shim_defer_end(call, deferred);
	return error;
}

SHIM_SLOT(tss_create);
SHIM_SLOT(tss_delete);
SHIM_SLOT(tss_set);

SHIM_EXPORT int tss_create(tss_t *key, tss_dtor_t destructor)
{
	return pthread_key_create(key, destructor) == 0 ? thrd_success : thrd_error;
}
SHIM_EXPORT void tss_delete(tss_t key)
{
	pthread_key_delete(key);
}
SHIM_EXPORT int tss_set(tss_t key, void *value)
{
	return pthread_setspecific(key, value) == 0 ? thrd_success : thrd_error;
}

SHIM_EXPORT int __cxa_thread_atexit_impl(void (*destructor)(void *), void *object, void *dso)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	if (deferred)
		own_allocates(call); /* the list goes with the call when its destructors do not run */
	int result = SHIM_REAL(int (*)(void (*)(void *), void *, void *), __cxa_thread_atexit_impl)(destructor, object, dso);
	if (call)
		call->finish_work |= FINISH_DESTRUCTORS;
	shim_defer_end(call, deferred);
	return result;
}

void shim_tcb_finish(struct shim_call *call)
{
	if (call->finish_work & FINISH_DESTRUCTORS)
		shim_libc_exit.call_tls_dtors();
	if (call->finish_work & FINISH_LIBSETS)
		gotcha_leave_all();
	if (call->finish_work & FINISH_LOCALE)
		shim_use_global_locale();
	if (!(call->finish_work & FINISH_KEYS))
		return;
	for (int round = 0; round < PTHREAD_DESTRUCTOR_ITERATIONS; round++) {
		bool found = false;
		for (pthread_key_t k = 0; k < PTHREAD_KEYS_MAX; k++) {
			void *value = pthread_getspecific(k);
			void (*destructor)(void *) = atomic_load_explicit(&keys[k].destructor, memory_order_acquire);
			if (!value)
				continue;
			SHIM_REAL(int (*)(pthread_key_t, const void *), pthread_setspecific)(k, NULL);
			if (destructor) {
				found = true;
				destructor(value);
			}
		}
		if (!found)
			return;
	}
}

/* A cancelled call: its key values and its locale are forgotten without any destructor; the next call on the TCB starts
 * without them. False when that is not enough: the TCB still lists destructors of thread-local objects. */
bool shim_tcb_forget(struct shim_call *call)
{
	if (!call->finish_work)
		return true;
	if (call->finish_work & FINISH_DESTRUCTORS)
		return false;
	uint64_t own = shim_fs();
	struct shim_tls *tls = (struct shim_tls *)(call->fs + ((uint64_t)&shim_tls - own));
	tls->call = NULL;
	shim_set_fs(call->fs);
	if (call->finish_work & FINISH_LIBSETS)
		gotcha_leave_all();
	if (call->finish_work & FINISH_LOCALE)
		shim_use_global_locale();
	for (pthread_key_t k = 0; k < PTHREAD_KEYS_MAX && (call->finish_work & FINISH_KEYS); k++)
		if (pthread_getspecific(k))
			SHIM_REAL(int (*)(pthread_key_t, const void *), pthread_setspecific)(k, NULL);
	shim_set_fs(own);
	tls->call = call;
	return true;
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

static void landed(void)
{
	struct shim_call *call = shim_tls.call;

	shim_tcb_finish(call);
	call->finish_work = 0;
	*(int *)(call->fs + shim_libc_exit.cancelhandling_offset) = 0; /* the TCB is not exiting: the next call runs on it */
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
