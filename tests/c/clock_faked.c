/* SPDX-License-Identifier: Apache-2.0 */
/* clock_faked: a program, or a library beside it, whose clock_gettime() tells another time: slices end, waits take as long as they
 * should, and the program sees its own time. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include "helpers.h"

static volatile int mode; /* 0: time stands still; 1: a hundred times too fast; 2: jumps back all the time */

static uint64_t real_ns(void)
{
	struct timespec t;
	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* What libfaketime does; the program's own definition comes before libc's for every library. */
int clock_gettime(clockid_t clock, struct timespec *t)
{
	static uint64_t turn;
	(void)clock;
	*t = (struct timespec){1000000, 7};
	if (mode == 1)
		t->tv_sec += (time_t)(real_ns() / 10000000);
	if (mode == 2)
		t->tv_sec -= (time_t)(++turn % 1000);
	return 0;
}

static void sleeps(void *arg) { (void)arg; usleep(60000); }
static void polls(void *arg) { (void)arg; poll(NULL, 0, 60); }
static void selects(void *arg) { (void)arg; struct timeval t = {0, 60000}; select(0, NULL, NULL, NULL, &t); }
static void waits_for_signal(void *arg)
{
	struct timespec t = {0, 60000000};
	sigset_t set;
	(void)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigtimedwait(&set, NULL, &t);
}
static void interrupted_sleep(void *arg)
{
	struct timespec t = {0, 60000000}, left = {0, 0};
	while (nanosleep(&t, &left) != 0)
		t = left;
	(void)arg;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void locks(void *arg) { (void)arg; pthread_mutex_lock(&lock); pthread_mutex_unlock(&lock); }
static void sees(void *arg)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	*(time_t *)arg = t.tv_sec;
}

/* Whether the function takes 60 ms in slices of 1 ms: not less, and not for ever (run.sh ends a hang). */
static bool takes_its_time(void (*function)(void *))
{
	uint64_t from = real_ns();
	if (run_sliced(function, NULL, 1000) < 0)
		return false;
	return real_ns() - from >= 59000000;
}

int main(void)
{
	static const char *const names[] = {"stands still", "runs a hundred times too fast", "jumps back"};
	plan(3 * 8);
	for (mode = 0; mode < 3; mode++) {
		const char *name = names[mode];
		volatile int stop = 0;
		linger_t call = launch(spin, 2000, (void *)&stop);
		ok(call.continuation && !call.is_complete, "a budget ends while the clock %s", name);
		stop = 1;
		resume(&call, TO_COMPLETION);
		ok(takes_its_time(sleeps), "usleep() in slices while it %s", name);
		ok(takes_its_time(polls), "poll() in slices while it %s", name);
		ok(takes_its_time(selects), "select() in slices while it %s", name);
		ok(takes_its_time(waits_for_signal), "sigtimedwait() in slices while it %s", name);
		ok(takes_its_time(interrupted_sleep), "nanosleep() in slices while it %s", name);
		pthread_mutex_lock(&lock);
		ok(inger_call(locks, NULL, 3000, NULL) == ETIMEDOUT, "a wait for a lock ends with its budget while it %s", name);
		pthread_mutex_unlock(&lock);
		time_t seconds = 0;
		run_sliced(sees, &seconds, 1000);
		ok(seconds >= 1000000 - 1000, "a function sees the program's time while it %s", name);
	}
	return done();
}
