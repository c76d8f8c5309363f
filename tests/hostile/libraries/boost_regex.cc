// SPDX-License-Identifier: Apache-2.0
// boost_regex (libboost-regex-dev: -lboost_regex): compiles patterns and matches, in C++
#include "library.h"
#include <boost/regex.hpp>
#include <string>

static uint64_t work(int number)
{
	static const char *const patterns[] = { "(\\w+)-(\\w+)", "(a|al)+pha", "12.{1,40}end", "gamma", "([a-z]+) \\1", "the", "of (\\w)", "na.." };
	char text[1500];
	sample_text(text, sizeof text, number);
	boost::regex pattern(patterns[number]);
	std::string all(text);
	uint64_t result = 0;
	for (boost::sregex_iterator at(all.begin(), all.end(), pattern), end; at != end; ++at)
		result = digest_text(digest_number(result, at->position()), at->str().c_str());
	try {
		boost::regex wrong("(unclosed");
	} catch (const boost::regex_error &e) {
		result = digest_number(result, e.code());
	}
	return digest_text(result, boost::regex_replace(all, pattern, "<$&>").c_str());
}

LIBRARY(boost_regex, work)
