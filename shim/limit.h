/* SPDX-License-Identifier: Apache-2.0 */
/* limit.h - functions of libraries with a time budget set from outside (inger run --limit). */
#ifndef SHIM_LIMIT_H
#define SHIM_LIMIT_H

#include "shim.h"

#define LIMIT_DEPTH 16 /* limited functions inside one another on one thread; deeper ones run without */

enum limit_action { LIMIT_RETURN, LIMIT_ABORT, LIMIT_LOG, LIMIT_SIGNAL };

/* One limited function. Made by Go (gotcha/limit.go), for good. */
struct shim_limit {
	void *enter;         /* shim_limit_enter: its stub jumps there */
	uint64_t target;
	uint64_t budget_us;
	uint64_t value;      /* LIMIT_RETURN */
	uint32_t action;
	int error;           /* LIMIT_RETURN: errno, 0: left alone */
	int signal;          /* LIMIT_SIGNAL */
	const char *name;    /* for messages: object:symbol */
	const char *ends;    /* "it returns -1, ETIMEDOUT" */
	/* With INGER_STATS; written by all threads that call it. */
	_Atomic uint64_t calls, used_up, longest; /* ticks */
	struct shim_limit *next; /* newest first */
};

/* One rule as it was written, for INGER_STATS. Made by Go. */
struct shim_limit_rule {
	const char *text;
	uint32_t functions; /* that it is the first to match */
};

/* One call of it that is under way: a call in the sense of shim.h that stays on its caller's stack and TCB. limit_amd64.S
 * keeps here what it must give back to the caller. */
struct shim_limited {
	uint64_t rbx, rbp, r12, r13, r14, r15;
	uint64_t rsp; /* at the return, before the return address is popped */
	uint64_t ret;
	uint32_t mxcsr;
	uint16_t x87;
	struct shim_limit *limit;
	uint64_t deadline; /* its own; call.deadline is the earliest of the outer ones' */
	bool late;         /* used up, and goes on */
	uint64_t exceptions[2]; /* C++: those being handled and how many are thrown, at the beginning */
	struct shim_call call __attribute__((aligned(64)));
};

/* What INGER_LIMITS and INGER_CONFIG say; NULL: nothing. Go fills the rest. */
struct shim_limit_request {
	const char *rules, *file;
	const char *symbol; /* what dlsym() was asked for, and what it has found; becomes the stub when there is one */
	uint64_t address;
};

/* What a thread has of them. */
struct shim_limits {
	uint32_t used; /* a bit for each record: of a call that is under way, or that was left unnoticed */
	uint64_t stack_low, stack_high; /* the thread's own */
	uint64_t *exceptions; /* the thread's struct __cxa_eh_globals; NULL: not known yet */
	struct shim_limited list[LIMIT_DEPTH];
};

static inline bool shim_limit_on_stack(const struct shim_limits *l, uint64_t rsp)
{
	return rsp - l->stack_low < l->stack_high - l->stack_low;
}

static inline struct shim_limited *record_of(struct shim_call *call)
{
	return (struct shim_limited *)((char *)call - offsetof(struct shim_limited, call));
}

static inline bool is_limited(const struct shim_call *call)
{
	return call && call->adopted == ADOPTED_LIMITED;
}

/* Whether a function that was entered still runs, as seen from a stack pointer. */
enum standing {
	STANDS,
	ELSEWHERE, /* the thread is on another stack */
	GONE,
};

extern uint64_t shim_limit_main_fs; /* of the first thread, which is another in the child of a fork() */

/* ---- limit_stack.c: where the thread's own stack is; false: it was not found */
bool shim_limit_find_stack(struct shim_limits *l, uint64_t fs);

/* ---- limit_sig.c */
enum standing shim_limit_standing(const struct shim_limits *l, const struct shim_limited *r, uint64_t rsp);
void shim_limits_run_on(struct shim_thread *t, struct shim_call *innermost); /* after a deadline has changed */
void shim_limit_report(const struct shim_limit *limit, const char *what, const char *rest);

/* ---- limit.c and limit_set.c */
extern void *_Atomic shim_limit_cxx; /* __cxa_get_globals(), NULL: no C++ here */
void shim_limit_note_mask(struct shim_call *call); /* wrap_mask.c: before it changes the signal mask */
void shim_limits_begin(const char *rules, const char *file); /* before main() */
void shim_limits_loaded(void);                               /* after dlopen() */
void *shim_limits_symbol(const char *symbol, void *address); /* after dlsym(): what the program is to get */
void shim_limits_print(int fd);                              /* INGER_STATS */
extern bool shim_limits_on __attribute__((visibility("hidden")));
extern struct shim_limit *_Atomic shim_limit_functions;
extern struct shim_limit_rule *shim_limit_rules;
extern uint32_t shim_limit_rule_count;
/* preempt_sig.c: a limited call, or one that it is inside of, is due. False: not at this place. True with *call changed:
 * that one, main() in slices, is to be paused. */
bool shim_limit_inject(struct shim_call **call, void *context);
/* Limited calls that were left by a jump or an exception, as seen from a stack pointer, are over. */
void shim_limits_trim(struct shim_thread *t, uint64_t rsp);
void shim_limits_jump(struct shim_thread *t, uint64_t rsp); /* the same, before a longjmp() */
/* Interrupted on the way into or out of a function: what is on the stack means nothing. */
bool shim_limits_at_border(const void *context);
/* run.c: main() is paused inside `innermost`; it has a new deadline, and goes on there. */
void shim_limits_pause(struct shim_call *innermost);
void shim_limits_resume(struct shim_thread *t, struct shim_call *innermost);

#define SHIM_CHECK_LIMITED(field, constant) \
	_Static_assert(offsetof(struct shim_limited, field) == (constant), "offsets.h and struct shim_limited disagree: " #field)
SHIM_CHECK_LIMITED(rbx, LIMITED_RBX);
SHIM_CHECK_LIMITED(rbp, LIMITED_RBP);
SHIM_CHECK_LIMITED(r12, LIMITED_R12);
SHIM_CHECK_LIMITED(r13, LIMITED_R13);
SHIM_CHECK_LIMITED(r14, LIMITED_R14);
SHIM_CHECK_LIMITED(r15, LIMITED_R15);
SHIM_CHECK_LIMITED(rsp, LIMITED_RSP);
SHIM_CHECK_LIMITED(ret, LIMITED_RET);
SHIM_CHECK_LIMITED(mxcsr, LIMITED_MXCSR);
SHIM_CHECK_LIMITED(x87, LIMITED_X87);
SHIM_CHECK_LIMITED(limit, LIMITED_LIMIT);
SHIM_CHECK_LIMITED(call, LIMITED_CALL);

#endif
