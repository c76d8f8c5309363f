/* SPDX-License-Identifier: Apache-2.0 */
/* many_paused: 10,000 paused calls that share the program's libraries, on one thread, each resumed in turn, at no more than 16 KiB of memory each. */
#include "helpers.h"

#define CALLS 10000
#define ROUNDS 2

struct task {
	linger_t call;
	volatile uint64_t value;
	volatile int stop;
};
static struct task tasks[CALLS];

/* Half of them give way by themselves, half are paused by the clock. */
static void yields(void *arg)
{
	struct task *t = arg;
	while (!t->stop) {
		t->value = work(t->value, 10);
		inger_pause();
	}
}
static void counts(void *arg)
{
	struct task *t = arg;
	while (!t->stop)
		t->value++;
}

int main(void)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = INGER_SHARED;
	plan(7);
	for (int i = 0; i < 200; i++) { /* the first few fill tables and pools */
		linger_t call = inger_launch_attr(counts, 50, &tasks[0], &attr);
		cancel(&call);
	}
	long before = resident_kib();
	int paused = 0;
	for (int i = 0; i < CALLS; i++) {
		tasks[i].value = 0;
		tasks[i].call = inger_launch_attr(i % 2 ? yields : counts, i % 2 ? TO_COMPLETION : 20, &tasks[i], &attr);
		paused += tasks[i].call.continuation && !tasks[i].call.is_complete;
		if (!tasks[i].call.continuation)
			bail("launch");
	}
	is_int(paused, CALLS, "%d calls are paused at the same time", CALLS);
	double each = (double)(resident_kib() - before) / CALLS;
	diag("%.2f KiB resident for each", each);
	ok(each <= 16.0, "each takes at most 16 KiB");

	int moved = 0;
	for (int round = 0; round < ROUNDS; round++)
		for (int i = 0; i < CALLS; i++) {
			uint64_t value = tasks[i].value;
			if (resume(&tasks[i].call, i % 2 ? TO_COMPLETION : 20) != 0)
				bail("resume");
			moved += tasks[i].value != value || tasks[i].call.is_complete;
		}
	diag("%.2f KiB resident for each after %d rounds", (double)(resident_kib() - before) / CALLS, ROUNDS);
	/* A budget of 20 us may be gone before the function's first turn: the others must all have moved. */
	ok(moved >= ROUNDS * CALLS / 2, "each is resumed in turn, twice (%d moved)", moved);
	int right = 0;
	for (int i = 1; i < CALLS; i += 2)
		right += tasks[i].value == work(0, 10 * (ROUNDS + 1));
	is_int(right, CALLS / 2, "each that gives way has done its own steps");
	int complete = 0, cancelled = 0;
	for (int i = 0; i < CALLS; i++) {
		tasks[i].stop = 1;
		if (i % 4 < 2)
			complete += resume(&tasks[i].call, TO_COMPLETION) == 0 && tasks[i].call.is_complete;
		else
			cancelled += cancel(&tasks[i].call) == 0;
	}
	is_int(complete, CALLS / 2, "half of them complete");
	is_int(cancelled, CALLS / 2, "half of them are cancelled");
	linger_t call = launch(counts, TO_COMPLETION, &tasks[0]);
	ok(call.is_complete, "launch works afterwards");
	return done();
}
