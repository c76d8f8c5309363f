/* SPDX-License-Identifier: Apache-2.0 */
/* tiny_budgets: budgets of 1, 2, 5 and 10 us, below the cost of a signal, still make progress and finish. */
#include "helpers.h"

#define STEPS 500000

static void compute(void *arg) { *(uint64_t *)arg = work(*(uint64_t *)arg, STEPS); }
static void allocate(void *arg)
{
	for (int i = 0; i < 3000; i++) {
		char *block = malloc((size_t)(i % 500 + 1));
		block[0] = (char)i;
		*(uint64_t *)arg += block[0] == (char)i;
		free(block);
	}
}

int main(void)
{
	static const uint64_t budgets[] = { 1, 2, 5, 10 };
	plan(9);
	for (int i = 0; i < 4; i++) {
		uint64_t value = budgets[i], blocks = 0;
		long pauses = run_sliced(compute, &value, budgets[i]);
		ok(pauses >= 0 && value == work(budgets[i], STEPS), "%d us: a computation finishes right (%ld pauses)", (int)budgets[i], pauses);
		pauses = run_sliced(allocate, &blocks, budgets[i]);
		ok(pauses >= 0 && blocks == 3000, "%d us: malloc and free finish right (%ld pauses)", (int)budgets[i], pauses);
	}
	uint64_t state = random_seed(), value = 1;
	linger_t call = launch(compute, 1, &value);
	while (!call.is_complete && resume(&call, random_range(&state, 1, 12)) == 0)
		;
	ok(call.is_complete && value == work(1, STEPS), "random tiny budgets finish right");
	return done();
}
