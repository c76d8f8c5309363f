/* SPDX-License-Identifier: Apache-2.0 */
/* referred_lib.c - a library that keeps the way to mappings of its own in static variables, as libffi and allocators do. */
#include <stddef.h>
#include <sys/mman.h>
#include "referred.h"

static char *arena;              /* begins where the mapping does */
static struct referred *newest;  /* points into one; the older ones are found through it */

static void *map(size_t bytes)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

char *referred_arena(void)
{
	if (!arena)
		arena = map(REFERRED_BYTES);
	return arena;
}

struct referred *referred_chain(int count)
{
	for (int i = 0; i < count; i++) {
		char *mapping = map(REFERRED_BYTES);
		struct referred *r = (struct referred *)(mapping + REFERRED_BYTES / 2);
		*r = (struct referred){ newest, mapping };
		newest = r;
	}
	return newest;
}

void referred_give_back(void)
{
	while (newest) {
		struct referred *r = newest;
		newest = r->next;
		munmap(r->mapping, REFERRED_BYTES);
	}
	if (arena)
		munmap(arena, REFERRED_BYTES);
	arena = NULL;
}

void *referred_nowhere(void) { return map(REFERRED_BYTES); }
