/* SPDX-License-Identifier: Apache-2.0 */
/* own_thread.h - threads that calls and libsets have started; own_thread.c. */
#ifndef SHIM_OWN_THREAD_H
#define SHIM_OWN_THREAD_H

#include "shim.h"
#include <pthread.h>

struct gotcha_set;

struct shim_started {
	uint64_t base_rsp; /* where the thread leaves from; 0: not begun, or over. Written by the thread. */
	void *(*start)(void *);
	void *arg;
	struct shim_started *next;
	uint32_t owner;           /* tag without the compaction's bit; 0: nobody's. Under the lock. */
	_Atomic(const struct shim_owner *) leaves[2]; /* whose memory goes: it may leave */
	_Atomic pid_t tid;
	bool left;                /* it did */
	pthread_mutex_t alive;    /* robust, held by the thread: the kernel says when it is gone */
};

/* Marks the signal that asks a started thread to leave. */
#define SHIM_LEAVE_COOKIE 0x696e676c76ull

/* ---- own_thread.c: a thread that exists already becomes the owner's: NULL where there is no memory; and then runs */
struct shim_started *shim_started_enter(struct shim_owner *owner, void *(*start)(void *), void *arg);
void *shim_started_begin(void *s);

/* ---- own_thread_sig.c */
void shim_started_signal(void *context);

/* ---- own_thread.c; async-signal-safe */
bool shim_started_may_leave(const struct shim_started *s, uint64_t rip, bool in_kernel, uint64_t word, uint64_t rsp);

/* ---- own_thread_amd64.S */
void *shim_started_run(struct shim_started *s); /* start(arg), or what is in rax where it left */
extern char shim_started_leave[];

#endif
