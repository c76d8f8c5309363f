/* SPDX-License-Identifier: Apache-2.0 */
/* inputs.h - what a work is given: made once for all ways, in a file that each process maps. */
#ifndef BENCH_INSTEAD_INPUTS_H
#define BENCH_INSTEAD_INPUTS_H

#include "instead.h"

enum { INPUTS_MAX = 64 };

struct input {
	uint64_t at, bytes;     /* in the file */
	uint64_t output_digest; /* of good ones: what a call without protection gave */
};

/* The file begins with this. Written by the process that makes them, read by all others. */
struct inputs {
	uint32_t good, bad;
	uint64_t end;                    /* of the file so far */
	struct input item[INPUTS_MAX];   /* good ones first */
};

/* inputs_good, inputs_bad - append one, while they are made. All good ones come first. */
void inputs_good(struct inputs *inputs, const void *bytes, size_t size);
void inputs_bad(struct inputs *inputs, const void *bytes, size_t size);

/* inputs_make - those of a work, with their digests, into the file behind fd. */
void inputs_make(const struct work *work, uint64_t seed, int fd);
const struct inputs *inputs_map(int fd);

struct job inputs_job(const struct inputs *inputs, const struct work *work, uint32_t item);

uint64_t digest(const void *bytes, size_t size);
/* job_digest - of the output; 0 when there is none. */
uint64_t job_digest(const struct job *job);

/* random_next - xorshift64*. State must not be 0. */
uint64_t random_next(uint64_t *state);

/* zeros_deflated - a zlib stream that inflates to so many zeros: about a thousandth of it, made without compressing them
 * all. malloc()ed. */
unsigned char *zeros_deflated(uint64_t zeros, size_t *bytes);

/* png_bomb - a PNG image of size * size transparent black pixels. malloc()ed. */
unsigned char *png_bomb(uint32_t size, size_t *bytes);

#endif
