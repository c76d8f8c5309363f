/* SPDX-License-Identifier: Apache-2.0 */
/* gomp (gcc: -fopenmp): sums on the threads of OpenMP */
#include "library.h"
#include <omp.h>

static uint64_t work(int number)
{
	uint64_t sum = 0;
#pragma omp parallel for num_threads(2) reduction(+ : sum)
	for (int i = 0; i < 100000; i++)
		sum += (uint64_t)i * (uint64_t)(i % (number + 3)) % 1009;
	return digest_number(0, (long long)sum);
}

LIBRARY(gomp, work)
