/* SPDX-License-Identifier: Apache-2.0 */
/* signals_jumps: a handler that jumps, inside of the call it interrupted or out of launch() to the caller. */
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>
#include "helpers.h"

static sigjmp_buf inside, outside;
static volatile sig_atomic_t armed;
static volatile int jumps;

/* The signal may as well come while the call is paused. Its frames must not be jumped to then, so try again. */
static char *volatile inside_stack;
static int on_inside_stack(void)
{
	char here;
	return &here < inside_stack && inside_stack - &here < 65536;
}
static void jump_inside(int number)
{
	if (armed && !on_inside_stack()) {
		struct itimerval soon = { { 0, 0 }, { 0, 100 } };
		if (number == SIGALRM)
			setitimer(ITIMER_REAL, &soon, NULL);
	} else if (armed) {
		armed = 0;
		siglongjmp(inside, 1);
	}
}
static void jump_outside(int number)
{
	(void)number;
	if (armed) {
		armed = 0;
		siglongjmp(outside, 1);
	}
}

/* A computation with a time limit of its own, as programs do it by SIGALRM. */
#define ROUNDS 40
static volatile int round_now;
static void limited(void *arg)
{
	struct itimerval limit = { { 0, 0 }, { 0, 3000 } };
	inside_stack = __builtin_frame_address(0);
	for (volatile int i = 0; i < ROUNDS; i++) {
		round_now = i;
		if (sigsetjmp(inside, 1) == 0) {
			armed = 1;
			setitimer(ITIMER_REAL, &limit, NULL);
			for (;;)
				work(1, 1000);
		}
		jumps++;
	}
	*(int *)arg = jumps;
}

static void write_to_null(void *arg)
{
	inside_stack = __builtin_frame_address(0);
	for (volatile int i = 0; i < 100; i++)
		if (sigsetjmp(inside, 1) == 0) {
			armed = 1;
			*(volatile int *)arg = 1;
		} else {
			jumps++;
		}
}

static volatile int stop, ran;
static void spin_until_hit(void *arg)
{
	ran++;
	spin(arg);
}

static int mask_is_empty(void)
{
	sigset_t now;
	sigprocmask(SIG_SETMASK, NULL, &now);
	for (int i = 1; i <= 64; i++)
		if (sigismember(&now, i) == 1)
			return 0;
	return 1;
}

int main(void)
{
	int result = 0;
	plan(11);
	signal(SIGALRM, jump_inside);
	linger_t limited_call = launch(limited, 200, &result);
	long pauses = 0, late_pauses = 0;
	for (; !limited_call.is_complete; pauses++) {
		late_pauses += round_now >= ROUNDS / 2;
		if (resume(&limited_call, 200) != 0)
			break;
	}
	is_int(result, ROUNDS, "a handler jumps inside of the call that it interrupted");
	/* A jump away from the middle of a pause must not be the last pause. */
	ok(late_pauses > 0, "which is paused as before (%ld pauses, %ld in the second half)", pauses, late_pauses);
	ok(mask_is_empty(), "no signal is left blocked");

	signal(SIGSEGV, jump_inside);
	jumps = 0;
	pauses = run_sliced(write_to_null, NULL, 50);
	ok(pauses >= 0 && jumps == 100, "a handler for SIGSEGV jumps out of a hundred faults");
	signal(SIGSEGV, SIG_DFL);

	/* A jump out of launch() gives the call up: it cannot be resumed, since its frames below launch() are gone. */
	signal(SIGALRM, jump_outside);
	struct itimerval limit = { { 0, 0 }, { 0, 2000 } };
	volatile int out = 0, unsure = 0;
	for (volatile int i = 0; i < 50; i++) {
		if (sigsetjmp(outside, 1) == 0) {
			armed = 1;
			setitimer(ITIMER_REAL, &limit, NULL);
			launch(spin_until_hit, TO_COMPLETION, (void *)&stop);
			unsure++;
		} else {
			out++;
		}
	}
	is_int(out, 50, "a handler jumps out of launch(), without a deadline");
	is_int(unsure, 0, "launch() did not return besides");
	ok(ran > 0, "it had begun (in %d of 50 rounds; on a busy machine the timer may win)", ran);
	out = 0;
	for (volatile int i = 0; i < 50; i++) {
		static linger_t call;
		if (sigsetjmp(outside, 1) == 0) {
			call = launch(spin_until_hit, 0, (void *)&stop);
			armed = 1;
			setitimer(ITIMER_REAL, &limit, NULL);
			while (resume(&call, 100) == 0)
				;
		} else {
			out++;
		}
	}
	is_int(out, 50, "a handler jumps out of a loop of resume(), in slices of 100 us");
	ok(mask_is_empty(), "no signal is left blocked");
	linger_t call = launch(spin, 500, (void *)&stop);
	ok(call.continuation && !call.is_complete, "later launches are paused");
	stop = 1;
	ok(resume(&call, TO_COMPLETION) == 0 && call.is_complete, "and complete");
	return done();
}
