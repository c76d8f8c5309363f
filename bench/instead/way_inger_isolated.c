/* SPDX-License-Identifier: Apache-2.0 */
/* way_inger_isolated.c - inger_call() as it is by default: with libraries of its own. */
#include <inger.h>

#include "ways.h"

static void run(void *arg) {
	struct job *job = arg;
	job->work->run(job);
}

static int call(struct job *job, uint64_t budget_us) { return inger_call(run, job, budget_us, NULL); }

const struct way way_inger_isolated = { .name = "inger_isolated", .call = call };
