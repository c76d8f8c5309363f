/* SPDX-License-Identifier: Apache-2.0 */
/* hold.h - the locks that a call holds: pthread mutexes, rwlocks, spinlocks (and their C11 names), streams locked by
 * flockfile(), control words of pthread_once() whose initialiser it runs, and compiled patterns that a match is using.
 *
 * A lock is taken inside a deferred section that ends at the slice's deadline at the latest, so that whether a paused call
 * has it is always known. Locks that die with the call (on its stack, in its libset, in its blocks) don't keep cancel() from
 * ending it. */
#ifndef SHIM_HOLD_H
#define SHIM_HOLD_H

#include <stdbool.h>
#include <stdint.h>

enum hold_kind { HOLD_MUTEX, HOLD_RWLOCK, HOLD_SPINLOCK, HOLD_STREAM, HOLD_ONCE, HOLD_PATTERN };
#define HOLD_SMALL 4

struct shim_held {
	void *lock;
	uint32_t kind;
	uint32_t times; /* taken and not let go: recursive mutexes, several readers' locks */
};

struct shim_holds {
	uint32_t count, room; /* room 0: `small` */
	struct shim_held *list;
	struct shim_held small[HOLD_SMALL];
};

struct shim_call;

/* ---- hold.c */
void hold_begin(struct shim_call *call);  /* a new launch holds nothing */
void hold_end(struct shim_call *call);    /* pooled: give larger lists back */
/* The first lock that outlives the call, NULL: none. */
const struct shim_held *hold_outliving(const struct shim_call *call);
/* Let go of all of them on the call's behalf; runs on the call's TCB (shim_set_fs) with `call` not running. */
void hold_release(struct shim_call *call);
/* "the mutex NAME (0x…)" for messages; NAME where a symbol is known. */
void hold_describe(const struct shim_held *held, char *text, unsigned long bytes);

#endif
