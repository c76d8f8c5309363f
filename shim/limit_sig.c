/* SPDX-License-Identifier: Apache-2.0 */
/* limit_sig.c - the clock of limited calls: which one is due, whether it still stands, and what becomes of it.
 *
 * Context      the preemption handler, and the thread's own code with limits_busy set.
 * May call     raw system calls and what sigsafe.txt lists. General registers only. */
#include "limit.h"
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>

#pragma GCC target("general-regs-only")

#define FLAG_TRAP 0x100
#define FLAG_DIRECTION 0x400
#define FLAG_ALIGNMENT 0x40000
#define BELOW_SP 256
#define EARLY_US 2
/* Two stack pointers that are not on the thread's own stack are on the same one when they are not farther apart. */
#define OTHER_STACK_BYTES ((uint64_t)1 << 20)

extern char shim_limit_begin_text[], shim_limit_end_text[], shim_limit_give_up[], shim_limit_returned[];

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
enum standing shim_limit_standing(const struct shim_limits *l, const struct shim_limited *r, uint64_t rsp)
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

static void duration(char **at, char *end, uint64_t us)
{
	bool ms = us >= 1000 && us % 1000 == 0;

	shim_write_number(at, end, ms ? us / 1000 : us);
	shim_write_text(at, end, ms ? " ms" : " us");
}

void shim_limit_report(const struct shim_limit *limit, const char *what, const char *rest)
{
	char text[200], *at = text, *end = text + sizeof text - 1;

	shim_write_text(&at, end, "its budget of ");
	duration(&at, end, limit->budget_us);
	shim_write_text(&at, end, " is used up; ");
	shim_write_text(&at, end, rest);
	*at = 0;
	shim_report(what, limit->name, text);
}

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

void shim_limits_pause(struct shim_call *innermost)
{
	for (struct shim_call *c = innermost; SHIM_UNLIKELY(shim_tracing) && is_limited(c); c = c->parent)
		SHIM_TRACE(TRACE_SLICE_END, c, TRACE_CLOCK, SHIM_NEVER);
}

static void trace_begin(struct shim_call *call)
{
	if (is_limited(call->parent))
		trace_begin(call->parent);
	SHIM_TRACE(TRACE_SLICE_BEGIN, call, record_of(call)->deadline, 0);
}

void shim_limits_resume(struct shim_thread *t, struct shim_call *innermost)
{
	if (SHIM_UNLIKELY(shim_tracing))
		trace_begin(innermost);
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
		if (shim_limit_standing(t->limits, record_of(outer), rsp) != STANDS)
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
	shim_limit_report(limit, limit->action == LIMIT_ABORT ? "the program is aborted" : "a call gets a signal", limit->ends);
	int sig = limit->action == LIMIT_ABORT ? SIGABRT : limit->signal;
	if (limit->action == LIMIT_ABORT) {
		shim_default_action(SIGABRT);
		*shim_mask_bits(&frame->uc_sigmask) &= ~(1ull << (SIGABRT - 1));
	}
	shim_syscall3(SYS_tgkill, shim_syscall0(SYS_getpid), shim_syscall0(SYS_gettid), sig); /* at the return */
	return true;
}
