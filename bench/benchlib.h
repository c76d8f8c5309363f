/* SPDX-License-Identifier: Apache-2.0 */
/* benchlib.h - a library that does nothing, to measure the way to it: two functions, one table of functions, and two
 * variables, since a program reaches a variable either in its own copy of it (a COPY relocation) or through its GOT. */
#ifndef BENCH_BENCHLIB_H
#define BENCH_BENCHLIB_H

enum { BENCHLIB_TABLE = 4 };

void benchlib_nothing(void);

/* Arguments in both kinds of registers, on the stack, and a struct by value: their sum. */
struct benchlib_triple {
	long part[3];
};
double benchlib_twelve(long a, long b, long c, long d, long e, long f, long g, double h, double i, double j,
                       struct benchlib_triple k, long double l);

extern void (*benchlib_table[BENCHLIB_TABLE])(void);
extern volatile unsigned long benchlib_copied, benchlib_far;

#endif
