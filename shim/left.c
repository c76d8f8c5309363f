/* SPDX-License-Identifier: Apache-2.0 */
/* left.c - deferred sections and handlers of the program that are left by an exception.
 *
 * A section is known by the stack pointer where it began, so one that was left would seem open to whatever runs deeper on the
 * same stack: never paused again. Whoever leaves one without returning is therefore noticed on the way: longjmp() in
 * wrap_jump.c, exceptions and forced unwinding (pthread_exit()) by the personality routines here, which the unwinder calls
 * for the frames that hold a section open: those of stubs_amd64.S, and those which call the program back
 * (handler_amd64.S, noticed_amd64.S). They catch nothing.
 *
 * The frame that a personality routine is asked about has as its stack pointer what _Unwind_GetCFA() gives (the canonical
 * address of the frame that it has called), a little more where that one has an address of its own (macros_amd64.h). */
#include "shim.h"
#include "../gotcha/libset.h"
#include <sys/syscall.h>
#include <unwind.h>

#define REGISTER_RBX 3 /* numbers in DWARF */
#define REGISTER_R12 12
#define CXX_CLASS 0x474e5543432b2b00ull /* "GNUCC++\0"; the last byte is 1 for a dependent exception */

typedef _Unwind_Reason_Code personality(int, _Unwind_Action, _Unwind_Exception_Class, struct _Unwind_Exception *,
					struct _Unwind_Context *);
personality shim_section_personality, shim_own_personality, shim_handler_personality, shim_noticed_personality;

static struct {
	__typeof__(_Unwind_GetCFA) *cfa;
	__typeof__(_Unwind_GetGR) *get;
} lib;

/* What the object exports that `address` is in, or that it is a copy of. That object is in use here and can't go; others may come
 * and go meanwhile, so that all of them can't be searched. */
static void *look_up(const void *address, const char *symbol)
{
	const struct link_map *map = shim_object_at((const void *)gotcha_original_of((uint64_t)address, NULL));

	return map ? shim_lookup_in(map, symbol) : NULL;
}

/* The unwinder is where we return to. */
static bool find_unwinder(const void *caller)
{
	if (!__atomic_load_n(&lib.get, __ATOMIC_ACQUIRE)) {
		lib.cfa = (__typeof__(_Unwind_GetCFA) *)look_up(caller, "_Unwind_GetCFA");
		__atomic_store_n((void **)&lib.get, look_up(caller, "_Unwind_GetGR"), __ATOMIC_RELEASE);
	}
	return lib.cfa && lib.get;
}

/* A pause that the section has put off comes with the next signal: here an unwinder is at work. */
void shim_close_section(struct shim_call *call)
{
	if (call->pending && !call->stepping) {
		call->pending = 0;
		shim_arm_backoff(call->thread);
	}
	atomic_signal_fence(memory_order_seq_cst);
	call->defer_rsp = 0; /* last: from here on the call may change threads */
}

/* The call whose section the frame holds open; NULL: it holds none. */
static struct shim_call *section_of(_Unwind_Action actions, struct _Unwind_Context *context, const void *caller)
{
	if (!(actions & _UA_CLEANUP_PHASE) || !find_unwinder(caller))
		return NULL;
	struct shim_call *call = (struct shim_call *)lib.get(context, REGISTER_RBX);
	return call && call->defer_rsp == (lib.cfa(context) & ~(uint64_t)7) ? call : NULL;
}

_Unwind_Reason_Code shim_section_personality(int version, _Unwind_Action actions, _Unwind_Exception_Class class,
					     struct _Unwind_Exception *exception, struct _Unwind_Context *context)
{
	struct shim_call *call = section_of(actions, context, __builtin_return_address(0));

	(void)version;
	(void)class;
	(void)exception;
	if (call)
		shim_close_section(call);
	return _URC_CONTINUE_UNWIND;
}

