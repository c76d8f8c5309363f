/* SPDX-License-Identifier: Apache-2.0 */
/* limit_sig.c - the clock of limited calls: which one is due, whether it still stands, and what becomes of it.
 *
 * Context      the preemption handler, and the thread's own code with limits_busy set.
 * May call     raw system calls and what sigsafe.txt lists. General registers only. */
#include "limit.h"
#include <sys/syscall.h>
#include <ucontext.h>

#pragma GCC target("general-regs-only")

#define FLAG_TRAP 0x100
#define FLAG_DIRECTION 0x400
#define FLAG_ALIGNMENT 0x40000
#define EARLY_US 2

struct shim_call *shim_limit_here(struct shim_call *call, uint64_t rsp, uint64_t rip);
_Noreturn void shim_limit_leave(struct shim_limited *due);
extern char shim_limit_begin_text[], shim_limit_end_text[], shim_limit_give_up[], shim_limit_returned[];

/* Of a record whose function has been entered; it is on the thread's own stack (open_record()). */
enum standing shim_limit_standing(const struct shim_limits *l, const struct shim_limited *r, uint64_t rsp)
{
	uint64_t returned = (uint64_t)shim_limit_returned;

	if (!shim_limit_on_stack(l, rsp))
		return ELSEWHERE;
	if (r->rsp < rsp)
		return GONE;
	/* A deferred section that is the function itself keeps the address in the call (stubs_amd64.S). */
	if (r->call.defer_rsp == r->rsp + 8 && r->call.defer_ret == returned)
		return STANDS;
	return *(uint64_t *)r->rsp == returned ? STANDS : GONE;
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

void shim_limits_run_on(struct shim_thread *t, struct shim_call *innermost)
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
	shim_limits_run_on(t, innermost);
}

static bool at_border(uint64_t rip)
{
	return rip - (uint64_t)shim_limit_begin_text < (uint64_t)(shim_limit_end_text - shim_limit_begin_text);
}

bool shim_limits_at_border(const void *context)
{
	return at_border((uint64_t)((const ucontext_t *)context)->uc_mcontext.gregs[SHIM_RIP]);
}

enum verdict { LATER, GO_ON, GIVE_UP, ACT, PAUSE_MAIN };

/* What is to become of `call`, with its stack pointer, now that a deadline has come. `ends`: its function returns next. *due: the
 * outermost function that is due. One on another stack has to wait until that goes on, and so have those outside it. */
static enum verdict judge(struct shim_call *call, uint64_t rsp, bool ends, struct shim_limited **due, struct shim_call **outside)
{
	struct shim_thread *t = call->thread;
	struct shim_call *c = call;
	uint64_t due_at = shim_now() + shim_us_to_ticks(EARLY_US);

	*due = NULL;
	if (ends) {
		/* What it returns is worth more than what it would be made to return. */
		if (record_of(call)->deadline <= due_at && record_of(call)->limit->action != LIMIT_RETURN)
			*due = record_of(call);
		c = call->parent;
	}
	for (; is_limited(c) && shim_limit_standing(t->limits, record_of(c), rsp) == STANDS; c = c->parent)
		if (record_of(c)->deadline <= due_at)
			*due = record_of(c);
	call->pending = 0;
	if (*due)
		return (*due)->limit->action == LIMIT_RETURN ? GIVE_UP : ACT;
	if (c && c->adopted == ADOPTED_MAIN && c->deadline <= due_at) {
		*outside = c;
		return PAUSE_MAIN;
	}
	if (!ends && settle(call) <= due_at)
		return LATER; /* on another stack */
	shim_limits_run_on(t, call);
	return GO_ON;
}

static void note_used_up(struct shim_limit *limit)
{
	if (SHIM_UNLIKELY(shim_config.stats))
		atomic_fetch_add_explicit(&limit->used_up, 1, memory_order_relaxed);
}

/* The stack below `due` is not used any more. */
static void no_more_of(struct shim_limited *due, struct shim_call *innermost)
{
	note_used_up(due->limit);
	for (struct shim_call *c = innermost; c != due->call.parent; c = c->parent)
		c->state = SHIM_PAUSING;
}

/* The function goes on. `mask`: what is blocked then. */
static void act(struct shim_limited *due, struct shim_call *innermost, uint64_t *mask)
{
	struct shim_limit *limit = due->limit;

	note_used_up(limit);
	due->late = true;
	due->deadline = SHIM_NEVER;
	shim_limits_run_on(innermost->thread, innermost);
	if (limit->action == LIMIT_LOG)
		return; /* when it returns */
	shim_limit_report(limit, limit->action == LIMIT_ABORT ? "the program is aborted" : "a call gets a signal", limit->ends);
	int sig = limit->action == LIMIT_ABORT ? SIGABRT : limit->signal;
	if (limit->action == LIMIT_ABORT) {
		shim_default_action(SIGABRT);
		*mask &= ~(1ull << (SIGABRT - 1));
	}
	shim_syscall3(SYS_tgkill, shim_syscall0(SYS_getpid), shim_syscall0(SYS_gettid), sig);
}

static bool interruptible(const struct shim_call *call, uint64_t rip)
{
	return call->state == SHIM_RUNNING && !call->thread->limits_busy && rip - shim_ldso_low >= shim_ldso_high - shim_ldso_low;
}

bool shim_limit_inject(struct shim_call **which, void *context)
{
	ucontext_t *frame = context;
	greg_t *regs = frame->uc_mcontext.gregs;
	struct shim_call *call = *which;
	struct shim_limited *due;

	if (at_border((uint64_t)regs[SHIM_RIP]) || !interruptible(call, (uint64_t)regs[SHIM_RIP]))
		return false;
	switch (judge(call, (uint64_t)regs[SHIM_RSP], false, &due, which)) {
	case LATER:
		return false;
	case GIVE_UP:
		no_more_of(due, call);
		regs[SHIM_RIP] = (greg_t)(uint64_t)shim_limit_give_up;
		regs[SHIM_RDI] = (greg_t)(uint64_t)due;
		regs[SHIM_RSP] = (greg_t)(due->rsp - LIMIT_BELOW_SP);
		regs[SHIM_EFL] &= ~(greg_t)(FLAG_TRAP | FLAG_DIRECTION | FLAG_ALIGNMENT);
		return true;
	case ACT:
		act(due, call, shim_mask_bits(&frame->uc_sigmask)); /* the signal comes at the return */
		return true;
	default:
		return true;
	}
}

/* The same at the end of a deferred section in which a deadline has come (shim_pause_here()), which returns to `rip`. NULL: it
 * does; else main(), which is to be paused there. */
struct shim_call *shim_limit_here(struct shim_call *call, uint64_t rsp, uint64_t rip)
{
	struct shim_call *outside = NULL;
	struct shim_limited *due;
	uint64_t mask = SHIM_ALL_SIGNALS;

	call->pending = 0;
	if (!interruptible(call, rip)) {
		shim_arm_backoff(call->thread);
		return NULL;
	}
	switch (judge(call, rsp, at_border(rip), &due, &outside)) {
	case LATER:
		shim_arm_backoff(call->thread);
		return NULL;
	case GIVE_UP:
		no_more_of(due, call);
		shim_limit_leave(due);
	case ACT:
		shim_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &mask, 8);
		uint64_t before = mask;
		act(due, call, &mask);
		if (mask != before)
			shim_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8);
		return NULL;
	default:
		return outside;
	}
}
