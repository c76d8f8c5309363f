/* SPDX-License-Identifier: Apache-2.0 */
/* signals_timers: the program's own timers fire while preemptible functions run, and tell the time that is left. */
#include <signal.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include "helpers.h"

static volatile sig_atomic_t fired, stop_at;
static void tick(int number)
{
	(void)number;
	fired++;
}
static void wait_for_ticks(void *arg)
{
	(void)arg;
	while (fired < stop_at)
		work(1, 100);
}

static void launched(sig_atomic_t ticks, const char *name)
{
	fired = 0;
	stop_at = ticks;
	long pauses = run_sliced(wait_for_ticks, NULL, 500);
	ok(pauses > 0 && fired >= ticks, "%s fires in a sliced call", name);
}

static void by_alarm_inside(void *arg)
{
	alarm(1);
	wait_for_ticks(arg);
}

int main(void)
{
	plan(10);
	signal(SIGALRM, tick);
	signal(SIGVTALRM, tick);
	signal(SIGPROF, tick);
	signal(40, tick);
	struct itimerval interval = { { 0, 5000 }, { 0, 5000 } }, off = { { 0, 0 }, { 0, 0 } }, now;
	static const struct {
		int which;
		const char *name;
	} kinds[] = { { ITIMER_REAL, "setitimer(ITIMER_REAL)" }, { ITIMER_VIRTUAL, "setitimer(ITIMER_VIRTUAL)" },
		{ ITIMER_PROF, "setitimer(ITIMER_PROF)" } };
	for (int i = 0; i < 3; i++) {
		setitimer(kinds[i].which, &interval, NULL);
		launched(10, kinds[i].name);
		getitimer(kinds[i].which, &now);
		ok(now.it_interval.tv_usec == 5000, "%s reads back its interval", kinds[i].name);
		setitimer(kinds[i].which, &off, NULL);
	}
	alarm(1);
	launched(1, "alarm");
	fired = 0;
	stop_at = 1;
	run_sliced(by_alarm_inside, NULL, 1000);
	is_int(fired, 1, "alarm set inside of a sliced call fires");

	timer_t timer;
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = 40 };
	struct itimerspec each = { { 0, 5000000 }, { 0, 5000000 } };
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0)
		bail("timer_create");
	timer_settime(timer, 0, &each, NULL);
	launched(10, "timer_create");
	timer_delete(timer);

	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	uint64_t expirations = 0;
	timerfd_settime(fd, 0, &each, NULL);
	usleep(20000);
	ok(read(fd, &expirations, sizeof expirations) == 8 && expirations >= 3, "timerfd counts");
	return done();
}
