/* SPDX-License-Identifier: Apache-2.0 */
/* storm.c - calls are launched, resumed, cancelled and disturbed in a random mix, several hundred cancels in some rounds; after each
 * everything that the process has is as it was after the first. PHASE is the end of the program's name (storm.PHASE) and one
 * line of the table in storm_phases.h: which works, how many threads, and what disturbs them.
 *
 * INGER_SEED repeats a run; three of four switch the allocator's caches off, so that the heap shows small leaks.
 * INGER_SOAK=1 makes many rounds, until HOSTILE_SECONDS are over. To narrow a failure down: HOSTILE_WORKS='heap raise' and
 * HOSTILE_DISTURB=24 (the sum of storm_disturb.h's numbers) take the place of the phase's own. */
#include <signal.h>
#include <sys/wait.h>
#include "state.h"
#include "storm.h"
#include "storm_disturb.h"
#include "storm_phases.h"

#define SLOTS 24
#define MAX_THREADS 4
#define ROUND_CANCELS 170

struct slot {
	linger_t call;
	struct job job;
	struct inger_fault fault;
	bool busy; /* some thread has it in hand */
};

static struct phase chosen;
static const struct phase *const phase = &chosen;
static struct {
	pthread_mutex_t mu; /* only the resuming side takes it: its holder is never paused */
	struct slot slots[SLOTS];
	const struct work *works[64];
	int count; /* of works */
	uint64_t seed;
	long goal, launches, slices, completed, cancelled, faulted, exited, rounds;
	long wrong;
	char failed[400]; /* the first thing that was not as it should be */
} all = { .mu = PTHREAD_MUTEX_INITIALIZER };

const struct work *work_named(const char *name)
{
	for (const struct work *const *w = __start_works; w < __stop_works; w++)
		if (strcmp((*w)->name, name) == 0)
			return *w;
	errno = ENOENT;
	bail(name);
}

void job_runs(void *arg)
{
	struct job *j = arg;
	do {
		j->work->once(j);
		j->rounds++;
	} while (j->forever);
}

static void failed(const char *what, const struct slot *s, int error)
{
	pthread_mutex_lock(&all.mu);
	if (!all.failed[0])
		snprintf(all.failed, sizeof all.failed, "%s of \"%s\": %s", what, s->job.work->name, inger_strerror(error));
	pthread_mutex_unlock(&all.mu);
}

static void over(struct slot *s, long *counter)
{
	pthread_mutex_lock(&all.mu);
	++*counter;
	all.rounds += s->job.rounds;
	all.wrong += s->job.wrong;
	if (s->job.wrong && !all.failed[0])
		snprintf(all.failed, sizeof all.failed, "\"%s\" after %d rounds: not true: %s", s->job.work->name, s->job.rounds,
		         s->job.complaint);
	pthread_mutex_unlock(&all.mu);
	s->call = (linger_t){ 0 };
}

static void attributes(struct slot *s, struct inger_attr *attr, uint64_t *random)
{
	unsigned flags = s->job.work->flags;
	attr->isolation = flags & WORK_ISOLATED || random_next(random) % 2 ? INGER_ISOLATED : INGER_SHARED;
	attr->grace_us = attr->cleanup_us = 5000000; /* until it lets go of the lock, on any machine */
	if (random_next(random) % 8 == 0)
		attr->stack_bytes = 256 << 10;
	if (phase->disturb & UNWIND && flags & WORK_UNWINDS && random_next(random) % 2)
		attr->flags |= INGER_UNWIND;
	if (flags & WORK_FAULTS) {
		attr->flags |= INGER_CONTAIN;
		attr->fault = &s->fault;
	}
	attr->name = s->job.work->name;
}

/* outcome - of a launch or a resume that failed. */
static void ended(struct slot *s, const char *what, int error)
{
	if (error == EFAULT && s->job.work->flags & WORK_FAULTS)
		over(s, &all.faulted);
	else
		failed(what, s, error);
}

