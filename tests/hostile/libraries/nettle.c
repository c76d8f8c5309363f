/* SPDX-License-Identifier: Apache-2.0 */
/* nettle (nettle-dev: nettle): digests, encrypts and encodes */
#include "library.h"
#include <nettle/aes.h>
#include <nettle/base64.h>
#include <nettle/cbc.h>
#include <nettle/sha2.h>

static uint64_t work(int number)
{
	unsigned char text[65536], md[32];
	struct sha256_ctx sha;
	struct CBC_CTX(struct aes256_ctx, AES_BLOCK_SIZE) aes;
	char line[200];
	sample(text, sizeof text, number);
	sha256_init(&sha);
	sha256_update(&sha, sizeof text, text);
	sha256_digest(&sha, sizeof md, md);
	uint64_t result = digest(0, md, sizeof md);
	aes256_set_encrypt_key(&aes.ctx, md);
	CBC_SET_IV(&aes, md);
	CBC_ENCRYPT(&aes, aes256_encrypt, sizeof text, text, text);
	result = digest(result, text, sizeof text);
	base64_encode_raw(line, 90, text);
	return digest(result, line, BASE64_ENCODE_RAW_LENGTH(90));
}

LIBRARY(nettle, work)
