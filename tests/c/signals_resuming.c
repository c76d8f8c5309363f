/* SPDX-License-Identifier: Apache-2.0 */
/* signals_resuming.c - a signal of the program's and the clock's come together at the last instruction of a resumption: the pause
 * waits until the handler has been shown the program's own context. Paused before, the handler returned to where it had begun. */
#include <signal.h>
#include "helpers.h"

#define SECONDS 3

static volatile long handled;
static volatile bool over;
static pthread_t resumer;

static void on_signal(int number)
{
	(void)number;
	handled = handled + 1;
}

static void *sends(void *unused)
{
	while (!over)
		pthread_kill(resumer, SIGUSR1);
	return unused;
}

/* Registers that would be lost when it went on elsewhere. */
static void counts(void *arg)
{
	uint64_t value = 1, *rounds = arg;
	for (;;) {
		value = work(value, 20);
		++*rounds;
	}
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct inger_attr attr = INGER_ATTR_INIT;
	uint64_t rounds = 0, random = random_seed(), end = now_ns() + SECONDS * 1000000000ull;
	long slices = 0, failed = 0;
	pthread_t sender;

	plan(3);
	sigaction(SIGUSR1, &action, NULL);
	resumer = pthread_self();
	attr.isolation = INGER_SHARED;
	linger_t call = inger_launch_attr(counts, 1, &rounds, &attr);
	if (pthread_create(&sender, NULL, sends, NULL) != 0)
		bail("pthread_create");
	while (now_ns() < end && !failed) {
		failed += resume(&call, random_range(&random, 1, 25)) != 0 || call.is_complete;
		slices++;
	}
	over = true;
	pthread_join(sender, NULL);
	diag("%ld slices, %ld signals handled, %lu rounds", slices, handled, (unsigned long)rounds);
	is_int(failed, 0, "resumed and paused while signals come");
	ok(handled > 100, "signals came");
	ok(cancel(&call) == 0, "and the call is cancelled");
	return done();
}
