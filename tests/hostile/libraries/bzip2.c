/* SPDX-License-Identifier: Apache-2.0 */
/* bzip2 (libbz2-dev: -lbz2): compresses 8 KiB and decompresses it */
#include "library.h"
#include <bzlib.h>

static uint64_t work(int number)
{
	unsigned size = 8192, packed = size + 1024, unpacked = size;
	char *in = malloc(size), *back = malloc(size), *out = malloc(packed);
	sample((unsigned char *)in, size, number);
	uint64_t result = digest_number(0, BZ2_bzBuffToBuffCompress(out, &packed, in, size, 1, 0, 0));
	result = digest(result, out, packed);
	result = digest_number(result, BZ2_bzBuffToBuffDecompress(back, &unpacked, out, packed, 0, 0));
	result = digest_number(result, unpacked == size && memcmp(in, back, size) == 0);
	free(in), free(back), free(out);
	return result;
}

LIBRARY(bzip2, work)
