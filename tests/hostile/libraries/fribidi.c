/* SPDX-License-Identifier: Apache-2.0 */
/* fribidi (libfribidi-dev: fribidi): orders text that goes both ways */
#include "library.h"
#include <fribidi.h>

static uint64_t work(int number)
{
	FriBidiChar text[300], seen[301];
	FriBidiParType base = FRIBIDI_PAR_ON;
	uint64_t result = 0;
	for (int i = 0; i < 300; i++)
		text[i] = (i / (5 + number)) % 2 ? 0x5d0 + (FriBidiChar)(i % 26) : 'a' + (FriBidiChar)(i % 26);
	for (int i = 0; i < 20; i++) {
		result = digest_number(result, fribidi_log2vis(text, 300 - i, &base, seen, NULL, NULL, NULL));
		result = digest(result, seen, (size_t)(300 - i) * sizeof *seen);
	}
	return result;
}

LIBRARY(fribidi, work)
