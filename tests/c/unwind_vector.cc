// SPDX-License-Identifier: Apache-2.0
// unwind_vector: cancel() with INGER_UNWIND destroys nothing twice: not the elements of a vector that grows or is emptied, which are
// destroyed at calls that throw nothing, and not those of a place that is reached only after the function has run on.
#include <cstdlib>
#include <string>
#include <vector>
#include "helpers.h"

#define NOINLINE __attribute__((noinline))

static volatile int ready;
static volatile bool stay; // destructors do not come to an end
static volatile unsigned long sink;
static volatile int twice, destroyed;
static void (*volatile nothing)() = [] { sink++; };

// An element that knows whether it is. Its destructor throws nothing, and takes its time.
struct Element {
	enum : unsigned { WHOLE = 0x600d, GONE = 0xdead };
	volatile unsigned state = WHOLE;
	Element() {}
	Element(const Element &) { nothing(); } // may throw: a vector copies
	~Element()
	{
		if (state != WHOLE)
			twice = twice + 1;
		state = GONE;
		destroyed = destroyed + 1;
		ready = 1;
		while (stay)
			sink++;
	}
};

struct Text {
	std::string text;
	explicit Text(int n) : text(static_cast<size_t>(n % 100 + 20), 'x') {}
	Text(const Text &other) : text(other.text) {}
};

static void handler(void *count) { ++*static_cast<int *>(count); }
static int handlers;

static linger_t start(void (*function)(void *), uint32_t isolation, uint64_t budget_us)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.flags = INGER_UNWIND;
	attr.isolation = isolation;
	attr.cleanup_us = 10000000;
	return inger_launch_attr(function, budget_us, nullptr, &attr);
}

// ---- in a destructor that stays where it is
static NOINLINE void grow(std::vector<Element> &all)
{
	all.reserve(all.capacity() + 1); // the old ones go
	sink++;
}
static void growing(void *)
{
	inger_cleanup_push(handler, &handlers);
	std::vector<Element> all(3);
	grow(all);
	sink++;
}
static void clearing(void *)
{
	inger_cleanup_push(handler, &handlers);
	std::vector<Element> all(3);
	all.clear();
	nothing();
	sink++;
}
static void leaving(void *)
{
	inger_cleanup_push(handler, &handlers);
	std::vector<Element> outer(1);
	{
		std::vector<Element> inner(2);
		nothing();
	}
	nothing();
}

static void stays(void (*function)(void *), uint32_t isolation, const char *what)
{
	ready = 0, twice = 0, destroyed = 0, handlers = 0;
	stay = true;
	linger_t call = start(function, isolation, 200);
	while (call.continuation && !ready)
		resume(&call, 200);
	stay = true;
	bool cancelled = call.continuation && cancel(&call) == 0;
	stay = false;
	ok(cancelled && twice == 0 && destroyed == 1, "%s, a vector's element is not destroyed twice: %s", isolation == INGER_SHARED ? "shared" : "isolated", what);
	if (twice || destroyed != 1)
		diag("%d destroyed, %d of them twice", destroyed, twice);
	ok(handlers == 1, "and the cleanup handler has run");
}

// ---- anywhere
static void texts(void *)
{
	for (;;) {
		std::vector<Text> all;
		for (int i = 0; i < 50; i++)
			all.emplace_back(i);
	}
}
static bool anywhere(int times, uint32_t isolation)
{
	uint64_t state = random_seed();
	for (int i = 0; i < times; i++) {
		linger_t call = start(texts, isolation, random_range(&state, 20, 120));
		if (!call.continuation || cancel(&call) != 0)
			return false;
	}
	return true;
}

int main()
{
	plan(2 * 7);
	for (uint32_t isolation : { INGER_SHARED, INGER_ISOLATED }) {
		stays(growing, isolation, "it grows");
		stays(clearing, isolation, "it is emptied");
		stays(leaving, isolation, "it goes");
		ok(anywhere(isolation == INGER_SHARED ? 1500 : 500, isolation), "nor what is in one of strings, cancelled anywhere");
	}
	return done();
}
