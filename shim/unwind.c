/* SPDX-License-Identifier: Apache-2.0 */
/* unwind.c - INGER_UNWIND: the stack of a function that is given up is unwound, so that destructors run.
 *
 * Runs as a slice of the call, on its stack below the paused frame, with libgcc's forced unwinding (as pthread_cancel() does).
 *
 * The rule: unwinding begins where an exception may come from, and ends below the first frame where none may pass. A function may
 * be paused at any instruction, but C++ describes what to destroy at calls that can throw only. Anywhere else (between the calls
 * of a function that has a table, at a call that can't throw, in a noexcept function) objects may be half made and half gone, and
 * the callers' as well: a vector that grows destroys its old elements at calls that can't throw, and its owner's destructor would
 * destroy them again. So neither such a frame nor any frame above it is unwound. That leaves destructors out, and says so once.
 *
 * An exception comes from where operator new has its block, from a system call that waits, from inger_pause(). A function that is
 * somewhere else first runs on, from the end of one deferred section to that of the next, until it is in such a place and every
 * frame above lets exceptions pass: for its grace at most. In the second half of that any other block that was made will do, for
 * C code has no operator new. A function that comes to no section's end for QUIET_NS of processor time is computing, and one whose
 * computing frame has no table is unwound from there. What is then in no such place is not unwound.
 * A fault is where it is: it counts as computing.
 *
 * A catch (...) that does not throw again ends in exception_cleanup: the unwinding goes on from there.
 * Handlers of pthread_cleanup_push() in C code without -fexceptions are not frames' and are not run. */
#include "shim.h"
#include "loader.h"
#include "unwind_table.h"
#include "../gotcha/libset.h"
#include <dlfcn.h>
#include <unwind.h>

#define LIBRARY "libgcc_s.so.1"
/* A function on the way to a place from which it can be unwound: its slices, and how long it uses nothing of libc if it is computing. */
#define STEP_US 100
#define QUIET_NS 1000000
/* What the unwinder, the dynamic linker (which saves the extended state at a first call) and small destructors need. */
#define STACK_ROOM ((uint64_t)24 << 10)
enum { FROM_RIP, FROM_RSP, FROM_RBX, FROM_RBP, FROM_R12, FROM_R13, FROM_R14, FROM_R15, FROM_INTERRUPTED };

_Static_assert(sizeof(struct _Unwind_Exception) == sizeof((struct shim_unwind){0}.exception), "room for the exception");
_Static_assert(UNWIND_RSP == 8 * FROM_RSP && UNWIND_INTERRUPTED == 8 * FROM_INTERRUPTED, "offsets.h and unwind.c disagree");

static struct {
	__typeof__(_Unwind_Backtrace) *backtrace;
	__typeof__(_Unwind_ForcedUnwind) *forced_unwind;
	__typeof__(_Unwind_GetCFA) *get_cfa;
	__typeof__(_Unwind_GetIPInfo) *get_ip;
	__typeof__(_Unwind_GetLanguageSpecificData) *get_table;
	__typeof__(_Unwind_GetRegionStart) *get_function;
	void *(*find_description)(void *, void *);
	void *operators[4];
	void *cxx_globals; /* __cxa_get_globals(), NULL: no C++ here. The exceptions that are being handled come first in them. */
} lib;
extern void *shim_real_dlopen;

extern char shim_unwind_entry[];
void shim_unwind_look(struct shim_call *call);
void shim_unwind_walk(struct shim_call *call);
_Noreturn void shim_unwind_run(struct shim_call *call);

/* Its library may come any time. */
static void find_cxx(void)
{
	static const char *const operators[] = {"_Znwm", "_Znam", "_ZnwmSt11align_val_t", "_ZnamSt11align_val_t"}; /* new */

	for (unsigned i = 0; i < sizeof lib.operators / sizeof *lib.operators; i++)
		lib.operators[i] = shim_loader_symbol(operators[i]);
	__atomic_store_n(&lib.cxx_globals, shim_loader_symbol("__cxa_get_globals"), __ATOMIC_RELEASE);
}

static bool find_library(void)
{
	static const struct { const char *name; size_t at; } names[] = {
		{"_Unwind_Backtrace", offsetof(__typeof__(lib), backtrace)},
		{"_Unwind_GetCFA", offsetof(__typeof__(lib), get_cfa)},
		{"_Unwind_GetIPInfo", offsetof(__typeof__(lib), get_ip)},
		{"_Unwind_GetLanguageSpecificData", offsetof(__typeof__(lib), get_table)},
		{"_Unwind_GetRegionStart", offsetof(__typeof__(lib), get_function)},
		{"_Unwind_Find_FDE", offsetof(__typeof__(lib), find_description)},
	};

	if (SHIM_UNLIKELY(!lib.cxx_globals))
		find_cxx();
	if (__atomic_load_n(&lib.forced_unwind, __ATOMIC_ACQUIRE))
		return true;
	if (!shim_loader_symbol("_Unwind_ForcedUnwind")) { /* no C++ here; cleanup functions of C need nothing of it */
		if (!((void *(*)(const char *, int))shim_real_dlopen)(LIBRARY, RTLD_NOW))
			return false;
		shim_modules_changed = true;
	}
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
		void *found = shim_loader_symbol(names[i].name);
		if (!found)
			return false;
		*(void **)((char *)&lib + names[i].at) = found;
	}
	__atomic_store_n((void **)&lib.forced_unwind, shim_loader_symbol("_Unwind_ForcedUnwind"), __ATOMIC_RELEASE);
	return lib.forced_unwind != NULL;
}

