/* SPDX-License-Identifier: Apache-2.0 */
/* lzma (liblzma-dev: liblzma): compresses 16 KiB to .xz and decompresses it */
#include "library.h"
#include <lzma.h>

static uint64_t work(int number)
{
	size_t size = 16384, room = lzma_stream_buffer_bound(size), packed = 0, at = 0, unpacked = 0;
	unsigned char *in = malloc(size), *back = malloc(size), *out = malloc(room);
	uint64_t limit = UINT64_MAX, result = 0;
	sample(in, size, number);
	result = digest_number(result, lzma_easy_buffer_encode(0, LZMA_CHECK_CRC64, NULL, in, size, out, &packed, room));
	result = digest(result, out, packed);
	result = digest_number(result, lzma_stream_buffer_decode(&limit, 0, NULL, out, &at, packed, back, &unpacked, size));
	result = digest_number(result, unpacked == size && memcmp(in, back, size) == 0);
	free(in), free(back), free(out);
	return result;
}

LIBRARY(lzma, work)