static void begin(struct slot *s, uint64_t *random)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	s->job = (struct job){ .work = all.works[random_range(random, 0, (uint64_t)all.count - 1)], .random = random_next(random) };
	s->job.forever = !(s->job.work->flags & (WORK_WHOLE | WORK_EXITS)) && random_next(random) % 3 != 0;
	attributes(s, &attr, random);
	__atomic_fetch_add(&all.launches, 1, __ATOMIC_RELAXED);
	if (random_next(random) % 16 == 0 && !(s->job.work->flags & (WORK_WHOLE | WORK_FAULTS))) {
		int error = inger_call(job_runs, &s->job, random_range(random, 5, 400), &attr);
		if (error == 0 || error == ETIMEDOUT)
			over(s, error ? &all.cancelled : &all.completed);
		else
			ended(s, "inger_call", error);
		return;
	}
	s->call = inger_launch_attr(job_runs, random_next(random) % 16 ? random_range(random, 1, 400) : 0, &s->job, &attr);
	if (s->call.is_complete)
		over(s, &all.completed);
	else if (!s->call.continuation)
		ended(s, "launch", errno);
}

static void cancel_one(struct slot *s, uint64_t *random)
{
	linger_t stale = s->call;
	if (cancel(&s->call) != 0) {
		failed("cancel", s, errno);
		return;
	}
	over(s, &all.cancelled);
	/* A copy names nothing any more. */
	int result = random_next(random) % 2 ? resume(&stale, 100) : cancel(&stale);
	if (result == 0 || errno != EINVAL)
		failed("a stale copy is accepted: the call", s, errno);
}

static void go_on(struct slot *s, uint64_t *random)
{
	if (random_next(random) % 3 == 0 && !(s->job.work->flags & WORK_WHOLE)) {
		cancel_one(s, random);
		return;
	}
	/* Not to completion: the lock that it waits for may be held by another that is paused. */
	bool end = !s->job.forever && random_next(random) % 8 == 0;
	__atomic_fetch_add(&all.slices, 1, __ATOMIC_RELAXED);
	if (resume(&s->call, end ? 100000 : random_range(random, 1, 400)) != 0)
		ended(s, "resume", errno);
	else if (s->call.is_complete)
		over(s, &all.completed);
}

/* take - a slot that nobody has in hand; on phases that do not move, one of this thread's own. */
static struct slot *take(int thread, uint64_t *random)
{
	struct slot *s;
	pthread_mutex_lock(&all.mu);
	do
		s = &all.slots[random_range(random, 0, SLOTS - 1)];
	while (s->busy || (!(phase->disturb & MOVING) && (s - all.slots) % phase->threads != thread));
	s->busy = true;
	pthread_mutex_unlock(&all.mu);
	return s;
}

/* The thread was ended by a function that it resumed. */
static void exited(void *arg)
{
	struct slot *s = arg;
	over(s, &all.exited);
	__atomic_store_n(&s->busy, false, __ATOMIC_RELEASE);
}

static bool enough(void)
{
	return __atomic_load_n(&all.cancelled, __ATOMIC_RELAXED) >= all.goal || all.failed[0] || disturb_failed();
}

