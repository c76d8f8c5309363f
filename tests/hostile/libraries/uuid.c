/* SPDX-License-Identifier: Apache-2.0 */
/* uuid (uuid-dev: uuid): makes names from names, writes and reads them */
#include "library.h"
#include <uuid.h>

static uint64_t work(int number)
{
	uint64_t result = 0;
	for (int i = 0; i < 500; i++) {
		char text[40];
		uuid_t made, back;
		snprintf(text, sizeof text, "name %d %d", i, number);
		uuid_generate_sha1(made, *uuid_get_template("dns"), text, strlen(text));
		uuid_unparse(made, text);
		result = digest_number(digest_text(result, text), uuid_parse(text, back));
		result = digest_number(result, uuid_compare(made, back));
		uuid_generate(back);
		result = digest_number(result, uuid_type(back));
	}
	return result;
}

LIBRARY(uuid, work)
