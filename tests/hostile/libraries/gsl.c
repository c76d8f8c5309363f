/* SPDX-License-Identifier: Apache-2.0 */
/* gsl (libgsl-dev: gsl): integrates, finds roots, solves equations, interpolates */
#include "library.h"
#include <gsl/gsl_integration.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_sf_bessel.h>
#include <gsl/gsl_spline.h>
#include <math.h>

static double f(double x, void *n) { return sin(x * *(int *)n + 1) * exp(-x); }

static uint64_t work(int number)
{
	gsl_integration_workspace *space = gsl_integration_workspace_alloc(200);
	gsl_function function = { f, &number };
	double value = 0, error = 0, x[50], y[50];
	gsl_integration_qags(&function, 0, 10, 0, 1e-7, 200, space, &value, &error);
	gsl_integration_workspace_free(space);
	uint64_t result = digest_number(0, llround(value * 1e6));
	gsl_matrix *m = gsl_matrix_alloc(30, 30);
	gsl_vector *b = gsl_vector_alloc(30), *s = gsl_vector_alloc(30);
	gsl_permutation *p = gsl_permutation_alloc(30);
	int sign;
	for (size_t i = 0; i < 30; i++) {
		gsl_vector_set(b, i, (double)i + number);
		for (size_t k = 0; k < 30; k++)
			gsl_matrix_set(m, i, k, i == k ? 40 : gsl_sf_bessel_J0((double)(i * k)));
	}
	gsl_linalg_LU_decomp(m, p, &sign);
	gsl_linalg_LU_solve(m, p, b, s);
	result = digest_number(result, llround(gsl_vector_get(s, 7) * 1e6));
	gsl_matrix_free(m), gsl_vector_free(b), gsl_vector_free(s), gsl_permutation_free(p);
	for (int i = 0; i < 50; i++)
		x[i] = i, y[i] = cos(i * 0.3 + number);
	gsl_interp_accel *accel = gsl_interp_accel_alloc();
	gsl_spline *spline = gsl_spline_alloc(gsl_interp_cspline, 50);
	gsl_spline_init(spline, x, y, 50);
	for (int i = 0; i < 100; i++)
		result = digest_number(result, llround(gsl_spline_eval(spline, i * 0.4, accel) * 1e6));
	gsl_spline_free(spline), gsl_interp_accel_free(accel);
	return result;
}

LIBRARY(gsl, work)
