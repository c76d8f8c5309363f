/* SPDX-License-Identifier: Apache-2.0 */
/* moving_storm: calls that jump, throw, allocate, launch, resume and cancel calls of their own, lock and change their signal mask
 * are resumed at random by three threads, and cancelled at random. Each goes on as if it had one thread to itself.
 * INGER_SEED repeats a run's choices; INGER_SOAK=1: two minutes. */
#include <atomic>
#include <csetjmp>
#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>
#include "helpers.h"

enum { CALLS = 12, THREADS = 3 };

struct Work {
	int kind;
	uint64_t seed;
	volatile long rounds;
	volatile long wrong;
};

static pthread_mutex_t shared = PTHREAD_MUTEX_INITIALIZER;
static volatile long guarded_a, guarded_b;

static void jumps(Work *w)
{
	jmp_buf back;
	volatile int times = 0;
	int value = setjmp(back);
	if (value != times)
		w->wrong++;
	if (times < 5) {
		times = times + 1;
		longjmp(back, times);
	}
}

static void jumps_with_mask(Work *w)
{
	sigjmp_buf back;
	volatile int times = 0;
	int value = sigsetjmp(back, 1);
	if (value != times)
		w->wrong++;
	if (times < 3) {
		times = times + 1;
		siglongjmp(back, times);
	}
}

static __attribute__((noinline)) int dive(int depth, int what)
{
	std::string each(20 + depth, 'x');
	if (depth == 0)
		throw std::runtime_error(std::to_string(what));
	return dive(depth - 1, what) + (int)each.size();
}

static void throws(Work *w)
{
	int what = (int)(random_next(&w->seed) % 1000);
	try {
		dive(5, what);
		w->wrong++;
	} catch (const std::runtime_error &e) {
		if (std::to_string(what) != e.what())
			w->wrong++;
	}
}

static void allocates(Work *w)
{
	unsigned char *blocks[16];
	size_t sizes[16];
	for (int i = 0; i < 16; i++) {
		sizes[i] = 1 + random_next(&w->seed) % 2000;
		blocks[i] = static_cast<unsigned char *>(malloc(sizes[i]));
		memset(blocks[i], i + 1, sizes[i]);
	}
	for (int i = 0; i < 16; i++) {
		for (size_t k = 0; k < sizes[i]; k++)
			if (blocks[i][k] != i + 1) {
				w->wrong++;
				break;
			}
		free(blocks[i]);
	}
}

static void locks(Work *w)
{
	pthread_mutex_lock(&shared);
	if (guarded_a != guarded_b)
		w->wrong++;
	guarded_a = guarded_a + 1;
	work(w->seed, 300);
	guarded_b = guarded_b + 1;
	pthread_mutex_unlock(&shared);
}

/* The reason of a failure is the call's, on whichever thread it asks. */
static void asks_why(Work *w)
{
	char name[40];
	linger_t none = {};
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.size = 4097 + random_next(&w->seed) % 1000000;
	snprintf(name, sizeof name, "size %zu", attr.size);
	none = inger_launch_attr(spin, 100, nullptr, &attr);
	work(w->seed, 500);
	if (none.continuation || !strstr(inger_strerror(EINVAL), name))
		w->wrong++;
}

static void masks(Work *w)
{
	sigset_t usr, before, after;
	sigemptyset(&usr);
	sigaddset(&usr, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &usr, &before);
	work(w->seed, 300);
	pthread_sigmask(SIG_SETMASK, &before, &after);
	if (sigismember(&before, SIGUSR2) || !sigismember(&after, SIGUSR2))
		w->wrong++;
}

static void execs(Work *w)
{
	char *const arguments[] = { nullptr };
	if (execv("/nonexistent/program", arguments) != -1 || errno != ENOENT)
		w->wrong++;
}

static void inner(void *arg)
{
	Work *w = static_cast<Work *>(arg);
	for (int i = 0; i < 20; i++) {
		allocates(w);
		jumps(w);
	}
	w->rounds = w->rounds + 1;
}

static jmp_buf *volatile unused_target;
static void leaves(void *target) { longjmp(*static_cast<jmp_buf *>(target), 7); }

