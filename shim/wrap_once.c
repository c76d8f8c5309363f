/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_once.c - pthread_once() and call_once(): the program's initialiser is not part of any deferred section, so it can be paused.
 *
 * A paused initialiser leaves the control word busy. It is held like a lock: cancel() lets the call run on until it has done, calls
 * that need it wait within their budgets, and others help (help.c). One that is given up is as if it had never been called, as
 * pthread_once(3) has it for one that is cancelled. libc's word has two bits and the number of forks above them, which is found
 * out by asking libc's function; so both work on the same word.
 *
 * What an initialiser makes is for the whole process, not the call's. One whose word is in a libset makes things for that and
 * runs deferred (gotcha/making.c). */
#include "lock.h"
#include "../gotcha/libset.h"
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <threads.h>

#define BUSY 1u
#define READY 2u
#define NAP_NS 1000000

typedef void initialiser(void);
typedef int once_function(void *, initialiser *);

SHIM_SLOT(pthread_once);
SHIM_SLOT(call_once);

_Static_assert(sizeof(pthread_once_t) == sizeof(uint32_t) && sizeof(once_flag) == sizeof(uint32_t), "one word");

/* ---- what libc writes while an initialiser runs */

static atomic_flag asking = ATOMIC_FLAG_INIT;
static _Atomic uint32_t busy_word;
static volatile uint32_t trial, seen;

static void look(void)
{
	seen = trial;
}

static uint32_t word_of_busy(struct shim_call *call)
{
	uint32_t word = atomic_load(&busy_word);

	if (SHIM_LIKELY(word != 0))
		return word;
	bool began = shim_defer_begin(call, SHIM_FRAME);
	while (atomic_flag_test_and_set(&asking))
		shim_syscall0(SYS_sched_yield);
	trial = 0;
	SHIM_REAL(once_function *, pthread_once)((void *)&trial, look);
	word = seen;
	atomic_store(&busy_word, word);
	atomic_flag_clear(&asking);
	shim_defer_end(call, began);
	return word;
}

void shim_once_forked(void)
{
	atomic_store(&busy_word, 0);
	atomic_flag_clear(&asking);
}

/* ---- running it */

static void set(_Atomic uint32_t *control, uint32_t value)
{
	atomic_store(control, value);
	(void)shim_syscall3(SYS_futex, control, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX);
}

void shim_once_reset(void *control)
{
	set(control, 0);
}

static void enter(struct shim_call *call, void *control)
{
	if (!call)
		return;
	shim_onces_held = 1;
	hold_add(call, HOLD_ONCE, control);
	call->untracked += UNTRACKED_ONCE;
}

static void leave(struct shim_call *call, void *control)
{
	if (!call)
		return;
	if (call->untracked >= UNTRACKED_ONCE)
		call->untracked -= UNTRACKED_ONCE;
	hold_drop(call, control);
}

/* An exception, or the end of the thread, passes the initialiser. */
static void left(void *word)
{
	_Atomic uint32_t *control = word;
	struct shim_call *call = hold_here();
	bool began = shim_defer_begin(call, SHIM_FRAME);

	set(control, 0);
	leave(call, (void *)control);
	shim_defer_end(call, began);
}

/* It is busy. 0: look again; else an errno. A wait that the end of a slice ends is the slice's; another must not be for ever. */
__attribute__((noinline)) static int wait(struct shim_call *call, bool began, _Atomic uint32_t *control, uint32_t busy)
{
	struct timespec nap = {0, NAP_NS}, *timeout = NULL;
	SHIM_WAIT("pthread_once", control);

	if (!call || !began || call->deadline == SHIM_NEVER) {
		int error = shim_onces_held ? shim_help(control) : ENOENT;
		if (error != ENOENT)
			return error;
		timeout = &nap; /* it may be paused on another thread by then */
	}
	(void)shim_syscall4(SYS_futex, control, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, busy, timeout);
	return 0;
}

__attribute__((noinline)) static int once(_Atomic uint32_t *control, initialiser *run)
{
	struct shim_call *call = hold_here();
	uint32_t busy = word_of_busy(call), value;

	for (;;) {
		bool began = shim_defer_begin(call, SHIM_FRAME);
		value = atomic_load(control);
		bool mine = !(value & READY) && value != busy && atomic_compare_exchange_strong(control, &value, busy);
		if (mine)
			enter(call, (void *)control);
		shim_defer_end(call, began);
		if (value & READY)
			return 0;
		if (mine)
			break;
		int error = value == busy ? wait(call, began, control, busy) : 0;
		if (error)
			return error;
	}
	(void)shim_call_noticed(left, (void *)control, (void *)run, 0, 0, 0);
	bool began = shim_defer_begin(call, SHIM_FRAME);
	set(control, READY);
	leave(call, (void *)control);
	shim_defer_end(call, began);
	return 0;
}

SHIM_EXPORT int pthread_once(pthread_once_t *control, void (*run)(void))
{
	if (SHIM_LIKELY(__atomic_load_n((uint32_t *)control, __ATOMIC_ACQUIRE) & READY))
		return 0;
	once_function *real = SHIM_REAL(once_function *, pthread_once);
	struct gotcha_set *set = gotcha_set_at((uint64_t)control);
	if (set)
		return gotcha_run_once(set, real, control, run, SHIM_FRAME);
	/* A program that has launched nothing has libc's. */
	if (SHIM_LIKELY(!shim_threads))
		return real(control, run);
	return once((_Atomic uint32_t *)(uint32_t *)control, run);
}

/* It can't say that it has failed: it goes on helping. */
SHIM_EXPORT void call_once(once_flag *control, void (*run)(void))
{
	while (pthread_once((pthread_once_t *)control, run) == EDEADLK)
		(void)shim_syscall0(SYS_sched_yield);
}
