/* SPDX-License-Identifier: Apache-2.0 */
/* ends_threads: threads that a function has started when it is cancelled. Those of its libset, and those that wait for a word in
 * its memory, end with it; where one goes on, what it uses stays until it is gone. */
#include <linux/futex.h>
#include <sys/syscall.h>
#include "ends.h"
#include "gotcha.h"
#include "helpers.h"

#define CANCELS 15
#define SPARE 2
#define WORDS 4096

static long threads(void) { return count_entries("/proc/self/task"); }

/* A thread that has been told to leave may still be listed for a moment. */
static long threads_above(long wanted)
{
	long now = threads();
	for (int i = 0; now > wanted && i < 100; i++) {
		usleep(10000);
		now = threads();
	}
	return now - wanted;
}

static int errors;
static void starts(void *arg)
{
	errors += ends_thread(*(enum ends_rest *)arg) != 0;
	inger_pause();
}

static linger_t launched(void (*function)(void *), void *arg, int isolation)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = isolation;
	return inger_launch_attr(function, TO_COMPLETION, arg, &attr);
}

/* A thread of the program's function, that waits for a word in the function's block. */
static void *waits(void *word)
{
	for (;;)
		syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	return NULL;
}

static void starts_waiting(void *arg)
{
	pthread_t thread;
	errors += pthread_create(&thread, NULL, waits, calloc(1, sizeof(int))) != 0;
	usleep(1000);
	inger_pause();
	(void)arg;
}

/* One that goes on: it works on a block and on the stack of the function. */
static volatile int stop, over, wrong;
static volatile uint64_t rounds;
struct shared { uint64_t *block; uint64_t local[WORDS]; };
static void *works(void *arg)
{
	struct shared *shared = arg;
	while (!stop) {
		rounds++;
		for (int i = 0; i < WORDS; i++) {
			shared->local[i] = rounds;
			shared->block[i] = rounds;
		}
		for (int i = 0; i < WORDS; i++)
			wrong += shared->local[i] != rounds || shared->block[i] != rounds;
	}
	over = 1;
	return NULL;
}

static void starts_working(void *arg)
{
	struct shared shared = {.block = malloc(WORDS * sizeof(uint64_t))};
	pthread_t thread;
	errors += pthread_create(&thread, NULL, works, &shared) != 0;
	pthread_detach(thread);
	inger_pause();
	(void)arg;
}

static void fills(void *arg)
{
	volatile char room[WORDS * sizeof(uint64_t)];
	char *blocks[20];
	for (size_t i = 0; i < sizeof room; i++)
		room[i] = 'f';
	for (int i = 0; i < 20; i++)
		memset(blocks[i] = malloc(WORDS * sizeof(uint64_t)), 'f', WORDS * sizeof(uint64_t));
	usleep(2000);
	for (int i = 0; i < 20; i++) {
		for (size_t k = 0; k < WORDS * sizeof(uint64_t); k++)
			*(int *)arg += blocks[i][k] != 'f';
		free(blocks[i]);
	}
	for (size_t i = 0; i < sizeof room; i++)
		*(int *)arg += room[i] != 'f';
}

static void ends_at_once(void *arg) { (void)arg; }
static void starts_and_completes(void *arg)
{
	pthread_t thread;
	errors += pthread_create(&thread, NULL, waits, arg) != 0;
	pthread_detach(thread);
}

int main(void)
{
	static const char *const names[ENDS_RESTS] = {"a condition", "a word", "nothing, in poll()", "no end of its work"};
	static int word;
	char path[4096];
	plan(ENDS_RESTS + 9);
	linger_t first = launched(ends_at_once, NULL, INGER_ISOLATED);
	ok(first.is_complete, "the library's own threads are there");
	long before = threads();
	for (enum ends_rest rest = 0; rest < ENDS_RESTS; rest++) {
		int good = 0;
		for (int i = 0; i < CANCELS; i++) {
			linger_t call = launched(starts, &rest, INGER_ISOLATED);
			good += !call.is_complete && cancel(&call) == 0;
		}
		ok(good == CANCELS && threads_above(before + SPARE) <= 0, "a libset's threads that wait for %s: %d cancelled, %ld left", names[rest], good,
		   threads() - before);
	}
	int good = 0;
	for (int i = 0; i < CANCELS; i++) {
		linger_t call = launched(starts_waiting, NULL, INGER_SHARED);
		good += !call.is_complete && cancel(&call) == 0;
	}
	ok(good == CANCELS && threads_above(before + SPARE) <= 0, "threads of shared calls that wait for a word of theirs: %d, %ld left", good, threads() - before);

	linger_t call = launched(starts_working, NULL, INGER_SHARED);
	is_int(cancel(&call), 0, "a call is cancelled whose thread goes on");
	int damaged = 0;
	for (int i = 0; i < 20; i++)
		call = launched(fills, &damaged, INGER_SHARED);
	uint64_t then = rounds;
	usleep(20000);
	ok(rounds > then && !wrong && !damaged, "it has its stack and its block for itself: %d, %d", wrong, damaged);
	stop = 1;
	for (int i = 0; !over && i < 1000; i++)
		usleep(1000);
	call = launched(starts_waiting, NULL, INGER_SHARED);
	ok(cancel(&call) == 0 && threads_above(before + SPARE) <= 0, "and is gone");

	call = launched(starts_and_completes, &word, INGER_SHARED);
	ok(call.is_complete && threads_above(before) == 1, "a completed function's thread goes on");
	beside_program(path, sizeof path, "libends.so");
	gotcha_t *set = gotcha_open(path);
	int (*thread)(enum ends_rest) = set ? (int (*)(enum ends_rest))gotcha_sym(set, "ends_thread") : NULL;
	if (!thread)
		bail(inger_strerror(errno));
	ok(thread(ENDS_CONDITION) == 0 && thread(ENDS_SPIN) == 0, "threads of a libset that was opened");
	ok(gotcha_close(set) == 0 && threads_above(before + 1) <= 0, "end when it is closed");
	is_int(errors, 0, "all threads were started");
	return done();
}
