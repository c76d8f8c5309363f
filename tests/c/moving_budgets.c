/* SPDX-License-Identifier: Apache-2.0 */
/* moving_budgets: budgets of any size are budgets: those near the largest number are very long ones. */
#include <limits.h>
#include <poll.h>
#include <sys/syscall.h>
#include "helpers.h"

static const uint64_t large[] = { UINT64_MAX - 1, UINT64_MAX - 1000, UINT64_MAX / 1000, UINT64_MAX / 1000 + 1, (uint64_t)1 << 63,
				  ((uint64_t)1 << 63) - 1, (uint64_t)1 << 62, (uint64_t)1 << 54, (uint64_t)INT64_MAX / 1000 };
enum { LARGE = sizeof large / sizeof *large };

static void pauses(void *rounds)
{
	for (int i = 0; i < 5; i++) {
		inger_pause();
		++*(int *)rounds;
	}
}
static void works(void *value) { *(uint64_t *)value = work(*(uint64_t *)value, 300000); }

struct nested {
	uint64_t budget;
	bool complete;
};
static void nests(void *arg)
{
	struct nested *n = arg;
	uint64_t value = 1;
	linger_t call = launch(works, n->budget, &value);
	n->complete = finish(&call, n->budget) == 0;
}

static volatile int woken;
static void sleeps(void *arg)
{
	struct timespec forever = { LONG_MAX, 999999999 };
	(void)arg;
	nanosleep(&forever, NULL);
	woken++;
}
static void waits(void *arg)
{
	int word = 0;
	struct timespec forever = { LONG_MAX / 2, 0 };
	(void)arg;
	syscall(SYS_futex, &word, 0 /* FUTEX_WAIT */, 0, &forever, NULL, 0);
	woken++;
}

int main(void)
{
	int right[6] = { 0 };
	plan(8);
	for (int i = 0; i < LARGE; i++) {
		int rounds = 0;
		uint64_t value = 1;
		right[0] += inger_call(pauses, &rounds, large[i], NULL) == 0 && rounds == 5;
		linger_t call = launch(works, large[i], &value);
		right[1] += call.is_complete;
		value = 1;
		call = launch(works, 1, &value);
		right[2] += call.is_complete || (resume(&call, large[i]) == 0 && call.is_complete);
		struct nested n = { large[i], false };
		call = launch(nests, large[LARGE - 1 - i], &n);
		right[3] += call.is_complete && n.complete;
		struct inger_attr attr = INGER_ATTR_INIT;
		attr.cpu_us = large[i];
		value = 1;
		call = inger_launch_attr(works, large[i], &value, &attr);
		right[4] += call.is_complete;
		attr = (struct inger_attr)INGER_ATTR_INIT;
		attr.flags = INGER_UNWIND;
		attr.grace_us = attr.cleanup_us = large[i];
		call = inger_launch_attr(spin, 100, &(int){ 0 }, &attr);
		right[5] += call.continuation && cancel(&call) == 0;
	}
	is_int(right[0], LARGE, "inger_call() of a function that pauses itself");
	is_int(right[1], LARGE, "launch()");
	is_int(right[2], LARGE, "resume()");
	is_int(right[3], LARGE, "an inner launch");
	is_int(right[4], LARGE, "processor time");
	is_int(right[5], LARGE, "the time that cancel() gives");
	ok(inger_call(sleeps, NULL, 20000, NULL) == ETIMEDOUT && !woken, "a sleep without an end, in a slice");
	linger_t call = launch(waits, 1000, NULL);
	for (int i = 0; i < 20 && !call.is_complete; i++)
		resume(&call, 1000);
	ok(!call.is_complete && !woken && cancel(&call) == 0, "a wait of centuries does not end with a slice");
	return done();
}
