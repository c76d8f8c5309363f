/* SPDX-License-Identifier: Apache-2.0 */
/* ends_timers: timers of cancelled functions are gone with the place where their number was, or with the code that they start. */
#include <signal.h>
#include "ends.h"
#include "helpers.h"

#define CANCELS 20

static struct ends_counts counts;
static volatile sig_atomic_t fired;
static void tick(int sig) { fired += sig == SIGUSR1; }

static int errors;
static timer_t of_the_program;
static void starts(void *arg)
{
	timer_t mine, *timer = arg ? arg : &mine;
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	struct itimerspec each = {{0, 1000000}, {0, 1000000}};
	errors += timer_create(CLOCK_MONOTONIC, &event, timer) != 0 || timer_settime(*timer, 0, &each, NULL) != 0;
	inger_pause();
}

static void starts_threads(void *arg)
{
	errors += ends_timer() != 0;
	while (!counts.signals)
		;
	inger_pause();
	(void)arg;
}

static void sleep_ms(long ms)
{
	struct timespec t = {0, ms * 1000000};
	while (nanosleep(&t, &t) != 0)
		;
}

static int cancelled(void (*function)(void *), void *arg, int isolation)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = isolation;
	linger_t call = inger_launch_attr(function, TO_COMPLETION, arg, &attr);
	return !call.is_complete && cancel(&call) == 0;
}

int main(void)
{
	int good = 0;
	plan(6);
	signal(SIGUSR1, tick);
	ends_count(&counts);
	for (int i = 0; i < CANCELS; i++)
		good += cancelled(starts, NULL, INGER_SHARED);
	is_int(good, CANCELS, "functions with a timer on their stack are cancelled");
	sleep_ms(5);
	fired = 0;
	sleep_ms(20);
	is_int(fired, 0, "no timer goes on");
	ok(cancelled(starts, &of_the_program, INGER_SHARED), "one whose timer is the program's");
	fired = 0;
	sleep_ms(30);
	ok(fired > 0 && timer_delete(of_the_program) == 0, "which goes on");
	good = 0;
	for (int i = 0; i < CANCELS; i++) {
		counts.signals = 0;
		good += cancelled(starts_threads, NULL, INGER_ISOLATED);
		sleep_ms(2);
	}
	int before = counts.signals;
	sleep_ms(30);
	ok(good == CANCELS && counts.signals == before, "libsets with timers that start threads: %d cancelled, none goes on", good);
	is_int(errors, 0, "all timers were started");
	return done();
}
