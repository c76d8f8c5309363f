/* SPDX-License-Identifier: Apache-2.0 */
/* bare_calls.c - what a preemptible function is compared with: threads, processes, contexts, the plain allocator. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "bare_ops.h"
#include "loop.h"
#include "reach.h"

static void *nothing(void *argument) { return argument; }

double base_thread(uint64_t unused) {
	(void)unused;
	double start = now_ns();
	pthread_t thread;
	int failed = pthread_create(&thread, NULL, nothing, NULL);
	if (!failed)
		failed = pthread_join(thread, NULL);
	if (failed)
		die("start a thread", "pthread_create", failed);
	return now_ns() - start;
}

double base_fork(uint64_t unused) {
	(void)unused;
	double start = now_ns();
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		die("start a process", "fork", errno);
	return now_ns() - start;
}

static double allocate(void (*loop)(void *), uint64_t bytes) {
	struct malloc_job job = { .pairs = 10000, .bytes = bytes };
	loop(&job); /* not counted: the process under test has just had the caches */
	double start = now_ns();
	loop(&job);
	return (now_ns() - start) / (double)job.pairs;
}

double base_malloc(uint64_t bytes) { return allocate(malloc_loop, bytes); }
double base_malloc_queue(uint64_t bytes) { return allocate(queue_loop, bytes); }

double base_reach(uint64_t way) {
	if (way >= REACH_WAYS)
		die("reach a library", "unknown way", EINVAL);
	struct reach_job job = reach_job_of((enum reach_way)way);
	reach_loop(&job); /* not counted, as above */
	reach_loop(&job);
	double start = now_ns();
	reach_loop(&job);
	return (now_ns() - start) / (double)job.rounds;
}

/* Contexts as far apart as the stacks of preemptible functions usually are: the default of RLIMIT_STACK. */
enum { STACK_BYTES = 8 << 20 };

static ucontext_t outside, *inside;
static uint64_t prepared, current;

static void swap_forever(void) {
	for (;;)
		swapcontext(&inside[current], &outside);
}

static void prepare(uint64_t contexts) {
	inside = realloc(inside, contexts * sizeof(*inside));
	if (!inside)
		die("prepare contexts", "realloc", errno);
	for (; prepared < contexts; prepared++) {
		char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (stack == MAP_FAILED || mprotect(stack, 4096, PROT_NONE))
			die("prepare contexts", "mmap", errno);
		ucontext_t *c = &inside[prepared];
		getcontext(c);
		c->uc_stack.ss_sp = stack;
		c->uc_stack.ss_size = STACK_BYTES;
		c->uc_link = NULL;
		makecontext(c, swap_forever, 0);
		current = prepared;
		swapcontext(&outside, c); /* first touch of the stack is not part of a later sample */
	}
}

double base_swap(uint64_t contexts) {
	/* getcontext stores a pointer into the context itself, so contexts that have run must not be moved: one request
	 * for the largest number comes first, or none was prepared before. */
	if (contexts > prepared) {
		if (prepared)
			die("prepare contexts", "ask for the largest number first", 0);
		prepare(contexts);
	}
	uint64_t turns = contexts < 1000 ? 1000 / contexts * contexts : contexts;
	double start = now_ns();
	for (uint64_t i = 0; i < turns; i++) {
		current = i % contexts;
		swapcontext(&outside, &inside[current]);
	}
	return (now_ns() - start) / (double)turns;
}
