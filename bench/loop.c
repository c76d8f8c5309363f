/* SPDX-License-Identifier: Apache-2.0 */
/* loop.c - a compute loop that lives in the first-level cache, and malloc/free pairs. */
#include "loop.h"

#include <stdlib.h>

#include "harness.h"

enum { COMPUTE_WORDS = 2048 }; /* 16 KiB: an interruption's effect on the cache shows, without waiting for memory */

__attribute__((noinline, aligned(64))) void compute_loop(void *argument) {
	static uint64_t words[COMPUTE_WORDS];
	struct compute_job *job = argument;
	uint64_t x = 0x9e3779b97f4a7c15u;
	for (uint64_t i = 0; i < COMPUTE_WORDS; i++)
		words[i] = i;
	for (uint64_t i = 0; i < job->rounds; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		words[x % COMPUTE_WORDS] += x;
		x += words[i % COMPUTE_WORDS];
	}
	job->sum = x;
}

__attribute__((noinline, aligned(64))) void malloc_loop(void *argument) {
	struct malloc_job *job = argument;
	for (uint64_t i = 0; i < job->pairs; i++) {
		void *block = malloc(job->bytes);
		/* The block escapes here, so the pair cannot be optimised away. */
		__asm__ volatile("" : : "r"(block) : "memory");
		free(block);
	}
}
