/* SPDX-License-Identifier: Apache-2.0 */
/* limit.c - a time budget for a library function that the program calls, set from outside.
 *
 * GOT words of the function lead to a stub of shim_limit_enter() (gotcha/limit.go writes them). The function runs where it
 * always did: on its caller's stack and TCB, in the starting libset, so that no argument has to be known and the objects
 * it works on are the program's. A record of the thread makes it a *call*: its deadline is armed like any other, its
 * deferred sections are deferred, the locks it takes are known. When the budget is used up and the place allows it, the
 * function is left as siglongjmp() out of a handler would leave it.
 *
 * A function may be left without our noticing: by a jump that our longjmp() does not see, or with a stack that is never
 * switched to again. Exceptions are seen (shim_limit_personality()). So before a record is believed, the place on the stack
 * is looked at where the function's return address must be. And records are handed out by a bit mask, not as a stack: two
 * stacks that are switched between may end theirs in any order.
 *
 * Context of shim_limit_open(), _close() and _inject(): general registers only; the first two are called with the arguments
 * or the result of any function in the others. The handler keeps away while limits_busy is set. */
#include "limit.h"
#include "lock.h"
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unwind.h>

#pragma GCC target("general-regs-only")

#define FLAG_TRAP 0x100
#define FLAG_DIRECTION 0x400
#define FLAG_ALIGNMENT 0x40000
#define BELOW_SP 256
#define TAG_BASE 0x00400000u /* of records' owners, whose copies of patterns have tags: beyond those of calls */
#define ALL_USED ((1u << LIMIT_DEPTH) - 1)
#define EARLY_US 2
/* Two stack pointers that are not on the thread's own stack are on the same one when they are not farther apart. */
#define OTHER_STACK_BYTES ((uint64_t)1 << 20)

struct shim_limits {
	uint32_t used; /* a bit for each record: of a call that is under way, or that was left unnoticed */
	uint64_t stack_low, stack_high; /* the thread's own */
	struct shim_limited list[LIMIT_DEPTH];
};

extern char shim_limit_begin_text[], shim_limit_end_text[], shim_limit_give_up[], shim_limit_returned[];

struct shim_limited *shim_limit_open(struct shim_limit *limit, uint64_t rsp);
bool shim_limit_prepare(void);
void shim_limit_close(struct shim_limited *r);
uint64_t shim_limit_drop(struct shim_limited *r);

static struct shim_limited *record_of(struct shim_call *call)
{
	return (struct shim_limited *)((char *)call - offsetof(struct shim_limited, call));
}

static bool is_limited(const struct shim_call *call)
{
	return call && call->adopted == ADOPTED_LIMITED;
}

static void busy(struct shim_thread *t, bool on)
{
	__asm__ volatile("" ::: "memory");
	t->limits_busy = on;
	__asm__ volatile("" ::: "memory");
}

/* ---- which calls are still under way */

enum standing {
	STANDS,
	ELSEWHERE, /* on another stack */
	GONE,
};

/* Memory that may be unmapped: the stack of a coroutine that has ended. */
static uint64_t peek(uint64_t address)
{
	uint64_t value = 0;
	struct iovec to = {&value, sizeof value}, from = {(void *)address, sizeof value};

	if (shim_syscall6(SYS_process_vm_readv, shim_syscall0(SYS_getpid), (long)&to, 1, (long)&from, 1, 0) != sizeof value)
		return 0;
	return value;
}

/* Of a record whose function has been entered. */
static enum standing standing(const struct shim_limits *l, const struct shim_limited *r, uint64_t rsp)
{
	uint64_t size = l->stack_high - l->stack_low;
	bool own = r->rsp - l->stack_low < size;

	if (own != (rsp - l->stack_low < size))
		return ELSEWHERE;
	if (!own && r->rsp - rsp + OTHER_STACK_BYTES > 2 * OTHER_STACK_BYTES)
		return ELSEWHERE;
	if (r->rsp < rsp)
		return GONE;
	uint64_t returned = (uint64_t)shim_limit_returned;
	/* A deferred section that is the function itself keeps the address in the call (stubs_amd64.S). */
	if (r->call.defer_rsp == r->rsp + 8 && r->call.defer_ret == returned)
		return STANDS;
	return (own ? *(uint64_t *)r->rsp : peek(r->rsp)) == returned ? STANDS : GONE;
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
	       standing(t->limits, record_of(t->current), rsp) == GONE)
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

