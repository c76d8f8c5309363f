/* SPDX-License-Identifier: Apache-2.0 */
/* moving_handlers: handlers on an alternate stack that is above the call's stack interrupt functions of libc and use them: which of two
 * stacks is above the other says nothing about what encloses what. Some leave by siglongjmp(). */
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include "helpers.h"

static volatile long handled, wrong;
static volatile int leave;
static sigjmp_buf back;
static __thread volatile int can_leave; /* the call's: the handler may come while it is paused */

static void on_alarm(int sig)
{
	char text[40];
	/* A section of its own, were it not inside of one. Of numbers it formats without a lock. */
	snprintf(text, sizeof text, "signal %d", sig);
	wrong += strcmp(text, "signal 14") != 0;
	handled++;
	if (leave && can_leave) {
		can_leave = 0;
		siglongjmp(back, 1);
	}
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Each snprintf() is a deferred section. */
static void sorts(void *end)
{
	int numbers[200];
	for (int r = 0; now_ns() < *(uint64_t *)end; r++) {
		for (int i = 0; i < 200; i++)
			numbers[i] = (i * 7919 + r) % 1000;
		qsort(numbers, 200, sizeof *numbers, compare);
		for (int i = 1; i < 200; i++)
			wrong += numbers[i - 1] > numbers[i];
		char text[200], *at = text;
		for (int i = 0; i < 20; i++)
			at += snprintf(at, 10, "%d,", numbers[i] & 7);
		wrong += at != text + 40;
	}
}

static volatile long left;
static int compare_and_leave(const void *a, const void *b)
{
	if (sigsetjmp(back, 1) == 0) {
		can_leave = 1;
		work(1, 50);
		can_leave = 0;
	} else {
		left++;
		char text[20];
		snprintf(text, sizeof text, "%ld", left); /* inside qsort() still */
	}
	return compare(a, b);
}
static void sorts_and_leaves(void *end)
{
	int numbers[200];
	for (int r = 0; now_ns() < *(uint64_t *)end; r++) {
		for (int i = 0; i < 200; i++)
			numbers[i] = (i * 7919 + r) % 1000;
		qsort(numbers, 200, sizeof *numbers, compare_and_leave);
		for (int i = 1; i < 200; i++)
			wrong += numbers[i - 1] > numbers[i];
	}
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_ONSTACK | SA_RESTART };
	struct itimerval often = { { 0, 300 }, { 0, 300 } }, never = { { 0, 0 }, { 0, 0 } };
	uint64_t end = now_ns() + 1000000000;
	plan(6);
	/* Mapped first: above everything that comes later. */
	stack_t stack = { .ss_sp = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), .ss_size = 1 << 16 };
	linger_t call = launch(sorts, 0, &end);
	if (sigaltstack(&stack, NULL) != 0)
		bail("sigaltstack");
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	ok(finish(&call, 500) >= 0 && call.is_complete, "a function that sorts, with handlers on the alternate stack");
	ok(handled > 0, "which have come (%ld)", handled);
	is_int(wrong, 0, "it is right");
	leave = 1;
	end = now_ns() + 1000000000;
	call = launch(sorts_and_leaves, 500, &end);
	ok(finish(&call, 500) >= 0 && call.is_complete, "handlers that leave into a function that qsort() has called");
	setitimer(ITIMER_REAL, &never, NULL);
	is_int(wrong, 0, "it is right as well (%ld times)", left);
	leave = 0;
	int stop = 0;
	call = launch(spin, 1000, &stop);
	ok(call.continuation && !call.is_complete && cancel(&call) == 0, "budgets are in force");
	return done();
}
