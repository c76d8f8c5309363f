/* SPDX-License-Identifier: Apache-2.0 */
/* bomb.c - small files that are large inside. A deflated MiB of zeros that ends with a full flush may be repeated, so that
 * gigabytes take no longer to make than their thousandth to copy. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "../harness.h"
#include "inputs.h"

enum { BLOCK = 1 << 20, BLOCK_ROOM = 8192 };

/* Raw deflate of `size` zeros, at most a block. */
static size_t deflated(unsigned char *to, uint64_t size, int flush) {
	static const unsigned char zeros[BLOCK];
	z_stream z = { 0 };
	if (deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		die("make a bomb", "deflateInit2", ENOMEM);
	z.next_in = (unsigned char *)zeros;
	z.avail_in = (uInt)size;
	z.next_out = to;
	z.avail_out = BLOCK_ROOM;
	int status = deflate(&z, flush);
	if (status != (flush == Z_FINISH ? Z_STREAM_END : Z_OK) || !z.avail_out)
		die("make a bomb", "deflate", 0);
	deflateEnd(&z);
	return BLOCK_ROOM - z.avail_out;
}

unsigned char *zeros_deflated(uint64_t zeros, size_t *bytes) {
	unsigned char block[BLOCK_ROOM], last[BLOCK_ROOM];
	size_t block_bytes = deflated(block, BLOCK, Z_FULL_FLUSH), last_bytes = deflated(last, zeros % BLOCK, Z_FINISH);
	uint64_t blocks = zeros / BLOCK;
	unsigned char *made = malloc(2 + blocks * block_bytes + last_bytes + 4), *at = made;
	if (!made)
		die("make a bomb", "malloc", ENOMEM);
	*at++ = 0x78;
	*at++ = 0x9c;
	for (uint64_t i = 0; i < blocks; i++, at += block_bytes)
		memcpy(at, block, block_bytes);
	memcpy(at, last, last_bytes);
	at += last_bytes;
	/* Adler-32 of zeros: the sum stays 1, the sum of sums is their number. */
	uint32_t adler = htonl((uint32_t)(zeros % 65521) << 16 | 1);
	memcpy(at, &adler, 4);
	*bytes = (size_t)(at + 4 - made);
	return made;
}

static unsigned char *chunk(unsigned char *at, const char *type, const void *data, size_t size) {
	uint32_t length = htonl((uint32_t)size);
	memcpy(at, &length, 4);
	memcpy(at + 4, type, 4);
	memcpy(at + 8, data, size);
	uint32_t crc = htonl((uint32_t)crc32(0, at + 4, (uInt)size + 4));
	memcpy(at + 8 + size, &crc, 4);
	return at + 12 + size;
}

unsigned char *png_bomb(uint32_t size, size_t *bytes) {
	unsigned char head[13] = { [8] = 8, [9] = 6 }; /* 8 bits a channel, RGBA */
	uint32_t side = htonl(size);
	memcpy(head, &side, 4);
	memcpy(head + 4, &side, 4);
	size_t data_bytes;
	unsigned char *data = zeros_deflated((uint64_t)size * (1 + 4 * (uint64_t)size), &data_bytes); /* a filter type a row */
	unsigned char *made = malloc(8 + 3 * 12 + sizeof(head) + data_bytes);
	if (!made)
		die("make a bomb", "malloc", ENOMEM);
	memcpy(made, "\x89PNG\r\n\x1a\n", 8);
	unsigned char *at = chunk(made + 8, "IHDR", head, sizeof(head));
	at = chunk(at, "IDAT", data, data_bytes);
	at = chunk(at, "IEND", "", 0);
	free(data);
	*bytes = (size_t)(at - made);
	return made;
}
