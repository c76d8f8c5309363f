/* SPDX-License-Identifier: Apache-2.0 */
/* fftw3 (libfftw3-dev: fftw3): plans and transforms there and back */
#include "library.h"
#include <fftw3.h>
#include <math.h>

static uint64_t work(int number)
{
	int n = 1024;
	fftw_complex *in = fftw_malloc(sizeof *in * (size_t)n), *out = fftw_malloc(sizeof *out * (size_t)n);
	fftw_plan there = fftw_plan_dft_1d(n, in, out, FFTW_FORWARD, FFTW_ESTIMATE);
	fftw_plan back = fftw_plan_dft_1d(n, out, in, FFTW_BACKWARD, FFTW_ESTIMATE);
	uint64_t result = 0;
	for (int i = 0; i < n; i++)
		in[i][0] = (i * (number + 3)) % 17, in[i][1] = i % 5;
	for (int i = 0; i < 8; i++) {
		fftw_execute(there);
		fftw_execute(back);
		for (int k = 0; k < n; k++)
			in[k][0] /= n, in[k][1] /= n;
	}
	for (int i = 0; i < n; i += 5)
		result = digest_number(digest_number(result, llround(out[i][0] * 100)), llround(in[i][1] * 100));
	fftw_destroy_plan(there), fftw_destroy_plan(back);
	fftw_free(in), fftw_free(out);
	return result;
}

LIBRARY(fftw3, work)
