/* SPDX-License-Identifier: Apache-2.0 */
/* sha256.c - as the standard writes it. Not the fastest there is: what counts is that it computes, and that both sides run
 * the same instructions. */
#include "sha256.h"

#include <string.h>

#include "harness.h"

static const uint32_t constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
	0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
	0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
	0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t rotated(uint32_t x, unsigned by) { return x >> by | x << (32 - by); }

static uint32_t word_at(const uint8_t *p) {
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put_word(uint8_t *p, uint32_t x) {
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(x >> (24 - 8 * i));
}

static void compress(uint32_t state[8], const uint8_t *block) {
	uint32_t w[64], v[8];
	for (int i = 0; i < 16; i++)
		w[i] = word_at(block + 4 * i);
	for (int i = 16; i < 64; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];
		w[i] = w[i - 16] + (rotated(a, 7) ^ rotated(a, 18) ^ a >> 3) + w[i - 7] + (rotated(b, 17) ^ rotated(b, 19) ^ b >> 10);
	}
	memcpy(v, state, sizeof(v));
	for (int i = 0; i < 64; i++) {
		uint32_t a = v[0], e = v[4];
		uint32_t t1 = v[7] + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + ((e & v[5]) ^ (~e & v[6])) + constants[i] + w[i];
		uint32_t t2 = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
		for (int k = 7; k > 0; k--)
			v[k] = v[k - 1];
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (int i = 0; i < 8; i++)
		state[i] += v[i];
}

void sha256_begin(struct sha256 *s) {
	*s = (struct sha256){
		.state = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 },
	};
}

void sha256_add(struct sha256 *s, const void *data, size_t bytes) {
	const uint8_t *from = data;
	size_t filled = s->bytes % SHA256_BLOCK;
	s->bytes += bytes;
	if (filled) {
		size_t more = SHA256_BLOCK - filled < bytes ? SHA256_BLOCK - filled : bytes;
		memcpy(s->waiting + filled, from, more);
		from += more;
		bytes -= more;
		if (filled + more < SHA256_BLOCK)
			return;
		compress(s->state, s->waiting);
	}
	for (; bytes >= SHA256_BLOCK; from += SHA256_BLOCK, bytes -= SHA256_BLOCK)
		compress(s->state, from);
	memcpy(s->waiting, from, bytes);
}

void sha256_end(struct sha256 *s, uint8_t digest[SHA256_DIGEST]) {
	static const uint8_t padding[SHA256_BLOCK] = { 0x80 };
	uint8_t length[8];
	uint64_t bits = s->bytes * 8;
	put_word(length, (uint32_t)(bits >> 32));
	put_word(length + 4, (uint32_t)bits);
	sha256_add(s, padding, 1 + (SHA256_BLOCK + 55 - s->bytes % SHA256_BLOCK) % SHA256_BLOCK);
	sha256_add(s, length, sizeof(length));
	for (int i = 0; i < 8; i++)
		put_word(digest + 4 * i, s->state[i]);
}

/* FIPS 180-4's examples of one block, of two, and of a million letters, in parts that do not fall on blocks. */
void sha256_check(void) {
	static const struct {
		const char *text;
		unsigned times;
		uint8_t digest[SHA256_DIGEST];
	} known[] = {
		{ "abc", 1,
		  { 0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
		    0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad } },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
		  { 0x24, 0x8d, 0x6a, 0x61, 0xd2, 0x06, 0x38, 0xb8, 0xe5, 0xc0, 0x26, 0x93, 0x0c, 0x3e, 0x60, 0x39,
		    0xa3, 0x3c, 0xe4, 0x59, 0x64, 0xff, 0x21, 0x67, 0xf6, 0xec, 0xed, 0xd4, 0x19, 0xdb, 0x06, 0xc1 } },
		{ "aaaaaaaaaa", 100000,
		  { 0xcd, 0xc7, 0x6e, 0x5c, 0x99, 0x14, 0xfb, 0x92, 0x81, 0xa1, 0xc7, 0xe2, 0x84, 0xd7, 0x3e, 0x67,
		    0xf1, 0x80, 0x9a, 0x48, 0xa4, 0x97, 0x20, 0x0e, 0x04, 0x6d, 0x39, 0xcc, 0xc7, 0x11, 0x2c, 0xd0 } },
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		struct sha256 s;
		uint8_t digest[SHA256_DIGEST];
		sha256_begin(&s);
		for (unsigned n = 0; n < known[i].times; n++)
			sha256_add(&s, known[i].text, strlen(known[i].text));
		sha256_end(&s, digest);
		if (memcmp(digest, known[i].digest, sizeof(digest)))
			die("compute SHA-256", "the digest differs from the standard's", 0);
	}
}

__attribute__((noinline, aligned(64))) void sha_loop(void *argument) {
	static uint8_t data[SHA_ROUND_BYTES];
	struct sha_job *job = argument;
	struct sha256 s;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 131);
	sha256_begin(&s);
	for (uint64_t i = 0; i < job->rounds; i++)
		sha256_add(&s, data, sizeof(data));
	sha256_end(&s, job->digest);
}
