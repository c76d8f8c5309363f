/* SPDX-License-Identifier: Apache-2.0 */
/* moving_altstack: a thread's alternate signal stack stays with the thread, whichever of them a function has gone through, has switched
 * off or put back. Two threads with one stack would overwrite each other's handlers. */
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include "helpers.h"

static char own[65536], of_main[65536];

/* What the kernel has, which is the library's where the program has none. */
static void *in_kernel(void)
{
	stack_t now;
	syscall(SYS_sigaltstack, NULL, &now);
	return now.ss_flags & SS_DISABLE ? NULL : now.ss_sp;
}

static void *seen(void)
{
	stack_t now;
	sigaltstack(NULL, &now);
	return now.ss_flags & SS_DISABLE ? NULL : now.ss_sp;
}

static void switches_off(void *arg)
{
	stack_t mine = { .ss_sp = own, .ss_size = sizeof own }, off = { .ss_flags = SS_DISABLE };
	sigaltstack(&mine, NULL);
	inger_pause();
	sigaltstack(&off, NULL);
	inger_pause();
	*(void **)arg = seen();
}

static void puts_back(void *arg)
{
	stack_t mine = { .ss_sp = own, .ss_size = sizeof own }, was;
	sigaltstack(&mine, &was);
	inger_pause();
	sigaltstack(&was, NULL);
	inger_pause();
	*(void **)arg = seen();
}

static void sets(void *arg)
{
	(void)arg;
	stack_t mine = { .ss_sp = own, .ss_size = sizeof own };
	sigaltstack(&mine, NULL);
}

/* The inner call leaves its stack to the outer one, whose it is from then on. */
static void sets_in_an_inner_call(void *arg)
{
	linger_t inner = launch(sets, TO_COMPLETION, NULL);
	*(void **)arg = inner.is_complete ? seen() : NULL;
	inger_pause();
}

struct other { linger_t *call; int times; void *before, *after; };
static void *resumes(void *arg)
{
	struct other *o = arg;
	int never = 1;
	linger_t first = launch(spin, TO_COMPLETION, &never); /* the thread is the library's from here on */
	o->before = first.is_complete ? in_kernel() : NULL;
	for (int i = 0; i < o->times; i++)
		resume(o->call, TO_COMPLETION);
	o->after = in_kernel();
	return NULL;
}

static void elsewhere(struct other *o, linger_t *call, int times)
{
	pthread_t thread;
	*o = (struct other){ .call = call, .times = times };
	if (pthread_create(&thread, NULL, resumes, o) != 0)
		bail("pthread_create");
	pthread_join(thread, NULL);
}

int main(void)
{
	struct other other;
	void *result = own;
	stack_t mine = { .ss_sp = of_main, .ss_size = sizeof of_main }, off = { .ss_flags = SS_DISABLE };
	plan(13);

	linger_t call = launch(switches_off, TO_COMPLETION, &result);
	void *of_library = in_kernel();
	resume(&call, TO_COMPLETION);
	ok(!call.is_complete && in_kernel() == of_library, "a function that has switched its own off is paused");
	elsewhere(&other, &call, 1);
	ok(call.is_complete && !result, "another thread ends it, where it sees none");
	ok(other.before && other.before != of_library && other.after == other.before, "and has the stack that it had, not the first one's");

	call = launch(switches_off, TO_COMPLETION, &result);
	elsewhere(&other, &call, 2);
	ok(call.is_complete && !result && other.after == other.before, "so it is when the function switches its own off there");
	ok(in_kernel() == of_library, "the first thread has the one that it had");

	sigaltstack(&mine, NULL);
	result = own;
	call = launch(puts_back, TO_COMPLETION, &result);
	ok(in_kernel() == of_main, "a function that has seen the program's is paused");
	elsewhere(&other, &call, 2);
	ok(call.is_complete && other.after == other.before, "it puts it back on another thread, which keeps the stack that it had");
	ok(!result, "and the function sees there what everybody sees");
	call = launch(puts_back, TO_COMPLETION, &result);
	resume(&call, TO_COMPLETION);
	ok(!call.is_complete && in_kernel() == of_main, "put back on the first thread");
	resume(&call, TO_COMPLETION);
	ok(call.is_complete && result == of_main && in_kernel() == of_main, "it is the program's again");
	sigaltstack(&off, NULL);

	call = launch(sets_in_an_inner_call, TO_COMPLETION, &result);
	ok(!call.is_complete && result == own, "an inner call leaves its stack to the outer one");
	ok(!seen(), "and that has it only while it runs");
	ok(cancel(&call) == 0 && !seen(), "nor is it left by its cancel");
	return done();
}
