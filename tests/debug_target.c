/* SPDX-License-Identifier: Apache-2.0 */
/* debug_target: what debug.t looks at with a debugger, valgrind and perf. The first argument says what to do:
 *   callback   an isolated function is in zlib, which calls back into the program: give_memory() is the place to stop at
 *   paused     three functions are paused, two of them in such a callback and one not begun; all_paused() is the place
 *   crash      as paused, and then abort()
 *   slices     functions that compress, pause and go on, compared with the same work alone
 *   load       for a while, isolated functions spend their time in zlib
 *   shared     as slices, without libsets
 *   mistake    an isolated function reads behind a block of the heap
 *   none       no launch at all */
#include "../include/inger.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define BYTES 60000
#define FUNCTIONS 6

static unsigned char plain[BYTES];
static volatile int go_on;
static enum { IN_ONE_GO, YIELDS, SPINS } at_allocation;

struct work {
	unsigned char packed[BYTES + BYTES / 500 + 100];
	unsigned long size, crc;
};

__attribute__((noinline)) static void *give_memory(void *opaque, unsigned items, unsigned size)
{
	(void)opaque;
	if (at_allocation == YIELDS)
		inger_pause();
	while (at_allocation == SPINS && !go_on)
		;
	/* zlib reads parts of its window that nobody wrote; valgrind knows that of the original only. */
	return calloc(items, size);
}

static void take_back(void *opaque, void *block)
{
	(void)opaque;
	free(block);
}

__attribute__((noinline)) static void compress_plain(void *arg)
{
	struct work *w = arg;
	z_stream z = {0};

	z.zalloc = give_memory;
	z.zfree = take_back;
	if (deflateInit(&z, 9) != Z_OK)
		return;
	z.next_in = plain;
	z.avail_in = BYTES;
	z.next_out = w->packed;
	z.avail_out = sizeof w->packed;
	if (deflate(&z, Z_FINISH) == Z_STREAM_END)
		w->size = z.total_out;
	deflateEnd(&z);
	w->crc = crc32(0, w->packed, (unsigned)w->size);
}

__attribute__((noinline)) static void all_paused(void)
{
	__asm__ volatile("" ::: "memory");
}

static int callback(struct work *w)
{
	linger_t call = launch(compress_plain, TO_COMPLETION, &w[0]);

	return call.is_complete ? 0 : 2;
}

static int paused(struct work *w, int crash)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	linger_t calls[3];

	at_allocation = YIELDS;
	attr.name = "the one that yields";
	calls[0] = inger_launch_attr(compress_plain, TO_COMPLETION, &w[0], &attr);
	at_allocation = SPINS;
	attr.name = "the one that spins";
	calls[1] = inger_launch_attr(compress_plain, 2000, &w[1], &attr);
	calls[2] = launch(compress_plain, 0, &w[2]);
	for (int i = 0; i < 3; i++)
		if (!calls[i].continuation)
			return 2;
	all_paused();
	if (crash)
		abort();
	at_allocation = IN_ONE_GO;
	go_on = 1;
	for (int i = 0; i < 3; i++)
		if (resume(&calls[i], TO_COMPLETION) != 0 || !calls[i].is_complete)
			return 3;
	return w[0].crc == w[2].crc && w[1].crc == w[2].crc && w[0].size ? 0 : 4;
}

static int slices(struct work *w, enum inger_isolation isolation)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	linger_t calls[FUNCTIONS];
	int left = FUNCTIONS, pauses = 0;

	attr.isolation = isolation;
	compress_plain(&w[FUNCTIONS]);
	/* However slow the machine: two pauses of each that are asked for, and those that the clock makes. */
	at_allocation = YIELDS;
	for (int i = 0; i < FUNCTIONS; i++) {
		calls[i] = inger_launch_attr(compress_plain, 3000, &w[i], &attr);
		if (!calls[i].continuation)
			return 2;
	}
	while (left > 0)
		for (int i = 0; i < FUNCTIONS; i++) {
			if (calls[i].is_complete)
				continue;
			pauses++;
			if (resume(&calls[i], 3000) != 0)
				return 3;
			left -= calls[i].is_complete;
		}
	for (int i = 0; i < FUNCTIONS; i++)
		if (!w[i].size || w[i].crc != w[FUNCTIONS].crc)
			return 4;
	printf("%s\n", pauses >= 2 * FUNCTIONS ? "the same" : "too few pauses");
	return 0;
}

__attribute__((noinline)) static void mistaken(void *arg)
{
	unsigned char *volatile block = malloc(BYTES);

	*(volatile unsigned char *)arg = block[BYTES];
	free(block);
}

static int load(struct work *w)
{
	for (int round = 0; round < 60; round++) {
		linger_t call = launch(compress_plain, 3000, &w[0]);
		while (!call.is_complete)
			if (resume(&call, 3000) != 0)
				return 2;
	}
	return 0;
}

/* The end is told by the program: gdb 13 now and then loses sight of one with several threads that exits. */
static int said(int status)
{
	printf("%s results\n", status == 0 ? "right" : "wrong");
	fflush(stdout);
	return status;
}

int main(int argc, char **argv)
{
	static struct work w[FUNCTIONS + 1];
	const char *what = argc > 1 ? argv[1] : "";
	unsigned seed = 1;

	for (int i = 0; i < BYTES; i++) {
		seed = seed * 1103515245u + 12345u;
		plain[i] = "the quick brown fox, "[(seed >> 16) % 21];
	}
	if (strcmp(what, "callback") == 0)
		return said(callback(w));
	if (strcmp(what, "paused") == 0)
		return said(paused(w, 0));
	if (strcmp(what, "crash") == 0)
		return paused(w, 1);
	if (strcmp(what, "slices") == 0)
		return slices(w, INGER_ISOLATED);
	if (strcmp(what, "shared") == 0)
		return slices(w, INGER_SHARED);
	if (strcmp(what, "load") == 0)
		return load(w);
	if (strcmp(what, "mistake") == 0)
		return launch(mistaken, TO_COMPLETION, w).is_complete ? 0 : 2;
	compress_plain(&w[0]);
	printf("%s\n", w[0].size ? "the same" : "failed");
	return strcmp(what, "none") == 0 ? 0 : 1;
}
