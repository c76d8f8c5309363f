/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_opener: a library whose constructor opens another one: each libset has its own of both, whoever makes it, also the
 * thread that makes libsets ahead. */
#include "helpers.h"

int opener_next(void);

#define CALLS 12

struct task {
	int first, second;
};

static void count(void *arg)
{
	struct task *t = arg;
	t->first = opener_next();
	inger_pause();
	t->second = opener_next();
}

int main(void)
{
	struct task tasks[CALLS] = { 0 };
	linger_t calls[CALLS];
	int paused = 0, right = 0;
	plan(4);
	setenv("INGER_LIBSETS", "4", 1);
	is_int(opener_next(), 1, "the program's own");
	for (int i = 0; i < CALLS; i++) {
		calls[i] = launch(count, TO_COMPLETION, &tasks[i]);
		paused += calls[i].continuation && tasks[i].first == 1;
	}
	is_int(paused, CALLS, "each libset begins with its own");
	for (int i = 0; i < CALLS; i++)
		right += resume(&calls[i], TO_COMPLETION) == 0 && calls[i].is_complete && tasks[i].second == 2;
	is_int(right, CALLS, "and goes on with it");
	is_int(opener_next(), 2, "the program's own is not touched");
	return done();
}
