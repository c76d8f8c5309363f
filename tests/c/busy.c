/* SPDX-License-Identifier: Apache-2.0 */
/* busy: a call runs on one thread at a time; whoever else asks meanwhile gets EBUSY. */
#include <sched.h>
#include "helpers.h"

static linger_t call;
static volatile int entered, leave;
static int self_resume, self_resume_errno, self_cancel, self_cancel_errno;

static void on_itself(void *arg)
{
	linger_t copy = *(linger_t *)arg;
	errno = 0;
	self_resume = resume(&copy, 1000);
	self_resume_errno = errno;
	errno = 0;
	self_cancel = cancel(&copy);
	self_cancel_errno = errno;
}

static void wait_for_leave(void *arg)
{
	(void)arg;
	entered = 1;
	while (!leave)
		;
}

struct rival {
	pthread_t thread;
	pthread_barrier_t *start;
	int rounds, won, busy, other;
};

/* Each round, both threads resume the same paused call; the rounds' calls are in a shared array. */
#define ROUNDS 2000
static linger_t calls[ROUNDS];
static volatile uint64_t progress[ROUNDS];
static volatile int inside[ROUNDS], overlaps;

static void counted(void *arg)
{
	size_t i = (size_t)arg;
	for (;;) {
		if (__atomic_add_fetch(&inside[i], 1, __ATOMIC_SEQ_CST) != 1)
			overlaps++;
		progress[i]++;
		__atomic_sub_fetch(&inside[i], 1, __ATOMIC_SEQ_CST);
		inger_pause();
	}
}

static void *compete(void *arg)
{
	struct rival *r = arg;
	for (int i = 0; i < ROUNDS; i++) {
		linger_t mine = calls[i];
		pthread_barrier_wait(r->start);
		if (resume(&mine, TO_COMPLETION) == 0)
			r->won++;
		else if (errno == EBUSY)
			r->busy++;
		else
			r->other++;
	}
	return NULL;
}

static void *resume_it(void *arg)
{
	(void)arg;
	if (resume(&call, TO_COMPLETION) != 0)
		call.continuation = NULL;
	return NULL;
}

int main(void)
{
	plan(14);
	call = launch(on_itself, 0, &call);
	is_int(resume(&call, TO_COMPLETION), 0, "a function that resumes itself completes");
	is_int(self_resume, -1, "resume of itself fails");
	is_int(self_resume_errno, EBUSY, "with EBUSY");
	is_int(self_cancel, -1, "cancel of itself fails");
	is_int(self_cancel_errno, EBUSY, "with EBUSY");

	pthread_t thread;
	call = launch(wait_for_leave, 0, NULL);
	linger_t copy = call;
	if (pthread_create(&thread, NULL, resume_it, NULL) != 0)
		bail("pthread_create");
	while (!entered)
		sched_yield();
	errno = 0;
	is_int(resume(&copy, 1000), -1, "resume of a call that runs on another thread fails");
	is_int(errno, EBUSY, "with EBUSY");
	errno = 0;
	is_int(cancel(&copy), -1, "cancel of a call that runs on another thread fails");
	is_int(errno, EBUSY, "with EBUSY");
	leave = 1;
	pthread_join(thread, NULL);
	ok(call.is_complete, "the call itself completes");

	pthread_barrier_t start;
	pthread_barrier_init(&start, NULL, 2);
	struct rival a = { .start = &start }, b = { .start = &start };
	for (size_t i = 0; i < ROUNDS; i++)
		calls[i] = launch(counted, 0, (void *)i);
	pthread_create(&a.thread, NULL, compete, &a);
	pthread_create(&b.thread, NULL, compete, &b);
	pthread_join(a.thread, NULL);
	pthread_join(b.thread, NULL);
	uint64_t total = 0;
	int untouched = 0, cancelled = 0;
	for (int i = 0; i < ROUNDS; i++) {
		total += progress[i];
		untouched += progress[i] == 0;
		cancelled += cancel(&calls[i]) == 0;
	}
	diag("%d rounds: %d resumes won, %d busy", ROUNDS, a.won + b.won, a.busy + b.busy);
	ok(a.other + b.other == 0, "two threads at once: each resume succeeds or gives EBUSY");
	ok(untouched == 0 && overlaps == 0, "one thread has it, never both");
	is_int(total, a.won + b.won, "each success ran the function once");
	is_int(cancelled, ROUNDS, "all are paused, and can be cancelled, in the end");
	return done();
}
