/* SPDX-License-Identifier: Apache-2.0 */
/* cancel_attribute: cancel() with INGER_UNWIND runs __attribute__((cleanup)) functions of C code built with -fexceptions. */
#include "helpers.h"

static char trace[64];
static volatile int ready;

static void note(const char **name)
{
	strcat(trace, *name);
}
#define NOTED(name) const char *noted_##name __attribute__((cleanup(note), unused)) = #name

static void pushed(void *arg)
{
	strcat(trace, arg);
}

static void compute(void)
{
	ready = 1;
	for (;;)
		work(1, 1000);
}
/* The compiler must not find that it throws nothing: a call of such a function is not unwound. */
static void (*volatile computation)(void) = compute;
static __attribute__((noinline)) void inner(void)
{
	NOTED(c);
	computation();
}
static __attribute__((noinline)) void middle(void (*function)(void))
{
	NOTED(b);
	inger_cleanup_push(pushed, "(pushed)");
	function();
}
static void outer(void *arg)
{
	NOTED(a);
	(void)arg;
	middle(inner);
}
static void wait_for_it(void)
{
	struct timespec second = { 1, 0 };
	ready = 1;
	for (;;)
		nanosleep(&second, NULL);
}
static void sleeping(void *arg)
{
	NOTED(a);
	(void)arg;
	middle(wait_for_it);
}
static void (*volatile no_code)(void);
static __attribute__((noinline)) long descend(long depth)
{
	NOTED(d);
	volatile char frame[400];
	frame[depth % 400] = (char)depth;
	return no_code ? 0 : descend(depth + 1) + frame[depth % 400];
}
static void faulty(void)
{
	NOTED(c);
	*(volatile char *)(uintptr_t)0 = 1;
}
static void faults(void *arg)
{
	NOTED(a);
	(void)arg;
	middle(faulty);
}
static void jumps(void *arg)
{
	NOTED(a);
	(void)arg;
	middle(no_code);
}
static volatile long sink;
static void overflows(void *arg)
{
	NOTED(a);
	(void)arg;
	sink = descend(0);
}

static struct inger_attr attributes(uint32_t isolation)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.flags = INGER_UNWIND | INGER_CONTAIN;
	attr.isolation = isolation;
	attr.cleanup_us = 10000000;
	ready = 0;
	trace[0] = 0;
	return attr;
}

static const char *cancelled(void (*function)(void *), uint32_t isolation)
{
	struct inger_attr attr = attributes(isolation);
	linger_t call = inger_launch_attr(function, 200, NULL, &attr);
	while (call.continuation && !ready)
		resume(&call, 200);
	return call.continuation && cancel(&call) == 0 ? trace : "not cancelled";
}

static const char *faulted(void (*function)(void *), uint32_t isolation)
{
	struct inger_attr attr = attributes(isolation);
	linger_t call = inger_launch_attr(function, TO_COMPLETION, NULL, &attr);
	return call.continuation || call.is_complete ? "not ended" : trace;
}

static void is_trace(const char *seen, const char *want, const char *what, uint32_t isolation)
{
	ok(strcmp(seen, want) == 0, "%s, %s: %s", isolation == INGER_SHARED ? "shared" : "isolated", what, want);
	if (strcmp(seen, want) != 0)
		diag("\"%s\" instead", seen);
}

int main(void)
{
	plan(2 * 6);
	for (uint32_t isolation = INGER_ISOLATED; isolation <= INGER_SHARED; isolation++) {
		is_trace(cancelled(outer, isolation), "c(pushed)ba", "cancelled in a computation", isolation);
		is_trace(cancelled(sleeping, isolation), "(pushed)ba", "cancelled in nanosleep()", isolation);
		is_trace(faulted(faults, isolation), "(pushed)ba", "ended by a fault, but for the function that made it", isolation);
		is_trace(faulted(jumps, isolation), "(pushed)ba", "ended by a jump to nowhere", isolation);
		is_trace(faulted(overflows, isolation), "", "not with a full stack", isolation);
		is_trace(cancelled(outer, isolation), "c(pushed)ba", "and once more", isolation);
	}
	return done();
}
