/* SPDX-License-Identifier: Apache-2.0 */
/* launch_complete: a function that returns in time is a plain call: same thread, its argument, aligned stack. */
#include <sys/syscall.h>
#include "helpers.h"

struct seen {
	void *arg;
	long thread;
	pthread_t self;
	uintptr_t frame;
	uint64_t flags;
	int calls;
};
static struct seen seen;

static __attribute__((noinline)) void look(void *arg)
{
	/* A frame address is 16-byte aligned when the stack was aligned for the call as the ABI has it. */
	seen = (struct seen){ .arg = arg, .thread = syscall(SYS_gettid), .self = pthread_self(),
		.frame = (uintptr_t)__builtin_frame_address(0), .calls = seen.calls + 1 };
	__asm__ volatile("pushfq; popq %0" : "=r"(seen.flags));
}

static void large_frame(void *arg)
{
	volatile char frame[1 << 20];
	for (size_t i = 0; i < sizeof frame; i += 1024)
		frame[i] = 1;
	*(int *)arg = frame[0] + frame[1 << 19];
}

int main(void)
{
	int here = 0;
	plan(17);
	linger_t call = launch(look, TO_COMPLETION, &here);
	ok(call.is_complete, "a function that returns is complete, without a deadline");
	ok(call.continuation == NULL && !call.yielded, "no continuation is left");
	is_int(seen.calls, 1, "it ran once");
	ok(seen.arg == &here, "it got its argument");
	is_int(seen.thread, syscall(SYS_gettid), "it ran on the caller's own kernel thread");
	is_int(seen.frame % 16, 0, "its stack was aligned");
	is_int(seen.flags & 0x400, 0, "the direction flag was clear");
	uintptr_t away = seen.frame > (uintptr_t)&here ? seen.frame - (uintptr_t)&here : (uintptr_t)&here - seen.frame;
	ok(away > 4096, "it had a stack of its own");
	ok(pthread_equal(pthread_self(), pthread_self()) && here == 0, "the caller is itself afterwards");

	call = launch(look, 10000000, &call);
	ok(call.is_complete && seen.calls == 2, "a function that returns is complete, with a deadline");
	ok(seen.arg == &call, "it got its argument again");

	is_int(resume(&call, 1000), 0, "resume of a complete call does nothing and succeeds");
	is_int(seen.calls, 2, "the function did not run again");
	errno = 0;
	is_int(cancel(&call), -1, "cancel of a complete call fails");
	is_int(errno, EINVAL, "with EINVAL");

	call = launch(large_frame, TO_COMPLETION, &here);
	ok(call.is_complete && here == 2, "a frame of 1 MiB fits the default stack");
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.name = "look";
	attr.stack_bytes = 64 << 10;
	call = inger_launch_attr(look, TO_COMPLETION, NULL, &attr);
	ok(call.is_complete && seen.calls == 3, "launch with attributes");
	return done();
}
