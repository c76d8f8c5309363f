/* SPDX-License-Identifier: Apache-2.0 */
/* mpfr (libmpfr-dev: -lmpfr -lgmp): logarithms, roots and sines to a thousand bits */
#include "library.h"
#include <stdarg.h>
#include <mpfr.h>

static uint64_t work(int number)
{
	mpfr_t a, b;
	char *text;
	mpfr_inits2(1000, a, b, (mpfr_ptr)0);
	mpfr_set_ui(a, 2 + (unsigned long)number, MPFR_RNDN);
	mpfr_log(b, a, MPFR_RNDN);
	mpfr_sin(a, b, MPFR_RNDN);
	mpfr_exp(b, a, MPFR_RNDN);
	mpfr_const_pi(a, MPFR_RNDN);
	mpfr_atan2(a, a, b, MPFR_RNDN);
	mpfr_asprintf(&text, "%.250Rf", a);
	uint64_t result = digest_text(0, text);
	mpfr_free_str(text);
	mpfr_clears(a, b, (mpfr_ptr)0);
	mpfr_free_cache();
	return result;
}

LIBRARY(mpfr, work)
