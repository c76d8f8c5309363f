/* SPDX-License-Identifier: Apache-2.0 */
/* openblas (libopenblas-dev: openblas): multiplies matrices, on threads of its own where there are processors */
#include "library.h"
#include <cblas.h>
#include <math.h>

#define SIDE 120

static uint64_t work(int number)
{
	double *a = malloc(sizeof(double) * SIDE * SIDE), *b = malloc(sizeof(double) * SIDE * SIDE), *c = calloc(SIDE * SIDE, sizeof(double));
	for (int i = 0; i < SIDE * SIDE; i++)
		a[i] = (i * 7 + number) % 13, b[i] = (i * 3) % 11;
	for (int i = 0; i < 3; i++)
		cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, SIDE, SIDE, SIDE, 1.0, a, SIDE, b, SIDE, 0.5, c, SIDE);
	uint64_t result = 0;
	for (int i = 0; i < SIDE * SIDE; i += 17)
		result = digest_number(result, llround(c[i] * 8));
	free(a), free(b), free(c);
	return result;
}

LIBRARY(openblas, work)
