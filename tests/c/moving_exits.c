/* SPDX-License-Identifier: Apache-2.0 */
/* moving_exits: pthread_exit() in calls, again and again on the same TCBs, with and without cleanup handlers, in nested calls, after
 * calls that were cancelled in the middle of such handlers' scopes; and pthread_cancel() of threads that run calls. */
#include "helpers.h"

static volatile int cleaned;
static void clean(void *arg) { (void)arg; cleaned++; }

static void exits(void *arg)
{
	(void)arg;
	pthread_exit((void *)77);
}
static void exits_cleanly(void *arg)
{
	(void)arg;
	pthread_cleanup_push(clean, NULL);
	pthread_exit((void *)77);
	pthread_cleanup_pop(0);
}
static void nests(void *inner)
{
	pthread_cleanup_push(clean, NULL);
	launch((void (*)(void *))inner, TO_COMPLETION, NULL);
	pthread_cleanup_pop(0);
}
/* Its stack goes, and with it what libc's list of handlers leads to. */
static void stops_inside(void *arg)
{
	(void)arg;
	pthread_cleanup_push(clean, NULL);
	for (;;)
		inger_pause();
	pthread_cleanup_pop(0);
}
static void *thread(void *how)
{
	int kind = (int)(intptr_t)how;
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = INGER_SHARED;
	if (kind == 4) {
		linger_t call = inger_launch_attr(stops_inside, TO_COMPLETION, NULL, &attr);
		if (cancel(&call) != 0)
			return NULL;
	}
	inger_launch_attr(kind == 0 ? exits : kind == 1 || kind == 4 ? exits_cleanly : nests, TO_COMPLETION,
			  kind == 3 ? (void *)exits_cleanly : (void *)exits, &attr);
	return NULL;
}

static void sleeps(void *arg)
{
	(void)arg;
	for (;;)
		usleep(500);
}
static void *runs(void *how)
{
	for (;;) {
		inger_call(how ? spin : sleeps, &(int){ 0 }, 2000, NULL);
		pthread_testcancel();
	}
	return NULL;
}

int main(void)
{
	static const char *const names[] = { "plain", "with a cleanup handler", "in a nested call", "in a nested call, handlers in both",
					     "after a call that was cancelled inside a handler's scope" };
	static const int handlers[] = { 0, 1, 1, 2, 1 };
	plan(2 * 5 + 2);
	for (int kind = 0; kind < 5; kind++) {
		int right = 0;
		cleaned = 0;
		for (int i = 0; i < 20; i++) {
			pthread_t t;
			void *value = NULL;
			pthread_create(&t, NULL, thread, (void *)(intptr_t)kind);
			pthread_join(t, &value);
			right += value == (void *)77;
		}
		is_int(right, 20, "pthread_exit() in calls, %s", names[kind]);
		is_int(cleaned, 20 * handlers[kind], "and its handlers run");
	}
	int cancelled = 0;
	for (int i = 0; i < 20; i++) {
		pthread_t t;
		void *value = NULL;
		pthread_create(&t, NULL, runs, (void *)(intptr_t)(i % 2));
		usleep(1000 + i * 137 % 2000);
		pthread_cancel(t);
		pthread_join(t, &value);
		cancelled += value == PTHREAD_CANCELED;
	}
	is_int(cancelled, 20, "threads that run calls are cancelled");
	int stop = 0;
	ok(inger_call(spin, &stop, 2000, NULL) == ETIMEDOUT, "and everything works");
	return done();
}
