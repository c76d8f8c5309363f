/* SPDX-License-Identifier: Apache-2.0 */
/* loop.h - the work that is measured on both sides. One object file is linked into the process under test and into
 * the bare one, so that both run the same instructions at the same alignment. */
#ifndef BENCH_LOOP_H
#define BENCH_LOOP_H

#include <stdint.h>

struct compute_job {
	uint64_t rounds;
	uint64_t sum; /* the result: equal for equal rounds, however often the loop was interrupted */
};

struct malloc_job {
	uint64_t pairs;
	uint64_t bytes;
};

/* Pairs of calls of libc that have the library's wrappers. */
struct pair_job {
	uint64_t pairs;
};

/* All have the shape that launch() takes. */
void compute_loop(void *compute_job);
void malloc_loop(void *malloc_job); /* each block is freed at once */
void queue_loop(void *malloc_job);  /* each block is freed after 64 more */
void usable_loop(void *pair_job); /* malloc_usable_size() twice: deferred, and nothing is noted */
void lock_loop(void *pair_job);   /* pthread_mutex_lock() and unlock() */
void open_loop(void *pair_job);   /* open() and close() */

#endif
