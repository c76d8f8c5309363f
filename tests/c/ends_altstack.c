/* SPDX-License-Identifier: Apache-2.0 */
/* ends_altstack: a function's alternate signal stack is its own. It is in force while the function runs, on whichever thread, and
 * nowhere else: not while it is paused, and not when it has been cancelled and its memory is somebody else's. */
#include <pthread.h>
#include <signal.h>
#include "helpers.h"

#define BYTES 65536

static char *volatile where;
static volatile int handled_on_it;
static void handler(int sig)
{
	char here;
	handled_on_it += sig == SIGUSR1 && &here >= where && &here < where + BYTES;
}

static void has_one(void *arg)
{
	stack_t stack = {.ss_sp = malloc(BYTES), .ss_size = BYTES};
	where = stack.ss_sp;
	if (sigaltstack(&stack, NULL) != 0)
		where = NULL;
	for (int i = 0; i < 3; i++) {
		inger_pause();
		raise(SIGUSR1);
	}
	inger_pause();
	(void)arg;
}

static void *in_force(void)
{
	stack_t now;
	sigaltstack(NULL, &now);
	return now.ss_flags & SS_DISABLE ? NULL : now.ss_sp;
}

static void *resumes(void *arg)
{
	resume(arg, TO_COMPLETION);
	return in_force();
}

static char mine[BYTES];
static void *results[3];
static void own_of_the_stack(void *arg)
{
	char room[32768];
	stack_t stack = {.ss_sp = room, .ss_size = sizeof room};
	results[0] = sigaltstack(&stack, NULL) == 0 ? room : NULL;
	results[1] = in_force();
	(void)arg;
}

static void own_of_the_program(void *arg)
{
	stack_t stack = {.ss_sp = mine, .ss_size = sizeof mine};
	sigaltstack(&stack, NULL);
	(void)arg;
}

int main(void)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
	stack_t off = {.ss_flags = SS_DISABLE};
	void *elsewhere;
	pthread_t thread;
	plan(9);
	sigaction(SIGUSR1, &action, NULL);
	attr.isolation = INGER_SHARED;
	linger_t call = inger_launch_attr(has_one, TO_COMPLETION, NULL, &attr);
	ok(where && !call.is_complete && !in_force(), "while it is paused the thread has none");
	resume(&call, TO_COMPLETION);
	ok(handled_on_it == 1 && !in_force(), "a handler of the function's runs on it");
	pthread_create(&thread, NULL, resumes, &call);
	pthread_join(thread, &elsewhere);
	ok(handled_on_it == 2 && !elsewhere, "on another thread as well, which has none afterwards");
	own_of_the_program(NULL);
	resume(&call, TO_COMPLETION);
	ok(handled_on_it == 3 && in_force() == mine, "the thread's own comes back");
	is_int(cancel(&call), 0, "it is cancelled");
	ok(in_force() == mine, "the thread has its own");
	sigaltstack(&off, NULL);

	call = inger_launch_attr(own_of_the_stack, TO_COMPLETION, NULL, &attr);
	ok(call.is_complete && results[0] && results[1] == results[0] && !in_force(), "one on a completed function's stack is not left in force");
	call = inger_launch_attr(own_of_the_program, TO_COMPLETION, NULL, &attr);
	ok(call.is_complete && in_force() == mine, "one in the program's memory is");
	sigaltstack(&off, NULL);
	ok(!in_force(), "and can be taken back");
	return done();
}