/* How many exceptions are in flight: the C++ ABI's __cxa_eh_globals, of the TCB that is in force. Who has thrown also cleans up. */
__attribute__((noinline)) static uint32_t *in_flight(_Unwind_Exception_Class class, const struct _Unwind_Exception *exception)
{
	struct { void *caught; uint32_t uncaught; } *(*globals)(void);

	if ((class & ~(uint64_t)0xff) != CXX_CLASS)
		return NULL;
	globals = (__typeof__(globals))look_up((const void *)exception->exception_cleanup, "__cxa_get_globals");
	return globals ? &globals()->uncaught : NULL;
}

/* The frame is on the thread's own TCB: back to the call's, as stubs_amd64.S does it, and the exception comes along. */
_Unwind_Reason_Code shim_own_personality(int version, _Unwind_Action actions, _Unwind_Exception_Class class,
					 struct _Unwind_Exception *exception, struct _Unwind_Context *context)
{
	struct shim_call *call = section_of(actions, context, __builtin_return_address(0));

	(void)version;
	if (!call)
		return _URC_CONTINUE_UNWIND;
	if (call->thread && shim_fs() == call->thread->fs && call->fs != call->thread->fs) {
		uint32_t *count = in_flight(class, exception);
		int *own = (int *)(call->thread->fs + (uint64_t)shim_errno_offset), error = *own;
		if (count)
			--*count;
		*own = call->own_errno;
		if (!call->own_disabled)
			atomic_fetch_and((_Atomic int *)(call->thread->fs + (uint64_t)shim_cancel_offset), ~1);
		shim_set_fs(call->fs);
		*(int *)(call->fs + (uint64_t)shim_errno_offset) = error;
		count = in_flight(class, exception);
		if (count)
			++*count;
	}
	shim_close_section(call);
	return _URC_CONTINUE_UNWIND;
}

/* The frame that has called a handler of the program. Its section, if it began one (rbx), is over; one that the handler has
 * interrupted is over as well when the exception is caught above it. libgcc keeps the catching frame's address in private_2;
 * private_1 is 0 when there is one. */
_Unwind_Reason_Code shim_handler_personality(int version, _Unwind_Action actions, _Unwind_Exception_Class class,
					     struct _Unwind_Exception *exception, struct _Unwind_Context *context)
{
	struct shim_thread *t = shim_tls.thread;

	(void)version;
	(void)class;
	if (!(actions & _UA_CLEANUP_PHASE) || !t || !find_unwinder(__builtin_return_address(0)))
		return _URC_CONTINUE_UNWIND;
	struct shim_call *call = t->current;
	uint64_t target = exception->private_1 ? 0 : exception->private_2;
	if (call && (lib.get(context, REGISTER_RBX) & SHIM_COVERS) && call->covered.rsp)
		shim_uncover(call);
	if (call && call->defer_rsp &&
	    ((lib.get(context, REGISTER_RBX) & SHIM_BEGAN) ||
	     (target >= call->defer_rsp &&
	      (call->adopted || (shim_on_stack_of(call, target) && shim_on_stack_of(call, call->defer_rsp))))))
		shim_close_section(call);
	if (shim_interrupted(t)->handlers > 1)
		shim_interrupted(t)->handlers--;
	else
		shim_leave_handlers(t, call);
	return _URC_CONTINUE_UNWIND;
}

/* shim_call_noticed(): who has called the program back is told. */
_Unwind_Reason_Code shim_noticed_personality(int version, _Unwind_Action actions, _Unwind_Exception_Class class,
					     struct _Unwind_Exception *exception, struct _Unwind_Context *context)
{
	(void)version;
	(void)class;
	(void)exception;
	if (!find_unwinder(__builtin_return_address(0)))
		return _URC_CONTINUE_UNWIND;
	void (*left)(void *) = (void (*)(void *))lib.get(context, REGISTER_RBX);
	if (!(actions & _UA_CLEANUP_PHASE) && left == shim_cookie_back)
		shim_cookie_look((void *)lib.get(context, REGISTER_R12));
	if (actions & _UA_CLEANUP_PHASE)
		left((void *)lib.get(context, REGISTER_R12));
	return _URC_CONTINUE_UNWIND;
}
