/* SPDX-License-Identifier: Apache-2.0 */
/* way_inger_shared.c - inger_call() with the program's own libraries. */
#include <inger.h>

#include "ways.h"

static void run(void *arg) {
	struct job *job = arg;
	job->work->run(job);
}

static int call(struct job *job, uint64_t budget_us) {
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = INGER_SHARED;
	return inger_call(run, job, budget_us, &attr);
}

const struct way way_inger_shared = { .name = "inger_shared", .call = call };
