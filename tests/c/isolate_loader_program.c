/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_loader_program: every way in which a program gets at a library's function leads into the libset of the moment.
 * Built twice: as a position-independent program, and at a fixed address (isolate_loader_fixed.c), where the program has
 * an entry of its own that stands for each function's address. */
#include "helpers.h"
#include "isolate_loader_table.h"

typedef int next_function(void);

static next_function *const in_constants[] = { table_next, table_next };
static next_function *in_data = table_next;
static struct table whole = { table_next, table_start };
static next_function *kept; /* by main(), before anything was isolated */

static int back(int value) { return value + table_next(); }

struct steps {
	int start;
	int got[12], n;
	bool same_function, same_inside, same_shared, in_table;
	int shared;
};

/* Each must count the same counter. */
static void all_ways(void *arg)
{
	struct steps *s = arg;
	struct table filled;
	next_function *volatile local = table_next;
	table_start(s->start);
	s->got[s->n++] = table_next();
	s->got[s->n++] = in_constants[1]();
	s->got[s->n++] = in_data();
	s->got[s->n++] = whole.next();
	s->got[s->n++] = local();
	inger_pause();
	s->got[s->n++] = table_offered.next();
	s->got[s->n++] = table_inside()->next();
	table_fill(&filled);
	s->got[s->n++] = filled.next();
	s->got[s->n++] = table_function()();
	inger_pause();
	s->same_function = local == table_next && in_data == table_next && in_constants[0] == whole.next;
	s->in_table = table_offered.next != NULL;
	s->same_inside = table_is_next(table_function());
	table_shared++;
	s->same_shared = table_read_shared() == table_shared;
	s->got[s->n++] = local();
}

static bool counted(const struct steps *s)
{
	for (int i = 0; i < s->n; i++)
		if (s->got[i] != s->start + 1 + i) {
			diag("way %d: %d instead of %d", i, s->got[i], s->start + 1 + i);
			return false;
		}
	return s->n == 10;
}

static void pointers_to_program(void *arg) { *(int *)arg = table_call(back, 1000); }

/* What launch() is given: a function of the library by its address. */
static void test_launched_library_function(void)
{
	table_start(0);
	linger_t call = launch(table_start_by_address, TO_COMPLETION, (void *)77L);
	ok(call.is_complete, "a function of the library is launched");
	is_int(table_next(), 1, "and has worked on its libset's variable");
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = INGER_SHARED;
	call = inger_launch_attr(table_start_by_address, TO_COMPLETION, (void *)77L, &attr);
	ok(call.is_complete && table_next() == 78, "without isolation on the program's");
}

/* In a position-independent program an address that is taken after the first launch is another than before. */
static bool compares(void)
{
#ifdef __PIE__
	next_function *volatile kept = table_next;
#endif
	return kept == table_next && in_data == kept && whole.next == in_constants[1] && table_is_next(table_function());
}

int main(void)
{
	struct steps one = { .start = 100 }, other = { .start = 200 };
	plan(19);
	kept = table_next;
	ok(compares(), "functions compare equal before anything is isolated");
	table_start(500);
	linger_t calls[] = { launch(all_ways, TO_COMPLETION, &one), launch(all_ways, TO_COMPLETION, &other) };
	is_int(table_next(), 501, "the program counts its own");
	is_int(in_constants[0](), 502, "through a table of constants");
	is_int(in_data(), 503, "through a variable");
	is_int(kept(), 504, "through what was kept since before");
	ok(resume(&calls[1], TO_COMPLETION) == 0 && resume(&calls[0], TO_COMPLETION) == 0, "both go on");
	is_int(table_offered.next(), 505, "through a table of the library");
	is_int(table_inside()->next(), 506, "through one that it gives");
	int in_call = 0;
	linger_t call = launch(pointers_to_program, TO_COMPLETION, &in_call);
	ok(call.is_complete && in_call > 1000 && table_next() == 507, "a library that calls back finds its own libset (%d)", in_call);
	ok(finish(&calls[0], TO_COMPLETION) >= 0 && finish(&calls[1], TO_COMPLETION) >= 0, "both finish");
	ok(counted(&one), "every way counts the first function's counter");
	ok(counted(&other), "and the second's");
	ok(one.same_function && other.same_function && one.in_table, "pointers to one function are equal inside");
	ok(one.same_inside && other.same_inside, "and in the library");
	ok(one.same_shared && other.same_shared && table_shared == 5, "a variable that the program refers to is one: %d", table_shared);
	test_launched_library_function();
	ok(compares(), "functions compare equal in the program still");
	return done();
}
