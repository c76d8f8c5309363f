/* SPDX-License-Identifier: Apache-2.0 */
/* moving_fork: the child of a fork inside of calls goes on in them to their ends, without their budgets; what it launches itself has
 * budgets of its own, and paused calls are resumed and cancelled there. */
#include <signal.h>
#include <sys/wait.h>
#include "helpers.h"

static pid_t program;
static volatile pid_t forked;
static linger_t paused;
static volatile long counted;

static void for_ms(int ms)
{
	for (uint64_t end = now_ns() + (uint64_t)ms * 1000000; now_ns() < end;)
		;
}

static int status_of(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void counts(void *unused)
{
	(void)unused;
	for (;;)
		counted++;
}

/* In the child: far beyond every budget, then returns. */
static void forks(void *unused)
{
	(void)unused;
	forked = fork();
	if (forked == 0)
		for_ms(60);
	else
		for (;;)
			pause();
}
static void forks_and_pauses(void *arg)
{
	forks(arg);
	inger_pause();
	for_ms(40);
}
static void nests(void *inner)
{
	linger_t call = launch((void (*)(void *))inner, 1000, NULL);
	if (getpid() != program && !call.is_complete)
		_exit(91);
	while (!call.is_complete)
		if (resume(&call, 1000) != 0)
			_exit(92);
	for_ms(40);
}

/* What is left to do in a child that has come out of its calls. */
static int as_a_program(void)
{
	int stop = 0;
	if (inger_call(spin, &stop, 2000, NULL) != ETIMEDOUT)
		return 81;
	long before = counted;
	for (int i = 0; i < 1000 && counted == before; i++)
		if (resume(&paused, 1000) != 0)
			return 82;
	if (counted == before || cancel(&paused) != 0)
		return 83;
	linger_t call = launch(spin, 1000, &stop);
	if (call.is_complete || cancel(&call) != 0)
		return 84;
	return 7;
}

static void inner_spin_timed_out(void *right)
{
	int stop = 0;
	forked = fork();
	if (forked == 0) {
		for_ms(60);
		*(int *)right = inger_call(spin, &stop, 2000, NULL) == ETIMEDOUT;
		return;
	}
	for (;;)
		pause();
}

/* The call times out here; the child comes back from it as from any function, and ends with 7. */
static void expect(int error, int in_child, const char *name)
{
	if (getpid() != program)
		_exit(error == 0 && in_child ? as_a_program() : 90);
	ok(error == ETIMEDOUT, "%s: the parent's budget ends there", name);
	is_int(status_of(-1), 7, "%s: the child goes on to the end", name);
}

int main(void)
{
	int right = 0;
	plan(11);
	program = getpid();
	paused = launch(counts, 1000, NULL);
	expect(inger_call(forks, NULL, 20000, NULL), 1, "inger_call()");
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.cpu_us = 10000;
	attr.isolation = INGER_SHARED;
	int error = inger_call(forks, NULL, 100000, &attr);
	if (getpid() == program && error == EDQUOT)
		error = ETIMEDOUT; /* it waits, and uses no processor time: either */
	expect(error, 1, "processor time");
	expect(inger_call(nests, (void *)forks, 40000, NULL), 1, "in an inner call");
	expect(inger_call(forks_and_pauses, NULL, 20000, NULL), 1, "a child that pauses itself");
	error = inger_call(inner_spin_timed_out, &right, 20000, NULL);
	expect(error, right, "a child with a budget of its own inside");
	ok(cancel(&paused) == 0, "a call that was paused before is the parent's as well");
	return done();
}
