/* SPDX-License-Identifier: Apache-2.0 */
/* jemalloc (libjemalloc-dev: -ljemalloc): another allocator, linked: blocks of many sizes */
#include "library.h"
#include <jemalloc/jemalloc.h>

static uint64_t work(int number)
{
	unsigned char *blocks[100];
	uint64_t result = 0;
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 100; i++) {
			size_t size = (size_t)((i * 37 + number * 11 + round) % 3000 + 1);
			blocks[i] = malloc(size);
			memset(blocks[i], i, size);
		}
		for (int i = 0; i < 100; i++)
			result = digest_number(result, blocks[i][0]), free(blocks[i]);
	}
	return digest_number(result, number);
}

LIBRARY(jemalloc, work)
