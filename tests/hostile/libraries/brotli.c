/* SPDX-License-Identifier: Apache-2.0 */
/* brotli (libbrotli-dev: libbrotlienc libbrotlidec): compresses 32 KiB and decompresses it */
#include "library.h"
#include <brotli/decode.h>
#include <brotli/encode.h>

static uint64_t work(int number)
{
	size_t size = 32768, packed = size + 1024, unpacked = size;
	unsigned char *in = malloc(size), *back = malloc(size), *out = malloc(packed);
	sample(in, size, number);
	uint64_t result = digest_number(0, BrotliEncoderCompress(4, 18, BROTLI_MODE_GENERIC, size, in, &packed, out));
	result = digest(result, out, packed);
	result = digest_number(result, BrotliDecoderDecompress(packed, out, &unpacked, back));
	result = digest_number(result, unpacked == size && memcmp(in, back, size) == 0);
	free(in), free(back), free(out);
	return result;
}

LIBRARY(brotli, work)
