/* SPDX-License-Identifier: Apache-2.0 */
/* join_cancelled: functions that start threads and join them are paused and cancelled anywhere in that; afterwards the program starts
 * threads and joins them, those of cancelled functions as well, as libc's list of stacks is in order and nobody is noted as
 * waiting. And a function that joins is paused while it waits, and gets the result when it goes on. */
#include "helpers.h"

#define CANCELS 600

static struct { pthread_t thread; volatile int started, go; } late;

static void *ends_at_once(void *arg)
{
	return arg;
}

static void *ends_when_told(void *arg)
{
	while (!__atomic_load_n(&late.go, __ATOMIC_ACQUIRE))
		usleep(500);
	return arg;
}

/* Threads of a function that is cancelled before it has joined them stay as they are; they are few at a time. */
static void starts_and_joins(void *wrong)
{
	for (;;) {
		pthread_t thread;
		void *result = NULL;
		int error = pthread_create(&thread, NULL, ends_at_once, wrong);
		if (error == 0 && (pthread_join(thread, &result) != 0 || result != wrong))
			++*(int *)wrong;
	}
}

static void joins_late(void *result)
{
	if (pthread_join(late.thread, result) != 0)
		*(void **)result = NULL;
}

static void in_program(int *joined)
{
	pthread_t thread;
	void *result = NULL;
	if (pthread_create(&thread, NULL, ends_at_once, joined) == 0 && pthread_join(thread, &result) == 0 && result == joined)
		++*joined;
}

int main(void)
{
	int wrong = 0, joined = 0, cancelled = 0;
	plan(8);
	uint64_t random = random_seed();
	for (int i = 0; i < CANCELS; i++) {
		struct inger_attr attr = INGER_ATTR_INIT;
		attr.isolation = i % 2 ? INGER_SHARED : INGER_ISOLATED;
		linger_t call = inger_launch_attr(starts_and_joins, random_range(&random, 20, 300), &wrong, &attr);
		if (i % 16 == 0)
			in_program(&joined); /* while it is paused */
		cancelled += cancel(&call) == 0;
		if (i % 4 == 0)
			in_program(&joined);
	}
	is_int(cancelled, CANCELS, "%d functions that start and join threads are cancelled", CANCELS);
	is_int(wrong, 0, "they got the results of those they joined");
	is_int(joined, (CANCELS + 15) / 16 + CANCELS / 4, "the program starts and joins threads meanwhile");

	void *result = NULL, *own = NULL;
	if (pthread_create(&late.thread, NULL, ends_when_told, &late) != 0)
		bail("pthread_create");
	linger_t call = launch(joins_late, 2000, &result);
	ok(!call.is_complete && call.continuation, "a function that joins is paused while it waits");
	is_int(cancel(&call), 0, "and cancelled");
	call = launch(joins_late, 2000, &result);
	ok(!call.is_complete && resume(&call, 2000) == 0 && !call.is_complete, "another waits for the same thread");
	__atomic_store_n(&late.go, 1, __ATOMIC_RELEASE);
	ok(resume(&call, TO_COMPLETION) == 0 && result == &late, "and joins it");
	late.go = 0;
	if (pthread_create(&late.thread, NULL, ends_when_told, &wrong) != 0)
		bail("pthread_create");
	call = launch(joins_late, 2000, &result);
	cancel(&call);
	__atomic_store_n(&late.go, 1, __ATOMIC_RELEASE);
	ok(pthread_join(late.thread, &own) == 0 && own == &wrong, "the program joins the thread that a cancelled function waited for");
	return done();
}
