/* SPDX-License-Identifier: Apache-2.0 */
/* cancel_storm: functions are cancelled at random points of what libraries and libc do, thousands of them (INGER_SOAK=1:
 * 200,000), isolated and shared ones. Afterwards everything that the process has is as before, and all libraries still
 * give right results. */
#include <sys/wait.h>
#include "cancel_work.h"

#define SLOTS 12
#define THREADS 3

struct slot {
	linger_t call;
	int work, number, rounds; /* rounds to do; the last ones run until they are cancelled */
	int right, wrong;         /* written by the function */
};

struct storm {
	uint64_t random;
	long cancels, cancelled, completed, failed, busy;
	long of[WORKS];
	long right, wrong;
	bool locks; /* on several threads nobody waits for a mutex that a paused function of another holds */
	struct slot slots[SLOTS];
};

static void works_on(void *arg)
{
	struct slot *s = arg;
	for (int i = 0; i < s->rounds; i++) {
		if (works[s->work].once(s->number) == work_want[s->work][s->number])
			s->right++;
		else
			s->wrong++;
	}
}

static void over(struct storm *st, struct slot *s)
{
	st->right += s->right;
	st->wrong += s->wrong;
	if (s->wrong)
		diag("%s: number %d: %d wrong results in a call", works[s->work].name, s->number, s->wrong);
	s->right = s->wrong = 0;
	s->call = (linger_t){ 0 };
}

static void begin(struct storm *st, struct slot *s)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	do
		s->work = (int)random_range(&st->random, 0, WORKS - 1);
	while (!st->locks && works[s->work].once == work_locked);
	s->number = (int)random_range(&st->random, 0, NUMBERS - 1);
	s->rounds = random_next(&st->random) % 8 ? INT_MAX : (int)random_range(&st->random, 1, 4);
	attr.isolation = works[s->work].isolated || random_next(&st->random) % 2 ? INGER_ISOLATED : INGER_SHARED;
	attr.grace_us = 5000000; /* until it lets go of the mutex, on any machine */
	s->call = inger_launch_attr(works_on, random_range(&st->random, 5, 300), s, &attr);
	if (s->call.is_complete)
		over(st, s);
	else if (!s->call.continuation)
		bail("launch");
}

static void give_up(struct storm *st, struct slot *s)
{
	if (cancel(&s->call) == 0) {
		st->cancelled++;
		st->of[s->work]++;
	} else if (errno == EBUSY) {
		diag("%s", inger_strerror(EBUSY));
		st->busy++;
		return;
	} else {
		diag("cancel: %s", inger_strerror(errno));
		st->failed++;
	}
	over(st, s);
}

static void *rage(void *arg)
{
	struct storm *st = arg;
	while (st->cancelled < st->cancels && !st->failed) {
		struct slot *s = &st->slots[random_next(&st->random) % SLOTS];
		if (!s->call.continuation) {
			begin(st, s);
			continue;
		}
		if (random_next(&st->random) % 2) {
			give_up(st, s);
			continue;
		}
		if (resume(&s->call, random_range(&st->random, 5, 300)) != 0)
			bail("resume");
		if (s->call.is_complete) {
			st->completed++;
			over(st, s);
		}
	}
	for (int i = 0; i < SLOTS; i++)
		if (st->slots[i].call.continuation)
			give_up(st, &st->slots[i]);
	return NULL;
}

