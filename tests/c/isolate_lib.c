/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_lib: a library whose state is static, and which holds a lock while its caller is paused: each call has an
 * instance of its own, and so has the program. */
#include "isolate.h"
#include "isolate_lib.h"

static void count(struct run *r)
{
	lib_start(100 * r->who);
	for (int i = 0; i < 10; i++) {
		step(r);
		note(r, "%d ", lib_next());
	}
}

static void text(struct run *r)
{
	static const char *const formats[RUNS] = { "first %d", "the second's %d", "%d of the program" };
	for (int i = 0; i < 5; i++) {
		const char *held = lib_text(formats[r->who], i);
		step(r);
		note(r, "%s;", held);
	}
}

static void operate(struct run *r)
{
	lib_choose(r->who);
	for (int i = 0; i < 5; i++) {
		step(r);
		note(r, "%ld ", lib_operate(i + 3));
	}
}

static void words(struct run *r)
{
	static const char *const texts[RUNS] = { "there is a tide", "in the affairs of men", "which taken at the flood" };
	char copy[32];
	const char *word = lib_word(strcpy(copy, texts[r->who]));
	while (word) {
		note(r, "%s,", word);
		step(r);
		word = lib_word(NULL);
	}
}

static void locked(void *arg)
{
	struct run *r = arg;
	for (int i = 0; i < 5; i++) {
		step(r);
		note(r, "%d ", lib_next());
	}
}

static void lock(struct run *r)
{
	lib_start(100 * r->who);
	for (int i = 0; i < 3; i++) {
		int error = lib_with_lock(locked, r);
		note(r, "%s ", error ? "would hang" : "done");
		step(r);
	}
}

/* Nothing of these is held across a step. */
static void sort(struct run *r)
{
	for (int round = 0; round < 5; round++) {
		int numbers[16];
		for (int i = 0; i < 16; i++)
			numbers[i] = i * (7 + r->who) % 17;
		lib_sort(numbers, 16, (round + r->who) % 2);
		step(r);
		for (int i = 0; i < 16; i++)
			note(r, "%d ", numbers[i]);
	}
	note(r, "%d", lib_made());
}

static const struct isolate_case cases[] = {
	{ "a counter", count, STATEFUL },
	{ "a buffer", text, STATEFUL },
	{ "a pointer to a table of functions", operate, STATEFUL },
	{ "strtok of a library", words, STATEFUL },
	{ "a mutex held while paused", lock, STATEFUL },
	{ "a comparison of a library", sort, SAFE },
};

struct spinner {
	int error;
	volatile int held, stop;
	const void *place;
};

static void spin_locked(void *arg)
{
	struct spinner *s = arg;
	s->place = lib_place();
	s->error = lib_spin(&s->held, &s->stop);
}

/* A lock whose holder the clock pauses. */
static void spin_together(const char *name, uint32_t isolation)
{
	bool isolated = isolation == INGER_ISOLATED;
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = isolation;
	struct spinner s[RUNS] = { { .error = -1 }, { .error = -1 }, { .error = -1, .stop = 1 } };
	linger_t calls[2];
	for (int i = FIRST; i <= SECOND; i++) {
		calls[i] = inger_launch_attr(spin_locked, 100, &s[i], &attr);
		while (!calls[i].is_complete && !s[i].held)
			if (resume(&calls[i], 100) != 0)
				bail("resume");
	}
	spin_locked(&s[PROGRAM]);
	ok(s[FIRST].held && !calls[FIRST].is_complete, "%s: a function is paused with the library's spin lock held", name);
	ok(s[SECOND].held == isolated && calls[SECOND].is_complete == !isolated, "%s: another one %s", name,
	   isolated ? "has a lock of its own" : "would wait for ever");
	is_int(s[PROGRAM].error, isolated ? 0 : EDEADLK, "%s: the program %s", name,
	       isolated ? "has one of its own" : "would wait for ever");
	bool finished = true;
	for (int i = FIRST; i <= SECOND; i++) {
		s[i].stop = 1;
		finished = finished && finish(&calls[i], TO_COMPLETION) >= 0;
	}
	ok(finished && s[FIRST].error == 0, "%s: the holder gives it back", name);
	int different = (s[FIRST].place != s[SECOND].place) + (s[FIRST].place != s[PROGRAM].place) +
			(s[SECOND].place != s[PROGRAM].place);
	is_int(different, isolated ? 3 : 0, "%s: the library's variable is in %s", name, isolated ? "three places" : "one place");
	spin_locked(&s[PROGRAM]);
	is_int(s[PROGRAM].error, 0, "%s: the lock is free in the end", name);
}

static void ask_made(void *arg) { *(int *)arg = lib_made(); }

int main(void)
{
	plan(COUNT(cases) * CASE_TESTS + 14);
	test_cases(cases, COUNT(cases));
	spin_together("shared", INGER_SHARED);
	spin_together("isolated", INGER_ISOLATED);

	int in_call = -1;
	linger_t call = launch(ask_made, TO_COMPLETION, &in_call);
	ok(call.is_complete && in_call == 1, "an instance is initialised once (%d)", in_call);
	is_int(lib_made(), 1, "and so is the program's");
	return done();
}
