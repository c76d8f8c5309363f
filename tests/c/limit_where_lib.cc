// SPDX-License-Identifier: Apache-2.0
// limit_where_lib: liblimit_where.so, see limit_where.h.
#include "limit_where.h"

static __attribute__((noinline)) long forever(long value)
{
	for (volatile long at = value;;)
		at = at + 1;
}

long where_spin(long value) { return forever(value); }
long where_quick(long value) { return value + 1; }
long where_call(where_function *f, long value)
{
	volatile long kept = value;
	return f(value) + kept - value + 1;
}
long where_weak(long value) { return forever(value + 1); }

static long chosen(long value) { return value + 2; }
static long chosen_spin(long value) { return forever(value + 2); }
extern "C" where_function *resolve_chosen() { return chosen; }
extern "C" where_function *resolve_chosen_spin() { return chosen_spin; }
long where_chosen(long) __attribute__((ifunc("resolve_chosen")));
long where_chosen_spin(long) __attribute__((ifunc("resolve_chosen_spin")));

extern "C" __attribute__((visibility("hidden"), noinline)) long where_hidden(long value)
{
	for (long n = 10000000; n > 0; n--)
		__asm__ volatile("");
	return value + 2;
}
long where_inside(long value) { return where_hidden(value) + 1; }

long Shape::turn(long value) { return forever(value); }
long Shape::grow(long value) { return size += value; }
Shape::~Shape() = default;
Shape *make_shape() { return new Shape{}; }
