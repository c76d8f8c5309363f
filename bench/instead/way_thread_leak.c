/* SPDX-License-Identifier: Apache-2.0 */
/* way_thread_leak.c - a thread for the call, which is left alone when it has not ended in time. Whoever comes last, the
 * caller or the thread, frees what both use; so the thread has an input of its own. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "ways.h"

struct both {
	struct job job;
	atomic_bool one_is_done;
	unsigned char input[];
};

static void *run(void *arg) {
	struct both *both = arg;
	both->job.work->run(&both->job);
	if (atomic_exchange(&both->one_is_done, true)) {
		free(both->job.output);
		free(both);
	}
	return NULL;
}

static int call(struct job *job, uint64_t budget_us) {
	struct timespec deadline = now_plus(budget_us);
	struct both *both = malloc(sizeof(*both) + job->input_bytes);
	if (!both)
		return errno;
	*both = (struct both){ .job = *job };
	both->job.input = memcpy(both->input, job->input, job->input_bytes);
	pthread_t thread;
	int failed = pthread_create(&thread, NULL, run, both);
	if (failed) {
		free(both);
		return failed;
	}
	if (pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &deadline) == ETIMEDOUT) {
		pthread_detach(thread);
		if (!atomic_exchange(&both->one_is_done, true))
			return ETIMEDOUT;
	}
	job->output = both->job.output;
	job->output_bytes = both->job.output_bytes;
	free(both);
	return 0;
}

const struct way way_thread_leak = { .name = "thread_leak", .call = call };