static struct storm storms[THREADS];
static void rage_alone(uint64_t *random, long cancels)
{
	storms[0] = (struct storm){ .random = random_next(random), .cancels = cancels, .locks = true };
	rage(&storms[0]);
}
static void rage_together(uint64_t *random, long cancels)
{
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++) {
		storms[i] = (struct storm){ .random = random_next(random), .cancels = cancels / THREADS };
		if (pthread_create(&threads[i], NULL, rage, &storms[i]) != 0)
			bail("pthread_create");
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void check(const char *where, int n)
{
	struct storm sum = { 0 };
	int missed = 0;
	for (int i = 0; i < n; i++) {
		sum.cancels += storms[i].cancels;
		sum.cancelled += storms[i].cancelled;
		sum.completed += storms[i].completed;
		sum.failed += storms[i].failed;
		sum.busy += storms[i].busy;
		sum.right += storms[i].right;
		sum.wrong += storms[i].wrong;
		for (int w = 0; w < WORKS; w++)
			sum.of[w] += storms[i].of[w];
	}
	for (int w = 0; w < WORKS; w++)
		missed += !sum.of[w] && (storms[0].locks || works[w].once != work_locked);
	diag("%s: %ld cancelled, %ld completed after a pause, %ld right results", where, sum.cancelled, sum.completed, sum.right);
	ok(sum.cancelled >= sum.cancels && !sum.failed, "%s: %ld functions are cancelled", where, sum.cancelled);
	is_int(sum.busy, 0, "%s: each lets go of its locks first", where);
	is_int(missed, 0, "%s: some in each kind of work", where);
	ok(sum.wrong == 0 && sum.right > 0, "%s: what was completed is right (%ld)", where, sum.right);
	is_int(works_right(), WORKS * NUMBERS, "%s: the program's own work is right", where);
}

static long count_live(void)
{
	struct inger_stats stats = { .size = sizeof stats };
	return inger_stats(&stats) == 0 ? (long)stats.live : -1;
}

/* exact - in a process whose allocator has no caches of small free blocks, which count as in use: nothing at all stays. */
static int exact(const char *seed)
{
	uint64_t random = strtoull(seed, NULL, 0);
	long cancels = soak() ? 20000 : 2000;
	works_prepare();
	rage_alone(&random, cancels / 4);
	rage_together(&random, cancels / 4);
	long heap = heap_kib();
	rage_alone(&random, cancels / 2);
	rage_together(&random, cancels / 2);
	bool flat = settles(heap_kib, heap + 64);
	diag("without caches: %ld KiB of heap in use, %ld before", heap_kib(), heap);
	works_end();
	return !flat;
}

static bool run_exact(const char *program, uint64_t seed)
{
	char text[32];
	int status = -1;
	snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
	pid_t pid = fork();
	if (pid == 0) {
		setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1);
		execl(program, program, text, NULL);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

int main(int argc, char **argv)
{
	setenv("INGER_LIBSETS", "0", 1);
	if (argc > 1)
		return exact(argv[1]);
	plan(21);
	uint64_t random = random_seed();
	long cancels = soak() ? 200000 : 4000;
	ok(run_exact("/proc/self/exe", random), "what cancelled functions have allocated is released");
	works_prepare();
	is_int(works_right(), WORKS * NUMBERS, "all work is the same each time");
	/* Until there are as many stacks, tables and free blocks as are used. */
	rage_alone(&random, cancels / 8);
	rage_together(&random, cancels / 8);
	long resident = resident_kib(), descriptors = count_descriptors();
	long mappings = count_mappings(), threads = count_threads();

	rage_alone(&random, cancels / 2);
	check("one thread", 1);
	rage_together(&random, cancels / 2);
	check("several threads", THREADS);

	is_int(count_live(), 0, "no call is left");
	ok(settles(count_descriptors, descriptors), "%ld descriptors, %ld before", count_descriptors(), descriptors);
	ok(settles(count_threads, threads), "%ld threads, %ld before", count_threads(), threads);
	ok(settles(count_mappings, mappings + 64), "%ld mappings, %ld before", count_mappings(), mappings);
	ok(settles(resident_kib, resident + 8192), "%ld KiB of memory, %ld before", resident_kib(), resident);
	is_int(pthread_mutex_trylock(&work_mutex), 0, "the mutex is free");
	is_int(work_guarded[0], work_guarded[1], "and what it guards was never left in the middle");
	pthread_mutex_unlock(&work_mutex);
	ok(malloc_trim(0) >= 0 && mallinfo2().arena > 0, "the heap is sound");
	is_int(further(1000), 1000, "1,000 further calls are right");
	works_end();
	return done();
}
