/* SPDX-License-Identifier: Apache-2.0 */
#include "isolate_loader_class.h"
#include <typeinfo>

static int counter, unwound;
static int *const to_inline = &loader_inline;
int *two_writable = &loader_inline;

Derived::~Derived() {}
std::string Derived::name() const { return "derived of " + Base::name(); }
int Derived::count() { return ++counter + 1000; }

Base *two_make() { return new Derived; }

namespace {
struct Unwinds {
	~Unwinds() { unwound++; }
};
}

void two_throw_through(int number)
{
	Unwinds unwinds;
	one_throw(number);
}

int two_unwound() { return unwound; }

bool two_catches(int number)
{
	try {
		one_throw(number);
	} catch (const std::runtime_error &e) {
		auto *problem = dynamic_cast<const Problem *>(&e);
		return problem && problem->number == number && e.what() == "problem " + std::to_string(number);
	}
	return false;
}

const std::type_info &two_type() { return typeid(Derived); }
int *two_inline() { return two_writable == to_inline ? to_inline : nullptr; }
int *two_holder() { return Holder<int>::place(); }
int *two_inline_place() { return loader_inline_place; }
