/* SPDX-License-Identifier: Apache-2.0 */
/* library.c - one library is called, paused and cancelled 500 times at random moments; then its results are still right and nothing
 * has grown. The way is the end of the program's name:
 *     .isolated  four calls in turn on one thread, each with a libset of its own; the program uses the library between them
 *     .moving    the same on three threads: each resumes and cancels what another has launched
 *     .shared    one call at a time, on the program's own instance
 * Programs of several libraries take one of them for each call.
 * Right results are those of PROGRAM.plain, which knows nothing of libinger. The allocator's caches of each thread are off
 * on one thread, so that the heap is compared to the byte. */
#include "state.h"
#include "want.h"

#define SLOTS 4
#define THREADS 3
#define LONGEST_US 1000

struct slot {
	linger_t call;
	bool busy;            /* some thread has it in hand */
	int library, number, rounds;
	int right, wrong;     /* written by the function */
	uint64_t launch;      /* which one it is, for messages */
};

static struct {
	pthread_mutex_t mu, own; /* own: the program's own use of the library; not every one is made for threads */
	struct slot slots[SLOTS];
	int count, threads;
	uint64_t longest_us;
	long goal, launches, cancelled, completed, slices, right, wrong, own_right, own_wrong;
	uint32_t isolation;
	uint64_t seed;
	char failed[300]; /* the first thing that went wrong, in words */
} all = { .mu = PTHREAD_MUTEX_INITIALIZER, .own = PTHREAD_MUTEX_INITIALIZER };

static void failed(const char *what, const struct slot *s)
{
	pthread_mutex_lock(&all.mu);
	if (!all.failed[0])
		snprintf(all.failed, sizeof all.failed, "%s (launch %llu): %s", what, (unsigned long long)s->launch, inger_strerror(errno));
	pthread_mutex_unlock(&all.mu);
}

static void work_on(void *arg)
{
	struct slot *s = arg;
	for (int i = 0; i < s->rounds; i++)
		if (__start_libraries[s->library]->work(s->number) == want[s->library][s->number])
			s->right++;
		else
			s->wrong++;
}

static void over(struct slot *s, long *counter)
{
	pthread_mutex_lock(&all.mu);
	++*counter;
	all.right += s->right;
	all.wrong += s->wrong;
	pthread_mutex_unlock(&all.mu);
	s->call = (linger_t){ 0 };
}

static void own_work(uint64_t *random)
{
	int library = (int)random_range(random, 0, (uint64_t)want_count() - 1), number = (int)random_range(random, 0, LIBRARY_NUMBERS - 1);
	pthread_mutex_lock(&all.own);
	bool right = __start_libraries[library]->work(number) == want[library][number];
	*(right ? &all.own_right : &all.own_wrong) += 1;
	pthread_mutex_unlock(&all.own);
}

/* A quarter ends by itself; the others go on until they are cancelled. */
static void begin(struct slot *s, uint64_t *random)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = all.isolation;
	attr.grace_us = 5000000; /* a lock of the library's is let go of on any machine */
	s->library = (int)random_range(random, 0, (uint64_t)want_count() - 1);
	s->number = (int)random_range(random, 0, LIBRARY_NUMBERS - 1);
	s->rounds = random_next(random) % 4 ? INT32_MAX : 1;
	s->right = s->wrong = 0;
	s->launch = (uint64_t)__atomic_add_fetch(&all.launches, 1, __ATOMIC_RELAXED);
	s->call = inger_launch_attr(work_on, random_range(random, 5, all.longest_us), s, &attr);
	if (s->call.is_complete)
		over(s, &all.completed);
	else if (!s->call.continuation)
		failed("launch", s);
}

static void go_on(struct slot *s, uint64_t *random)
{
	if (random_next(random) % 3) {
		__atomic_fetch_add(&all.slices, 1, __ATOMIC_RELAXED);
		if (resume(&s->call, random_range(random, 5, all.longest_us)) != 0)
			failed("resume", s);
		else if (s->call.is_complete)
			over(s, &all.completed);
	} else if (cancel(&s->call) == 0)
		over(s, &all.cancelled);
	else
		failed("cancel", s);
}

static struct slot *take(uint64_t *random)
{
	pthread_mutex_lock(&all.mu);
	struct slot *s;
	do
		s = &all.slots[random_range(random, 0, (uint64_t)all.count - 1)];
	while (s->busy);
	s->busy = true;
	pthread_mutex_unlock(&all.mu);
	return s;
}

