/* SPDX-License-Identifier: Apache-2.0 */
/* limit_giveup: a call that has used its budget up returns what the rule says, wherever it is, and the program goes on as if
 * it had returned that by itself: registers, errno, locks, heap, streams. */
#include <malloc.h>
#include <poll.h>
#include "limit.h"
#include "limit_abi.h"
#include "limit_regs.h"
#include "limit_work.h"

/* What a part finds wrong, as its exit status. */
enum { VALUE = 1, ERRNO = 2, AFTER = 4, HEAP = 8, LATER = 16, BROKEN = 32 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t taken = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spinlock;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static sem_t semaphore, let_go;
static FILE *stream;
static int pipe_in; /* of the pipe that nothing comes from */

static bool free_mutex(pthread_mutex_t *m) { return pthread_mutex_trylock(m) == 0 && pthread_mutex_unlock(m) == 0; }
static bool mutex_is_free(struct work *w) { return free_mutex(w->mutex); }
static bool rwlock_is_free(struct work *w) { return pthread_rwlock_trywrlock(w->rwlock) == 0 && pthread_rwlock_unlock(w->rwlock) == 0; }
static bool spin_is_free(struct work *w) { return pthread_spin_trylock(w->spin) == 0 && pthread_spin_unlock(w->spin) == 0; }
static bool stream_is_free(struct work *w)
{
	if (ftrylockfile(w->stream) != 0)
		return false;
	funlockfile(w->stream);
	return true;
}

/* Whether another thread can have it: one's own recursive mutex is always to be had. */
static void *try_in_thread(void *m) { return free_mutex(m) ? m : NULL; }
static bool free_for_others(pthread_mutex_t *m)
{
	pthread_t thread;
	void *result = NULL;
	if (pthread_create(&thread, NULL, try_in_thread, m) != 0 || pthread_join(thread, &result) != 0)
		return false;
	return result == m;
}
static void take_once(struct work *w)
{
	w->mutex = &recursive;
	pthread_mutex_lock(w->mutex);
}
static bool held_once(struct work *w)
{
	bool held = !free_for_others(w->mutex);
	pthread_mutex_unlock(w->mutex);
	return held && free_for_others(w->mutex);
}

static void take(struct work *w)
{
	pthread_mutex_lock(w->mutex);
	w->steps = 0;
}
/* A call whose budget was over before it came to let go has changed nothing: its caller has the mutex still. */
static bool let_go_or_kept(struct work *w)
{
	if (w->steps == 0 && pthread_mutex_trylock(w->mutex) == EBUSY && pthread_mutex_unlock(w->mutex) != 0)
		return false;
	if (w->steps == 0)
		pthread_mutex_unlock(w->mutex); /* it was let go, and the budget was over before the step was counted */
	return free_mutex(w->mutex);
}
static void want_taken(struct work *w) { w->mutex = &taken; }
static bool still_taken(struct work *w) { return pthread_mutex_trylock(w->mutex) == EBUSY; }

static bool pipe_is_whole(struct work *w)
{
	char byte = 'x';
	struct pollfd wait = {.fd = w->pipe, .events = POLLIN};
	return poll(&wait, 1, 0) == 0 && write(pipe_in, "p", 1) == 1 && read(w->pipe, &byte, 1) == 1 && byte == 'p';
}
static bool semaphore_is_whole(struct work *w)
{
	int value = -1;
	return sem_getvalue(w->semaphore, &value) == 0 && value == 0 && sem_post(w->semaphore) == 0 && sem_trywait(w->semaphore) == 0;
}

static volatile int awake;
static void *wait_for_condition(void *arg)
{
	struct work *w = arg;
	pthread_mutex_lock(w->mutex);
	awake = 1;
	while (awake != 2)
		pthread_cond_wait(w->condition, w->mutex);
	pthread_mutex_unlock(w->mutex);
	return NULL;
}
/* A waiter that waits on is woken, although others have vanished. */
static bool condition_is_whole(struct work *w)
{
	pthread_t thread;
	if (!mutex_is_free(w))
		return false;
	awake = 0;
	if (pthread_create(&thread, NULL, wait_for_condition, w) != 0)
		return false;
	while (!awake)
		usleep(10);
	pthread_mutex_lock(w->mutex);
	awake = 2;
	pthread_cond_signal(w->condition);
	pthread_mutex_unlock(w->mutex);
	return pthread_join(thread, NULL) == 0;
}

static bool mask_is_empty(struct work *w)
{
	sigset_t now;
	(void)w;
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	/* Not by sigisemptyset(), which looks at the first 32 signals only before glibc 2.37. */
	for (int sig = 1; sig < _NSIG; sig++)
		if (sigismember(&now, sig) == 1)
			return false;
	return true;
}

/* A section that the deadline came in ends some microseconds later, and most of the function is sections. */
static bool steps_are_few(struct work *w) { return w->steps < 1000; }

/* What a memcpy() was at is somewhere in between; vectors and floating point work. */
static bool numbers_are_right(struct work *w)
{
	double sum = 0;
	for (int i = 1; i <= 64; i++)
		sum += (double)i / 2;
	w->to[0] = 0;
	return sum == 1040 && memcmp(w->from, w->from + 1, COPY_BYTES - 1) == 0;
}

static const struct kind {
	const char *name, *what;
	work_function *function;
	const char *budget, *action;
	long value;
	int error; /* what errno must be; -1: whatever the function left there */
	bool alone; /* not in the storm */
	void (*before)(struct work *);
	bool (*after)(struct work *);
} kinds[] = {
#define ROW(what, name, ...) {#name, what, name, __VA_ARGS__}
	ROW("spinning", work_spin, "150us", "return=-7", -7, 77, false, NULL, NULL),
	ROW("spinning, until errno is to be set", work_errno, "150us", "return=5", 5, -1, true, NULL, NULL),
	ROW("in malloc() and free()", work_heap, "170us", "return=ETIMEDOUT", -1, ETIMEDOUT, false, NULL, NULL),
	ROW("in fprintf()", work_print, "160us", "return=EIO", -1, EIO, false, NULL, stream_is_free),
	ROW("in snprintf()", work_format, "150us", "return=0x7fffffffff", 0x7fffffffff, -1, false, NULL, NULL),
	ROW("in one long fprintf() after the other", work_long_sections, "150us", "return=EFBIG", -1, EFBIG, false, NULL, steps_are_few),
	ROW("in memcpy()", work_copy, "150us", "return=NULL", 0, 77, false, NULL, numbers_are_right),
	ROW("in memmove()", work_fill, "130us", "return=true", 1, 77, false, NULL, numbers_are_right),
	ROW("with a mutex", work_mutex, "120us", "return=EDEADLK", -1, EDEADLK, false, NULL, mutex_is_free),
	ROW("with a recursive mutex of which its caller has a part", work_mutex_again, "120us", "return=EDEADLK", -1, EDEADLK, true,
	    take_once, held_once),
	ROW("without the mutex that it had from its caller", work_mutex_let_go, "60us", "return=1", 1, 77, true, take, let_go_or_kept),
	ROW("with a lock for readers", work_read_lock, "120us", "return=2", 2, 77, false, NULL, rwlock_is_free),
	ROW("with a lock for writers", work_write_lock, "120us", "return=3", 3, 77, false, NULL, rwlock_is_free),
	ROW("with a spinlock", work_spin_lock, "120us", "return=4", 4, 77, true, NULL, spin_is_free),
	ROW("with a stream", work_stream_lock, "120us", "return=5", 5, 77, false, NULL, stream_is_free),
	ROW("with all signals blocked", work_signal_mask, "120us", "return=6", 6, 77, true, NULL, mask_is_empty),
	ROW("in qsort(), in a comparison of the program", work_sort, "140us", "return=-8", -8, -1, false, NULL, NULL),
	ROW("in a function of the program that it calls", work_back, "140us", "return=-9", -9, -1, false, NULL, NULL),
	ROW("in read()", work_read, "120us", "return=EAGAIN", -1, EAGAIN, false, NULL, pipe_is_whole),
	ROW("in poll()", work_poll, "120us", "return=0", 0, -1, false, NULL, pipe_is_whole),
	ROW("in select()", work_select, "120us", "return=0", 0, -1, false, NULL, pipe_is_whole),
	ROW("in nanosleep()", work_sleep, "120us", "return=EINTR", -1, EINTR, false, NULL, NULL),
	ROW("in sem_wait()", work_semaphore, "120us", "return=EAGAIN", -1, EAGAIN, false, NULL, semaphore_is_whole),
	ROW("in pthread_cond_wait()", work_condition, "120us", "return=ETIMEDOUT", -1, ETIMEDOUT, true, NULL, condition_is_whole),
	ROW("in pthread_cond_timedwait()", work_timed_condition, "120us", "return=ETIMEDOUT", -1, ETIMEDOUT, true, NULL, condition_is_whole),
	ROW("in pthread_mutex_lock(), of a mutex that is taken", work_wait_mutex, "120us", "return=EBUSY", -1, EBUSY, false, want_taken,
	    still_taken),
	ROW("the inner one first", work_outer, "1h", "return=-5", -8, 77, false, NULL, NULL),
	ROW("the outer one first", work_outer_short, "100us", "return=-5", -5, 77, false, NULL, NULL),
	ROW("the inner one many times, and then the outer one", work_outer_same, "300us", "return=-3", -3, 77, false, NULL, NULL),
};
#define KINDS (int)(sizeof kinds / sizeof *kinds)
static const char *const other_rules[] = {
	"work_inner=100us:return=-4", "work_inner_long=1h:return=-6", "work_inner_same=15us:return=-2", "work_quick=1h:return=-1",
	"work_some=1h:return=-1",
};

static const char *rules(void)
{
	static char text[4000];
	size_t n = 0;
	for (int i = 0; i < KINDS; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "liblimit_work.so:%s=%s:%s\n", kinds[i].name, kinds[i].budget, kinds[i].action);
	for (size_t i = 0; i < sizeof other_rules / sizeof *other_rules; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "liblimit_work.so:%s\n", other_rules[i]);
	n += (size_t)snprintf(text + n, sizeof text - n, "liblimit_abi.so:limit_regs_mess=80us:return=0x1122334455667788");
	return text;
}

static int compare(const void *left, const void *right)
{
	int a = *(const int *)left, b = *(const int *)right;
	work(1, (uint64_t)(a & 255));
	return (a > b) - (a < b);
}

static long back(struct work *w)
{
	char text[40];
	snprintf(text, sizeof text, "%ld", work_some((long)(w->seed % 5000)));
	w->seed = w->seed * 5 + 1;
	free(malloc(w->seed % 600));
	return (long)strlen(text);
}

static void begin(struct work *w, uint64_t seed)
{
	static int ends[2];
	static bool begun;
	if (!begun) {
		begun = true;
		stream = tmpfile();
		if (!stream || pipe(ends) != 0 || sem_init(&semaphore, 0, 0) != 0 || pthread_spin_init(&spinlock, 0) != 0)
			bail("begin");
		pipe_in = ends[1];
	}
	*w = (struct work){.seed = seed, .mutex = &mutex, .rwlock = &rwlock, .spin = &spinlock, .condition = &condition,
			   .semaphore = &semaphore, .stream = stream, .pipe = ends[0], .compare = compare, .back = back};
	w->from = calloc(1, COPY_BYTES);
	w->to = calloc(1, COPY_BYTES);
	if (!w->from || !w->to)
		bail("calloc");
}

/* Every line of the stream is whole, whoever wrote it. */
static bool lines_are_whole(void)
{
	char line[200];
	long number, lines = 0;
	int end;
	if (fflush(stream) != 0 || ferror(stream))
		return false;
	rewind(stream);
	for (; fgets(line, sizeof line, stream); lines++)
		if (sscanf(line, "line %ld is whole 0.125%n", &number, &end) != 1 || strcmp(line + end, "\n") != 0) {
			diag("line %ld: %s", lines, line);
			return false;
		}
	return feof(stream) && lines > 0;
}

/* Ten thousand blocks of all sizes, each with a pattern of its own, and the allocator's own count of them. */
static bool heap_is_whole(uint64_t seed, int rounds)
{
	enum { HELD = 500 };
	static unsigned char *block[HELD];
	static size_t size[HELD];
	for (int i = 0; i < rounds; i++) {
		unsigned at = (unsigned)random_range(&seed, 0, HELD - 1);
		for (size_t j = 0; block[at] && j < size[at]; j++)
			if (block[at][j] != (unsigned char)at)
				return false;
		free(block[at]);
		size[at] = random_range(&seed, 0, i % 100 == 0 ? 300000 : 3000);
		block[at] = malloc(size[at]);
		if (!block[at])
			return false;
		memset(block[at], (int)at, size[at]);
	}
	size_t before = mallinfo2().uordblks, all = 0;
	for (int i = 0; i < HELD; i++) {
		all += block[i] ? size[i] : 0;
		free(block[i]);
		block[i] = NULL;
	}
	struct mallinfo2 after = mallinfo2();
	return before >= after.uordblks && after.uordblks + after.fordblks == after.arena && before - after.uordblks <= all * 2 + (1 << 20);
}

static bool goes_on(struct work *w, int round)
{
	int *block = malloc(100);
	bool right = block && fprintf(w->stream, "line %d is whole 0.125\n", round) > 0 && work_quick(round) == 3L * round + 1;
	free(block);
	return right;
}

static int try_once(const struct kind *kind, struct work *w, int round)
{
	struct work own = *w;
	int wrong = 0;
	if (kind->before)
		kind->before(&own);
	errno = 77;
	long value = kind->function(&own);
	int error = errno;
	if (value != kind->value) {
		diag("%s: returned %ld, not %ld", kind->what, value, kind->value);
		wrong |= VALUE;
	}
	if (kind->error > 0 && error != kind->error) {
		diag("%s: errno is %d, not %d", kind->what, error, kind->error);
		wrong |= ERRNO;
	}
	if (kind->function == work_errno && error != (int)(w->seed % 100 + 1)) {
		diag("%s: errno is %d, not %d", kind->what, error, (int)(w->seed % 100 + 1));
		wrong |= ERRNO;
	}
	memcpy(w->block, own.block, sizeof w->block);
	w->steps = own.steps;
	w->seed = own.seed + (uint64_t)round;
	return wrong;
}

static void *hold_taken(void *arg)
{
	pthread_mutex_lock(&taken);
	sem_post(arg);
	while (sem_wait(&let_go) != 0)
		;
	pthread_mutex_unlock(&taken);
	return NULL;
}

static int part_kind(const struct kind *kind, int rounds, uint64_t seed)
{
	struct work w;
	int wrong = 0;
	begin(&w, seed);
	for (int i = 0; i < rounds && wrong == 0; i++) {
		if (i % 7 == 0)
			w.seed = random_next(&seed);
		wrong |= try_once(kind, &w, i);
		if (kind->after) {
			struct work same = w;
			same.mutex = kind->before == take_once ? &recursive : kind->before == want_taken ? &taken : w.mutex;
			wrong |= kind->after(&same) ? 0 : AFTER;
		}
		wrong |= goes_on(&w, i) ? 0 : LATER;
	}
	wrong |= heap_is_whole(seed, 10000) ? 0 : HEAP;
	if (kind->function != work_stream_lock)
		wrong |= lines_are_whole() ? 0 : LATER;
	for (int i = 0; i < 5000; i++)
		wrong |= work_quick(i) == 3L * i + 1 && work_some(i % 100) == i % 100 ? 0 : LATER;
	return wrong;
}

/* ---- registers at the return */

static int part_registers(int rounds, uint64_t seed)
{
	static const int kept[] = {3, 5, 12, 13, 14, 15};
	int wrong = 0, seen = 0;
	for (int i = 0; i < rounds && wrong == 0; i++) {
		struct limit_regs in = {0}, out = {0};
		struct limit_talk talk = {0};
		ABI_MAKE(&seed, in.gpr);
		ABI_MAKE(&seed, in.vector);
		ABI_MAKE(&seed, talk.give.gpr);
		ABI_MAKE(&seed, talk.give.vector);
		in.mxcsr = 0x1f80 | ((uint32_t)random_next(&seed) & 0x6000);
		in.x87 = (uint16_t)(0x7f | (random_next(&seed) & 0xc00) | 0x300);
		talk.give.mxcsr = 0x1f80 | ((uint32_t)random_next(&seed) & 0xe03f);
		talk.give.x87 = (uint16_t)(0x7f | (random_next(&seed) & 0xf00));
		talk.give.gpr[4] = random_range(&seed, 0, 5000) & ~7u; /* how far it moves the stack pointer */
		in.stack[0] = (uint64_t)&talk;
		limit_regs_call(&in, &out, limit_regs_mess);
		for (size_t j = 0; j < sizeof kept / sizeof *kept; j++)
			wrong |= out.gpr[kept[j]] == in.gpr[kept[j]] ? 0 : AFTER;
		wrong |= out.gpr[0] == 0x1122334455667788 ? 0 : VALUE;
		wrong |= out.gpr[4] == 0 && (out.flags & 0x400) == 0 ? 0 : AFTER;
		wrong |= out.mxcsr == in.mxcsr && out.x87 == in.x87 && out.tags == 0xffff ? 0 : AFTER;
		static const char none[16];
		wrong |= memcmp(out.vector[0], none, 16) == 0 ? 0 : VALUE;
		seen += talk.seen.gpr[7] == in.gpr[7]; /* hardly any ends before it begins */
		if (wrong)
			diag("round %d: rsp off by %lld, flags %llx, MXCSR %x for %x, x87 %x for %x, tags %x", i, (long long)out.gpr[4],
			     (unsigned long long)out.flags, out.mxcsr, in.mxcsr, out.x87, in.x87, out.tags);
	}
	wrong |= seen > rounds / 2 ? 0 : BROKEN;
	return wrong | (heap_is_whole(seed, 1000) ? 0 : HEAP);
}

/* ---- everything at once */

struct stormer {
	pthread_t thread;
	uint64_t seed;
	int rounds, wrong;
	long given_up;
};

static void *storm(void *arg)
{
	struct stormer *s = arg;
	struct work w;
	begin(&w, s->seed);
	for (int i = 0; i < s->rounds && s->wrong == 0; i++) {
		const struct kind *kind = &kinds[random_range(&s->seed, 0, KINDS - 1)];
		if (kind->alone)
			continue;
		s->wrong |= try_once(kind, &w, i);
		s->wrong |= goes_on(&w, i) ? 0 : LATER;
		s->given_up++;
	}
	return NULL;
}

#define THREADS 4
static int part_storm(int rounds, uint64_t seed)
{
	struct stormer stormers[THREADS];
	struct work w;
	int wrong = 0;
	long given_up = 0;
	begin(&w, seed); /* what they share is there before them */
	for (int i = 0; i < THREADS; i++) {
		stormers[i] = (struct stormer){.seed = random_next(&seed), .rounds = rounds / THREADS};
		if (pthread_create(&stormers[i].thread, NULL, storm, &stormers[i]) != 0)
			bail("pthread_create");
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(stormers[i].thread, NULL);
		wrong |= stormers[i].wrong;
		given_up += stormers[i].given_up;
	}
	diag("%ld calls of four threads were given up", given_up);
	wrong |= given_up >= rounds / 2 ? 0 : BROKEN;
	wrong |= mutex_is_free(&w) && rwlock_is_free(&w) && stream_is_free(&w) ? 0 : AFTER;
	wrong |= heap_is_whole(seed, 10000) ? 0 : HEAP;
	return wrong | (lines_are_whole() ? 0 : LATER);
}

static int part(const char *text)
{
	char name[60];
	int rounds;
	unsigned long long seed;
	pthread_t thread;
	sem_t is_taken;
	if (sscanf(text, "part %59s rounds %d seed %llu", name, &rounds, &seed) != 3)
		return 255;
	sem_init(&is_taken, 0, 0);
	sem_init(&let_go, 0, 0);
	if (pthread_create(&thread, NULL, hold_taken, &is_taken) != 0)
		return 255;
	sem_wait(&is_taken);
	int wrong = BROKEN;
	if (strcmp(name, "registers") == 0)
		wrong = part_registers(rounds, seed);
	else if (strcmp(name, "storm") == 0)
		wrong = part_storm(rounds, seed);
	for (int i = 0; i < KINDS; i++)
		if (strcmp(name, kinds[i].name) == 0)
			wrong = part_kind(&kinds[i], rounds, seed);
	sem_post(&let_go);
	pthread_join(thread, NULL);
	return wrong | (free_mutex(&taken) ? 0 : AFTER);
}

static int run(const char *name, int rounds, uint64_t seed, const char *environment, struct limit_end *end)
{
	char text[100];
	snprintf(text, sizeof text, "part %s rounds %d seed %llu", name, rounds * (soak() ? 30 : 1), (unsigned long long)seed);
	*end = limit_child(rules(), text, environment);
	return WIFEXITED(end->status) ? WEXITSTATUS(end->status) : 255;
}

int main(int argc, char **argv)
{
	(void)argc;
	limit_regs_look();
	if (strncmp(argv[0], "part", 4) == 0)
		return part(argv[0]);
	plan(5 * KINDS + 8);
	uint64_t seed = random_seed();
	static struct limit_end end;
	for (int i = 0; i < KINDS; i++) {
		const struct kind *kind = &kinds[i];
		int wrong = run(kind->name, kind->function == work_condition || kind->function == work_timed_condition ? 60 : 200, random_next(&seed),
				NULL, &end);
		ok(!(wrong & VALUE), "given up %s, the call returns what the rule says", kind->what);
		ok(!(wrong & ERRNO), "%s: errno is as the rule says", kind->what);
		ok(!(wrong & AFTER), "%s: nothing is held or half done", kind->what);
		ok(!(wrong & HEAP), "%s: the heap is whole", kind->what);
		if (!ok(wrong == 0, "%s: the program goes on", kind->what))
			limit_show(&end);
	}
	int wrong = run("registers", 2000, random_next(&seed), NULL, &end);
	ok(!(wrong & VALUE), "the value is in rax, and no result of floating point is left");
	ok(!(wrong & AFTER), "registers, stack pointer, flags and control words are the caller's again");
	if (!ok(wrong == 0, "after a function that had changed all of them"))
		limit_show(&end);
	wrong = run("storm", 16000, random_next(&seed), NULL, &end);
	ok(!(wrong & (VALUE | ERRNO)), "four threads, all kinds in any order: values and errno");
	ok(!(wrong & (AFTER | HEAP)), "locks and heap");
	if (!ok(wrong == 0, "the program goes on"))
		limit_show(&end);
	diag("messages: %d", limit_lines(end.said, "is given up: liblimit_work.so:work_"));
	wrong = run("storm", 4000, random_next(&seed), "INGER_CLOCK=timekeeper", &end);
	if (!ok(wrong == 0, "the same by the timekeeper's clock"))
		limit_show(&end);
	wrong = run("storm", 4000, random_next(&seed), "MALLOC_ARENA_MAX=1", &end);
	if (!ok(wrong == 0, "the same in one arena"))
		limit_show(&end);
	return done();
}
