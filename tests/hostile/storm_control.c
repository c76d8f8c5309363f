/* SPDX-License-Identifier: Apache-2.0 */
/* storm_control.c - works that leave the straight way: jumps, calls inside calls, coroutines, faults, hand-overs. */
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include "storm.h"

WORK(jumps, 0)
{
	for (volatile int i = 0; i < 30; i++) {
		jmp_buf back;
		void *volatile block = malloc(100);
		int value = setjmp(back);
		if (value == 0) {
			work(1, 50);
			longjmp(back, i + 1);
		}
		free(block);
		right(value == i + 1);
	}
}

WORK(mask_jumps, 0)
{
	for (int i = 0; i < 10; i++) {
		sigjmp_buf back;
		sigset_t one, now;
		sigemptyset(&one);
		sigaddset(&one, SIGUSR2);
		if (sigsetjmp(back, 1) == 0) {
			pthread_sigmask(SIG_BLOCK, &one, NULL);
			siglongjmp(back, 1);
		}
		pthread_sigmask(SIG_BLOCK, NULL, &now);
		right(!sigismember(&now, SIGUSR2));
	}
}

/* What an inner function may be: anything that needs no libset of its own. */
static const char *const inner_works[] = { "heap", "streams", "sort", "mappings", "sockets", "computing", "pattern", "files" };
WORK(nest, 0)
{
	struct job inner = { .random = random_next(&j->random), .depth = j->depth + 1, .rounds = 1 };
	struct inger_attr attr = INGER_ATTR_INIT;
	inner.work = j->depth < 3 && random_next(&j->random) % 4 == 0 ? j->work
		: work_named(inner_works[random_range(&j->random, 0, sizeof inner_works / sizeof *inner_works - 1)]);
	inner.forever = random_next(&j->random) % 4 == 0;
	attr.isolation = random_next(&j->random) % 2 ? INGER_ISOLATED : INGER_SHARED;
	attr.grace_us = 5000000;
	linger_t call = inger_launch_attr(job_runs, random_range(&j->random, 5, 300), &inner, &attr);
	right(call.is_complete || call.continuation);
	for (int i = 0; i < 20 && !call.is_complete && call.continuation; i++)
		right(resume(&call, random_range(&j->random, 5, 300)) == 0);
	if (call.continuation && !call.is_complete)
		right(cancel(&call) == 0);
	right(inner.wrong == 0);
}

WORK(inger_call, 0)
{
	struct job inner = { .random = random_next(&j->random), .depth = 9, .rounds = 1, .work = work_named("heap") };
	inner.forever = random_next(&j->random) % 2;
	int error = inger_call(job_runs, &inner, random_range(&j->random, 5, 500), NULL);
	right(error == 0 || error == ETIMEDOUT);
	right(inner.wrong == 0);
}

WORK(pause, 0)
{
	uint64_t start = work(j->random, 100);
	for (int i = 0; i < 20; i++)
		inger_pause();
	right(start == work(j->random, 100));
}

static void cleanup(void *arg) { free(arg); }
WORK(cleanup, 0)
{
	for (int i = 0; i < 10; i++) {
		void *block = malloc(1000);
		right(inger_cleanup_push(cleanup, block) == 0);
		work(1, 200);
		right(inger_cleanup_pop(1) == 0);
	}
}

/* coroutines - a stack in the function's own heap block. */
struct coroutine { ucontext_t caller, self; int value; };
static void coroutine(unsigned low, unsigned high)
{
	struct coroutine *c = (struct coroutine *)((uintptr_t)low | (uintptr_t)high << 32);
	for (int i = 1;; i++) {
		c->value = i;
		work(1, 100);
		swapcontext(&c->self, &c->caller);
	}
}
WORK(coroutines, 0)
{
	struct coroutine *c = calloc(1, sizeof *c);
	void *stack = malloc(65536);
	getcontext(&c->self);
	c->self.uc_stack.ss_sp = stack;
	c->self.uc_stack.ss_size = 65536;
	makecontext(&c->self, (void (*)(void))coroutine, 2, (unsigned)(uintptr_t)c, (unsigned)((uintptr_t)c >> 32));
	for (int i = 1; i <= 20; i++) {
		swapcontext(&c->caller, &c->self);
		right(c->value == i);
	}
	free(stack);
	free(c);
}

WORK(faults, WORK_FAULTS)
{
	char *volatile page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *volatile block = malloc(500);
	(void)block;
	work(1, random_range(&j->random, 1, 100000));
	*page = 1;
	right(!"a fault ends the function");
}

#pragma GCC diagnostic ignored "-Winfinite-recursion"
static __attribute__((noinline)) int too_deep(volatile char *above)
{
	volatile char here[512];
	here[0] = above ? above[0] : 1;
	return too_deep(here) + here[0];
}
WORK(overflow, WORK_FAULTS)
{
	right(too_deep(NULL) == 0);
}

/* In no phase: HOSTILE_WORKS="leaks heap" shows that what stays is seen. */
WORK(leaks, 0)
{
	if (j->rounds == 0)
		inger_keep(malloc(100));
}
