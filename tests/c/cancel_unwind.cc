// SPDX-License-Identifier: Apache-2.0
// cancel_unwind: cancel() of a function launched with INGER_UNWIND runs the destructors of its objects.
#include <cstring>
#include <ctime>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>
#include "helpers.h"

#define NOINLINE __attribute__((noinline))

// What happened, in order; no string, whose memory would be the function's.
static char trace[4096];
static void note(const char *what) { strncat(trace, what, sizeof trace - strlen(trace) - 1); }

struct Noted {
	const char *name;
	std::string text; // something on the heap
	explicit Noted(const char *n) : name(n), text(100, *n) {}
	~Noted() { note(text == std::string(100, *name) ? name : "?"); }
};

static volatile int ready; // the function is where it is to be cancelled
static volatile int never;
static volatile unsigned long sink;

// A loop without a call, in a function that owns nothing: it has no table (a C++ exception with a constructor would make one).
static NOINLINE void compute()
{
	ready = 1;
	while (!never)
		sink = sink * 3 + 1;
	if (never > 1) // the compiler must not find that it throws nothing
		throw 1;
}

static linger_t start(void (*function)(void *), uint32_t isolation, uint64_t cleanup_us = 0)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.flags = INGER_UNWIND;
	attr.isolation = isolation;
	attr.cleanup_us = cleanup_us ? cleanup_us : 10000000;
	trace[0] = 0;
	ready = 0;
	linger_t call = inger_launch_attr(function, 200, nullptr, &attr);
	while (call.continuation && !ready)
		resume(&call, 200);
	if (call.continuation)
		resume(&call, 200); // well inside
	return call;
}

// What the trace is once a function has been cancelled.
static std::string cancelled(void (*function)(void *), uint32_t isolation, uint64_t cleanup_us = 0)
{
	linger_t call = start(function, isolation, cleanup_us);
	if (!call.continuation)
		return "not paused";
	if (cancel(&call) != 0)
		return "not cancelled";
	return trace;
}

static void expect(const char *want, void (*function)(void *), uint32_t isolation, const char *what,
		   uint64_t cleanup_us = 0)
{
	std::string seen = cancelled(function, isolation, cleanup_us);
	ok(seen == want, "%s, %s", isolation == INGER_SHARED ? "shared" : "isolated", what);
	if (seen != want)
		diag("\"%s\" instead of \"%s\"", seen.c_str(), want);
}

// ---- where it is cancelled

static NOINLINE void third()
{
	Noted c("c");
	compute();
	sink++;
}
static NOINLINE void second()
{
	Noted b("b");
	third();
	sink++;
}
static void in_callee(void *)
{
	Noted a("a");
	second();
	sink++;
}

static void in_pause(void *)
{
	Noted a("a");
	Noted b("b");
	ready = 1;
	for (;;)
		inger_pause();
}

static void in_sleep(void *)
{
	Noted a("a");
	ready = 1;
	for (;;) {
		struct timespec second = { 1, 0 };
		nanosleep(&second, nullptr);
	}
}

static NOINLINE void fill(std::map<int, std::string> &numbers)
{
	for (int i = 0;; i++) {
		numbers[i % 50] = std::string(static_cast<size_t>(i % 100), 'x') + std::to_string(i);
		if (i > 200)
			ready = 1;
	}
}
static void in_heap(void *)
{
	Noted a("a");
	std::map<int, std::string> numbers;
	fill(numbers);
	sink++;
}

// ---- what is on the way

static NOINLINE void no_way_out() noexcept
{
	Noted skipped("s");
	third();
	sink++;
}
static NOINLINE void before_that()
{
	Noted b("b");
	no_way_out();
	Noted never_made("n");
	sink++;
}
static void through_noexcept(void *)
{
	Noted a("a");
	before_that();
	Noted never_made("n");
	second();
}

static NOINLINE void swallow()
{
	Noted b("b");
	try {
		third();
	} catch (...) {
		note("(swallowed)");
	}
	note("(gone on)"); // what is done
	sink++;
}
static void swallowed(void *)
{
	Noted a("a");
	swallow();
	note("(gone on)");
}

static NOINLINE void again()
{
	Noted b("b");
	try {
		third();
	} catch (...) {
		note("(again)");
		throw;
	}
}
static void thrown_again(void *)
{
	Noted a("a");
	again();
	sink++;
}

static NOINLINE void while_handling()
{
	try {
		throw std::runtime_error("first");
	} catch (const std::exception &) {
		Noted b("b");
		compute();
		sink++;
	}
}
static void in_handler(void *)
{
	Noted a("a");
	try {
		while_handling();
	} catch (...) {
		note("(again)");
		throw;
	}
}

