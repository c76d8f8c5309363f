/* SPDX-License-Identifier: Apache-2.0 */
/* limit.c - a time budget for a library function that the program calls, set from outside.
 *
 * GOT words of the function lead to a stub of shim_limit_enter() (gotcha/limit.go writes them). The function runs where it
 * always did: on its caller's stack and TCB, in the starting libset, so that no argument has to be known and the objects
 * it works on are the program's. A record of the thread makes it a *call*: its deadline is armed like any other, its
 * deferred sections are deferred, the locks it takes are known. When the budget is used up and the place allows it, the
 * function is left as siglongjmp() out of a handler would leave it.
 *
 * Context of shim_limit_open(), _close() and _inject(): general registers only; the first two are called with the arguments
 * or the result of any function in the others. */
#include "limit.h"
#include "lock.h"
#include "../gotcha/libset.h"
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>

#pragma GCC target("general-regs-only")

#define FLAG_TRAP 0x100
#define FLAG_DIRECTION 0x400
#define FLAG_ALIGNMENT 0x40000
#define BELOW_SP 256
#define TAG_BASE 0x00400000u /* of records' owners, whose copies of patterns have tags: beyond those of calls */

struct shim_limits {
	uint32_t depth;
	struct shim_limited list[LIMIT_DEPTH];
};

bool shim_limits_on;
extern char shim_limit_begin_text[], shim_limit_end_text[], shim_limit_give_up[];

struct shim_limited *shim_limit_open(struct shim_limit *limit, uint64_t rsp);
bool shim_limit_prepare(void);
void shim_limit_close(struct shim_limited *r);
uint64_t shim_limit_drop(struct shim_limited *r);

static struct shim_limited *record_of(struct shim_call *call)
{
	return (struct shim_limited *)((char *)call - offsetof(struct shim_limited, call));
}

/* The records from `to` on are over. */
static void leave(struct shim_thread *t, uint32_t to, enum trace_end why)
{
	for (uint32_t i = t->limits->depth; SHIM_UNLIKELY(shim_tracing) && i-- > to;)
		SHIM_TRACE(TRACE_SLICE_END, &t->limits->list[i].call, why, t->limits->list[i].deadline);
	struct shim_call *outer = t->limits->list[to].call.parent;

	shim_tls.call = outer;
	t->current = outer;
	atomic_store_explicit(&t->deadline, outer ? outer->deadline : SHIM_NEVER, memory_order_relaxed);
	t->limits->depth = to;
}

void shim_limits_trim(struct shim_thread *t, uint64_t rsp)
{
	struct shim_limits *l = t->limits;

	if (!l)
		return;
	uint32_t depth = l->depth;
	while (depth && l->list[depth - 1].call.state != SHIM_PAUSING && l->list[depth - 1].rsp && l->list[depth - 1].rsp < rsp)
		depth--;
	if (depth < l->depth)
		leave(t, depth, TRACE_LEFT);
}

/* NULL: without a limit; 1: shim_limit_prepare() first. `rsp`: where the return address is. */
struct shim_limited *shim_limit_open(struct shim_limit *limit, uint64_t rsp)
{
	struct shim_thread *t = shim_tls.thread;

	if (SHIM_UNLIKELY(!t || !t->limits))
		return (struct shim_limited *)1;
	if (SHIM_UNLIKELY(t->limits->depth))
		shim_limits_trim(t, rsp);
	struct shim_call *outer = t->current;
	/* Not in a deferred section, which a handler of the program is as well. */
	if (SHIM_UNLIKELY(outer != shim_tls.call || t->limits->depth == LIMIT_DEPTH || (outer && outer->defer_rsp >= rsp)))
		return NULL;
	struct shim_limited *r = &t->limits->list[t->limits->depth];
	struct shim_call *call = &r->call;
	call->state = SHIM_RESUMING;
	t->limits->depth++;
	r->limit = limit;
	r->late = false;
	r->rsp = 0;
	call->parent = outer;
	call->defer_rsp = 0;
	call->holds.count = 0;
	call->slice_start = shim_now();
	r->deadline = call->slice_start + shim_us_to_ticks(limit->budget_us);
	uint64_t deadline = outer && outer->deadline < r->deadline ? outer->deadline : r->deadline;
	SHIM_TRACE(TRACE_LAUNCH, call, limit->target, shim_trace_name(limit->name) | (uint64_t)shim_trace_number(outer) << 40);
	SHIM_TRACE(TRACE_SLICE_BEGIN, call, r->deadline, 0);
	shim_tls.call = call;
	shim_run_until(t, call, deadline);
	return r;
}

