/* SPDX-License-Identifier: Apache-2.0 */
/* gmp (libgmp-dev: -lgmp): factorials, powers and primes of a thousand digits */
#include "library.h"
#include <gmp.h>

static uint64_t work(int number)
{
	mpz_t a, b, c;
	mpz_inits(a, b, c, NULL);
	mpz_fac_ui(a, 800 + (unsigned long)number);
	mpz_ui_pow_ui(b, 7, 900);
	mpz_gcd(c, a, b);
	mpz_add(c, c, b);
	mpz_powm_ui(c, c, 5, a);
	mpz_set_ui(b, 1000000007ul + (unsigned long)number);
	for (int i = 0; i < 5; i++)
		mpz_nextprime(b, b);
	char *text = mpz_get_str(NULL, 16, c);
	uint64_t result = digest_text(digest_number(0, (long long)mpz_get_ui(b)), text);
	free(text);
	mpz_clears(a, b, c, NULL);
	return result;
}

LIBRARY(gmp, work)