/* longjmp() to `rsp`. A handler may have interrupted calls that were about to be given up: those that go on are not. */
void shim_limits_jump(struct shim_thread *t, uint64_t rsp)
{
	bool again = false;

	busy(t, true);
	for (struct shim_call *c = t->current; is_limited(c); c = c->parent)
		if (c->state == SHIM_PAUSING) {
			c->state = SHIM_RUNNING;
			again = true;
		}
	trim(t, rsp);
	busy(t, false);
	if (again)
		shim_arm_backoff(t);
}

/* No record is free: those that were left while they were not the innermost. */
static void sweep(struct shim_limits *l, struct shim_call *innermost, uint64_t rsp)
{
	uint32_t reached = 0;

	for (struct shim_call *c = innermost; is_limited(c); c = c->parent)
		reached |= 1u << c->index;
	for (uint32_t i = 0; i < LIMIT_DEPTH; i++)
		if (!(reached & 1u << i) && standing(l, &l->list[i], rsp) == GONE)
			l->used &= ~(1u << i);
}

/* ---- into and out of a function */

static struct shim_limited *open_record(struct shim_thread *t, struct shim_limit *limit, uint64_t rsp)
{
	struct shim_limits *l = t->limits;

	if (SHIM_UNLIKELY(is_limited(t->current)))
		trim(t, rsp);
	struct shim_call *outer = t->current;
	/* Not in a deferred section, which a handler of the program is as well. */
	if (SHIM_UNLIKELY(outer != shim_tls.call || (outer && outer->defer_rsp >= rsp)))
		return NULL;
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
	call->slice_start = shim_now();
	r->deadline = call->slice_start + shim_us_to_ticks(limit->budget_us);
	SHIM_TRACE(TRACE_LAUNCH, call, limit->target, shim_trace_name(limit->name) | (uint64_t)shim_trace_number(outer) << 40);
	SHIM_TRACE(TRACE_SLICE_BEGIN, call, r->deadline, 0);
	if (SHIM_UNLIKELY(shim_config.stats))
		atomic_fetch_add_explicit(&limit->calls, 1, memory_order_relaxed);
	shim_tls.call = call;
	shim_run_until(t, call, outer && outer->deadline < r->deadline ? outer->deadline : r->deadline);
	return r;
}

/* NULL: without a limit; 1: shim_limit_prepare() first. `rsp`: where the return address is. */
struct shim_limited *shim_limit_open(struct shim_limit *limit, uint64_t rsp)
{
	struct shim_thread *t = shim_tls.thread;

	if (SHIM_UNLIKELY(!t || !t->limits))
		return (struct shim_limited *)1;
	if (SHIM_UNLIKELY(t->limits_busy))
		return NULL;
	busy(t, true);
	struct shim_limited *r = open_record(t, limit, rsp);
	busy(t, false);
	return r;
}

/* The stack that the thread began with. */
static void find_stack(struct shim_limits *l)
{
	pthread_attr_t attr;
	void *low;
	size_t bytes;

	if (pthread_getattr_np(pthread_self(), &attr) != 0)
		return; /* every stack counts as another one */
	if (pthread_attr_getstack(&attr, &low, &bytes) == 0) {
		l->stack_low = (uint64_t)low;
		l->stack_high = l->stack_low + bytes;
	}
	pthread_attr_destroy(&attr);
}

