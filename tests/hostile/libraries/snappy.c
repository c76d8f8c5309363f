/* SPDX-License-Identifier: Apache-2.0 */
/* snappy (libsnappy-dev: -lsnappy): compresses 64 KiB and decompresses it */
#include "library.h"
#include <snappy-c.h>

static uint64_t work(int number)
{
	size_t size = 65536, packed = snappy_max_compressed_length(size), unpacked = size;
	char *in = malloc(size), *back = malloc(size), *out = malloc(packed);
	sample((unsigned char *)in, size, number);
	uint64_t result = digest_number(0, snappy_compress(in, size, out, &packed));
	result = digest(result, out, packed);
	result = digest_number(result, snappy_uncompress(out, packed, back, &unpacked));
	result = digest_number(result, unpacked == size && memcmp(in, back, size) == 0);
	free(in), free(back), free(out);
	return result;
}

LIBRARY(snappy, work)
