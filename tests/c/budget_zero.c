/* SPDX-License-Identifier: Apache-2.0 */
/* budget_zero: a budget of 0 prepares a call without running any of it. */
#include "helpers.h"

static int ran;
static void run(void *arg) { ran += *(int *)arg; }

int main(void)
{
	int one = 1;
	plan(13);
	linger_t call = launch(run, 0, &one);
	ok(call.continuation && !call.is_complete && !call.yielded, "launch with a budget of 0 gives a paused call");
	is_int(ran, 0, "nothing has run");
	is_int(resume(&call, 0), 0, "resume with a budget of 0 succeeds");
	ok(call.continuation && !call.is_complete && ran == 0, "and does nothing");
	is_int(resume(&call, TO_COMPLETION), 0, "resume with a budget succeeds");
	ok(call.is_complete && !call.continuation, "and completes it");
	is_int(ran, 1, "the function ran once");

	call = launch(run, 0, &one);
	is_int(cancel(&call), 0, "a prepared call can be cancelled");
	ok(!call.continuation && !call.is_complete, "nothing is left of it");
	is_int(ran, 1, "the function never ran");

	linger_t many[100];
	int prepared = 0;
	for (int i = 0; i < 100; i++) {
		many[i] = launch(run, 0, &one);
		prepared += many[i].continuation != NULL;
	}
	is_int(prepared, 100, "a hundred calls can be prepared");
	is_int(ran, 1, "none has run");
	for (int i = 99; i >= 0; i--)
		resume(&many[i], 1000000);
	is_int(ran, 101, "all run when resumed");
	return done();
}
