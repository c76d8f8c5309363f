/* SPDX-License-Identifier: Apache-2.0 */
/* call.h - what is kept of each call, of each kernel thread that launches, and in each TCB. */
#ifndef SHIM_CALL_H
#define SHIM_CALL_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "hold.h"
#include "offsets.h"
#include "own.h"

#define SHIM_NEVER UINT64_MAX
/* shim_call.untracked: in its upper half, initialisers under way. */
#define UNTRACKED_ONCE (1u << 16)
#define UNTRACKED_MATCHES (UNTRACKED_ONCE - 1)
#define SHIM_LIKELY(x) __builtin_expect(!!(x), 1)
#define SHIM_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define SHIM_EXPORT __attribute__((visibility("default")))

/* Takes its place where the queue of signals is full; nothing on this architecture sends it. */
#define SHIM_RELAY SIGSTKFLT
/* Marks our own signals; what arrives without it belongs to the program. */
#define SHIM_SIGNAL_COOKIE 0x696e676572ull
/* Room for a signal frame with AMX state (about 12 KiB) and a handler. */
#define SHIM_FAULT_STACK_BYTES ((size_t)32 << 10)

enum shim_state {
	SHIM_FREE = STATE_FREE,         /* in a pool */
	SHIM_PAUSED = STATE_PAUSED,     /* owned by the caller of launch() */
	SHIM_RESUMING = STATE_RESUMING, /* taken by a resumer that has not switched yet */
	SHIM_RUNNING = STATE_RUNNING,   /* on its own stack and TCB */
	SHIM_PAUSING = STATE_PAUSING,   /* registers saved, on the way to the resumer */
	SHIM_DONE = STATE_DONE,         /* the function returned */
	SHIM_LOST = STATE_LOST,         /* left by a longjmp() to outside, or by pthread_exit() */
	SHIM_FAULTED = STATE_FAULTED,   /* ended by a contained fault, see shim_call.fault */
};

struct shim_thread;
struct gotcha_set;

/* libc's sigset_t begins with the kernel's 64 bits. */
static inline uint64_t *shim_mask_bits(sigset_t *set)
{
	return (uint64_t *)set;
}

/* Places in shim_call.regs and in the kernel's gregs. */
enum { SHIM_R12 = 4, SHIM_RDI = 8, SHIM_RBX = 11, SHIM_RAX = 13, SHIM_RCX = 14, SHIM_RSP = 15, SHIM_RIP = 16, SHIM_EFL = 17 };

/* Signals seen by a context: tells whether an EINTR was the program's. Written by handlers on the context's own thread. */
struct shim_marks {
	uint64_t ours;     /* preemption signals */
	uint64_t programs; /* signals that ran a handler of the program */
};

/* Bits of shim_interrupted.inside; inside.c. */
enum shim_inside {
	INSIDE_NOW = 1,   /* of launch() or its like, with the lists and locks that belong to it */
	INSIDE_HELD = 2,  /* and asynchronous cancellation is held meanwhile */
	INSIDE_ASYNC = 4, /* the thread allows it */
};

/* What signals leave with the context that they interrupt. A launched call's is its own, and moves with it; else it is the
 * thread's (shim_interrupted()). Written by handlers, and by jumps out of them. */
struct shim_interrupted {
	uint32_t handlers;    /* of the program, under way */
	uint32_t inside;      /* enum shim_inside */
	uint64_t mask;        /* of what the outermost of them interrupted */
	uint64_t restart_rip; /* system call that the kernel makes again after our last signal, or 0 */
};

/* The variables of getopt(), which the program's code reaches without the help of a libset. */
struct shim_options {
	char *optarg;
	int optind, opterr, optopt;
};

/* A contained fault, as the handler saw it. */
struct shim_fault {
	int signal, code;
	bool stack_overflow;
	uint64_t address, instruction;
};

/* INGER_UNWIND: a stack that is being unwound; unwind.c. The places are RIP, RSP, RBX, RBP, R12 to R15, and whether RIP is
 * that of an interrupted instruction. */
struct shim_unwind {
	uint64_t from[9];      /* where the unwinder starts */
	uint64_t stop_rsp;     /* the first frame's that no exception passes; UINT64_MAX: there is none */
	bool may;              /* it is paused where an exception may come from */
	void *hidden, **hidden_from; /* C++ exceptions being handled, out of sight */
	uint64_t exception[4] __attribute__((aligned(16))); /* struct _Unwind_Exception */
};

/* inger_strerror(): errno and text of the last failure that has a reason. */
struct shim_reason {
	int error;
	char text[256];
};

