/* SPDX-License-Identifier: Apache-2.0 */
/* zlib (zlib1g-dev: -lz): compresses 16 KiB at three levels and inflates them */
#include "library.h"
#include <zlib.h>

static uint64_t work(int number)
{
	uLong size = 16384;
	unsigned char *in = malloc(size), *back = malloc(size), *out = malloc(compressBound(size));
	uint64_t result = 0;
	sample(in, size, number);
	for (int level = 1; level <= 9; level += 4) {
		uLong packed = compressBound(size), unpacked = size;
		result = digest_number(result, compress2(out, &packed, in, size, level));
		result = digest(result, out, packed);
		result = digest_number(result, uncompress(back, &unpacked, out, packed));
		result = digest_number(result, unpacked == size && memcmp(in, back, size) == 0);
	}
	free(in), free(back), free(out);
	return result;
}

LIBRARY(zlib, work)
