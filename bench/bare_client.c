/* SPDX-License-Identifier: Apache-2.0 */
/* bare_client.c - the side of a case: ask the bare process, collect. */
#include "bare.h"

#include "child.h"

static uint64_t ask(const struct bare_request *request, struct samples *s) {
	static struct child bare;
	if (!bare.pid)
		bare = child_start("bare", NULL, NULL);
	struct bare_answer answer;
	child_ask(&bare, request, sizeof(*request), &answer, sizeof(answer));
	for (uint64_t i = 0; i < answer.count; i++) {
		double value;
		child_read(&bare, &value, sizeof(value));
		samples_add(s, value);
	}
	return answer.interrupts;
}

uint64_t bare_sample(enum bare_op op, uint64_t argument, uint32_t count, struct samples *s) {
	struct bare_request request = { .op = op, .count = count, .argument = argument };
	return ask(&request, s);
}

uint64_t bare_interrupted(enum bare_op op, uint64_t rounds, double period_ns, struct samples *s) {
	struct bare_request request = { .op = op, .count = 1, .argument = rounds, .period_ns = (uint64_t)period_ns };
	return ask(&request, s);
}

void bare_late(enum bare_op op, uint64_t budget_us, uint32_t count, double limit_ns, struct samples *s) {
	struct bare_request request = { .op = op, .count = count, .argument = budget_us, .period_ns = (uint64_t)limit_ns };
	ask(&request, s);
}

void bare_watch(unsigned state, uint64_t depth, uint64_t budget_us, uint32_t count, struct samples *s) {
	struct bare_request request = { .op = BARE_WATCH, .count = count, .argument = (uint64_t)state << 32 | depth,
		                        .period_ns = budget_us * 1000 };
	ask(&request, s);
}