/* handle.c: a place in the call table, a cache line for each. */
enum shim_place_state {
	SHIM_PLACE_GONE,     /* of this generation nothing is left */
	SHIM_PLACE_PAUSED,
	SHIM_PLACE_TAKEN,    /* by who resumes or ends it */
	SHIM_PLACE_BORROWED, /* for a moment, by setlocale(), or by who waits for what the call holds (help.c) */
};
struct shim_place {
	_Atomic uint64_t word;           /* generation << 32 | enum shim_place_state; 0: never used */
	struct shim_call *_Atomic call;  /* NULL: none */
	void *_Atomic launcher;          /* while paused: the handle of the call that launched it, or NULL */
} __attribute__((aligned(64)));

struct shim_call {
	/* Written on the call's own thread, read by the handlers that interrupt it. */
	uint64_t defer_rsp; /* stack pointer where a deferred section began; 0: none. See shim_deferred(). */
	uint64_t defer_ret; /* the section's return address */
	uint64_t defer_rbx; /* the section's saved rbx */
	uint32_t pending;   /* a pause became due in a deferred section */
	_Atomic uint32_t state;
	uint64_t fs;            /* FS base of the call */
	uint64_t resume_entry;  /* where switch_amd64.S goes on */
	uint64_t voluntary_rsp; /* saved by inger_pause() */
	uint64_t caller_rsp;    /* the resumer's stack */
	uint64_t caller_fs;     /* the resumer's FS base */
	uint64_t stack_top;     /* 16-byte aligned */
	void (*func)(void *);
	void *arg;
	struct shim_thread *thread; /* the thread that runs it; valid while it can't be paused */
	uint32_t finish_work;       /* thread-local destructors or key destructors are due at completion */
	uint32_t adopted;           /* main() itself, on its own stack and TCB */
	uint64_t sigmask;           /* adopted: the program's signal mask while paused */
	void *xsave;                /* extended state, 64-byte aligned */
	int own_errno;              /* errno of the own TCB during an own-TCB section */
	uint32_t yielded;           /* the pause came from inger_pause() */
	uint64_t regs[18];          /* general registers and flags of a preempted call */
	void *defer_slot;           /* which function the deferred section is: its slot, the name of one written in C, or NULL for a handler */
	uint64_t entry_rsp;         /* where shim_entry_start begins: stack_top, or below what a cancelled call has there */
	uint64_t made_for;          /* paused at the end of malloc() or its like: their return address */
	uint64_t own_disabled;      /* in an own-TCB section: whether the thread had cancellation disabled before it */

	uint32_t at_return;         /* regs: RIP is a return address (shim_pause_here()), not an instruction that was interrupted */
	uint32_t stepping;          /* it pauses at the end of the next deferred section; unwind.c */
	struct shim_unwind unwind;

	/* The section that a handler on the alternate stack has interrupted, whose own takes its place: which of two stacks is above
	 * the other says nothing. rsp 0: none. */
	struct { uint64_t rsp, ret, rbx; } covered;

	struct shim_call *parent; /* the call that runs this one, or NULL */
	struct shim_call *next;   /* free list */
	uint64_t deadline;        /* ticks; SHIM_NEVER: none */
	uint64_t slice_start;     /* ticks */
	struct shim_marks marks;
	uint32_t index;      /* in the call table */
	uint32_t generation; /* ages handles */
	struct shim_place *place; /* in the call table */
	char *stack_low;     /* lowest usable address */
	void *map;
	size_t map_bytes;
	size_t stack_bytes;
	const char *name;
	struct gotcha_set *set; /* an isolated call's libset; kept while pooled */
	struct shim_options options; /* isolated: the other side's getopt() variables */
	struct shim_owner owner;     /* own.h */
	struct shim_holds holds;     /* hold.h */
	struct shim_cleanup *cleanups; /* newest first; cleanup.c */
	struct shim_object *objects;    /* its thread-local ones with destructors, newest first; finish.c */
	struct shim_patterns *patterns; /* wrap_regex.c; kept while pooled */
	uint32_t flags;              /* enum inger_flags */
	uint32_t untracked;          /* depth of what allocates for the program, not for the call: see wrap_regex.c */
	bool special;                /* launched with attributes that are not the next launch's */
	uint32_t iterating;          /* depth of what shows it the loaded objects; iterate.c */
	void *stream;                /* of the last section of a stream's function, */
	const void *stream_slot;     /* and which function */
	const void *awaited;         /* what somebody who runs it on waits for, see help.c */
	bool awaits_any;             /* the same, any stream */
	uint32_t ended_as;           /* it ended meanwhile: enum shim_state */
	bool ending;                 /* cancel() lets it run on until it holds nothing that outlives it */
	bool overflowed;             /* INGER_CONTAIN: its stack is full, and it pauses at the end of the deferred section */
	bool unwinding;              /* its stack is being unwound */
	bool launches;               /* it has launched calls of its own */
	bool offered;                /* it has been paused, or has launched: its handle is known */
	bool mask_changed;           /* its signal mask is its own, see wrap_mask.c */
	bool altstack_changed;       /* and its alternate signal stack */
	stack_t altstack, outer_altstack; /* its own while paused, and what the resumer's was */
	stack_t seen_altstack;       /* what the function saw before it set one, on whichever thread that was */
	bool outer_hides;            /* mask_changed, of a limited call: the program believed SHIM_SIGNAL blocked before */
	uint64_t kept_mask;          /* of its blocked signals, those that stay blocked on kept_thread while it is paused */
	struct shim_thread *kept_thread;
	pid_t kept_tid;              /* its number: records are used again */
	uint64_t mask, outer_mask;   /* mask_changed: its own while paused, and what the resumer's was */
	void *launcher;              /* handle of the call that launched it, or NULL */
	struct shim_interrupted interrupted;
	uint64_t cpu_limit_ns, cpu_used_ns, grace_us, cleanup_us;
	struct inger_fault *fault_to; /* the caller's */
	struct shim_fault fault;
	void *exit_value; /* STATE_LOST by pthread_exit() */
	bool exits_thread;
	struct shim_reason reason;
	uint64_t valgrind_stack; /* valgrind's number for the stack */
};

