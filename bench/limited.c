/* SPDX-License-Identifier: Apache-2.0 */
/* limited.c - calls two functions of a library; INGER_LIMITS, which is read before main(), says whether they have limits.
 * For each byte on standard input it writes what a call of each takes, in nanoseconds. */
#include <unistd.h>

#include "benchlib.h"
#include "harness.h"
#include "limited.h"

static double nothing(void) {
	double start = now_ns();
	for (int i = 0; i < LIMITED_BATCH; i++)
		benchlib_nothing();
	return (now_ns() - start) / LIMITED_BATCH;
}

static double twelve(void) {
	struct benchlib_triple triple = { { 1, 2, 3 } };
	double start = now_ns(), sum = 0;
	for (int i = 0; i < LIMITED_BATCH; i++)
		sum += benchlib_twelve(i, 2, 3, 4, 5, 6, 7, 8.0, 9.0, 10.0, triple, 12.0L);
	if (sum != LIMITED_SUM)
		die("call a function with twelve arguments", "wrong sum", 0);
	return (now_ns() - start) / LIMITED_BATCH;
}

int main(void) {
	char byte;
	nothing(); /* the first limited call of a thread makes its records */
	twelve();
	while (read(STDIN_FILENO, &byte, 1) == 1) {
		double ns[LIMITED_FUNCTIONS] = { nothing(), twelve() };
		if (write(STDOUT_FILENO, ns, sizeof(ns)) != sizeof(ns))
			return 1;
	}
	return 0;
}
