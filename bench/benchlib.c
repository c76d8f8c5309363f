/* SPDX-License-Identifier: Apache-2.0 */
/* benchlib.c - libbenchlib.so. */
#include "benchlib.h"

volatile unsigned long benchlib_copied, benchlib_far;

void benchlib_nothing(void) {}

static void zero(void) {}
static void one(void) {}
static void two(void) {}
static void three(void) {}

void (*benchlib_table[BENCHLIB_TABLE])(void) = { zero, one, two, three };

double benchlib_twelve(long a, long b, long c, long d, long e, long f, long g, double h, double i, double j,
                       struct benchlib_triple k, long double l) {
	return (double)(a + b + c + d + e + f + g) + h + i + j + (double)(k.part[0] + k.part[1] + k.part[2]) + (double)l;
}
