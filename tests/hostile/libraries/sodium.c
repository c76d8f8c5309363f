/* SPDX-License-Identifier: Apache-2.0 */
/* sodium (libsodium-dev: libsodium): boxes and opens, signs and verifies, hashes a password */
#include "library.h"
#include <sodium.h>

static uint64_t work(int number)
{
	unsigned char seed[32], public_key[32], secret_key[64], text[4096], box[sizeof text + 32], signature[64], hash[32];
	unsigned long long length = 0;
	uint64_t result = digest_number(0, sodium_init() >= 0);
	memset(seed, number + 1, sizeof seed);
	sample(text, sizeof text, number);
	crypto_sign_seed_keypair(public_key, secret_key, seed);
	crypto_sign_detached(signature, &length, text, sizeof text, secret_key);
	result = digest(result, signature, sizeof signature);
	result = digest_number(result, crypto_sign_verify_detached(signature, text, sizeof text, public_key));
	crypto_secretbox_easy(box, text, sizeof text, signature, seed);
	result = digest(result, box, sizeof text + 16);
	result = digest_number(result, crypto_secretbox_open_easy(text, box, sizeof text + 16, signature, seed));
	result = digest_number(result, crypto_pwhash(hash, sizeof hash, "word", 4, seed, 1, 8192 * 8, crypto_pwhash_ALG_DEFAULT));
	return digest(result, hash, sizeof hash);
}

LIBRARY(sodium, work)