/* ---- what is on the stack */

static enum shim_effect effect_of(struct _Unwind_Context *context)
{
	const unsigned char *table = lib.get_table(context);
	int before = 0;

	if (!table)
		return NOTHING_ELSE;
	uint64_t place = (uint64_t)lib.get_ip(context, &before) - (uint64_t)lib.get_function(context);
	/* Between calls objects may be half made, and half gone. */
	return before ? ENDS_PROGRAM : shim_unwind_effect(table, place - 1);
}

/* C++ ends the program when it is to catch what it does not know while it handles an exception. Those that are being handled
 * are out of its sight while such a handler runs. */
static void hide_caught(struct shim_call *call)
{
	void **caught = lib.cxx_globals ? ((void **(*)(void))gotcha_copy_of(call->set, (uint64_t)lib.cxx_globals))() : NULL;

	if (caught && *caught) {
		call->unwind.hidden = *caught;
		call->unwind.hidden_from = caught;
		*caught = NULL;
	}
}

static void show_caught(struct shim_call *call)
{
	if (call->unwind.hidden && !*call->unwind.hidden_from)
		*call->unwind.hidden_from = call->unwind.hidden;
	call->unwind.hidden = NULL;
}

/* ---- frames */

/* The first frame that no exception passes. */
static _Unwind_Reason_Code look(struct _Unwind_Context *context, void *arg)
{
	struct shim_call *call = arg;

	if (effect_of(context) != ENDS_PROGRAM)
		return _URC_NO_REASON;
	call->unwind.stop_rsp = (uint64_t)lib.get_cfa(context);
	return _URC_NORMAL_STOP;
}

/* From its own caller up. */
void shim_unwind_walk(struct shim_call *call)
{
	call->unwind.stop_rsp = UINT64_MAX;
	lib.backtrace(look, call);
}

_Noreturn static void finish(struct shim_call *call)
{
	shim_cleanup_run_above(call, UINT64_MAX);
	shim_tcb_finish(call);
	call->finish_work = 0;
	call->unwinding = false;
	call->state = SHIM_DONE;
	shim_leave(call);
}

/* Before each frame: `context` is the frame to be entered next. */
static _Unwind_Reason_Code stop(int version, _Unwind_Action actions, _Unwind_Exception_Class class,
				struct _Unwind_Exception *exception, struct _Unwind_Context *context, void *arg)
{
	struct shim_call *call = arg;
	struct shim_unwind *u = &call->unwind;
	uint64_t rsp = (uint64_t)lib.get_cfa(context);

	(void)version;
	(void)class;
	(void)exception;
	if (actions & _UA_END_OF_STACK)
		finish(call);
	shim_cleanup_run_above(call, rsp);
	show_caught(call);
	if (rsp >= u->stop_rsp)
		finish(call);
	if (effect_of(context) == CATCHES_ALL)
		hide_caught(call);
	return _URC_NO_REASON;
}

static void caught(_Unwind_Reason_Code reason, struct _Unwind_Exception *exception)
{
	(void)reason;
	(void)exception;
	shim_unwind_run(shim_tls.call);
}

/* Unwinds from its own caller. */
void shim_unwind_run(struct shim_call *call)
{
	struct shim_unwind *u = &call->unwind;
	struct _Unwind_Exception *exception = (void *)u->exception;

	show_caught(call);
	shim_unwind_walk(call);
	__builtin_memset(u->exception, 0, sizeof u->exception);
	exception->exception_cleanup = caught;
	lib.forced_unwind(exception, stop, call);
	finish(call); /* a frame without a description: further up is unknown */
}

/* The function at `rip`, NULL: nothing is known of it. */
static void *function_at(uint64_t rip)
{
	void *bases[3]; /* of text and of data, and the function */

	return lib.find_description((void *)rip, bases) ? bases[2] : NULL;
}

/* At the instruction, when it is to be made again, or after it; what is on another page may not be there. */
static bool in_system_call(const unsigned char *code)
{
	uint64_t place = (uint64_t)code % 4096;

	return (place >= 2 && code[-2] == 0x0f && code[-1] == 0x05) || (place < 4095 && code[0] == 0x0f && code[1] == 0x05);
}

