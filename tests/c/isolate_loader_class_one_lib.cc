/* SPDX-License-Identifier: Apache-2.0 */
#include "isolate_loader_class.h"

static int counter, ended;

Base::~Base() {}
std::string Base::name() const { return "base"; }
int Base::count() { return ++counter; }
Problem::~Problem() {}

Base *one_make() { return new Base; }
void one_throw(int number) { throw Problem("problem " + std::to_string(number), number); }

namespace {
struct Slow {
	explicit Slow(int value) : value(value) {}
	~Slow() { value = -1; }
	int value;
};
struct Ends {
	~Ends() { ended++; }
	int value = 40;
};
thread_local Ends ends;
}

int one_static(int first)
{
	static Slow slow(first);
	return slow.value;
}

int one_dies() { return ended; }
int one_thread_local() { return ++ends.value; }
bool one_is_derived(Base *b) { return dynamic_cast<Derived *>(b) != nullptr; }
int *one_inline() { return &loader_inline; }
int *one_holder() { return Holder<int>::place(); }
int *one_inline_place() { return loader_inline_place; }
