/* SPDX-License-Identifier: Apache-2.0 */
/* longjmp_inside: setjmp and longjmp within a preemptible function, as libpng and libjpeg use them. */
#include <setjmp.h>
#include "helpers.h"

static volatile int bottom = 0;
static __attribute__((noinline)) void deep(jmp_buf *back, int depth)
{
	volatile char frame[200];
	frame[0] = (char)depth;
	if (depth == bottom)
		longjmp(*back, 7);
	if (depth > bottom)
		deep(back, depth - 1);
	frame[1] = frame[0];
}

struct counts {
	volatile int jumps, rounds;
};

static void jump_often(void *arg)
{
	struct counts *c = arg;
	jmp_buf back;
	for (volatile int i = 0; i < c->rounds; i++) {
		int value = setjmp(back);
		if (value == 0)
			deep(&back, i % 50);
		c->jumps += value == 7;
	}
}

static void jump_with_mask(void *arg)
{
	struct counts *c = arg;
	sigjmp_buf back;
	for (volatile int i = 0; i < c->rounds; i++) {
		int value = sigsetjmp(back, 1);
		if (value == 0)
			siglongjmp(back, 8);
		c->jumps += value == 8;
	}
}

/* setjmp in one slice, longjmp in a later one, on another thread. */
static void jump_after_pause(void *arg)
{
	struct counts *c = arg;
	jmp_buf back;
	int value = setjmp(back);
	if (value < 5) {
		inger_pause();
		longjmp(back, value + 1);
	}
	c->jumps = value;
}
static void *resume_once(void *call)
{
	resume(call, TO_COMPLETION);
	return NULL;
}

/* The caller jumps as well, between the slices of a function that does. */
static int outside_jumps;
static void jump_outside(void)
{
	jmp_buf back;
	int value = setjmp(back);
	if (value == 0)
		deep(&back, 5);
	outside_jumps += value == 7;
}

int main(void)
{
	struct counts c = { 0, 1000000 };
	plan(7);
	linger_t call = launch(jump_often, 50, &c);
	int pauses = 0;
	for (; !call.is_complete && resume(&call, (uint64_t)(5 + pauses % 60)) == 0; pauses++)
		jump_outside();
	ok(pauses > 0, "a function that jumps is paused (%d pauses)", pauses);
	is_int(c.jumps, 1000000, "each jump arrives");
	is_int(outside_jumps, pauses, "jumps of the resuming side arrive there");
	c.jumps = 0;
	c.rounds = 100000;
	ok(run_sliced(jump_with_mask, &c, 50) > 0, "siglongjmp with a mask");
	is_int(c.jumps, 100000, "each arrives");
	c.jumps = 0;
	call = launch(jump_after_pause, TO_COMPLETION, &c);
	for (int i = 0; i < 4; i++) {
		pthread_t thread;
		pthread_create(&thread, NULL, resume_once, &call);
		pthread_join(thread, NULL);
	}
	ok(call.yielded && resume(&call, TO_COMPLETION) == 0 && call.is_complete, "setjmp before a pause, longjmp on other threads");
	is_int(c.jumps, 5, "each arrives");
	return done();
}