/* Which thread is this?
 *
 * A call takes its TCB along when another thread resumes it: the addresses of errno, of shim_tls and of everything else that is
 * thread-local stay what they are, whatever the compiler remembers of them, and so does shim_tls.call. What changes is
 * shim_tls.thread, and with it all that is reached through it: a slice writes it, and it holds until the call is paused. A call can
 * be paused between any two instructions that are not
 *     in a deferred section,
 *     in a handler (our signal is blocked there),
 *     between shim_switch_begin and shim_switch_end, or in what a handler begins with (SHIM_SETTLES), or
 *     where call->state is not SHIM_RUNNING.
 * So in a call the thread is read inside of one of these, and forgotten at its end. Outside of launched calls a thread's TCB is its
 * own, main() under `inger run` and limited functions included, and the answer holds for good. What a context must keep from
 * one point to a later one is kept in the call (marks, interrupted, reason). */

/* What has happened on a kernel thread; read from anywhere, written by the thread. */
struct shim_counts {
	uint64_t launched, completed, cancelled, faulted, abandoned, slices, slices_ended, deferrals, spurious;
};

/* One kernel thread. Written by the thread itself and its handlers, except the fields marked. */
struct shim_thread {
	uint64_t fs; /* own FS base */
	struct shim_call *current;
	_Atomic uint64_t deadline; /* of the innermost running call, ticks; SHIM_NEVER: none */
	_Atomic uint64_t armed;    /* a signal will come for this deadline or earlier; SHIM_NEVER: none */
	uint64_t target;           /* ticks at which the clock was told to fire; for the bias */
	uint64_t backoff_ns;
	struct shim_interrupted interrupted; /* outside of launched calls */
	struct shim_marks marks;
	struct shim_call *free[2]; /* shared, isolated */
	struct shim_call *abandoned; /* left by longjmp(); released at the next launch */
	_Atomic uint64_t unblock;    /* signals that a call which has gone to another thread left blocked here; see wrap_mask.c */
	struct shim_limits *limits;  /* limit.c */
	bool limits_busy;            /* they are being changed: no pause */
	uint32_t free_count[2];
	pid_t tid;
	int timer; /* kernel timer id, -1: none, the timekeeper signals */
	int spare; /* another, for when the timekeeper finds the queue of signals full; -1: none */
	bool no_clock; /* neither has been asked for yet, see shim_clock_for() */
	bool in_use;
	bool quiet; /* about to exec: no pause, no clock */
	bool fault_stack_ours;
	void *fault_stack;
	struct shim_thread *next; /* registry; never unlinked, reused */
	struct shim_counts counts; /* stats.c */
	struct shim_reason reason; /* outside of launched calls */
	_Atomic uint64_t trace_at; /* next event of the page that is this thread's; trace_sig.c */
	_Atomic uint64_t wake;    /* timekeeper clock: ticks at which this thread wants its signal; SHIM_NEVER: none */
	_Atomic uint32_t bare;    /* the timekeeper has sent a signal that may come without its cookie */
};

static inline struct shim_interrupted *shim_interrupted(struct shim_thread *t)
{
	return t->current && !t->current->adopted ? &t->current->interrupted : &t->interrupted;
}