struct Local {
	std::string text = std::string(50, 'l');
	~Local() { note("(local)"); }
};
static thread_local Local local;
static void with_local(void *)
{
	Noted a("a");
	local.text += 'l';
	compute();
	sink++;
}

static void handler(void *name) { note(static_cast<const char *>(name)); }
static NOINLINE void second_with_handler()
{
	Noted b("b");
	inger_cleanup_push(handler, const_cast<char *>("2"));
	third();
	sink++;
}
static void with_handlers(void *)
{
	inger_cleanup_push(handler, const_cast<char *>("1"));
	Noted a("a");
	second_with_handler();
	sink++;
}

static NOINLINE void descend(int depth)
{
	Noted each(depth % 2 ? "o" : "e");
	if (depth > 0)
		descend(depth - 1);
	else
		compute();
	sink++;
}
static void deep(void *) { descend(1999); }

static NOINLINE void descend_noexcept(int depth) noexcept
{
	if (depth > 0)
		descend_noexcept(depth - 1);
	else
		compute();
	sink++;
}
static NOINLINE void above_noexcept()
{
	descend_noexcept(1000);
	third();
}
static void deep_noexcept(void *)
{
	Noted a("a");
	above_noexcept();
	sink++;
}

// ---- in the middle of a destructor

struct Slow {
	~Slow() { compute(); }
};
static NOINLINE void destroy_slowly()
{
	Slow slow;
	third();
}
static NOINLINE void leave_slowly()
{
	{
		Slow slow;
		sink++;
	}
	third();
}
static void in_destructor(void *)
{
	Noted a("a");
	leave_slowly();
	second();
}
static void destructor_forever(void *)
{
	Noted a("a");
	destroy_slowly();
	sink++;
}

// ---- a storm: nothing is lost, nothing destroyed twice

struct Counted {
	std::unique_ptr<std::string> text;
	Counted() : text(new std::string(60, 'c')) {}
};
static NOINLINE unsigned long counted(int depth)
{
	Counted one;
	unsigned long sum = depth > 0 ? counted(depth - 1) : 0;
	for (unsigned char c : *one.text)
		sum += c;
	std::vector<std::string> texts;
	for (int i = 0; i < 5; i++)
		texts.push_back(*one.text + std::to_string(i) + "too long for a string without a block");
	return sum + texts.size();
}
static void storm(void *)
{
	for (;;) {
		try {
			sink = counted(10);
			throw std::runtime_error("in the storm");
		} catch (const std::runtime_error &) {
			sink = counted(3);
		}
	}
}

static bool cancel_often(int times, uint32_t isolation)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.flags = INGER_UNWIND;
	attr.isolation = isolation;
	attr.cleanup_us = 10000000;
	uint64_t state = random_seed();
	for (int i = 0; i < times; i++) {
		linger_t call = inger_launch_attr(storm, random_range(&state, 5, 100), nullptr, &attr);
		if (!call.continuation || cancel(&call) != 0)
			return false;
	}
	return true;
}

static void all(uint32_t isolation)
{
	expect("cba", in_callee, isolation, "cancelled in a loop: destructors run, newest first");
	expect("ba", in_pause, isolation, "in inger_pause()");
	expect("a", in_sleep, isolation, "in nanosleep()");
	expect("a", in_heap, isolation, "in code that allocates");
	expect("c", through_noexcept, isolation, "what a noexcept function has called, and no further");
	expect("c(swallowed)ba", swallowed, isolation, "a catch (...) does not keep it");
	expect("c(again)ba", thrown_again, isolation, "nor one that throws again");
	expect("b(again)a", in_handler, isolation, "while another exception is handled");
	expect("a(local)", with_local, isolation, "thread_local objects after the others");
	expect("c2b1a", with_handlers, isolation, "cleanup handlers in their places");
	std::string want;
	for (int i = 0; i < 1000; i++)
		want += "eo";
	expect(want.c_str(), deep, isolation, "two thousand frames");
	expect("", deep_noexcept, isolation, "nothing above a thousand that are noexcept");
	expect("", in_destructor, isolation, "not in a destructor: its caller would destroy again");
	expect("c", destructor_forever, isolation, "a destructor without an end", 20000);
}

int main()
{
	plan(2 * 14 + 3);
	for (uint32_t isolation : { INGER_SHARED, INGER_ISOLATED })
		all(isolation);
	ok(cancel_often(soak() ? 100000 : 5000, INGER_SHARED), "cancelled anywhere, thousands of times");
	ok(cancel_often(soak() ? 20000 : 1000, INGER_ISOLATED), "isolated as well");
	ok(counted(10) > 0, "and the heap is still one");
	return done();
}
