/* SPDX-License-Identifier: Apache-2.0 */
/* way_pthread_cancel.c - a thread for the call, which is cancelled when it has not ended in time. A function that computes
 * has no cancellation points: it is to be cancelled anywhere, which POSIX allows for functions that are safe for that,
 * and hardly any is. */
#include <errno.h>
#include <pthread.h>

#include "ways.h"

static void *run(void *arg) {
	struct job *job = arg;
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	job->work->run(job);
	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
	return NULL;
}

static int call(struct job *job, uint64_t budget_us) {
	struct timespec deadline = now_plus(budget_us);
	pthread_t thread;
	void *result;
	int failed = pthread_create(&thread, NULL, run, job);
	if (failed)
		return failed;
	failed = pthread_clockjoin_np(thread, &result, CLOCK_MONOTONIC, &deadline);
	if (failed != ETIMEDOUT)
		return failed;
	pthread_cancel(thread);
	pthread_join(thread, &result);
	return result == PTHREAD_CANCELED ? ETIMEDOUT : 0; /* 0: it was done just then */
}

const struct way way_pthread_cancel = { .name = "pthread_cancel", .call = call };
