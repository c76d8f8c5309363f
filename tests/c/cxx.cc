// SPDX-License-Identifier: Apache-2.0
// cxx: exceptions, destructors and thread_local objects inside preemptible functions; the header compiles as C++.
#include <cstdlib>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <search.h>
#include <string>
#include <vector>
#include "inger.h"
#include "tap.h"

static long finish(linger_t &call, uint64_t budget_us)
{
	long pauses = 0;
	for (; !call.is_complete; pauses++)
		if (!call.continuation || resume(&call, budget_us) != 0)
			return -1;
	return pauses;
}

static int alive;
struct Guard {
	std::string text;
	explicit Guard(int n) : text(static_cast<size_t>(n % 90 + 10), 'x') { alive++; }
	~Guard() { alive--; }
};

static __attribute__((noinline)) void descend(int depth, int value)
{
	Guard guard(depth);
	std::vector<int> numbers(static_cast<size_t>(depth + 1), value);
	if (depth == 0)
		throw std::runtime_error("thrown " + std::to_string(numbers.back()));
	descend(depth - 1, value);
	numbers.push_back(depth); // not a tail call: each frame has something to unwind
}

struct Throws {
	int rounds, caught;
};
static void throw_often(void *arg)
{
	Throws *t = static_cast<Throws *>(arg);
	for (int i = 0; i < t->rounds; i++) {
		try {
			descend(i % 20, i);
		} catch (const std::runtime_error &error) {
			t->caught += error.what() == "thrown " + std::to_string(i);
		}
	}
}

/* Thrown by a function that libc calls, in a section that is not paused, to whoever has called libc: the frame between them
 * keeps its return address elsewhere, and must not be taken for the one that catches. */
static int met;
static int compare(const void *, const void *)
{
	Guard guard(1);
	if (++met)
		throw std::runtime_error("compared");
	return 0;
}
static void throw_through_libc(void *arg)
{
	int *caught = static_cast<int *>(arg);
	for (int i = 0; i < 100; i++) {
		std::once_flag flag;
		int numbers[] = {3, 1, 2};
		try {
			std::call_once(flag, [] { Guard guard(1); throw std::runtime_error("once"); });
		} catch (const std::runtime_error &) {
			++*caught;
		}
		try {
			qsort(numbers, 3, sizeof *numbers, compare);
		} catch (const std::runtime_error &) {
			++*caught;
		}
		try {
			(void)tsearch(numbers, reinterpret_cast<void **>(&arg), compare);
		} catch (const std::runtime_error &) {
			++*caught;
		}
	}
}

static int constructed, destroyed, destroyed_value;
struct Local {
	int value = 41;
	Local() { constructed++; }
	~Local()
	{
		destroyed++;
		destroyed_value = value;
	}
};
static thread_local Local local;

static void use_local(void *arg)
{
	*static_cast<int *>(arg) = ++local.value;
	inger_pause();
	*static_cast<int *>(arg) = ++local.value;
}

static std::string *made;
static void make_string(void *)
{
	for (int i = 0; i < 200; i++) {
		std::unique_ptr<std::string> text(new std::string);
		for (int j = 0; j < 500; j++)
			*text += std::to_string(j);
		delete made;
		made = text.release();
	}
}

int main()
{
	plan(16);
	Throws inside = { 2000, 0 }, outside = { 3, 0 };
	linger_t call = launch(throw_often, 30, &inside);
	long pauses = 0, resumed = 0;
	while (!call.is_complete && resumed == 0) {
		throw_often(&outside); // the resuming side throws as well, while the other is somewhere in its unwinding
		resumed = resume(&call, 20 + static_cast<uint64_t>(pauses % 40));
		pauses++;
	}
	diag("%ld pauses", pauses);
	ok(call.is_complete && pauses > 0, "a function that throws is paused and completes");
	is_int(inside.caught, 2000, "each exception is caught inside");
	is_int(outside.caught, 3 * pauses, "each exception of the resuming side is caught there");
	int through = 0;
	call = launch(throw_through_libc, 50, &through);
	ok(finish(call, 50) >= 0, "a function that throws through libc is complete");
	is_int(through, 300, "each exception was caught where libc was called");

	is_int(alive, 0, "each guard was destroyed");

	int value = 0;
	local.value = 100;
	is_int(constructed, 1, "the program's own thread_local object");
	call = launch(use_local, TO_COMPLETION, &value);
	is_int(value, 42, "a call has a thread_local object of its own");
	ok(constructed == 2 && destroyed == 0, "made when first used");
	resume(&call, TO_COMPLETION);
	ok(call.is_complete && value == 43, "it keeps its value over a pause");
	is_int(destroyed, 1, "it is destroyed once, at completion");
	is_int(destroyed_value, 43, "with its last value");
	is_int(local.value, 100, "the program's own object is untouched");

	int right = 0;
	for (int i = 0; i < 1000; i++) {
		call = launch(use_local, TO_COMPLETION, &value);
		right += finish(call, TO_COMPLETION) == 1 && value == 43;
	}
	ok(right == 1000 && constructed == 1002 && destroyed == 1001, "a thousand calls: a thousand objects, all destroyed");

	call = launch(make_string, 50, nullptr);
	ok(finish(call, 50) > 0, "strings are built in slices");
	std::string want;
	for (int j = 0; j < 500; j++)
		want += std::to_string(j);
	ok(*made == want, "and are right");
	delete made;
	return done();
}
