// SPDX-License-Identifier: Apache-2.0
// limit_cxx_lib: liblimit_cxx.so, see limit_cxx.h.
#include <csetjmp>
#include <execinfo.h>
#include <regex>
#include <unistd.h>
#include "limit_cxx.h"

int cxx_alive;

namespace {
struct Guard {
	Guard() { __atomic_add_fetch(&cxx_alive, 1, __ATOMIC_RELAXED); }
	~Guard() { __atomic_sub_fetch(&cxx_alive, 1, __ATOMIC_RELAXED); }
};

__attribute__((noinline)) void descend(long depth, long value)
{
	Guard guard;
	if (depth == 0)
		throw Thrown{value, "thrown " + std::to_string(value)};
	descend(depth - 1, value);
	__asm__ volatile("");
}
}

long cxx_throw(long value)
{
	descend(value % 7, value);
	__builtin_unreachable();
}

long cxx_call(cxx_function *f, long value)
{
	Guard guard;
	return f(value) + 1;
}

long cxx_plain(cxx_function *f, long value)
{
	long result = f(value);
	__asm__ volatile("" : "+r"(result));
	return result + 1;
}

long cxx_tail(cxx_function *f, long value) { return cxx_plain(f, value); }
long cxx_tail_spin(long value) { return cxx_spin(value); }

long cxx_rethrow(cxx_function *f, long value)
{
	Guard guard;
	try {
		return f(value) + 1;
	} catch (...) {
		Guard another;
		throw;
	}
}

long cxx_replace(cxx_function *f, long value)
{
	Guard guard;
	try {
		return f(value) + 1;
	} catch (const Thrown &t) {
		throw Thrown{t.value + 1000, t.text};
	}
}

long cxx_catch(cxx_function *f, long value)
{
	Guard guard;
	try {
		return f(value) + 1;
	} catch (const Thrown &t) {
		return -t.value;
	}
}

long cxx_spin(long value)
{
	for (volatile long at = value;;)
		at = at + 1;
}

long cxx_catch_spin(cxx_function *f, long value)
{
	try {
		f(value);
	} catch (const Thrown &t) {
		for (volatile long at = t.value;;)
			at = at + 1;
	}
	return 0;
}

long cxx_catching(long seed)
{
	for (volatile long at = seed;; at = at * 3 + 1) {
		try {
			descend(at & 7, at);
		} catch (const Thrown &t) {
			at = t.value + static_cast<long>(t.text.size());
			for (volatile long turns = at & 1023; turns > 0; turns = turns - 1)
				;
		}
	}
}

long cxx_jump_inside(long value)
{
	std::jmp_buf place;
	volatile long at = value;
	if (setjmp(place) == 0) {
		at = at + 1;
		std::longjmp(place, 1);
	}
	return at;
}

void cxx_error(void (*handler)(void *), void *arg)
{
	handler(arg);
	__builtin_trap();
}

long cxx_read(int fd)
{
	Guard guard;
	char byte;
	return read(fd, &byte, 1);
}

int cxx_frames(void **frames, int room)
{
	return backtrace(frames, room);
}

bool text::matches(const std::string &subject, const std::string &pattern)
{
	return std::regex_match(subject, std::regex(pattern));
}
