// SPDX-License-Identifier: Apache-2.0
// storm_cxx.cc - works of C++: exceptions of all kinds, containers that grow, objects of each thread.
#include <map>
#include <memory>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>
#include "storm.h"

// WORK() has C names in C++ as well.
__attribute__((noinline)) static int dive(int depth, uint64_t value)
{
	std::string here(static_cast<size_t>(depth) % 40, 'x');
	if (depth == 0)
		throw std::runtime_error(std::to_string(value));
	return dive(depth - 1, value) + static_cast<int>(here.size());
}

WORK(exceptions, WORK_UNWINDS)
{
	for (int i = 0; i < 10; i++)
		try {
			dive(i * 3, j->random + static_cast<uint64_t>(i));
			right(!"dive() returned");
		} catch (const std::runtime_error &e) {
			right(e.what() == std::to_string(j->random + static_cast<uint64_t>(i)));
		}
}

WORK(rethrow, WORK_UNWINDS)
{
	int caught = 0;
	for (int i = 0; i < 5; i++)
		try {
			try {
				dive(5, 1);
			} catch (...) {
				std::exception_ptr kept = std::current_exception();
				if (!kept) /* the unwinding of a cancelled call comes by here, too, as that of pthread_cancel() does */
					throw;
				try {
					std::rethrow_exception(kept);
				} catch (const std::exception &) {
					caught++;
				}
				throw;
			}
		} catch (const std::runtime_error &) {
			caught++;
		}
	right(caught == 10);
}

WORK(containers, WORK_UNWINDS)
{
	std::map<std::string, std::vector<std::unique_ptr<int>>> tree;
	size_t total = 0;
	for (int i = 0; i < 300; i++)
		tree[std::to_string(i % 37)].emplace_back(new int(i));
	for (auto &entry : tree)
		for (auto &value : entry.second)
			total += static_cast<size_t>(*value);
	right(total == 299 * 300 / 2);
}

WORK(text, WORK_UNWINDS)
{
	std::ostringstream out;
	for (int i = 0; i < 50; i++)
		out << i << ' ' << i * 0.5 << '\n';
	std::istringstream in(out.str());
	double value;
	int number, read = 0;
	while (in >> number >> value)
		read += value == number * 0.5;
	right(read == 50);
}

WORK(matching, WORK_UNWINDS)
{
	static const char line[] = "key = value ; other=12";
	std::regex pattern("(\\w+)\\s*=\\s*(\\w+)");
	std::cmatch match;
	right(std::regex_search(line, match, pattern) && match[2] == "value");
}

struct counted {
	std::string text = std::string(100, 'y');
	~counted() { text[0] = 'z'; }
};
static thread_local counted per_thread;
WORK(thread_objects, WORK_UNWINDS)
{
	right(per_thread.text.size() == 100 && per_thread.text[0] == 'y');
	per_thread.text[1] = 'q';
	right(per_thread.text[1] == 'q');
}
