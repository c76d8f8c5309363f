/* SPDX-License-Identifier: Apache-2.0 */
/* way_pthread_cancel_deferred.c - pthread_cancel() as it is by default: the thread ends at its next cancellation point. */
#include <errno.h>
#include <pthread.h>

#include "ways.h"

static void *run(void *arg) {
	struct job *job = arg;
	job->work->run(job);
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
	return result == PTHREAD_CANCELED ? ETIMEDOUT : 0;
}

const struct way way_pthread_cancel_deferred = { .name = "pthread_cancel_deferred", .call = call };
