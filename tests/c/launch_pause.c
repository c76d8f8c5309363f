/* SPDX-License-Identifier: Apache-2.0 */
/* launch_pause: a spinning function is paused at its budget, again and again, and goes on where it was. */
#include "helpers.h"

struct counter {
	volatile uint64_t turns;
	volatile int stop;
};

static void count(void *arg)
{
	struct counter *c = arg;
	while (!c->stop)
		c->turns++;
}

static uint64_t kept;
static void compute(void *arg) { kept = work((uint64_t)(uintptr_t)arg, 20000000); }

int main(void)
{
	struct counter c = { 0, 0 };
	uint64_t before;
	int moved = 0, still = 0;

	plan(12);
	linger_t call = launch(count, 1000, &c);
	ok(call.continuation != NULL, "launch returns a continuation for a function that does not return in time");
	ok(!call.is_complete, "the call is not complete");
	ok(!call.yielded, "the clock paused it, not inger_pause()");
	ok(c.turns > 0, "it has run");

	for (int i = 0; i < 20; i++) {
		before = c.turns;
		for (volatile int j = 0; j < 100000; j++)
			;
		still += c.turns == before;
		if (resume(&call, 500) != 0)
			bail("resume");
		moved += c.turns > before;
	}
	is_int(still, 20, "a paused function does not run");
	is_int(moved, 20, "each resume lets it go on");
	ok(call.continuation && !call.is_complete, "it is still paused after 20 slices");

	c.stop = 1;
	is_int(resume(&call, TO_COMPLETION), 0, "the last resume succeeds");
	ok(call.is_complete && !call.yielded, "and runs it to completion");
	ok(call.continuation == NULL, "a complete call has no continuation");

	long pauses = run_sliced(compute, (void *)12345, 300);
	ok(pauses > 0, "a computation is paused");
	ok(kept == work(12345, 20000000), "and its result is that of an uninterrupted one");
	diag("%ld pauses of the computation", pauses);
	return done();
}
