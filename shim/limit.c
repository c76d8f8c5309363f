/* SPDX-License-Identifier: Apache-2.0 */
/* limit.c - a time budget for a library function that the program calls, set from outside.
 *
 * GOT words of the function lead to a stub of shim_limit_enter() (gotcha/limit.go writes them). The function runs where it
 * always did: on its caller's stack and TCB, in the starting libset, so that no argument has to be known and the objects
 * it works on are the program's. A record of the thread makes it a *call*: its deadline is armed like any other, its
 * deferred sections are deferred, the locks it takes are known. When the budget is used up and the place allows it, the
 * function is left as siglongjmp() out of a handler would leave it.
 *
 * A function may be left without our noticing, by a jump that our longjmp() does not see. Exceptions are seen
 * (shim_limit_personality()). So before a record is believed, the place on the stack is looked at where the function's return
 * address must be.
 *
 * Only calls on the thread's own stack have limits. Of coroutines nobody knows which call is on whose stack, nor when one is
 * dropped with its stack.
 *
 * Context of shim_limit_open() and _close(): general registers only, as they are called with the arguments or the result of
 * any function in the others. The handler (limit_sig.c) keeps away while limits_busy is set. */
#include "limit.h"
#include "loader.h"
#include "lock.h"
#include "../gotcha/libset.h"
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unwind.h>

#pragma GCC target("general-regs-only")

#define TAG_BASE 0x00400000u /* of records' owners, whose copies of patterns have tags: beyond those of calls */
#define ALL_USED ((1u << LIMIT_DEPTH) - 1)

struct shim_limited *shim_limit_open(struct shim_limit *limit, uint64_t rsp);
bool shim_limit_prepare(void);
void shim_limit_close(struct shim_limited *r);
uint64_t shim_limit_drop(struct shim_limited *r);

static void busy(struct shim_thread *t, bool on)
{
	__asm__ volatile("" ::: "memory");
	t->limits_busy = on;
	__asm__ volatile("" ::: "memory");
}

/* The call is over. */
static void leave(struct shim_thread *t, struct shim_limited *r, enum trace_end why)
{
	struct shim_call *outer = r->call.parent;

	SHIM_TRACE(TRACE_SLICE_END, &r->call, why, r->deadline);
	r->call.state = SHIM_DONE;
	t->limits->used &= ~(1u << r->call.index);
	if (SHIM_LIKELY(t->current == &r->call)) {
		shim_tls.call = outer;
		t->current = outer;
		atomic_store_explicit(&t->deadline, outer ? outer->deadline : SHIM_NEVER, memory_order_relaxed);
		return;
	}
	for (struct shim_call *c = t->current; is_limited(c); c = c->parent)
		if (c->parent == &r->call)
			c->parent = outer;
}

static void trim(struct shim_thread *t, uint64_t rsp)
{
	while (is_limited(t->current) && t->current->state == SHIM_RUNNING &&
	       shim_limit_standing(t->limits, record_of(t->current), rsp) == GONE)
		leave(t, record_of(t->current), TRACE_LEFT);
}

void shim_limits_trim(struct shim_thread *t, uint64_t rsp)
{
	if (!t->limits || t->limits_busy)
		return;
	busy(t, true);
	trim(t, rsp);
	busy(t, false);
}

/* longjmp() to `rsp`, perhaps out of a handler that has interrupted any of this: calls that were being begun or ended are
 * over, and those that were about to be given up go on if the jump stays inside. */
void shim_limits_jump(struct shim_thread *t, uint64_t rsp)
{
	struct shim_limits *l = t->limits;
	bool again = t->limits_busy;

	if (!l)
		return;
	busy(t, true);
	for (uint32_t i = 0; i < LIMIT_DEPTH; i++) {
		struct shim_call *call = &l->list[i].call;
		if (!(l->used & 1u << i))
			continue;
		if (call->state == SHIM_PAUSING) {
			call->state = SHIM_RUNNING;
			again = true;
		} else if (call->state != SHIM_RUNNING) {
			leave(t, &l->list[i], TRACE_LEFT);
		}
	}
	trim(t, rsp);
	/* This is the resumer's TCB, whose launch() may be about to switch: the call it launches is current, but not here. */
	struct shim_call *here = t->current;
	while (here && !here->adopted)
		here = here->parent;
	shim_tls.call = here;
	busy(t, false);
	if (t->current && again)
		shim_arm_backoff(t);
}

/* No record is free: those that were left while they were not the innermost. */
static void sweep(struct shim_limits *l, struct shim_call *innermost, uint64_t rsp)
{
	uint32_t reached = 0;

	for (struct shim_call *c = innermost; is_limited(c); c = c->parent)
		reached |= 1u << c->index;
	for (uint32_t i = 0; i < LIMIT_DEPTH; i++)
		if (!(reached & 1u << i) && shim_limit_standing(l, &l->list[i], rsp) == GONE)
			l->used &= ~(1u << i);
}

