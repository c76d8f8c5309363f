// SPDX-License-Identifier: Apache-2.0
// re2 (libre2-dev: re2): compiles patterns and matches, in C++
#include "library.h"
#include <re2/re2.h>
#include <string>

static uint64_t work(int number)
{
	static const char *const patterns[] = { "(\\w+)-(\\w+)", "(a|al)+pha", "12.*end", "(?i)GAMMA", "([a-z]+) the", "the (of)", "of (\\w)", "na.ve" };
	char text[2000];
	sample_text(text, sizeof text, number);
	RE2 pattern(patterns[number]);
	std::string word;
	re2::StringPiece rest(text);
	uint64_t result = digest_number(0, pattern.ok());
	int found = 0;
	while (found < 50 && RE2::FindAndConsume(&rest, pattern, &word))
		result = digest_text(result, word.c_str()), found++;
	std::string all(text);
	result = digest_number(result, RE2::GlobalReplace(&all, pattern, "<\\0>"));
	return digest_number(digest_text(result, all.c_str()), found);
}

LIBRARY(re2, work)