static void *some(void *arg)
{
	static uint64_t births;
	int thread = (int)(intptr_t)arg;
	uint64_t random = all.seed + __atomic_add_fetch(&births, 1, __ATOMIC_RELAXED) * 1000003;
	for (long turns = phase->disturb & EXITING ? (long)random_range(&random, 5, 60) : INT64_MAX; turns > 0 && !enough(); turns--) {
		struct slot *s = take(thread, &random);
		pthread_cleanup_push(exited, s);
		if (s->call.continuation)
			go_on(s, &random);
		else
			begin(s, &random);
		pthread_cleanup_pop(0);
		__atomic_store_n(&s->busy, false, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void cancel_all(void)
{
	for (int i = 0; i < SLOTS && !all.failed[0]; i++) {
		struct slot *s = &all.slots[i];
		if (!s->call.continuation)
			continue;
		/* What is never cancelled half-way is let to its end. */
		if (s->job.work->flags & WORK_WHOLE && resume(&s->call, TO_COMPLETION) == 0)
			over(s, &all.completed);
		else if (cancel(&s->call) == 0)
			over(s, &all.cancelled);
		else
			failed("the last cancel", s, errno);
	}
}

static void round_of(long cancels)
{
	pthread_t threads[MAX_THREADS];
	all.goal = all.cancelled + cancels;
	do {
		for (int i = 0; i < phase->threads; i++)
			if ((errno = pthread_create(&threads[i], NULL, some, (void *)(intptr_t)i)) != 0)
				bail("pthread_create");
		disturb_begin(phase->disturb, threads, phase->threads, random_next(&all.seed));
		/* Nobody is sent a signal who may have ended. */
		while (phase->disturb & DISTURBED && !enough())
			usleep(1000);
		disturb_end();
		for (int i = 0; i < phase->threads; i++)
			pthread_join(threads[i], NULL);
	} while (!enough());
	cancel_all();
	while (waitpid(-1, NULL, WNOHANG) > 0 || errno == EINTR) /* children of cancelled functions */
		;
	all.seed = random_next(&all.seed);
}

/* How many libsets are kept for further launches depends on how many calls there were at once, and each has some 75 KB of heap: none
 * is there when things are counted. */
static void given_back(void)
{
	if (inger_shutdown() != 0 && !all.failed[0])
		snprintf(all.failed, sizeof all.failed, "inger_shutdown: %s", inger_strerror(errno));
}

static void without_heap_caches(char **argv)
{
	if (getenv("GLIBC_TUNABLES") || all.seed % 4 == 0)
		return;
	char seed[32];
	snprintf(seed, sizeof seed, "%llu", (unsigned long long)all.seed);
	setenv("INGER_SEED", seed, 1);
	setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1);
	execv(argv[0], argv);
	bail("execv");
}

static void choose(const char *name)
{
	char list[1024], *rest = list, *one;
	for (size_t i = 0; i < sizeof phases / sizeof *phases; i++)
		if (strcmp(phases[i].name, name) == 0)
			chosen = phases[i];
	if (!chosen.name)
		bail("no such phase");
	const char *works = getenv("HOSTILE_WORKS"), *disturb = getenv("HOSTILE_DISTURB");
	if (disturb)
		chosen.disturb = (unsigned)strtoul(disturb, NULL, 0);
	snprintf(list, sizeof list, "%s", works ? works : phase->works);
	while ((one = strsep(&rest, " ")))
		all.works[all.count++] = work_named(one);
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0], *value = getenv("HOSTILE_SECONDS");
	struct state handlers, before;
	(void)argc;
	const char *seed = getenv("INGER_SEED");
	all.seed = seed ? strtoull(seed, NULL, 0) : now_ns() % 1000000007u;
	without_heap_caches(argv);
	choose(strrchr(name, '.') ? strrchr(name, '.') + 1 : "libc");
	plan(3 + STATE_TESTS);
	diag("INGER_SEED=%llu", (unsigned long long)all.seed);
	disturb_prepare(phase->disturb);
	state_handlers(&handlers);
	long stack_heap = state_stack_heap();
	uint64_t end = now_ns() + (soak() ? (value ? strtoull(value, NULL, 0) : 30) * 1000000000u : 0);
	round_of(ROUND_CANCELS);
	given_back();
	state_take(&before);
	for (int i = 0; (i < 2 || now_ns() < end) && !all.failed[0] && !disturb_failed(); i++)
		round_of(ROUND_CANCELS);
	given_back();
	ok(!all.failed[0], "%s: nothing is refused, nothing is wrong%s%s", name, all.failed[0] ? ": " : "", all.failed);
	ok(!disturb_failed(), "%s: and nothing beside the calls%s%s", name, disturb_failed() ? ": " : "",
	   disturb_failed() ? disturb_failed() : "");
	ok(all.failed[0] || all.cancelled >= 3 * ROUND_CANCELS,
	   "%s: %ld launches, %ld more slices, %ld completed, %ld cancelled, %ld faulted, %ld exits, %ld rounds", name, all.launches,
	   all.slices, all.completed, all.cancelled, all.faulted, all.exited, all.rounds);
	long heap = getenv("GLIBC_TUNABLES") ? 16 << 10 : 8 << 20; /* each stack and thread has a cache of up to 230 KiB */
	state_same(&before, &handlers, (struct state_limits){ heap, stack_heap, 48, 2 }, name);
	return done();
}
