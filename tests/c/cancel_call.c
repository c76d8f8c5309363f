/* SPDX-License-Identifier: Apache-2.0 */
/* cancel_call: inger_call(), and the limits that attributes set: on time, heap, descriptors and processor time. After each of
 * them the program goes on as before. */
#include <fcntl.h>
#include <sys/syscall.h>
#include "cancel.h"

#define FURTHER 10000
#define LONG_US 20000000 /* a budget that isn't used up on any machine */

static int forever; /* 0 */
static volatile int steps;

static void go_on(const char *after)
{
	is_int(further(FURTHER), FURTHER, "%d further calls are right after %s", FURTHER, after);
}

/* ---- time */

static void pauses_itself(void *times)
{
	for (int i = *(int *)times; i > 0; i--) {
		inger_pause();
		steps++;
	}
}
static void pauses_for_ever(void *arg)
{
	(void)arg;
	for (;;)
		inger_pause();
}
static void sleeps(void *arg)
{
	(void)arg;
	for (;;)
		nanosleep(&(struct timespec){ 10, 0 }, NULL);
}
static void reads(void *pipe)
{
	char byte;
	if (read(*(int *)pipe, &byte, 1) == 1)
		steps++;
}
static void allocates_for_ever(void *arg)
{
	(void)arg;
	void *volatile last = NULL;
	for (;;)
		last = malloc(200);
	(void)last;
}

struct nested {
	uint64_t inner_us;
	uint64_t before, after; /* around the inner one, ns */
	int result;
};
static void calls_inside(void *arg)
{
	struct nested *n = arg;
	n->result = inger_call(spin, &forever, n->inner_us, NULL);
	n->after = now_ns();
	steps++;
}

static uint64_t counted(size_t offset)
{
	struct inger_stats stats = { .size = sizeof stats };
	return inger_stats(&stats) == 0 ? *(uint64_t *)((char *)&stats + offset) : UINT64_MAX;
}
#define COUNTED(field) counted(offsetof(struct inger_stats, field))

static void test_time(void)
{
	int number = 0, three = 3, ends[2];
	is_int(inger_call(count_up, &number, LONG_US, NULL), 0, "a function that returns in time: 0");
	is_int(number, 1, "it has run");
	is_int(inger_call(count_up, &number, TO_COMPLETION, NULL), 0, "without a limit: 0");
	is_int(inger_call(pauses_itself, &three, LONG_US, NULL), 0, "one that pauses itself is gone on with at once");
	is_int(steps, 3, "to its end");
	is_int(inger_call(pauses_itself, &three, TO_COMPLETION, NULL), 0, "without a limit, too");

	uint64_t cancelled = COUNTED(cancelled), start_ns = now_ns();
	is_int(inger_call(spin, &forever, 2000, NULL), ETIMEDOUT, "one that never returns: ETIMEDOUT");
	ok(now_ns() - start_ns >= 2000000, "not before its time");
	is_int(COUNTED(cancelled) - cancelled, 1, "it was cancelled");
	is_int(inger_call(pauses_for_ever, NULL, 2000, NULL), ETIMEDOUT, "one that pauses for ever: ETIMEDOUT");
	is_int(inger_call(sleeps, NULL, 2000, NULL), ETIMEDOUT, "one that sleeps: ETIMEDOUT");
	if (pipe(ends) != 0)
		bail("pipe");
	is_int(inger_call(reads, ends, 2000, NULL), ETIMEDOUT, "one that waits for a pipe: ETIMEDOUT");
	size_t before = heap_in_use();
	is_int(inger_call(allocates_for_ever, NULL, 5000, NULL), ETIMEDOUT, "one that allocates without end: ETIMEDOUT");
	ok(heap_in_use() < before + 100000, "and its memory is back");
	is_int(inger_call(spin, &forever, 0, NULL), ETIMEDOUT, "no time at all: ETIMEDOUT, without running");
	is_int(write(ends[1], "x", 1), 1, "what it waited for is still there,");
	is_int(inger_call(reads, ends, LONG_US, NULL), 0, "for the next one to read");
	close(ends[0]);
	close(ends[1]);
	go_on("deadlines");

	struct nested n = { .inner_us = 2000 };
	steps = 0;
	is_int(inger_call(calls_inside, &n, LONG_US, NULL), 0, "a deadline inside of a longer one: the outer function goes on");
	is_int(n.result, ETIMEDOUT, "and is told");
	n = (struct nested){ .inner_us = LONG_US };
	is_int(inger_call(calls_inside, &n, 3000, NULL), ETIMEDOUT, "an earlier deadline outside ends both");
	ok(steps == 1 && !n.after, "the outer function did not go on");
	is_int(COUNTED(live), 0, "no call is left");
	go_on("nested deadlines");
}

