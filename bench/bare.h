/* SPDX-License-Identifier: Apache-2.0 */
/* bare.h - the bases, measured in a process that does not have the library loaded.
 *
 * In the process under test pthread_create, fork, malloc and the timers go through the library's wrappers, and fork
 * has more to copy. A base measured there would flatter the library. So each case starts one "bare" process and asks
 * it, in turn with its own measurements, for samples of the base: a request and its answer travel through pipes, and
 * while one side measures the other one waits in read(). */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include "harness.h"

enum bare_op {
	BARE_THREAD,         /* pthread_create and join of an empty function */
	BARE_FORK,           /* fork, _exit and waitpid */
	BARE_CANCEL_THREAD,  /* pthread_cancel and join of a waiting thread; argument: it has held.h's things in hand */
	BARE_KILL,           /* kill and waitpid of a waiting child; argument as above */
	BARE_SWAP,           /* swapcontext there and back; argument: contexts taken in turn; mean of a batch */
	BARE_MALLOC,         /* malloc and free of argument bytes; mean of a batch */
	BARE_MALLOC_QUEUE,   /* the same, each block freed after 64 more */
	BARE_COMPUTE,        /* the compute loop, argument: rounds */
	BARE_COMPUTE_TIMER,  /* the same, interrupted by a POSIX timer with an empty handler */
	BARE_COMPUTE_KEEPER, /* the same, interrupted by tgkill from a thread that sleeps */
	BARE_SHA,            /* SHA-256, argument: rounds; and interrupted in the two ways */
	BARE_SHA_TIMER,
	BARE_SHA_KEEPER,
	BARE_LATE_TIMER,     /* lateness of an empty handler; argument: microseconds to the deadline */
	BARE_LATE_KEEPER,
	BARE_WATCH,          /* a function that watches, interrupted once; argument: depth in bytes and, above 32 bits, the state */
	BARE_FLOOR,          /* argument: enum bare_floor; mean of a batch, or -1 where there is no such thing */
	BARE_SPAWN,          /* posix_spawn and waitpid; argument: enum bare_spawn */
	BARE_REACH,          /* a way to a library, argument: enum reach_way; mean of a batch */
	BARE_IDLE,           /* start and end of a program that uses libraries; argument: BARE_IDLE_PRELOADED or 0, and their number */
	BARE_OPS
};

#define BARE_IDLE_PRELOADED 0x10000u

enum bare_spawn {
	SPAWN_TRUE,         /* /bin/true */
	SPAWN_INGER,        /* inger run -- /bin/true */
	SPAWN_INGER_SLICED, /* inger run --slice 100us -- /bin/true */
	SPAWN_PRELOADED,    /* /bin/true with LD_PRELOAD and no tool in front */
	SPAWN_KINDS
};

/* There and back, where that applies. */
enum bare_floor {
	FLOOR_CALL,    /* an empty function through a pointer */
	FLOOR_TICKS,   /* the time stamp counter */
	FLOOR_STACK,   /* another stack, with the registers that a function may not change */
	FLOOR_CONTROL, /* MXCSR and the x87 control word as well */
	FLOOR_FS,      /* FS base as well */
	FLOOR_JUMP,    /* the same, and there and back by jumps instead of returns */
	FLOOR_STATE,   /* by returns, and XSAVEC on the way out and XRSTOR on the way in, with whatever is in use */
	FLOOR_SYSCALL, /* the cheapest one */
	FLOOR_ARM,     /* timer_settime() to something earlier than what is armed */
	FLOOR_SIGNAL,  /* tgkill() to oneself, an empty handler, and the return */
	FLOOR_PARTS
};

struct bare_request {
	uint32_t op;
	uint32_t count; /* samples wanted */
	uint64_t argument;
	uint64_t period_ns; /* between interruptions, for operations of BARE_COMPUTE and BARE_SHA that are interrupted;
	                        for BARE_LATE_TIMER and BARE_LATE_KEEPER: how long to go on at most, 0 without end;
	                        for BARE_WATCH: the time to the interruption */
};

/* The answer: this header, then count doubles in nanoseconds. */
struct bare_answer {
	uint64_t count;
	uint64_t interrupts; /* signals handled meanwhile, where that means something */
};

/* bare_sample - count samples of op appended to s; the first call starts the process. Returns the interrupts.
 * The process ends when this one does: its standard input closes. */
uint64_t bare_sample(enum bare_op op, uint64_t argument, uint32_t count, struct samples *s);

/* bare_interrupted - one sample of BARE_COMPUTE_TIMER, BARE_SHA_KEEPER or their like at the given period. */
uint64_t bare_interrupted(enum bare_op op, uint64_t rounds, double period_ns, struct samples *s);

/* bare_late - samples of BARE_LATE_TIMER or BARE_LATE_KEEPER: count, or as many as are there after limit_ns. */
void bare_late(enum bare_op op, uint64_t budget_us, uint32_t count, double limit_ns, struct samples *s);

/* bare_watch - what an interruption by an empty handler takes away of a function that watches; watch.h. */
void bare_watch(unsigned state, uint64_t depth, uint64_t budget_us, uint32_t count, struct samples *s);

#endif