void shim_limit_note_mask(struct shim_call *call)
{
	uint64_t mask;

	shim_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &mask, 8);
	for (struct shim_call *c = call; is_limited(c); c = c->parent) {
		if (c->mask_changed)
			continue;
		c->outer_mask = mask;
		c->outer_hides = shim_tls.mask_hides_signal;
		c->mask_changed = true;
	}
}

/* ---- into and out of a function */

/* A limited function ends with a jump to this one (a tail call): both return to the same place, and a frame for each could not
 * be told from the other (macros_amd64.h). It is one call; what is used up first counts. */
static void goes_on_as(struct shim_thread *t, struct shim_limited *r, struct shim_limit *limit)
{
	uint64_t deadline = shim_now() + shim_us_to_ticks(limit->budget_us);

	if (deadline >= r->deadline)
		return;
	r->limit = limit;
	r->deadline = deadline;
	r->late = false;
	shim_limits_run_on(t, &r->call);
}

static struct shim_limited *open_record(struct shim_thread *t, struct shim_limit *limit, uint64_t rsp)
{
	struct shim_limits *l = t->limits;

	if (SHIM_UNLIKELY(is_limited(t->current)))
		trim(t, rsp);
	struct shim_call *outer = t->current;
	/* Not in a deferred section, which a handler of the program is as well. */
	if (SHIM_UNLIKELY(outer != shim_tls.call || (outer && outer->defer_rsp >= rsp) || !shim_limit_on_stack(l, rsp)))
		return NULL;
	if (SHIM_UNLIKELY(shim_config.stats))
		atomic_fetch_add_explicit(&limit->calls, 1, memory_order_relaxed);
	if (SHIM_UNLIKELY(is_limited(outer) && record_of(outer)->rsp == rsp)) {
		goes_on_as(t, record_of(outer), limit);
		return NULL;
	}
	if (SHIM_UNLIKELY(l->used == ALL_USED)) {
		sweep(l, outer, rsp);
		if (l->used == ALL_USED)
			return NULL;
	}
	struct shim_limited *r = &l->list[__builtin_ctz(~l->used)];
	struct shim_call *call = &r->call;
	l->used |= 1u << call->index;
	call->state = SHIM_RESUMING;
	r->limit = limit;
	r->late = false;
	r->rsp = 0;
	call->parent = outer;
	call->defer_rsp = 0;
	call->holds.count = 0;
	call->mask_changed = false;
	if (l->exceptions)
		__builtin_memcpy(r->exceptions, l->exceptions, sizeof r->exceptions);
	call->slice_start = shim_now();
	r->deadline = call->slice_start + shim_us_to_ticks(limit->budget_us);
	SHIM_TRACE(TRACE_LAUNCH, call, limit->target, shim_trace_name(limit->name) | (uint64_t)shim_trace_number(outer) << 40);
	SHIM_TRACE(TRACE_SLICE_BEGIN, call, r->deadline, 0);
	shim_tls.call = call;
	shim_run_until(t, call, outer && outer->deadline < r->deadline ? outer->deadline : r->deadline);
	return r;
}

/* NULL: without a limit; 1: shim_limit_prepare() first. `rsp`: where the return address is. */
struct shim_limited *shim_limit_open(struct shim_limit *limit, uint64_t rsp)
{
	/* A launched call has no limits, and may be on another thread the next moment. */
	if (SHIM_UNLIKELY(shim_tls.call && !shim_tls.call->adopted))
		return NULL;
	struct shim_thread *t = shim_tls.thread;
	if (SHIM_UNLIKELY(!t || !t->limits || (!t->limits->exceptions && shim_limit_cxx)))
		return (struct shim_limited *)1;
	/* In a handler of the program our signal is blocked, and the stack may be any. */
	if (SHIM_UNLIKELY(t->limits_busy || t->interrupted.handlers))
		return NULL;
	busy(t, true);
	struct shim_limited *r = open_record(t, limit, rsp);
	busy(t, false);
	return r;
}

static bool make_records(struct shim_thread *t)
{
	struct shim_limits *l = mmap(NULL, sizeof *l, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (l == MAP_FAILED)
		return false;
	if (!shim_limit_find_stack(l, t->fs))
		shim_message("functions have no limits on a thread", "/proc/self/maps", "its stack was not found");
	for (uint32_t i = 0; i < LIMIT_DEPTH; i++) {
		static _Atomic uint32_t born;
		struct shim_call *call = &l->list[i].call;
		call->adopted = ADOPTED_LIMITED;
		call->index = i;
		call->fs = t->fs;
		call->thread = t;
		own_init(&call->owner, TAG_BASE + atomic_fetch_add(&born, 1) % TAG_BASE);
		hold_begin(call);
	}
	t->limits = l;
	return true;
}

static bool prepare(void)
{
	struct shim_thread *t = shim_thread_get();

	if (!t || (!t->limits && !make_records(t)))
		return false;
	if (!shim_clock_for(t))
		shim_message("functions have no limits on a thread", "clock", gotcha_reason());
	/* Its result is of the C++ ABI: a pointer and an unsigned int. */
	if (!t->limits->exceptions && shim_limit_cxx)
		t->limits->exceptions = ((uint64_t *(*)(void))shim_limit_cxx)();
	return true;
}

bool shim_limit_prepare(void)
{
	uint64_t all = SHIM_ALL_SIGNALS, mask;
	int saved = errno;

	/* libc's own calls may lead through the program, and so through a stub (a canonical PLT entry). */
	if (shim_tls.preparing)
		return false;
	shim_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask, 8); /* no handler that jumps out of the middle */
	shim_tls.preparing = true;
	bool done = prepare();
	shim_tls.preparing = false;
	shim_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8);
	errno = saved;
	return done;
}