/* ---- arguments */

static int with(struct inger_attr attr) { return inger_call(count_up, &(int){ 0 }, LONG_US, &attr); }

static void test_arguments(void)
{
	struct { struct inger_attr known; char later[16]; } newer = { INGER_ATTR_INIT, "" };
	struct inger_attr attr = INGER_ATTR_INIT;
	is_int(inger_call(NULL, NULL, 1000, NULL), EINVAL, "no function: EINVAL");
	is_int(with(attr), 0, "attributes that say nothing: 0");
	int refused = 0;
	for (size_t size = 0; size < offsetof(struct inger_attr, isolation); size++)
		refused += with((struct inger_attr){ .size = size }) == EINVAL;
	is_int(refused, offsetof(struct inger_attr, isolation), "sizes that were never one: EINVAL");
	is_int(with((struct inger_attr){ .size = offsetof(struct inger_attr, isolation), .isolation = 77, .flags = 0x80 }), 0,
	       "of an older size the rest is not looked at");
	is_int(with((struct inger_attr){ .size = offsetof(struct inger_attr, flags), .flags = 0x80, .heap_bytes = 1 }), 0,
	       "nor of the one after that");
	newer.known.size = sizeof newer;
	is_int(inger_call(count_up, &(int){ 0 }, LONG_US, &newer.known), 0, "of a newer size, with zeros: 0");
	newer.later[3] = 1;
	is_int(inger_call(count_up, &(int){ 0 }, LONG_US, &newer.known), EINVAL, "of a newer size, with what is not known here: EINVAL");
	is_int(with((struct inger_attr){ .size = 1 << 20 }), EINVAL, "a size that can't be: EINVAL");
	attr.flags = 8;
	is_int(with(attr), EINVAL, "an unknown flag: EINVAL");
	ok(strstr(inger_strerror(EINVAL), "flags"), "and why: %s", inger_strerror(EINVAL));
	attr.flags = 0;
	attr.isolation = 3;
	is_int(with(attr), EINVAL, "an unknown isolation: EINVAL");
	attr.isolation = 0;
	attr.stack_bytes = SIZE_MAX;
	is_int(with(attr), EINVAL, "a stack beyond all bounds: EINVAL");
}

/* ---- heap */

struct heap {
	int blocks, refused, error;
	size_t most;  /* to allocate */
	bool freed;   /* with room again after free() */
	bool shrunk;  /* and after realloc() */
	bool others;  /* room that another thread makes */
	void *one;
	bool went_on;
};

static void *thread_frees(void *block)
{
	free(block);
	return NULL;
}
/* The limit is 100,000 bytes. */
static void eats(void *arg)
{
	struct heap *h = arg;
	void *blocks[300];
	for (h->blocks = 0; h->blocks < 300; h->blocks++) {
		errno = 0;
		if (!(blocks[h->blocks] = malloc(1000)))
			break;
	}
	h->error = errno;
	h->refused += !calloc(10, 100) + !realloc(blocks[0], 4000) + !aligned_alloc(64, 1024);
	for (int i = 0; i < 20; i++)
		free(blocks[--h->blocks]);
	void *again = malloc(10000);
	h->freed = again != NULL;
	again = realloc(again, 100);
	void *more = malloc(9000);
	h->shrunk = again && more;
	free(more);
	free(again);
	while (h->blocks > 0)
		free(blocks[--h->blocks]);
	h->one = malloc(90000);
	inger_pause();
	more = malloc(90000); /* somebody else has freed the first */
	h->others = more != NULL;
	h->refused += !malloc(SIZE_MAX / 4 + h->most);
	h->went_on = true;
}

/* What the program has freed meanwhile is noticed when there seems to be no room: here by a realloc() in place, into a neighbour
 * that was freed. The limit is 292,000 bytes. */
