/* SPDX-License-Identifier: Apache-2.0 */
/* libraries.h - gives a program as many libraries as a measurement asks for. */
#ifndef BENCH_LIBRARIES_H
#define BENCH_LIBRARIES_H

enum { LIBRARIES_FILLED = 200 }; /* generated ones: fill_0.so … in the folder lib beside the program; also in bench.mk */

/* libraries_open - well-known ones first, generated ones for the rest and for those that are not installed. For good. */
void libraries_open(unsigned wanted);

/* libraries_open_one - lib/<name>; dies when it cannot be opened. */
void libraries_open_one(const char *name);

#endif
