/* SPDX-License-Identifier: Apache-2.0 */
/* child.h - measurements that are taken by a program of their own. */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include "harness.h"

/* child_run - the program beside this one, with at most two arguments (NULL: none), to its end. Reads `count` numbers
 * from its standard output, one for each of `values`. */
void child_run(const char *program, const char *first, const char *second, double *values, size_t count);

#endif
