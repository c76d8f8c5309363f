/* SPDX-License-Identifier: Apache-2.0 */
/* way_setitimer_siglongjmp.c - a timer whose handler jumps out of the function, wherever that is. What it has half done
 * stays so. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>

#include "ways.h"

static sigjmp_buf before;
static volatile sig_atomic_t running;

static void late(int signal) {
	(void)signal;
	if (running)
		siglongjmp(before, 1);
}

static void begin(const struct work *work) {
	(void)work;
	struct sigaction action = { .sa_handler = late };
	sigaction(SIGALRM, &action, NULL);
}

static int call(struct job *job, uint64_t budget_us) {
	struct itimerval budget = { .it_value = { (time_t)(budget_us / 1000000), (suseconds_t)(budget_us % 1000000) } };
	static const struct itimerval never;
	if (sigsetjmp(before, 1)) {
		running = 0;
		return ETIMEDOUT;
	}
	running = 1;
	setitimer(ITIMER_REAL, &budget, NULL);
	job->work->run(job);
	running = 0;
	setitimer(ITIMER_REAL, &never, NULL);
	return 0;
}

const struct way way_setitimer_siglongjmp = { .name = "setitimer_siglongjmp", .begin = begin, .call = call };
