/* SPDX-License-Identifier: Apache-2.0 */
/* swapcontext_inside: a preemptible function that has coroutines of its own, on stacks of its own, is paused on each. */
#include <ucontext.h>
#include "helpers.h"

#define COROUTINES 4
#define TURNS 3000

struct scheduler {
	ucontext_t home, contexts[COROUTINES];
	char *stacks[COROUTINES];
	uint64_t values[COROUTINES];
	int current, finished;
};

static struct scheduler *argument;
static void coroutine(void)
{
	struct scheduler *s = argument;
	int self = s->current;
	for (int i = 0; i < TURNS; i++) {
		s->values[self] = work(s->values[self], 500);
		swapcontext(&s->contexts[self], &s->home);
	}
	s->finished++;
}

static void schedule(void *arg)
{
	struct scheduler *s = arg;
	for (int i = 0; i < COROUTINES; i++) {
		s->stacks[i] = malloc(65536);
		s->values[i] = (uint64_t)i;
		getcontext(&s->contexts[i]);
		s->contexts[i].uc_stack.ss_sp = s->stacks[i];
		s->contexts[i].uc_stack.ss_size = 65536;
		s->contexts[i].uc_link = &s->home;
		makecontext(&s->contexts[i], coroutine, 0);
	}
	for (int turn = 0; turn <= TURNS; turn++)
		for (s->current = 0; s->current < COROUTINES; s->current++) {
			argument = s;
			swapcontext(&s->home, &s->contexts[s->current]);
		}
	for (int i = 0; i < COROUTINES; i++)
		free(s->stacks[i]);
}

/* A coroutine that never yields: the clock must pause it on its own stack. */
static volatile int stop;
static ucontext_t home, spinner;
static void spin_here(void) { spin((void *)&stop); }
static void spin_on_own_stack(void *arg)
{
	getcontext(&spinner);
	spinner.uc_stack.ss_sp = arg;
	spinner.uc_stack.ss_size = 65536;
	spinner.uc_link = &home;
	makecontext(&spinner, spin_here, 0);
	swapcontext(&home, &spinner);
}

int main(void)
{
	static struct scheduler s;
	static char stack[65536] __attribute__((aligned(64)));
	plan(6);
	long pauses = run_sliced(schedule, &s, 50);
	ok(pauses > 0, "a function with coroutines is paused (%ld pauses)", pauses);
	is_int(s.finished, COROUTINES, "all coroutines finish");
	int right = 0;
	for (int i = 0; i < COROUTINES; i++)
		right += s.values[i] == work((uint64_t)i, 500 * TURNS);
	is_int(right, COROUTINES, "with right results");
	linger_t call = launch(spin_on_own_stack, 1000, stack);
	ok(call.continuation && !call.is_complete, "a coroutine that spins is paused on its own stack");
	ok(resume(&call, 1000) == 0 && call.continuation, "and again");
	stop = 1;
	ok(resume(&call, TO_COMPLETION) == 0 && call.is_complete, "and returns through the function's stack");
	return done();
}
