// SPDX-License-Identifier: Apache-2.0
// libs_iostream: a hundred functions format and parse with C++ streams, locales and regular expressions, and throw and
// catch exceptions, the library's and their own, through frames of libraries; paused in turn, each gets what it would
// get alone.
#include <algorithm>
#include <cstdlib>
#include <exception>
#include <functional>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <locale>
#include <map>
#include <memory>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <typeinfo>
#include <vector>
#include "libs.h"

namespace {

// Punctuation of the program's own: the library finds it by dynamic_cast and by the address of numpunct<char>::id.
struct Grouped : std::numpunct<char> {
	char mark;
	explicit Grouped(char mark) : mark(mark) {}
	char do_thousands_sep() const override { return mark; }
	char do_decimal_point() const override { return ','; }
	std::string do_grouping() const override { return "\3"; }
	std::string do_truename() const override { return "yes"; }
};

struct Shape {
	virtual ~Shape() = default;
	virtual int corners() const = 0;
};
struct Square : Shape {
	int corners() const override { return 4; }
};
struct Fault : std::runtime_error {
	int number;
	explicit Fault(int number) : std::runtime_error("fault " + std::to_string(number)), number(number) {}
};

std::string numbers(int number)
{
	std::ostringstream out;
	for (int i = 0; i < 6; i++)
		out << std::setw(12) << std::setfill('*') << std::fixed << std::setprecision(i) << number / 7.0 + i << '|' << std::hex
		    << std::showbase << number * 1001 + i << std::dec << '|' << std::scientific << 1e10 / (i + 1 + number) << '\n';
	std::istringstream in(out.str());
	std::string line, back;
	while (std::getline(in, line))
		back.insert(0, line + ";");
	return back;
}

std::string locales(int number)
{
	std::ostringstream out;
	out.imbue(std::locale(std::locale::classic(), new Grouped(number % 2 ? '.' : '\'')));
	out << number * 1234567 << ' ' << number * 12345.678 << ' ' << std::boolalpha << (number % 3 == 0) << ' ';
	std::tm when = {};
	when.tm_year = 100 + number % 30;
	when.tm_mon = number % 12;
	when.tm_mday = 1 + number % 28;
	out << std::put_time(&when, "%d %B %Y") << ' ' << std::put_money(number * 100);
	std::istringstream in("1.234.567,25 yes");
	in.imbue(std::locale(std::locale::classic(), new Grouped('.')));
	double value = 0;
	in >> value;
	std::locale copy = in.getloc();
	out << ' ' << value << ' ' << std::has_facet<std::ctype<char>>(copy) << std::use_facet<std::numpunct<char>>(copy).truename();
	try {
		out << std::locale("no_SUCH.locale").name();
	} catch (const std::runtime_error &error) {
		out << error.what();
	}
	return out.str();
}

std::string expressions(int number)
{
	std::string text = "a1b22c333 key=" + std::to_string(number) + " other=value", found;
	const std::regex pair("(\\w+)=(\\w+)"), digits("[[:digit:]]{2,}");
	for (std::sregex_iterator at(text.begin(), text.end(), pair), end; at != end; ++at)
		found += (*at)[2].str() + "<-" + (*at)[1].str() + ";";
	found += std::regex_replace(text, digits, "<$&>");
	for (const char *wrong : { "(open", "[z-a]", "a{3,1}", "*" })
		try {
			found += std::regex_search(text, std::regex(wrong)) ? "found" : "not found";
		} catch (const std::regex_error &error) {
			found += std::to_string(error.code()) + error.what();
		}
	return found;
}

// What the library throws, caught by exact type, by base, and again after being kept and nested.
std::string library_faults(int number)
{
	const std::vector<std::function<void()>> faults = {
		[=] { std::vector<int>(3).at(static_cast<size_t>(number) + 3); },
		[=] { std::string("short").substr(static_cast<size_t>(number) + 9); },
		[=] { std::stoi("number " + std::to_string(number)); },
		[=] { std::stoi("99999999999" + std::to_string(number)); },
		[=] { std::map<int, int>().at(number); },
		[] { dynamic_cast<const std::numpunct<char> &>(static_cast<const std::locale::facet &>(
			std::use_facet<std::ctype<char>>(std::locale::classic()))); },
		[] { std::function<void()>()(); },
		[] {
			std::istringstream in("word");
			in.exceptions(std::ios::failbit);
			int value;
			in >> value;
		},
		[] { throw std::system_error(std::make_error_code(std::errc::no_such_file_or_directory), "opening"); },
		[] { std::vector<int>().reserve(static_cast<size_t>(-1)); },
	};
	std::string all;
	for (const auto &fault : faults) {
		std::exception_ptr kept;
		try {
			try {
				fault();
			} catch (const std::logic_error &) {
				std::throw_with_nested(Fault(number));
			}
		} catch (...) {
			kept = std::current_exception();
		}
		try {
			if (kept)
				std::rethrow_exception(kept);
		} catch (const Fault &error) {
			all += std::to_string(error.number) + error.what();
			try {
				std::rethrow_if_nested(error);
			} catch (const std::out_of_range &inner) {
				all += std::string(" out of range: ") + inner.what();
			} catch (const std::exception &inner) {
				all += std::string(" ") + typeid(inner).name() + inner.what();
			}
		} catch (const std::system_error &error) {
			all += error.code().message() + error.code().category().name() +
				(error.code() == std::errc::no_such_file_or_directory ? "!" : "?");
		} catch (const std::exception &error) {
			all += std::string(typeid(error).name()) + error.what();
		}
		all += '\n';
	}
	return all;
}

struct Counted {
	int *alive;
	explicit Counted(int *alive) : alive(alive) { ++*alive; }
	~Counted() { --*alive; }
};

thread_local int comparisons_left;
int compare_or_throw(const void *a, const void *b)
{
	int x = *static_cast<const int *>(a), y = *static_cast<const int *>(b);
	if (--comparisons_left == 0)
		throw Fault(x * 100 + y);
	return x - y;
}

// Destroyed by the unwinder on the way, between frames of the library.
struct ThrowingBuffer : std::streambuf {
	int left;
	explicit ThrowingBuffer(int left) : left(left) {}
	int_type overflow(int_type c) override
	{
		if (--left == 0)
			throw Fault(c);
		return c;
	}
};

// What the program throws through frames of libc (qsort), of libstdc++ (ostream, future work kept in a function) and
// of templates of its own.
std::string own_faults(int number)
{
	std::string all;
	int alive = 0;
	int values[24];
	for (int i = 0; i < 24; i++)
		values[i] = (i * 17 + number) % 29;
	for (int limit : { 5, 40, 100000 }) {
		Counted outer(&alive);
		comparisons_left = limit;
		try {
			Counted inner(&alive);
			std::qsort(values, 24, sizeof *values, compare_or_throw);
			all += "sorted";
		} catch (const std::exception &error) {
			all += error.what();
		}
	}
	std::vector<std::string> words = { "pear", "apple", "fig", "plum", "cherry", "date" };
	int left = 6 + number % 5;
	try {
		std::sort(words.begin(), words.end(), [&](const std::string &a, const std::string &b) {
			Counted inside(&alive);
			if (--left == 0)
				throw a.size() * 10 + b.size();
			return a < b;
		});
	} catch (size_t &thrown) {
		all += std::to_string(thrown);
	}
	ThrowingBuffer buffer(3 + number % 4);
	std::ostream out(&buffer);
	out << "text " << number; // the stream catches it, and is bad
	all += out.bad() ? "bad" : "good";
	out.clear();
	buffer.left = 4;
	out.exceptions(std::ios::badbit); // the stream lets it out
	try {
		out << "more text" << std::endl;
	} catch (const Fault &error) {
		all += error.what();
	}
	std::unique_ptr<Shape> shape(new Square);
	all += dynamic_cast<Square *>(shape.get()) && typeid(*shape) == typeid(Square) ? typeid(*shape).name() : "no square";
	return all + std::to_string(shape->corners()) + (alive == 0 ? "none left" : "some left");
}

using Work = std::string (*)(int);
const Work works[] = { numbers, locales, expressions, library_faults, own_faults };

uint64_t once(int number)
{
	std::string text;
	try {
		text = works[number % 5](number);
	} catch (const std::exception &error) { // none comes this far; if one does, the result is wrong and the others go on
		text = error.what();
	}
	return libs_digest(0, text.data(), text.size());
}

}

int main()
{
	plan(5 + LIBS_TESTS);
	ok(numbers(14).find("|0x36be|") != std::string::npos, "numbers are formatted");
	ok(locales(3).find("3.703.701 37.037 yes") == 0, "facets of the program are used");
	ok(expressions(8).find("8<-key;value<-other;a1b<22>c<333>") == 0, "expressions are found");
	ok(library_faults(5).find("fault 5 out of range: vector") != std::string::npos, "the library's exceptions are caught");
	ok(own_faults(2).find("none left") != std::string::npos, "the program's own are, and all is destroyed");
	libs_run("C++ streams and exceptions", once);
	return done();
}
