/* SPDX-License-Identifier: Apache-2.0 */
/* loop.c - a compute loop that lives in the first-level cache, and pairs of calls of libc. */
#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

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

enum { QUEUE = 64 };

__attribute__((noinline, aligned(64))) void queue_loop(void *argument) {
	struct malloc_job *job = argument;
	void *block[QUEUE] = { 0 };
	for (uint64_t i = 0; i < job->pairs; i++) {
		free(block[i % QUEUE]);
		block[i % QUEUE] = malloc(job->bytes);
	}
	for (unsigned i = 0; i < QUEUE; i++)
		free(block[i]);
}

__attribute__((noinline, aligned(64))) void usable_loop(void *argument) {
	struct pair_job *job = argument;
	void *block = malloc(16);
	for (uint64_t i = 0; i < job->pairs; i++) {
		size_t size = malloc_usable_size(block);
		__asm__ volatile("" : : "r"(size) : "memory");
		size = malloc_usable_size(block);
		__asm__ volatile("" : : "r"(size) : "memory");
	}
	free(block);
}

__attribute__((noinline, aligned(64))) void lock_loop(void *argument) {
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	struct pair_job *job = argument;
	for (uint64_t i = 0; i < job->pairs; i++) {
		pthread_mutex_lock(&mutex);
		BARRIER();
		pthread_mutex_unlock(&mutex);
	}
}

__attribute__((noinline, aligned(64))) void open_loop(void *argument) {
	struct pair_job *job = argument;
	for (uint64_t i = 0; i < job->pairs; i++) {
		int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			die("open a file", "/dev/null", errno);
		close(fd);
	}
}