static bool prepare(void)
{
	struct shim_thread *t = shim_thread_get();

	if (!t)
		return false;
	struct shim_limits *l = mmap(NULL, sizeof *l, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (l == MAP_FAILED)
		return false;
	find_stack(l);
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

bool shim_limit_prepare(void)
{
	int saved = errno;

	/* libc's own calls may lead through the program, and so through a stub (a canonical PLT entry). */
	if (shim_tls.preparing)
		return false;
	shim_tls.preparing = true;
	bool done = prepare();
	shim_tls.preparing = false;
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

static void duration(char **at, char *end, uint64_t us)
{
	bool ms = us >= 1000 && us % 1000 == 0;

	shim_write_number(at, end, ms ? us / 1000 : us);
	shim_write_text(at, end, ms ? " ms" : " us");
}

static void report(const struct shim_limit *limit, const char *what, const char *rest)
{
	char text[200], *at = text, *end = text + sizeof text - 1;

	shim_write_text(&at, end, "its budget of ");
	duration(&at, end, limit->budget_us);
	shim_write_text(&at, end, " is used up; ");
	shim_write_text(&at, end, rest);
	*at = 0;
	shim_report(what, limit->name, text);
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
		report(r->limit, "a call was slow", text);
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
	busy(t, false);
	/* The signal for the deadline of those outside may have been the one that is being obeyed here. */
	if (t->current && t->current->deadline != SHIM_NEVER)
		shim_arm_backoff(t);
	report(limit, "a call is given up", limit->ends);
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
	if (!(actions & _UA_CLEANUP_PHASE) || !t)
		return _URC_CONTINUE_UNWIND;
	if (!cfa)
		cfa = (__typeof__(_Unwind_GetCFA) *)shim_find_symbol("_Unwind_GetCFA");
	if (cfa)
		shim_limits_trim(t, cfa(context));
	return _URC_CONTINUE_UNWIND;
}

/* ---- the clock */

/* The deadlines of a call and of those that it is inside of, outermost first, after one has changed. */
static uint64_t settle(struct shim_call *call)
{
	uint64_t outer = !call->parent ? SHIM_NEVER : is_limited(call->parent) ? settle(call->parent) : call->parent->deadline;
	uint64_t own = record_of(call)->deadline;

	return call->deadline = own < outer ? own : outer;
}

static void run_on(struct shim_thread *t, struct shim_call *innermost)
{
	uint64_t deadline = settle(innermost);

	atomic_store_explicit(&t->deadline, deadline, memory_order_relaxed);
	if (deadline < atomic_load_explicit(&t->armed, memory_order_relaxed))
		shim_arm(t, deadline);
}

void shim_limits_resume(struct shim_thread *t, struct shim_call *innermost)
{
	t->current = innermost;
	run_on(t, innermost);
}

bool shim_limits_at_border(const void *context)
{
	uint64_t rip = (uint64_t)((const ucontext_t *)context)->uc_mcontext.gregs[SHIM_RIP];

	return rip - (uint64_t)shim_limit_begin_text < (uint64_t)(shim_limit_end_text - shim_limit_begin_text);
}

/* The stack below `due` is not used any more. */
static void give_up(struct shim_limited *due, struct shim_call *innermost, greg_t *regs)
{
	for (struct shim_call *c = innermost; c != due->call.parent; c = c->parent)
		c->state = SHIM_PAUSING; /* no more of this */
	regs[SHIM_RIP] = (greg_t)(uint64_t)shim_limit_give_up;
	regs[SHIM_RDI] = (greg_t)(uint64_t)due;
	regs[SHIM_RSP] = (greg_t)(due->rsp - BELOW_SP);
	regs[SHIM_EFL] &= ~(greg_t)(FLAG_TRAP | FLAG_DIRECTION | FLAG_ALIGNMENT);
}

bool shim_limit_inject(struct shim_call **which, void *context)
{
	ucontext_t *frame = context;
	greg_t *regs = frame->uc_mcontext.gregs;
	struct shim_call *call = *which;
	struct shim_thread *t = call->thread;
	uint64_t rip = (uint64_t)regs[SHIM_RIP], rsp = (uint64_t)regs[SHIM_RSP], due_at = shim_now() + shim_us_to_ticks(EARLY_US);

	if (shim_limits_at_border(context) || call->state != SHIM_RUNNING || t->limits_busy ||
	    rip - shim_ldso_low < shim_ldso_high - shim_ldso_low)
		return false;
	/* The outermost that is due. One on another stack has to wait until that goes on, and so have those outside it. */
	struct shim_limited *due = NULL;
	struct shim_call *outer = call;
	for (; is_limited(outer); outer = outer->parent)
		if (standing(t->limits, record_of(outer), rsp) != STANDS)
			break;
		else if (record_of(outer)->deadline <= due_at)
			due = record_of(outer);
	call->pending = 0;
	if (!due) {
		if (outer && outer->adopted == ADOPTED_MAIN && outer->deadline <= due_at) {
			*which = outer;
			return true;
		}
		if (settle(call) <= due_at)
			return false; /* on another stack */
		run_on(t, call);
		return true;
	}
	struct shim_limit *limit = due->limit;
	if (SHIM_UNLIKELY(shim_config.stats))
		atomic_fetch_add_explicit(&limit->used_up, 1, memory_order_relaxed);
	if (limit->action == LIMIT_RETURN) {
		give_up(due, call, regs);
		return true;
	}
	due->late = true;
	due->deadline = SHIM_NEVER;
	run_on(t, call);
	if (limit->action == LIMIT_LOG)
		return true;
	report(limit, limit->action == LIMIT_ABORT ? "the program is aborted" : "a call gets a signal", limit->ends);
	int sig = limit->action == LIMIT_ABORT ? SIGABRT : limit->signal;
	if (limit->action == LIMIT_ABORT) {
		shim_default_action(SIGABRT);
		*shim_mask_bits(&frame->uc_sigmask) &= ~(1ull << (SIGABRT - 1));
	}
	shim_syscall3(SYS_tgkill, shim_syscall0(SYS_getpid), shim_syscall0(SYS_gettid), sig); /* at the return */
	return true;
}
