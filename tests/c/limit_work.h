/* SPDX-License-Identifier: Apache-2.0 */
/* limit_work.h - liblimit_work.so: functions that never come back by themselves, each busy in another way. */
#ifndef LIMIT_WORK_H
#define LIMIT_WORK_H

#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>

/* What a function works on: the program's, one for each thread unless several pointers lead to the same. */
struct work {
	uint64_t seed;  /* of its next moves; each call takes another */
	pthread_mutex_t *mutex;
	pthread_rwlock_t *rwlock;
	pthread_spinlock_t *spin;
	pthread_cond_t *condition;
	sem_t *semaphore;
	FILE *stream;
	int pipe;       /* nothing comes from it */
	char *from, *to; /* COPY_BYTES each */
	int (*compare)(const void *, const void *); /* the program's */
	long (*back)(struct work *);                /* the same */
	void *block[64]; /* what a call that was given up has left */
	volatile long steps; /* how far it came */
};
#define COPY_BYTES (1 << 20)

typedef long work_function(struct work *);
#ifdef __cplusplus
extern "C" {
#endif
work_function work_spin, work_heap, work_print, work_format, work_long_sections, work_copy, work_fill;
work_function work_mutex, work_mutex_again, work_mutex_let_go, work_read_lock, work_write_lock, work_spin_lock, work_stream_lock;
work_function work_sort, work_back;
work_function work_read, work_poll, work_select, work_sleep, work_semaphore, work_condition, work_timed_condition, work_wait_mutex;
work_function work_outer, work_inner, work_outer_short, work_inner_long, work_outer_same, work_inner_same;
work_function work_errno, work_signal_mask;
/* These come back. */
long work_quick(long value);
long work_some(long steps); /* a step is about a nanosecond */
const char *work_pause(struct work *); /* work_spin with another type */
double work_double(struct work *);     /* the same */
#ifdef __cplusplus
}
#endif
#endif
