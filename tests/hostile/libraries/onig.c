/* SPDX-License-Identifier: Apache-2.0 */
/* onig (libonig-dev: oniguruma): compiles patterns and searches */
#include "library.h"
#include <oniguruma.h>

static uint64_t work(int number)
{
	static const char *const patterns[] = { "(\\w+)-(\\w+)", "(a|al)+pha", "12.*end", "GAMMA", "([a-z]+) \\1", "^the", "(?<=of )\\w", "na.ve" };
	const unsigned char *pattern = (const unsigned char *)patterns[number];
	char text[2000];
	regex_t *expression = NULL;
	OnigErrorInfo info;
	sample_text(text, sizeof text, number);
	const unsigned char *start = (unsigned char *)text, *end = start + strlen(text);
	uint64_t result = digest_number(0, onig_new(&expression, pattern, pattern + strlen(patterns[number]), ONIG_OPTION_DEFAULT, ONIG_ENCODING_UTF8, ONIG_SYNTAX_DEFAULT, &info));
	OnigRegion *region = onig_region_new();
	for (int i = 0; i < 20; i++)
		result = digest_number(result, onig_search(expression, start, end, start + i * 30, end, region, ONIG_OPTION_NONE));
	onig_region_free(region, 1);
	onig_free(expression);
	return result;
}

LIBRARY(onig, work)
