/* SPDX-License-Identifier: Apache-2.0 */
/* pcre2 (libpcre2-dev: -lpcre2-8): compiles patterns, with its own compiler to machine code as well, and matches */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "library.h"
#include <pcre2.h>

static uint64_t work(int number)
{
	static const char *const patterns[] = { "(\\w+)@(\\w+)", "(a|al)+pha", "\\b12\\b.*end", "(?i)GAMMA-(ray)", "([a-z]+) \\1", "^the", "(?<=of )\\w", "na.ve" };
	char text[2000];
	int error;
	PCRE2_SIZE offset;
	uint64_t result = 0;
	sample_text(text, sizeof text, number);
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)patterns[number % 8], PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_MULTILINE, &error, &offset, NULL);
	result = digest_number(result, pcre2_jit_compile(code, PCRE2_JIT_COMPLETE));
	pcre2_match_data *match = pcre2_match_data_create_from_pattern(code, NULL);
	for (int i = 0; i < 20; i++) {
		int found = pcre2_match(code, (PCRE2_SPTR)text, strlen(text), (PCRE2_SIZE)i * 20, i % 2 ? PCRE2_NO_JIT : 0, match, NULL);
		result = digest_number(result, found);
		if (found > 0)
			result = digest(result, pcre2_get_ovector_pointer(match), (size_t)found * 2 * sizeof(PCRE2_SIZE));
	}
	pcre2_match_data_free(match);
	pcre2_code_free(code);
	return result;
}

LIBRARY(pcre2, work)
