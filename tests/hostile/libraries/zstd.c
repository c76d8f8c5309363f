/* SPDX-License-Identifier: Apache-2.0 */
/* zstd (libzstd-dev: libzstd): compresses 32 KiB at three levels and decompresses them */
#include "library.h"
#include <zstd.h>

static uint64_t work(int number)
{
	size_t size = 32768, room = ZSTD_compressBound(size);
	unsigned char *in = malloc(size), *back = malloc(size), *out = malloc(room);
	uint64_t result = 0;
	sample(in, size, number);
	for (int level = 1; level <= 5; level += 2) {
		size_t packed = ZSTD_compress(out, room, in, size, level);
		result = digest(result, out, packed);
		result = digest_number(result, ZSTD_decompress(back, size, out, packed) == size && memcmp(in, back, size) == 0);
	}
	free(in), free(back), free(out);
	return result;
}

LIBRARY(zstd, work)