static void *some(void *arg)
{
	uint64_t random = all.seed + (uint64_t)(uintptr_t)arg * 1000003;
	while (__atomic_load_n(&all.cancelled, __ATOMIC_RELAXED) < all.goal && !all.failed[0]) {
		struct slot *s = take(&random);
		if (s->call.continuation)
			go_on(s, &random);
		else
			begin(s, &random);
		if (all.isolation == INGER_ISOLATED && random_next(&random) % 8 == 0)
			own_work(&random);
		__atomic_store_n(&s->busy, false, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* run - until so many are cancelled; then what is paused is cancelled, too. */
static void run(long goal)
{
	pthread_t threads[THREADS];
	all.goal = goal;
	for (int i = 1; i < all.threads; i++)
		if (pthread_create(&threads[i], NULL, some, (void *)(intptr_t)i) != 0)
			bail("pthread_create");
	some(NULL);
	for (int i = 1; i < all.threads; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < all.count && !all.failed[0]; i++)
		if (all.slots[i].call.continuation) {
			if (cancel(&all.slots[i].call) == 0)
				over(&all.slots[i], &all.cancelled);
			else
				failed("the last cancel", &all.slots[i]);
		}
	all.seed = random_next(&all.seed);
}

static int to_completion(void)
{
	int right = 0;
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = all.isolation;
	for (int library = 0; library < want_count(); library++)
		for (int number = 0; number < LIBRARY_NUMBERS; number++) {
			struct slot s = { .library = library, .number = number, .rounds = 1 };
			linger_t call = inger_launch_attr(work_on, TO_COMPLETION, &s, &attr);
			right += call.is_complete && s.right == 1;
		}
	return right;
}

/* How many libsets are kept for further launches differs, and each has keys, mappings and blocks: none is there when things are
 * counted. */
static void given_back(void)
{
	if (inger_shutdown() != 0 && !all.failed[0])
		snprintf(all.failed, sizeof all.failed, "inger_shutdown: %s", inger_strerror(errno));
}

static void set_way(const char *way)
{
	all.threads = strcmp(way, "moving") == 0 ? THREADS : 1;
	all.count = strcmp(way, "shared") == 0 ? 1 : SLOTS;
	all.isolation = strcmp(way, "shared") == 0 ? INGER_SHARED : INGER_ISOLATED;
}

/* The allocator reads its tunables at the start only. */
static void without_heap_caches(char **argv)
{
	if (getenv("GLIBC_TUNABLES") || all.threads > 1)
		return;
	setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1);
	execv(argv[0], argv);
	bail("execv");
}

int main(int argc, char **argv)
{
	char plain[256];
	const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	const char *way = strrchr(name, '.') ? strrchr(name, '.') + 1 : "isolated";
	const char *cancels = getenv("HOSTILE_CANCELS");
	long goal = cancels ? atol(cancels) : want_count() > 1 ? 150 * want_count() : 500;
	struct state handlers, before;
	(void)argc;

	set_way(way);
	without_heap_caches(argv);
	plan(6 + STATE_TESTS);
	all.seed = random_seed();
	snprintf(plain, sizeof plain, "%.*s.plain", (int)(strchr(name, '.') ? strchr(name, '.') - name : (long)strlen(name)), name);
	want_read(plain);
	is_int(want_here(), 0, "%s: the program's own results are right", name);
	uint64_t longest = 0;
	for (int i = 0; i < want_count(); i++)
		longest = want_ns[i] / 2000 > longest ? want_ns[i] / 2000 : longest;
	all.longest_us = longest < 200 ? 200 : longest > LONGEST_US ? LONGEST_US : longest;
	state_handlers(&handlers);

	run(goal / 5);
	given_back();
	state_take(&before);
	run(goal);
	ok(!all.failed[0], "%s: nothing is refused%s%s", name, all.failed[0] ? ": " : "", all.failed);
	ok(all.failed[0] || all.cancelled >= goal, "%s: %ld launches, %ld more slices, %ld completed, %ld cancelled", name, all.launches,
	   all.slices, all.completed, all.cancelled);
	is_int(all.wrong + all.own_wrong, 0, "%s: %ld results inside and %ld outside are right", name, all.right, all.own_right);
	is_int(to_completion(), want_count() * LIBRARY_NUMBERS, "%s: launched to completion, all results are right", name);
	is_int(want_here(), 0, "%s: the program's own results are right afterwards", name);
	given_back();
	state_same(&before, &handlers, (struct state_limits){ .heap = all.threads > 1 ? 2 << 20 : 48 << 10, .mappings = 48 }, name);
	return done();
}
