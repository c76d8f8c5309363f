/* SPDX-License-Identifier: Apache-2.0 */
/* blocking.h - a table of blocking calls, each run outside of a call right after one that left its clock armed, and
 * inside of a preemptible function in slices: same result, never shorter than asked, never an EINTR. */
#ifndef BLOCKING_H
#define BLOCKING_H

#include "helpers.h"

#define WAIT_MS 30

/* A case returns NULL when all is right, or what was wrong. */
struct blocking_case {
	const char *name;
	const char *(*run)(void);
	unsigned least_ms; /* it must last that long */
};

struct blocking_run {
	const struct blocking_case *which;
	const char *wrong;
	uint64_t lasted_ns;
};

static void blocking_body(void *arg)
{
	struct blocking_run *r = arg;
	uint64_t start = now_ns();
	r->wrong = r->which->run();
	r->lasted_ns = now_ns() - start;
}

static void blocking_nothing(void *arg) { (void)arg; }

static void blocking_check(const struct blocking_run *r, const char *where, long pauses)
{
	if (r->wrong)
		diag("%s: %s", r->which->name, r->wrong);
	/* A clock may be read up to a tick apart from the one that measures. */
	ok(!r->wrong && r->lasted_ns + 100000 >= r->which->least_ms * 1000000ull, "%s %s (%ld pauses)", r->which->name, where, pauses);
}

UNUSED static void blocking_all(const struct blocking_case *cases, int count)
{
	for (int i = 0; i < count; i++) {
		struct blocking_run r = { .which = &cases[i] };
		launch(blocking_nothing, 5000, NULL); /* done long before its deadline, which is still armed */
		blocking_body(&r);
		blocking_check(&r, "after a call", 0);

		r = (struct blocking_run){ .which = &cases[i] };
		long pauses = run_sliced(blocking_body, &r, 200);
		blocking_check(&r, "in slices of 200 us", pauses);
		ok(pauses > 0, "%s is paused while it waits", cases[i].name);
	}
}
#define BLOCKING_TESTS 3 /* per case */

/* failed - the text for a call that returned an error. */
UNUSED static const char *failed(const char *what)
{
	static char text[200];
	snprintf(text, sizeof text, "%s: errno %d", what, errno);
	return text;
}

/* later - run action(arg) on another thread when WAIT_MS are over; later_done() waits for it. */
static pthread_t later_thread;
static struct later_task {
	void (*action)(void *);
	void *arg;
} later_task;

static void *later_body(void *arg)
{
	struct later_task task = *(struct later_task *)arg;
	struct timespec left = { 0, WAIT_MS * 1000000 };
	while (nanosleep(&left, &left) != 0)
		;
	task.action(task.arg);
	return NULL;
}

UNUSED static void later(void (*action)(void *), void *arg)
{
	later_task = (struct later_task){ action, arg };
	if (pthread_create(&later_thread, NULL, later_body, &later_task) != 0)
		bail("pthread_create");
}

UNUSED static void later_done(void) { pthread_join(later_thread, NULL); }

#endif
