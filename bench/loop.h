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

/* Both have the shape that launch() takes. */
void compute_loop(void *compute_job);
void malloc_loop(void *malloc_job);

#endif