bool shim_limit_prepare(void)
{
	int saved = errno;
	struct shim_thread *t = shim_thread_get();

	if (!t)
		return false;
	struct shim_limits *l = mmap(NULL, sizeof *l, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (l == MAP_FAILED)
		return false;
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
	errno = saved;
	return true;
}

void shim_limits_thread_exit(struct shim_thread *t)
{
	if (!t->limits)
		return;
	leave(t, 0, TRACE_LEFT);
	for (uint32_t i = 0; i < LIMIT_DEPTH; i++) {
		shim_patterns_release(&t->limits->list[i].call);
		shim_patterns_end(&t->limits->list[i].call);
	}
	(void)munmap(t->limits, sizeof *t->limits);
	t->limits = NULL;
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
	shim_message(what, limit->name, text);
}

void shim_limit_close(struct shim_limited *r)
{
	struct shim_thread *t = shim_tls.thread;

	if (SHIM_UNLIKELY(r->late && r->limit->action == LIMIT_LOG)) {
		char text[80], *at = text, *end = text + sizeof text - 1;
		shim_write_text(&at, end, "it took ");
		shim_write_number(&at, end, shim_ticks_to_ns(shim_now() - r->call.slice_start) / 1000);
		shim_write_text(&at, end, " us");
		*at = 0;
		report(r->limit, "a call was slow", text);
	}
	if (SHIM_UNLIKELY(r->call.holds.count))
		hold_end(&r->call);
	leave(t, (uint32_t)(r - t->limits->list), TRACE_DONE);
}

/* The function has been left: nothing of it runs any more, and what it has taken is given back. */
uint64_t shim_limit_drop(struct shim_limited *r)
{
	struct shim_thread *t = shim_tls.thread;
	const struct shim_limit *limit = r->limit;

	shim_tls.maker = NULL;
	for (uint32_t i = t->limits->depth; i-- > (uint32_t)(r - t->limits->list);) {
		struct shim_call *call = &t->limits->list[i].call;
		call->state = SHIM_DONE;
		call->defer_rsp = 0;
		call->untracked = 0;
		shim_tls.call = NULL;
		if (call->holds.count) {
			hold_release(call);
			hold_end(call);
		}
		shim_patterns_release(call);
	}
	leave(t, (uint32_t)(r - t->limits->list), TRACE_GIVEN_UP);
	report(limit, "a call is given up", limit->ends);
	if (limit->error)
		errno = limit->error;
	return limit->value;
}

bool shim_limit_inject(struct shim_call *call, void *context)
{
	ucontext_t *frame = context;
	greg_t *regs = frame->uc_mcontext.gregs;
	struct shim_thread *t = call->thread;
	uint64_t rip = (uint64_t)regs[SHIM_RIP], now = shim_now();

	if (rip - (uint64_t)shim_limit_begin_text < (uint64_t)(shim_limit_end_text - shim_limit_begin_text) || call->state != SHIM_RUNNING ||
	    rip - shim_ldso_low < shim_ldso_high - shim_ldso_low)
		return false;
	/* The outermost that is due. */
	struct shim_limited *due = NULL;
	for (struct shim_call *c = call; c && c->adopted == ADOPTED_LIMITED; c = c->parent)
		if (!record_of(c)->late && record_of(c)->deadline <= now + shim_us_to_ticks(2))
			due = record_of(c);
	call->pending = 0;
	if (!due)
		return true;
	const struct shim_limit *limit = due->limit;
	if (limit->action == LIMIT_RETURN) {
		due->call.state = SHIM_PAUSING; /* no more of this */
		call->state = SHIM_PAUSING;
		regs[SHIM_RIP] = (greg_t)(uint64_t)shim_limit_give_up;
		regs[SHIM_RDI] = (greg_t)(uint64_t)due;
		regs[SHIM_RSP] = (greg_t)(due->rsp - BELOW_SP);
		regs[SHIM_EFL] &= ~(greg_t)(FLAG_TRAP | FLAG_DIRECTION | FLAG_ALIGNMENT);
		return true;
	}
	/* It goes on; its other deadlines, if any, are the outer ones'. */
	due->late = true;
	due->deadline = SHIM_NEVER;
	uint64_t deadline = SHIM_NEVER;
	for (struct shim_call *c = due->call.parent; c && c->adopted == ADOPTED_LIMITED; c = c->parent)
		deadline = record_of(c)->deadline < deadline ? record_of(c)->deadline : deadline;
	for (struct shim_call *c = call; c && c->adopted == ADOPTED_LIMITED; c = c->parent)
		c->deadline = deadline; /* of those inside the late one, too: it has been waiting for them */
	atomic_store_explicit(&t->deadline, deadline, memory_order_relaxed);
	if (deadline != SHIM_NEVER)
		shim_arm(t, deadline);
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

/* ---- from outside */

static bool started;

void shim_limits_begin(const char *text)
{
	if (shim_thread_get() && gotcha_control(GOTCHA_LIMITS, (void *)text, true))
		started = shim_limits_on = true;
	else
		shim_message("functions have no limits", "INGER_LIMITS", gotcha_reason());
}

void shim_limits_loaded(void)
{
	if (started && !gotcha_control(GOTCHA_LIMITS, NULL, true))
		shim_message("functions of new libraries have no limits", "INGER_LIMITS", gotcha_reason());
}
