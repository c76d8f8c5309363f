/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_storm: 64 isolated functions in slices of 50 us, and the program between them, all in the same libraries: the
 * sum of everything that each sees is what it is alone. Then the same with the functions on several threads. */
#include "isolate_mix.h"

#define CALLS 64
#define THREADS 4

static struct mix *alone; /* CALLS of them and the program's, in memory that the child shares */
static struct mix *alone_parallel;
static struct mix mixes[CALLS + 1];
static linger_t calls[CALLS];
static long pauses;

static void all_alone(void *arg)
{
	struct mix *all = arg;
	for (int i = 0; i <= CALLS; i++)
		mix_all(&all[i]);
}

static void prepare(uint64_t seed, int rounds)
{
	for (int i = 0; i <= CALLS; i++)
		mixes[i] = (struct mix){ random_next(&seed), 0, i == CALLS ? rounds * 8 : rounds };
}

static void launch_all(void)
{
	pauses = 0;
	for (int i = 0; i < CALLS; i++) {
		calls[i] = launch(mix_all, 50, &mixes[i]);
		if (!calls[i].continuation && !calls[i].is_complete)
			bail("launch");
	}
}

/* A round of resuming from..to-1, with a round of the program's own before each. Returns how many are still paused. */
static int resume_range(int from, int to, struct mix *program)
{
	int paused = 0;
	for (int i = from; i < to; i++)
		if (!calls[i].is_complete) {
			if (program && program->rounds > 0)
				mix_round(program);
			__atomic_fetch_add(&pauses, 1, __ATOMIC_RELAXED);
			if (resume(&calls[i], 50) != 0)
				bail("resume");
			paused += !calls[i].is_complete;
		}
	return paused;
}

static void *resume_share(void *arg)
{
	int from = (int)(intptr_t)arg * CALLS / THREADS;
	while (resume_range(from, from + CALLS / THREADS, NULL))
		;
	return NULL;
}

static int equal_alone(int n)
{
	int equal = 0;
	for (int i = 0; i < n; i++)
		equal += mixes[i].sum == alone[i].sum && mixes[i].rounds == 0;
	return equal;
}

int main(void)
{
	plan(7);
	use_locales();
	uint64_t seed = random_seed();
	int rounds = soak() ? 60000 : 500;

	alone = mmap(NULL, 2 * sizeof mixes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (alone == MAP_FAILED)
		bail("mmap");
	prepare(seed, rounds);
	alone_parallel = alone + CALLS + 1;
	memcpy(alone, mixes, sizeof mixes);
	memcpy(alone_parallel, mixes, sizeof mixes);
	ok(in_child(all_alone, alone), "each alone, one after the other");
	mix_parallel = true;
	ok(in_child(all_alone, alone_parallel), "and without what can't run on several threads");
	mix_parallel = false;

	launch_all();
	setlocale(LC_CTYPE, "C.UTF-8");
	while (resume_range(0, CALLS, &mixes[CALLS]))
		;
	mix_all(&mixes[CALLS]); /* what is left */
	ok(pauses > CALLS, "in turns: paused %ld times", pauses);
	is_int(equal_alone(CALLS), CALLS, "each function sees what it sees alone");
	ok(equal_alone(CALLS + 1) - equal_alone(CALLS) == 1, "and so does the program");

	pthread_t threads[THREADS];
	prepare(seed, rounds);
	mix_parallel = true;
	alone = alone_parallel;
	launch_all();
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, resume_share, (void *)(intptr_t)i) != 0)
			bail("pthread_create");
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ok(pauses > CALLS, "on %d threads: paused %ld times", THREADS, pauses);
	is_int(equal_alone(CALLS), CALLS, "each function sees what it sees alone");
	return done();
}
