/* SPDX-License-Identifier: Apache-2.0 */
/* held.h - what a function, a thread or a process has in hand when it is ended from outside. */
#ifndef BENCH_HELD_H
#define BENCH_HELD_H

#include <stdint.h>

enum { HELD_BLOCKS = 1000, HELD_DESCRIPTORS = 10 };

struct held {
	unsigned blocks, descriptors; /* wanted */
	void *block[HELD_BLOCKS];
	int descriptor[HELD_DESCRIPTORS];
};

/* held_take - heap blocks of 16 to 1,000 bytes, and descriptors of /dev/null. */
void held_take(struct held *h);
/* held_give_back - what a thread's cleanup handler has to do by hand. */
void held_give_back(void *held);

#endif
