/* SPDX-License-Identifier: Apache-2.0 */
/* handler_launch: handlers of the program's that call launch(), resume() and cancel(). Where they have interrupted one of these on their own
 * thread they are refused with EDEADLK and nothing has happened; everywhere else they work. */
#include <gotcha.h>
#include <signal.h>
#include "helpers.h"

int handler_launch_lib(void);

static volatile long worked, refused, wrong;
static volatile int runs;
static linger_t paused; /* never resumed but by handlers, which let it do nothing */
static int stop, never;

static void counts(void *unused)
{
	(void)unused;
	runs++;
}

/* `paused` is as it was where something is refused. */
static void note(bool done)
{
	if (done)
		worked++;
	else if (errno == EDEADLK && strstr(inger_strerror(EDEADLK), "handler"))
		refused++;
	else
		wrong++;
}

static void handler(int sig)
{
	struct inger_attr shared = INGER_ATTR_INIT;
	int error = errno, before = runs;

	(void)sig;
	shared.isolation = INGER_SHARED;
	linger_t call = inger_launch_attr(counts, 1000, NULL, &shared);
	note(call.is_complete);
	wrong += call.is_complete ? runs != before + 1 : runs != before || call.continuation != NULL;
	if (paused.continuation)
		note(resume(&paused, 0) == 0 && paused.continuation);
	linger_t own = inger_launch_attr(spin, 0, &stop, &shared);
	note(own.continuation && cancel(&own) == 0 && !own.continuation);
	/* One that is nobody's: EINVAL, or the refusal. */
	linger_t none = {0};
	note(cancel(&none) != 0 && errno == EINVAL);
	errno = error;
}

static pthread_t target;
static volatile int over;
static void *sends(void *seed)
{
	while (!over) {
		usleep((useconds_t)random_range(seed, 10, 300));
		pthread_kill(target, SIGUSR1);
	}
	return NULL;
}

/* Until both have been seen often. */
static void busy(void (*once)(void), uint64_t *seed)
{
	pthread_t thread;
	long enough = soak() ? 20000 : 100;
	uint64_t end = now_ns() + 100000000000u;

	worked = refused = wrong = 0;
	over = 0;
	target = pthread_self();
	pthread_create(&thread, NULL, sends, seed);
	while ((worked < enough || refused < enough) && now_ns() < end)
		once();
	over = 1;
	pthread_join(thread, NULL);
}

static linger_t own;
static void once(void)
{
	struct inger_attr isolated = INGER_ATTR_INIT;

	own = launch(spin, 30, &never);
	resume(&own, 30);
	cancel(&own);
	own = inger_launch_attr(counts, 1000, NULL, &isolated);
	work(1, 20000);
}

static void many(void *unused)
{
	(void)unused;
	for (int i = 0; i < 20; i++)
		once();
}

static void once_nested(void)
{
	(void)launch(many, TO_COMPLETION, NULL);
}

int main(void)
{
	struct sigaction act = {.sa_handler = handler};
	uint64_t seed = random_seed();

	plan(10);
	(void)handler_launch_lib();
	sigaction(SIGUSR1, &act, NULL);
	raise(SIGUSR1);
	ok(worked == 3 && !refused && !wrong, "a handler launches, the first of the process");
	struct inger_attr isolated = INGER_ATTR_INIT;
	isolated.isolation = INGER_ISOLATED;
	worked = refused = 0;
	linger_t call = inger_launch_attr(counts, 1000000, NULL, &isolated);
	ok(call.is_complete && refused > 0 && !worked && !wrong, "not in a constructor that an isolated launch runs");
	refused = 0;
	gotcha_t *set = gotcha_open("libhandler_launch.so");
	ok(set && refused > 0 && !worked && !wrong, "nor in one that gotcha_open() runs");
	ok(set && gotcha_close(set) == 0, "gotcha_close() works");
	raise(SIGUSR1);
	ok(worked == 3 && !wrong, "and again afterwards");
	paused = launch(spin, 0, &stop);
	busy(once, &seed);
	ok(worked > 0 && refused > 0 && !wrong, "around launches, resumptions and cancellations: %ld worked, %ld refused, %ld wrong", worked, refused, wrong);
	busy(once_nested, &seed);
	ok(worked > 0 && refused > 0 && !wrong, "around nested ones: %ld worked, %ld refused, %ld wrong", worked, refused, wrong);
	signal(SIGUSR1, SIG_IGN);
	ok(cancel(&paused) == 0, "a call that handlers used can be cancelled");
	call = launch(spin, 1000, &never);
	ok(call.continuation && resume(&call, 1000) == 0 && !call.is_complete && cancel(&call) == 0, "all of it works as before");
	ok(inger_shutdown() == 0, "and nothing is left");
	return done();
}