static void grows_after_a_free(void *arg)
{
	struct heap *h = arg;
	char *blocks[10], *volatile filler;
	int i = 0;
	h->one = malloc(90000);
	inger_pause();
	for (int n = 0; n < 10; n++)
		blocks[n] = malloc(20000);
	while (i < 9 && blocks[i + 1] != blocks[i] + 20016)
		i++;
	h->blocks = i;
	if (i < 9) {
		free(blocks[i + 1]);
		filler = malloc(21000); /* doesn't fit there */
		h->one = realloc(blocks[i], 35000);
		h->freed = filler && h->one == blocks[i];
	}
	inger_pause();
}

static void eats_freely(void *blocks)
{
	for (; *(int *)blocks < 300 && malloc(1000); ++*(int *)blocks)
		;
	inger_pause();
}

static void test_heap(void)
{
	for (uint32_t isolation = INGER_ISOLATED; isolation <= INGER_SHARED; isolation++) {
		const char *kind = isolation == INGER_SHARED ? "shared" : "isolated";
		struct heap h = { 0 };
		struct inger_attr attr = INGER_ATTR_INIT;
		attr.heap_bytes = 100000;
		attr.isolation = isolation;
		linger_t call = inger_launch_attr(eats, TO_COMPLETION, &h, &attr);
		if (!call.continuation)
			bail("launch");
		is_int(h.error, ENOMEM, "%s: heap_bytes: ENOMEM", kind);
		is_int(h.refused, 3, "%s: from each kind of allocation", kind);
		ok(h.freed && h.shrunk, "%s: there is room again after free and realloc", kind);
		pthread_t thread;
		if (pthread_create(&thread, NULL, thread_frees, h.one) != 0)
			bail("pthread_create");
		pthread_join(thread, NULL);
		ok(resume(&call, TO_COMPLETION) == 0 && call.is_complete && h.went_on, "%s: it goes on to its end", kind);
		ok(h.others, "%s: there was room for what another thread had freed", kind);
		void *block = malloc(1 << 20);
		ok(block, "%s: the program itself may have more", kind);
		free(block);
		size_t before = heap_in_use();
		int in_place = 0;
		attr.heap_bytes = 292000;
		for (int i = 0; i < 50; i++) {
			h = (struct heap){ 0 };
			call = inger_launch_attr(grows_after_a_free, TO_COMPLETION, &h, &attr);
			free(h.one);
			if (resume(&call, TO_COMPLETION) != 0)
				bail("resume");
			in_place += h.freed;
			end(&call);
		}
		ok(in_place > 0 && heap_in_use() < before + 20000,
		   "%s: what grows into the room that the program has made is released (%d times)", kind, in_place);
		h.blocks = 0;
		call = start(eats_freely, &h.blocks, isolation);
		end(&call);
		is_int(h.blocks, 300, "%s: the next call has no limit", kind);
		go_on("a limit of heap_bytes");
	}
}

/* ---- descriptors */

struct files {
	int opened, error, fds[64];
	bool again, others;
};
static void opens(void *arg)
{
	struct files *f = arg;
	int ends[2];
	errno = 0;
	while (f->opened < 64 && (f->fds[f->opened] = open("/dev/null", O_RDONLY)) >= 0)
		f->opened++;
	f->error = errno;
	errno = 0;
	f->again = dup(0) < 0 && errno == EMFILE && pipe(ends) != 0 && errno == EMFILE && !fopen("/dev/null", "r") && errno == EMFILE;
	close(f->fds[--f->opened]);
	int one = dup(0), two = dup(0);
	f->again = f->again && one >= 0 && two < 0;
	f->opened++;
	inger_pause();
	f->others = open("/dev/null", O_RDONLY) >= 0; /* the program has closed one of them */
	inger_pause();
}

