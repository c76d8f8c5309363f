/* SPDX-License-Identifier: Apache-2.0 */
/* sha256.h - SHA-256 (FIPS 180-4) in plain C, and hashing as work that is measured. */
#ifndef BENCH_SHA256_H
#define BENCH_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_BLOCK = 64, SHA256_DIGEST = 32, SHA_ROUND_BYTES = 16 << 10 };

struct sha256 {
	uint32_t state[8];
	uint64_t bytes;
	uint8_t waiting[SHA256_BLOCK]; /* what does not fill a block yet */
};

void sha256_begin(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t bytes);
void sha256_end(struct sha256 *s, uint8_t digest[SHA256_DIGEST]);

/* sha256_check - of the standard's own examples; dies if one has another digest. */
void sha256_check(void);

struct sha_job {
	uint64_t rounds; /* of SHA_ROUND_BYTES, which stay in the first-level cache */
	uint8_t digest[SHA256_DIGEST];
};

/* sha_loop - has the shape that launch() takes. */
void sha_loop(void *sha_job);

#endif
