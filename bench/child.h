/* SPDX-License-Identifier: Apache-2.0 */
/* child.h - measurements that are taken by a program of their own, once or whenever they are asked for. Programs that differ
 * in their environment can so take turns. */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include <sys/types.h>

#include "harness.h"

struct child {
	const char *program;
	int ask, answer; /* its standard input and output */
	pid_t pid;
};

/* child_start - the program beside this one, with at most two arguments (NULL: none) and this one's environment. */
struct child child_start(const char *program, const char *first, const char *second);

/* child_ask - write a request and read the answer; child_read - more of it. They die when the program has ended. */
void child_ask(const struct child *child, const void *request, size_t request_bytes, void *answer, size_t answer_bytes);
void child_read(const struct child *child, void *data, size_t bytes);

/* child_end - wait for a program that ends when its standard input does. */
void child_end(const struct child *child);

/* child_run - a program to its end. Reads `count` numbers from its standard output, one for each of `values`. */
void child_run(const char *program, const char *first, const char *second, double *values, size_t count);

#endif
