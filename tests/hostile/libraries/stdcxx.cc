// SPDX-License-Identifier: Apache-2.0
// stdcxx (libstdc++-12-dev: -lstdc++): streams, expressions, maps and exceptions of the C++ library
#include "library.h"
#include <map>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>

static uint64_t work(int number)
{
	std::map<std::string, int> counts;
	std::ostringstream out;
	uint64_t result = 0;
	for (int i = 0; i < 300; i++)
		counts["word " + std::to_string(i * number % 37)]++;
	for (const auto &entry : counts)
		out << entry.first << '=' << entry.second << ' ' << entry.second * 0.25 << '\n';
	std::string text = out.str();
	std::regex pattern("word (\\d+)=(\\d+)");
	for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at)
		result = digest_text(result, at->str(2).c_str());
	for (int i = 0; i < 20; i++)
		try {
			throw std::runtime_error(std::to_string(i * number));
		} catch (const std::exception &e) {
			result = digest_text(result, e.what());
		}
	return result;
}

LIBRARY(stdcxx, work)