static void nests(Work *w)
{
	Work own = { 0, random_next(&w->seed), 0, 0 };
	linger_t call = launch(inner, random_range(&w->seed, 1, 60), &own);
	if (random_next(&w->seed) % 3 == 0 && !call.is_complete) {
		if (cancel(&call) != 0)
			w->wrong++;
	} else {
		while (!call.is_complete)
			if (resume(&call, random_range(&w->seed, 1, 60)) != 0) {
				w->wrong++;
				break;
			}
		if (own.rounds != 1)
			w->wrong++;
	}
	w->wrong = w->wrong + own.wrong;
	/* Out of an inner call by a jump. */
	jmp_buf back;
	if (setjmp(back) == 0) {
		linger_t left = launch(leaves, TO_COMPLETION, &back);
		while (left.continuation && resume(&left, TO_COMPLETION) == 0)
			; /* it was paused at our own deadline */
		w->wrong++;
	}
}

static void (*const kinds[])(Work *) = { jumps, jumps_with_mask, throws, allocates, locks, asks_why, masks, execs, nests };
enum { KINDS = sizeof kinds / sizeof *kinds };

static void run(void *arg)
{
	Work *w = static_cast<Work *>(arg);
	for (;;) {
		kinds[w->kind](w);
		w->rounds = w->rounds + 1;
	}
}

static struct {
	linger_t call;
	Work *work;
	std::atomic<bool> taken;
} slots[CALLS];
static std::atomic<long> rounds[KINDS], wrong[KINDS], slices, cancels, refused, late;
static uint64_t first_seed, stop_ns;

static bool begin(int k, uint64_t *seed)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = INGER_SHARED;
	attr.grace_us = 10000000;
	slots[k].work = new Work{ (int)(random_next(seed) % KINDS), random_next(seed), 0, 0 };
	slots[k].call = inger_launch_attr(run, 0, slots[k].work, &attr);
	return slots[k].call.continuation != nullptr;
}

static bool end(int k)
{
	if (cancel(&slots[k].call) != 0)
		return false;
	rounds[slots[k].work->kind] += slots[k].work->rounds;
	wrong[slots[k].work->kind] += slots[k].work->wrong;
	delete slots[k].work;
	return true;
}

static void *turns(void *number)
{
	uint64_t seed = first_seed * 31 + (uint64_t)(uintptr_t)number;
	while (now_ns() < stop_ns) {
		int k = (int)(random_next(&seed) % CALLS);
		if (slots[k].taken.exchange(true))
			continue;
		if (random_next(&seed) % 50 == 0) {
			if (!end(k) || !begin(k, &seed))
				refused++;
			cancels++;
		} else {
			uint64_t before = now_ns();
			if (resume(&slots[k].call, random_range(&seed, 1, 150)) != 0)
				refused++;
			slices++;
			late += now_ns() - before > 3000000000u;
		}
		slots[k].taken = false;
	}
	return nullptr;
}

int main()
{
	pthread_t threads[THREADS];
	plan(5 + KINDS);
	first_seed = random_seed();
	uint64_t seed = first_seed;
	for (int k = 0; k < CALLS; k++)
		if (!begin(k, &seed))
			bail("launch");
	stop_ns = now_ns() + (soak() ? 120000000000u : 2000000000u);
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], nullptr, turns, (void *)(i + 1));
	for (pthread_t thread : threads)
		pthread_join(thread, nullptr);
	int ended = 0;
	for (int k = 0; k < CALLS; k++)
		ended += end(k);
	diag("%ld slices, %ld cancelled", slices.load(), cancels.load());
	is_int(ended, CALLS, "all calls can be cancelled in the end");
	is_int(refused.load(), 0, "no resume and no cancel is refused");
	is_int(late.load(), 0, "every slice ends");
	ok(guarded_a == guarded_b && pthread_mutex_trylock(&shared) == 0, "the lock is free, and what it guards whole");
	static const char *const names[] = { "jump", "jump with masks", "throw", "allocate", "lock", "ask why a launch failed", "change masks",
					     "fail to exec", "launch, resume and cancel" };
	for (int i = 0; i < KINDS; i++)
		is_int(wrong[i].load(), 0, "calls that %s are right (%ld rounds)", names[i], rounds[i].load());
	linger_t call = launch(spin, 1000, (void *)&(const int &)0);
	ok(!call.is_complete && call.continuation && cancel(&call) == 0, "and a new call is paused at its budget");
	return done();
}