static bool is_operator_new(uint64_t rip)
{
	void *function = function_at(rip - 1);

	for (unsigned i = 0; function && i < sizeof lib.operators / sizeof *lib.operators; i++)
		if (lib.operators[i] == (void *)gotcha_original_of((uint64_t)function, NULL))
			return true;
	return false;
}

/* Where the unwinder starts. False: what is there of stack is not enough, or not known. */
static bool set_out(struct shim_call *call)
{
	uint64_t *from = call->unwind.from, *regs = call->regs;
	bool faulted = call->state == SHIM_FAULTED;

	if (!faulted && call->resume_entry != (uint64_t)shim_entry_full)
		shim_regs_of_frame(call, call->voluntary_rsp);
	uint64_t rsp = regs[SHIM_RSP];
	/* On a stack of its own making nothing is known of room and end. */
	uint64_t room = rsp - (uint64_t)call->stack_low;
	if (room > call->stack_top - (uint64_t)call->stack_low || room < STACK_ROOM)
		return false;
	from[FROM_RIP] = regs[SHIM_RIP];
	from[FROM_RSP] = rsp;
	from[FROM_RBX] = regs[11];
	from[FROM_RBP] = regs[10];
	for (int i = 0; i < 4; i++)
		from[FROM_R12 + i] = regs[4 + i];
	from[FROM_INTERRUPTED] = !call->at_return;
	/* A call of something that is no code: as if it had not got there. */
	if (faulted && !call->at_return && rsp < call->stack_top && !function_at(regs[SHIM_RIP]) &&
	    function_at(*(uint64_t *)rsp - 1)) {
		from[FROM_RIP] = *(uint64_t *)rsp;
		from[FROM_RSP] = rsp + 8;
		from[FROM_INTERRUPTED] = 0;
	}
	return true;
}

/* Whether exceptions pass every frame. Seen from outside: the call stays paused as it is. */
static bool passes_all(struct shim_call *call)
{
	if (!set_out(call))
		return false;
	shim_unwind_look(call);
	return call->unwind.stop_rsp == UINT64_MAX;
}

enum place { NO_PLACE, COMPUTES, MADE_BLOCK, THROWS };

static enum place place_of(const struct shim_call *call, uint64_t quiet_ns)
{
	if (call->resume_entry != (uint64_t)shim_entry_full)
		return THROWS;
	if (call->at_return)
		return !call->made_for ? NO_PLACE : is_operator_new(call->made_for) ? THROWS : MADE_BLOCK;
	if (in_system_call((const unsigned char *)call->regs[SHIM_RIP]))
		return THROWS;
	return quiet_ns >= QUIET_NS ? COMPUTES : NO_PLACE;
}

bool shim_unwind_approach(struct shim_thread *t, struct shim_call *call, uint64_t grace_us)
{
	uint64_t begin = shim_now(), grace = shim_us_to_ticks(grace_us), quiet_ns = 0, used_ns = 0;

	call->unwind.may = false;
	if (!find_library())
		return false;
	for (;;) {
		enum place place = place_of(call, quiet_ns);
		uint64_t passed = shim_now() - begin;
		/* A busy machine must not make the difference. */
		bool late = passed >= grace / 2, over = (passed >= grace && used_ns >= 2 * QUIET_NS) || !shim_clock_for(t);
		/* With a lock it does not stay here. */
		call->unwind.may = (place == THROWS || place == COMPUTES || (place == MADE_BLOCK && late)) && !hold_outliving(call);
		if (over || (call->unwind.may && passes_all(call)))
			return false;
		uint64_t before = shim_thread_cpu_ns();
		call->state = SHIM_RESUMING;
		call->stepping = 1;
		shim_run_slice(t, call, STEP_US);
		call->stepping = 0;
		if (call->state != SHIM_PAUSING)
			return true;
		uint64_t slice_ns = shim_thread_cpu_ns() - before;
		used_ns += slice_ns;
		quiet_ns = call->at_return || call->resume_entry != (uint64_t)shim_entry_full ? 0 : quiet_ns + slice_ns;
	}
}

static void tell_once(const struct shim_call *call)
{
	static _Atomic bool told;
	char room[200];

	if (atomic_exchange(&told, true))
		return;
	shim_message("destructors are not run",
		     call->name ? call->name : shim_symbol_name((const void *)call->func, room, sizeof room) ? room : NULL,
		     "it is cancelled in code that throws no exception, from where unwinding could destroy objects twice");
}

bool shim_unwind_begin(struct shim_call *call)
{
	bool faulted = call->state == SHIM_FAULTED;

	if ((!faulted && call->resume_entry == (uint64_t)shim_entry_start) || !find_library())
		return false;
	if (!faulted && !call->unwind.may) {
		tell_once(call);
		return false;
	}
	if (!set_out(call))
		return false;
	shim_unwind_look(call);
	if (call->unwind.stop_rsp != UINT64_MAX)
		tell_once(call);
	call->unwind.hidden = NULL;
	call->unwinding = true;
	call->resume_entry = (uint64_t)shim_unwind_entry;
	return true;
}
