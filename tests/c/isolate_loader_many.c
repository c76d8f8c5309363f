/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_loader_many: a program with many libraries, all of them copied, each with thread-local variables. */
#include "helpers.h"

/* Libraries 0 to 69, as isolate_loader.mk makes them. */
#define TEN(x, t) x(t##0) x(t##1) x(t##2) x(t##3) x(t##4) x(t##5) x(t##6) x(t##7) x(t##8) x(t##9)
#define ALL(x) TEN(x, ) TEN(x, 1) TEN(x, 2) TEN(x, 3) TEN(x, 4) TEN(x, 5) TEN(x, 6)
#define DECLARE(n) int many_count_##n(void); int *many_thread_##n(void);
#define ROW(n) { many_count_##n, many_thread_##n, n },
ALL(DECLARE)

static const struct {
	int (*count)(void);
	int *(*thread)(void);
	int number;
} libraries[] = { ALL(ROW) };
#define MANY ((int)(sizeof libraries / sizeof *libraries))

struct counts {
	int right, fresh;
	bool pause;
};

static void count_all(void *arg)
{
	struct counts *c = arg;
	int before[MANY];
	for (int i = 0; i < MANY; i++) {
		c->fresh += *libraries[i].thread() == 7 + libraries[i].number;
		before[i] = libraries[i].count();
	}
	if (c->pause)
		inger_pause();
	for (int i = 0; i < MANY; i++)
		c->right += libraries[i].count() == before[i] + 1;
}

int main(void)
{
	plan(11);
	struct counts one = { .pause = true }, other = { .pause = true }, mine = { 0 }, next = { 0 };
	linger_t calls[] = { launch(count_all, TO_COMPLETION, &one), launch(count_all, TO_COMPLETION, &other) };
	ok(calls[0].continuation && calls[1].continuation, "two functions use %d libraries", MANY);
	count_all(&mine);
	int sum = 0;
	for (int i = 0; i < MANY; i++)
		sum += libraries[i].count() == 1000 * libraries[i].number + 3;
	is_int(sum, MANY, "the program counts its own");
	is_int(mine.right, MANY, "one by one");
	is_int(mine.fresh, MANY, "with its own thread-local variables");
	ok(finish(&calls[0], TO_COMPLETION) == 1 && finish(&calls[1], TO_COMPLETION) == 1, "they finish");
	is_int(one.right, MANY, "the first has counted its own");
	is_int(other.right, MANY, "so has the second");
	is_int(one.fresh + other.fresh, 2 * MANY, "their thread-local variables have begun anew");
	linger_t call = launch(count_all, TO_COMPLETION, &next);
	ok(call.is_complete, "a function in the place of one that is complete");
	is_int(next.right, MANY, "counts its own");
	is_int(next.fresh, MANY, "its thread-local variables have begun anew, too");
	return done();
}
