/* SPDX-License-Identifier: Apache-2.0 */
/* way_pth.c - the same with GNU Pth: a thread of Pth for the call, which yields where yields were placed by hand. */
#include <errno.h>
#include <pth.h>

#include "ways.h"

static bool is_done, is_late;

static void *run(void *arg) {
	struct job *job = arg;
	job->work->run(job);
	is_done = true;
	return NULL;
}

static bool yield(void) {
	if (!is_late)
		pth_yield(NULL);
	return !is_late;
}

static void begin(const struct work *work) {
	(void)work;
	pth_init();
	coop_yield = yield;
}

static int call(struct job *job, uint64_t budget_us) {
	struct timespec deadline = now_plus(budget_us);
	job->place = job->work->place;
	is_done = is_late = false;
	pth_t thread = pth_spawn(PTH_ATTR_DEFAULT, run, job);
	if (!thread)
		return errno;
	while (!is_done) {
		is_late = is_past(&deadline);
		pth_yield(thread);
	}
	pth_join(thread, NULL);
	return is_late && !job->output ? ETIMEDOUT : 0;
}

const struct way way_pth = { .name = "pth", .begin = begin, .call = call };
