/* SPDX-License-Identifier: Apache-2.0 */
/* idn2 (libidn2-dev: libidn2): encodes names of hosts */
#include "library.h"
#include <idn2.h>

static uint64_t work(int number)
{
	uint64_t result = 0;
	for (int i = 0; i < 60; i++) {
		char name[100], *out = NULL;
		snprintf(name, sizeof name, "bücher%d.例え%d.straße.org", i, number);
		result = digest_number(result, idn2_to_ascii_8z(name, &out, IDN2_NFC_INPUT));
		result = digest_text(result, out);
		idn2_free(out);
	}
	return result;
}

LIBRARY(idn2, work)
