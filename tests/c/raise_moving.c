/* SPDX-License-Identifier: Apache-2.0 */
/* raise_moving: functions raise a signal while two threads hand them to each other; each time the handler has run when raise() comes
 * back, on the thread that raised, whichever that is. */
#include <signal.h>
#include "helpers.h"

#define CALLS 8
#define MOVES 6000

static __thread volatile sig_atomic_t inside; /* of the call: raise() is under way */
static volatile int elsewhere, lost;
static struct { linger_t call; int busy, number; } calls[CALLS];
static volatile int handled[CALLS], raised[CALLS], moves;
static __thread volatile int mine = -1;

static void on_signal(int number)
{
	(void)number;
	if (inside && mine >= 0)
		handled[mine]++;
	else
		elsewhere++; /* a thread, or a call, that has raised nothing */
}

static void raises(void *arg)
{
	mine = *(int *)arg;
	for (;;) {
		inside = 1;
		int before = handled[mine];
		raise(SIGUSR2);
		if (handled[mine] != before + 1)
			lost++;
		inside = 0;
		raised[mine]++;
	}
}

static void *hands_on(void *seed)
{
	uint64_t random = (uint64_t)(uintptr_t)seed;
	while (__atomic_add_fetch(&moves, 1, __ATOMIC_RELAXED) < MOVES) {
		int i = (int)random_range(&random, 0, CALLS - 1), free_ = 0;
		if (!__atomic_compare_exchange_n(&calls[i].busy, &free_, 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			continue;
		if (resume(&calls[i].call, random_range(&random, 2, 40)) != 0)
			bail("resume");
		__atomic_store_n(&calls[i].busy, 0, __ATOMIC_RELEASE);
	}
	return NULL;
}

int main(void)
{
	pthread_t other;
	long times = 0;
	plan(3);
	uint64_t seed = random_seed();
	signal(SIGUSR2, on_signal);
	for (int i = 0; i < CALLS; i++) {
		calls[i].number = i;
		calls[i].call = launch(raises, 100, &calls[i].number);
	}
	if (pthread_create(&other, NULL, hands_on, (void *)(uintptr_t)(seed + 1)) != 0)
		bail("pthread_create");
	hands_on((void *)(uintptr_t)seed);
	pthread_join(other, NULL);
	for (int i = 0; i < CALLS; i++) {
		times += raised[i];
		cancel(&calls[i].call);
	}
	ok(times > MOVES / 8, "raised %ld times on two threads", times);
	is_int(lost, 0, "the handler has run whenever raise() is back");
	is_int(elsewhere, 0, "and nowhere else");
	return done();
}