/* The FS base that is in force. */
static inline uint64_t shim_fs(void)
{
	uint64_t fs;
	__asm__("movq %%fs:0, %0" : "=r"(fs)); /* tcbhead_t.tcb: the ABI's self pointer */
	return fs;
}

/* In every TCB. `call` is set in a call's TCB only. */
struct shim_tls {
	struct shim_call *call;
	struct shim_thread *thread;
	uint64_t exec_ret;      /* return address of an exec wrapper */
	bool exec_deferred;     /* which has begun a deferred section */
	bool mask_hides_signal; /* the program believes SHIM_SIGNAL blocked here */
	bool preparing;         /* limit.c */
	/* The running libset, all zero for the starting one; set together by gotcha_switch(). */
	struct gotcha_set *set;
	uint64_t table; /* its shadow GOT minus the starting libset's: what trampolines add */
	uint64_t slots; /* its per-libset functions of libc minus the starting libset's */
	struct shim_owner *maker; /* the libset whose constructors run here: what they allocate is its own */
	struct gotcha_making *making; /* the same, gotcha/making.c */
	struct shim_started *started; /* a thread that a call or a libset has started; own_thread.c */
	bool waits;                   /* such a one: in a wait of libc's that has nothing in hand */
	bool ours;                    /* a thread of this library: Go's, the timekeeper, those that make plans and libsets */
};
#define SHIM_SET_SLOTS_ROOM 256 /* per-libset functions of libc at most */
extern __thread struct shim_tls shim_tls __attribute__((tls_model("initial-exec"), visibility("hidden")));

#define SHIM_CHECK_OFFSET(type, field, constant) \
	_Static_assert(offsetof(struct type, field) == (constant), "offsets.h and struct " #type " disagree: " #field)
SHIM_CHECK_OFFSET(shim_call, defer_rsp, CALL_DEFER_RSP);
SHIM_CHECK_OFFSET(shim_call, defer_ret, CALL_DEFER_RET);
SHIM_CHECK_OFFSET(shim_call, defer_rbx, CALL_DEFER_RBX);
SHIM_CHECK_OFFSET(shim_call, pending, CALL_PENDING);
SHIM_CHECK_OFFSET(shim_call, state, CALL_STATE);
SHIM_CHECK_OFFSET(shim_call, fs, CALL_FS);
SHIM_CHECK_OFFSET(shim_call, resume_entry, CALL_RESUME_ENTRY);
SHIM_CHECK_OFFSET(shim_call, voluntary_rsp, CALL_VOLUNTARY_RSP);
SHIM_CHECK_OFFSET(shim_call, caller_rsp, CALL_CALLER_RSP);
SHIM_CHECK_OFFSET(shim_call, caller_fs, CALL_CALLER_FS);
SHIM_CHECK_OFFSET(shim_call, stack_top, CALL_STACK_TOP);
SHIM_CHECK_OFFSET(shim_call, func, CALL_FUNC);
SHIM_CHECK_OFFSET(shim_call, arg, CALL_ARG);
SHIM_CHECK_OFFSET(shim_call, thread, CALL_THREAD);
SHIM_CHECK_OFFSET(shim_call, finish_work, CALL_FINISH_WORK);
SHIM_CHECK_OFFSET(shim_call, adopted, CALL_ADOPTED);
SHIM_CHECK_OFFSET(shim_call, sigmask, CALL_SIGMASK);
SHIM_CHECK_OFFSET(shim_call, xsave, CALL_XSAVE);
SHIM_CHECK_OFFSET(shim_call, own_errno, CALL_OWN_ERRNO);
SHIM_CHECK_OFFSET(shim_call, yielded, CALL_YIELDED);
SHIM_CHECK_OFFSET(shim_call, regs, CALL_REGS);
SHIM_CHECK_OFFSET(shim_call, defer_slot, CALL_DEFER_SLOT);
SHIM_CHECK_OFFSET(shim_call, entry_rsp, CALL_ENTRY_RSP);
SHIM_CHECK_OFFSET(shim_call, own_disabled, CALL_OWN_DISABLED);
SHIM_CHECK_OFFSET(shim_call, at_return, CALL_AT_RETURN);
SHIM_CHECK_OFFSET(shim_call, unwind, CALL_UNWIND);
SHIM_CHECK_OFFSET(shim_thread, fs, THREAD_FS);
SHIM_CHECK_OFFSET(shim_tls, call, TLS_CALL);
SHIM_CHECK_OFFSET(shim_tls, thread, TLS_THREAD);
SHIM_CHECK_OFFSET(shim_tls, exec_ret, TLS_EXEC_RET);
SHIM_CHECK_OFFSET(shim_tls, set, TLS_SET);
SHIM_CHECK_OFFSET(shim_tls, slots, TLS_SLOTS);

#endif
