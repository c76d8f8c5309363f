/* SPDX-License-Identifier: Apache-2.0 */
/* lz4 (liblz4-dev: liblz4): compresses 64 KiB fast and well, and decompresses */
#include "library.h"
#include <lz4.h>
#include <lz4hc.h>

static uint64_t work(int number)
{
	int size = 65536, room = LZ4_compressBound(size);
	char *in = malloc((size_t)size), *back = malloc((size_t)size), *out = malloc((size_t)room);
	uint64_t result = 0;
	sample((unsigned char *)in, (size_t)size, number);
	for (int level = 0; level <= 9; level += 3) {
		int packed = level ? LZ4_compress_HC(in, out, size, room, level) : LZ4_compress_default(in, out, size, room);
		result = digest(result, out, (size_t)packed);
		result = digest_number(result, LZ4_decompress_safe(out, back, packed, size) == size && memcmp(in, back, (size_t)size) == 0);
	}
	free(in), free(back), free(out);
	return result;
}

LIBRARY(lz4, work)
