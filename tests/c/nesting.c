/* SPDX-License-Identifier: Apache-2.0 */
/* nesting: launch inside of a preemptible function; the inner call is paused at the earlier of both deadlines. */
#include "helpers.h"

static volatile int outer_step, stop_inner;
static linger_t inner;

/* The inner budget is the shorter one: control comes back to the outer function. */
static void outer_short_inner(void *arg)
{
	inner = launch(spin, 500, (void *)&stop_inner);
	*(int *)arg = inner.continuation && !inner.is_complete && !inner.yielded;
	stop_inner = 1;
	*(int *)arg += resume(&inner, TO_COMPLETION) == 0 && inner.is_complete;
}

/* The outer budget is the shorter one: both stop, and control goes to the outermost caller. */
static volatile uint64_t turns;
static volatile int stop_turns;
static void count(void *arg)
{
	(void)arg;
	while (!stop_turns)
		turns++;
}
static void outer_long_inner(void *arg)
{
	outer_step = 1;
	inner = launch(count, *(uint64_t *)arg, NULL);
	outer_step = inner.is_complete ? 2 : 3;
	while (!inner.is_complete)
		if (resume(&inner, 700) != 0)
			return;
	outer_step = 4;
}

static int depth_seen;
static uint64_t level_result[4];
static void level(void *arg)
{
	size_t depth = (size_t)arg;
	depth_seen |= 1 << depth;
	if (depth < 3) {
		linger_t call = launch(level, 300, (void *)(depth + 1));
		while (!call.is_complete)
			if (resume(&call, 300) != 0)
				return;
	}
	level_result[depth] = work(depth, 3000000);
}

/* The outer function is paused while it holds a paused inner one. */
static linger_t held;
static volatile int holder_waits = 1;
static void holder(void *arg)
{
	held = launch(count, 300, NULL);
	while (holder_waits)
		;
	*(int *)arg = resume(&held, TO_COMPLETION) == 0 && held.is_complete;
}

static void yields(void *arg)
{
	inger_pause();
	*(int *)arg = 1;
}
static void outer_of_yields(void *arg)
{
	int *result = arg;
	linger_t call = launch(yields, TO_COMPLETION, &result[0]);
	result[1] = call.yielded && call.continuation && !call.is_complete;
	inger_pause(); /* now the outer one: its inner call stays paused */
	result[2] = resume(&call, TO_COMPLETION) == 0 && call.is_complete;
}

int main(void)
{
	int result = 0;
	plan(21);
	linger_t outer = launch(outer_short_inner, TO_COMPLETION, &result);
	ok(outer.is_complete && result == 2, "an inner call is paused at its own budget and resumed there");

	uint64_t budgets[] = { TO_COMPLETION, 3600000000u };
	for (int i = 0; i < 2; i++) {
		const char *kind = i ? "with a later deadline" : "without a deadline";
		stop_turns = 0, outer_step = 0, turns = 0;
		outer = launch(outer_long_inner, 1000, &budgets[i]);
		ok(outer.continuation && !outer.is_complete, "inner call %s: the outer deadline pauses both", kind);
		is_int(outer_step, 1, "inner call %s: the outer function has not gone on", kind);
		uint64_t before = turns;
		ok(before > 0 && resume(&outer, 1000) == 0 && turns > before, "inner call %s: resume lets it go on", kind);
		stop_turns = 1;
		ok(finish(&outer, 1000) >= 0 && outer_step == 4, "inner call %s: both complete", kind);
	}

	long pauses = run_sliced(level, (void *)0, 200);
	ok(pauses > 0, "three levels deep: the outermost is paused");
	is_int(depth_seen, 15, "three levels deep: each has run");
	int right = 0;
	for (uint64_t i = 0; i < 4; i++)
		right += level_result[i] == work(i, 3000000);
	is_int(right, 4, "three levels deep: each result is right");

	stop_turns = 0;
	result = 0;
	outer = launch(holder, 2000, &result);
	ok(outer.continuation && !outer.is_complete, "a function that holds a paused call is paused itself");
	while (!held.continuation)
		resume(&outer, 2000);
	errno = 0;
	linger_t copy = held;
	is_int(resume(&copy, 200), 0, "the call it holds can be resumed from outside");
	ok(copy.continuation && !copy.is_complete, "and is paused again");
	stop_turns = 1;
	holder_waits = 0;
	ok(finish(&outer, 1000) >= 0 && result == 1, "and from its holder, once that goes on");

	int results[3] = { 0, 0, 0 };
	outer = launch(outer_of_yields, TO_COMPLETION, results);
	ok(outer.yielded && outer.continuation, "inger_pause() in the outer function pauses the outer function");
	is_int(results[1], 1, "inger_pause() in the inner function had paused the inner one");
	is_int(results[0], 0, "which has not gone on");
	resume(&outer, TO_COMPLETION);
	ok(outer.is_complete, "the outer function completes");
	ok(results[0] == 1 && results[2] == 1, "and the inner one with it");
	return done();
}
