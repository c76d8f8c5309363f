/* SPDX-License-Identifier: Apache-2.0 */
/* deflate (libdeflate-dev: libdeflate): compresses 32 KiB to gzip and decompresses it */
#include "library.h"
#include <libdeflate.h>

static uint64_t work(int number)
{
	size_t size = 32768, room = size + 1024, unpacked = 0;
	unsigned char *in = malloc(size), *back = malloc(size), *out = malloc(room);
	struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(6);
	struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
	sample(in, size, number);
	size_t packed = libdeflate_gzip_compress(compressor, in, size, out, room);
	uint64_t result = digest(0, out, packed);
	result = digest_number(result, libdeflate_gzip_decompress(decompressor, out, packed, back, size, &unpacked));
	result = digest_number(result, unpacked == size && memcmp(in, back, size) == 0);
	libdeflate_free_compressor(compressor);
	libdeflate_free_decompressor(decompressor);
	free(in), free(back), free(out);
	return result;
}

LIBRARY(deflate, work)
