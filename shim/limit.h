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
	struct shim_call call __attribute__((aligned(64)));
};

void shim_limits_begin(const char *text); /* before main() */
void shim_limits_loaded(void);            /* after dlopen() */
extern bool shim_limits_on __attribute__((visibility("hidden")));
/* preempt_sig.c: a limited call is due. False: not at this place. */
bool shim_limit_inject(struct shim_call *call, void *context);
/* The innermost limited call that a stack pointer is inside of; those that were left by a jump or an exception are over. */
void shim_limits_trim(struct shim_thread *t, uint64_t rsp);

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
