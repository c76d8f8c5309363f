/* SPDX-License-Identifier: Apache-2.0 */
/* reach_got.c - compiled with -fPIC; see reach.h. */
#include "reach.h"

#include "benchlib.h"

/* Out of line, or the compiler would read the GOT once and keep the address. */
__attribute__((noinline, aligned(64))) static unsigned long touch(unsigned long value) {
	benchlib_far = value;
	return benchlib_far;
}

__attribute__((noinline, aligned(64))) void reach_got(uint64_t rounds) {
	unsigned long sum = 0;
	for (uint64_t i = 0; i < rounds; i++)
		sum += touch(i);
	benchlib_far = sum;
}