static void test_descriptors(void)
{
	for (uint32_t isolation = INGER_ISOLATED; isolation <= INGER_SHARED; isolation++) {
		const char *kind = isolation == INGER_SHARED ? "shared" : "isolated";
		struct files f = { 0 };
		struct inger_attr attr = INGER_ATTR_INIT;
		attr.descriptors = 8;
		attr.isolation = isolation;
		long before = count_descriptors();
		linger_t call = inger_launch_attr(opens, TO_COMPLETION, &f, &attr);
		if (!call.continuation)
			bail("launch");
		is_int(f.opened, 8, "%s: a limit of eight descriptors", kind);
		is_int(f.error, EMFILE, "%s: the next: EMFILE", kind);
		ok(f.again, "%s: from dup, pipe and fopen as well, until one is closed", kind);
		int fd = dup(0);
		ok(fd >= 0 && close(fd) == 0 && close(f.fds[0]) == 0, "%s: the program itself may open more", kind);
		if (resume(&call, TO_COMPLETION) != 0)
			bail("resume");
		ok(f.others, "%s: there is room for one that the program has closed", kind);
		end(&call);
		is_int(count_descriptors(), before, "%s: all of them are closed", kind);
		go_on("a limit of descriptors");
	}
}

/* ---- processor time */

static uint64_t thread_cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
static void sleeps_and_returns(void *arg)
{
	(void)arg;
	for (int i = 0; i < 20; i++)
		usleep(2000);
	steps++;
}

static void test_cpu(void)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.cpu_us = 20000;
	uint64_t before = thread_cpu_ns();
	is_int(inger_call(spin, &forever, TO_COMPLETION, &attr), EDQUOT, "cpu_us: EDQUOT");
	ok(thread_cpu_ns() - before >= 20000000, "not before it is used up");
	ok(strstr(inger_strerror(EDQUOT), "spin") && strstr(inger_strerror(EDQUOT), "20000"), "and why: %s", inger_strerror(EDQUOT));
	steps = 0;
	is_int(inger_call(sleeps_and_returns, NULL, LONG_US, &attr), 0, "40 ms of sleep are not counted");
	is_int(steps, 1, "it has run to its end");

	before = thread_cpu_ns();
	linger_t call = inger_launch_attr(spin, 1000, &forever, &attr);
	int slices = 1, result = 0;
	for (; call.continuation && (result = resume(&call, 1000)) == 0; slices++)
		if (slices > 100000)
			break;
	int error = errno;
	ok(result == -1 && error == EDQUOT, "over several slices (%d): EDQUOT", slices);
	ok(thread_cpu_ns() - before >= 20000000 && slices > 1, "when all together have used it up");
	ok(call.continuation && resume(&call, TO_COMPLETION) == -1 && errno == EDQUOT, "it stays paused");
	forever = 1;
	ok(resume(&call, TO_COMPLETION) == -1 && errno == EDQUOT, "for good");
	forever = 0;
	is_int(cancel(&call), 0, "to be cancelled");
	is_int(inger_call(spin, &forever, 1000, &attr), ETIMEDOUT, "an earlier deadline: ETIMEDOUT");
	go_on("a limit of processor time");
}

/* ---- a lock that is held */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int stop;
static void holds(void *arg)
{
	pthread_mutex_lock(&mutex);
	spin(arg);
	pthread_mutex_unlock(&mutex);
}

static void test_lock(void)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	linger_t left = { 0 };
	attr.grace_us = 2000;
	attr.left = &left;
	is_int(inger_call(holds, &stop, 2000, &attr), EBUSY, "a function that holds a mutex of the program: EBUSY");
	ok(strstr(inger_strerror(EBUSY), "mutex") && strstr(inger_strerror(EBUSY), "holds"), "and which: %s", inger_strerror(EBUSY));
	ok(left.continuation && cancel(&left) == -1 && errno == EBUSY, "it is left paused");
	stop = 1;
	is_int(cancel(&left), 0, "to be cancelled when it can let go");
	is_int(pthread_mutex_trylock(&mutex), 0, "the mutex is free");
	pthread_mutex_unlock(&mutex);
	stop = 0;
	attr.flags = INGER_RELEASE;
	is_int(inger_call(holds, &stop, 2000, &attr), ETIMEDOUT, "with INGER_RELEASE: ETIMEDOUT");
	is_int(pthread_mutex_trylock(&mutex), 0, "the mutex is free");
	pthread_mutex_unlock(&mutex);
	go_on("a lock that was held");
}

int main(void)
{
	plan(89);
	setenv("INGER_LIBSETS", "2", 1);
	test_time();
	test_arguments();
	test_heap();
	test_descriptors();
	test_cpu();
	test_lock();
	is_int(COUNTED(live), 0, "no call is left");
	return done();
}
