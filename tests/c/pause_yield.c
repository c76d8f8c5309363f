/* SPDX-License-Identifier: Apache-2.0 */
/* pause_yield: inger_pause() gives the rest of the budget back; outside of a preemptible function it does nothing. */
#include "helpers.h"

static volatile int step;
static void steps(void *arg)
{
	int count = *(int *)arg;
	while (step < count) {
		step++;
		inger_pause();
	}
}

static int stop;
static void pause_then_spin(void *arg)
{
	inger_pause();
	spin(arg);
}

int main(void)
{
	int five = 5;
	plan(15);
	inger_pause();
	ok(1, "outside of a preemptible function it returns");

	linger_t call = launch(steps, TO_COMPLETION, &five);
	ok(call.continuation && !call.is_complete && call.yielded, "launch returns with yielded set");
	is_int(step, 1, "the function stopped there");
	is_int(resume(&call, 0), 0, "resume with a budget of 0 succeeds");
	ok(step == 1 && call.yielded, "and changes nothing");
	int in_order = 0;
	for (int i = 2; i <= 5; i++)
		in_order += resume(&call, TO_COMPLETION) == 0 && call.yielded && step == i;
	is_int(in_order, 4, "each resume goes to the next pause");
	is_int(resume(&call, 10000000), 0, "the last resume succeeds");
	ok(call.is_complete && !call.yielded && !call.continuation, "the call is complete, no longer yielded");

	call = launch(pause_then_spin, 1000000, &stop);
	ok(call.yielded, "yielded, with budget left");
	is_int(resume(&call, 500), 0, "resume succeeds");
	ok(call.continuation && !call.is_complete && !call.yielded, "paused by the clock: yielded is not set any more");
	is_int(cancel(&call), 0, "it can be cancelled");

	linger_t calls[8];
	int one_each = 0, complete = 0;
	int many = 1000000;
	step = 0;
	for (int i = 0; i < 8; i++)
		calls[i] = launch(steps, TO_COMPLETION, &many);
	for (int turn = 0; turn < 1000; turn++)
		for (int i = 0; i < 8; i++) {
			int before = step;
			one_each += resume(&calls[i], TO_COMPLETION) == 0 && calls[i].yielded && step == before + 1;
		}
	is_int(one_each, 8000, "eight calls take turns");
	is_int(step, 8008, "no step was lost");
	many = 0;
	step = 1 << 30;
	for (int i = 0; i < 8; i++)
		complete += resume(&calls[i], TO_COMPLETION) == 0 && calls[i].is_complete;
	is_int(complete, 8, "all complete");
	return done();
}
