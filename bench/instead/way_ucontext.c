/* SPDX-License-Identifier: Apache-2.0 */
/* way_ucontext.c - a coroutine for the call. It yields where yields were placed by hand; the caller looks at the clock each
 * time, and when time is up the yield says so: the function ends by the means that its library has for errors. */
#include <errno.h>
#include <stdlib.h>
#include <ucontext.h>

#include "ways.h"

enum { STACK = 256 << 10 };

bool (*coop_yield)(void);
static ucontext_t caller, callee;
static char *stack;
static struct job *running;
static bool is_done, is_late;

static void run(void) {
	running->work->run(running);
	is_done = true;
}

static bool yield(void) {
	if (!is_late)
		swapcontext(&callee, &caller);
	return !is_late;
}

static void begin(const struct work *work) {
	(void)work;
	stack = malloc(STACK);
	coop_yield = yield;
}

static int call(struct job *job, uint64_t budget_us) {
	struct timespec deadline = now_plus(budget_us);
	if (!stack || getcontext(&callee))
		return ENOMEM;
	callee.uc_stack.ss_sp = stack;
	callee.uc_stack.ss_size = STACK;
	callee.uc_link = &caller;
	makecontext(&callee, run, 0);
	running = job;
	job->place = job->work->place;
	is_done = is_late = false;
	while (!is_done) {
		is_late = is_past(&deadline);
		swapcontext(&caller, &callee);
	}
	return is_late && !job->output ? ETIMEDOUT : 0;
}

static void end(void) { free(stack); }

const struct way way_ucontext = { .name = "ucontext", .begin = begin, .call = call, .end = end };