void shim_limits_thread_exit(struct shim_thread *t)
{
	if (!t->limits)
		return;
	busy(t, true);
	while (is_limited(t->current))
		leave(t, record_of(t->current), TRACE_LEFT);
	for (uint32_t i = 0; i < LIMIT_DEPTH; i++) {
		shim_patterns_release(&t->limits->list[i].call);
		shim_patterns_end(&t->limits->list[i].call);
	}
	(void)munmap(t->limits, sizeof *t->limits);
	t->limits = NULL;
	busy(t, false);
}

static void note_length(struct shim_limited *r)
{
	uint64_t ticks = shim_now() - r->call.slice_start;
	uint64_t longest = atomic_load_explicit(&r->limit->longest, memory_order_relaxed);

	while (ticks > longest && !atomic_compare_exchange_weak_explicit(&r->limit->longest, &longest, ticks, memory_order_relaxed,
									 memory_order_relaxed))
		;
}

void shim_limit_close(struct shim_limited *r)
{
	struct shim_thread *t = shim_tls.thread;

	if (SHIM_UNLIKELY(shim_config.stats))
		note_length(r);
	if (SHIM_UNLIKELY(r->late && r->limit->action == LIMIT_LOG)) {
		char text[80], *at = text, *end = text + sizeof text - 1;
		shim_write_text(&at, end, "it took ");
		shim_write_number(&at, end, shim_ticks_to_ns(shim_now() - r->call.slice_start) / 1000);
		shim_write_text(&at, end, " us");
		*at = 0;
		shim_limit_report(r->limit, "a call was slow", text);
	}
	busy(t, true);
	if (SHIM_UNLIKELY(r->call.holds.count))
		hold_end(&r->call);
	leave(t, r, TRACE_DONE);
	busy(t, false);
}

/* The function has been left: nothing of it runs any more, and what it and those inside it have taken is given back. */
uint64_t shim_limit_drop(struct shim_limited *r)
{
	struct shim_thread *t = shim_tls.thread;
	const struct shim_limit *limit = r->limit;

	if (SHIM_UNLIKELY(shim_config.stats))
		note_length(r);
	shim_tls.maker = NULL;
	busy(t, true);
	for (struct shim_limited *inner = NULL; inner != r;) {
		inner = record_of(t->current);
		struct shim_call *call = &inner->call;
		call->state = SHIM_DONE;
		call->defer_rsp = 0;
		call->untracked = 0;
		shim_tls.call = NULL;
		if (call->holds.count) {
			hold_release(call);
			hold_end(call);
		}
		shim_patterns_release(call);
		leave(t, inner, TRACE_GIVEN_UP);
	}
	/* Left in the middle of a throw, or of a catch. */
	if (t->limits->exceptions)
		__builtin_memcpy(t->limits->exceptions, r->exceptions, sizeof r->exceptions);
	if (r->call.mask_changed) {
		shim_tls.mask_hides_signal = r->call.outer_hides;
		shim_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, &r->call.outer_mask, NULL, 8);
	}
	busy(t, false);
	/* The signal for the deadline of those outside may have been the one that is being obeyed here. */
	if (t->current && t->current->deadline != SHIM_NEVER)
		shim_arm_backoff(t);
	shim_limit_report(limit, "a call is given up", limit->ends);
	if (limit->error)
		errno = limit->error;
	return limit->value;
}

/* An exception, or the end of the thread, passes the frame of shim_limit_enter(): the call is over. */
_Unwind_Reason_Code shim_limit_personality(int version, _Unwind_Action actions, _Unwind_Exception_Class class,
					   struct _Unwind_Exception *exception, struct _Unwind_Context *context);
_Unwind_Reason_Code shim_limit_personality(int version, _Unwind_Action actions, _Unwind_Exception_Class class,
					   struct _Unwind_Exception *exception, struct _Unwind_Context *context)
{
	static __typeof__(_Unwind_GetCFA) *cfa;
	struct shim_thread *t = shim_tls.thread;

	(void)version;
	(void)class;
	(void)exception;
	if (!(actions & _UA_CLEANUP_PHASE) || !t || (shim_tls.call && !shim_tls.call->adopted))
		return _URC_CONTINUE_UNWIND;
	if (!cfa)
		cfa = (__typeof__(_Unwind_GetCFA) *)shim_loader_symbol("_Unwind_GetCFA");
	if (cfa)
		shim_limits_trim(t, cfa(context));
	return _URC_CONTINUE_UNWIND;
}
