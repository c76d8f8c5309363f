/* SPDX-License-Identifier: Apache-2.0 */
/* sections_left: a function that leaves a function of libc, or a handler, by an exception or a jump can be paused afterwards, also
 * in frames below the place where it left. */
#include <csetjmp>
#include <csignal>
#include <exception>
#include <mutex>
#include <pthread.h>
#include <spawn.h>
#include <sys/mman.h>
#include "helpers.h"

static std::once_flag flag;
static volatile int stop;
static sigjmp_buf back;
static char *nowhere; /* a page that can't be read */

/* libc says of these that they do not throw: the compiler must not see which they are. */
static int (*volatile print)(char *, size_t, const char *, ...) = snprintf;
static int (*volatile send)(int) = raise;
static ssize_t (*volatile read_line)(char **, size_t *, FILE *) = getline;
static int (*volatile spawn)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const *,
			     char *const *) = posix_spawn;

/* Deeper than what was left, on untouched stack: what was there is still there. */
__attribute__((noinline)) static void deep(int levels)
{
	volatile char room[2048];
	room[0] = (char)levels;
	if (levels > 0)
		deep(levels - 1);
	else
		while (!stop)
			room[1] = room[0];
	room[2] = room[1];
}

static void on_fault(int) { throw 7; }
static void on_fault_jump(int) { siglongjmp(back, 1); }
static void on_signal_throw(int) { throw 8; }

static void out_of_once(void *)
{
	try { std::call_once(flag, [] { throw 1; }); } catch (int) { }
}
static void out_of_once_three(void *)
{
	std::once_flag other, third;
	try {
		std::call_once(other, [&] { std::call_once(third, [] { out_of_once(NULL); throw 2; }); });
	} catch (int) { }
}
static void out_of_printf(void *)
{
	char text[16];
	try { print(text, sizeof text, "%s", nowhere); } catch (int) { }
}
static void out_of_own(void *) /* on the thread's own TCB */
{
	try { spawn(NULL, "/bin/true", NULL, NULL, (char *const *)nowhere, NULL); } catch (int) { }
}
static void out_of_handler(void *)
{
	try { *(volatile char *)nowhere = 1; } catch (int) { }
}
static void out_of_two_handlers(void *)
{
	try { send(SIGUSR1); } catch (int) { }
}
static void on_usr1(int)
{
	try { *(volatile char *)nowhere = 1; } catch (int) { throw 9; }
}
static void out_of_raise(void *)
{
	try { send(SIGUSR2); } catch (int) { }
}
static void out_of_c_section(void *)
{
	/* A wrapper that is written in C. */
	try { read_line((char **)nowhere, (size_t *)nowhere, stdin); } catch (int) { }
}
static void jump_out_of_printf(void *)
{
	char text[16];
	struct sigaction action = {}, before;
	action.sa_handler = on_fault_jump;
	sigaction(SIGSEGV, &action, &before);
	if (sigsetjmp(back, 1) == 0)
		print(text, sizeof text, "%s", nowhere);
	sigaction(SIGSEGV, &before, NULL);
}

static const struct { const char *name; void (*leave)(void *); } ways[] = {
	{"call_once()", out_of_once}, {"three call_once() in one another", out_of_once_three}, {"snprintf() by a handler that throws", out_of_printf},
	{"posix_spawn() by a handler that throws", out_of_own}, {"a handler that throws", out_of_handler},
	{"a handler of two that throw", out_of_two_handlers}, {"raise() by a handler that throws", out_of_raise},
	{"getline() by a handler that throws", out_of_c_section}, {"snprintf() by a handler that jumps", jump_out_of_printf},
};
#define WAYS (int)(sizeof ways / sizeof *ways)

struct trip { int way; int uncaught; bool after; };

static void leaves_and_spins(void *arg)
{
	struct trip *trip = (struct trip *)arg;
	ways[trip->way].leave(NULL);
	trip->uncaught = std::uncaught_exceptions();
	deep(trip->way % 3);
	errno = 0;
	trip->after = true;
}

/* One call that leaves by many ways, in an order of chance, and spins after each. */
struct storm { uint64_t state; int rounds; volatile int at; };
static void wanders(void *arg)
{
	struct storm *storm = (struct storm *)arg;
	for (int i = 0; i < storm->rounds; i++) {
		ways[random_range(&storm->state, 0, WAYS - 1)].leave(NULL);
		storm->at = i;
		stop = 0;
		deep((int)random_range(&storm->state, 0, 4));
	}
}

int main()
{
	struct sigaction action = {};
	plan(2 * WAYS + 2);
	nowhere = (char *)mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	action.sa_flags = SA_NODEFER;
	action.sa_handler = on_fault;
	sigaction(SIGSEGV, &action, NULL);
	action.sa_handler = on_usr1;
	sigaction(SIGUSR1, &action, NULL);
	action.sa_handler = on_signal_throw;
	sigaction(SIGUSR2, &action, NULL);

	for (int i = 0; i < WAYS; i++) {
		struct trip trip = {i, -1, false};
		stop = 0;
		linger_t call = launch(leaves_and_spins, 5000, &trip);
		/* A hang here is the failure: run.sh ends it. */
		ok(call.continuation && !call.is_complete, "a function that has left %s is paused", ways[i].name);
		stop = 1;
		if (!call.is_complete)
			resume(&call, TO_COMPLETION);
		ok(call.is_complete && trip.after && trip.uncaught == 0, "and goes on: %d exceptions in flight", trip.uncaught);
	}

	uint64_t state = random_seed();
	struct storm storm = {state, soak() ? 3000 : 100, -1};
	long pauses = 0, late = 0;
	linger_t call = launch(wanders, 5000, &storm);
	while (!call.is_complete && call.continuation) {
		uint64_t from = now_ns();
		pauses++;
		stop = 1;
		if (resume(&call, 1000) != 0)
			break;
		late += now_ns() - from > 2000000000u;
	}
	ok(call.is_complete && pauses >= 2, "a storm of %d exits: %ld pauses", storm.rounds, pauses);
	is_int(late, 0, "none of its slices was longer than two seconds");
	return done();
}
