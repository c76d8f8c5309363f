/* SPDX-License-Identifier: Apache-2.0 */
/* cancel_cleanup: handlers that a function has pushed run when it is cancelled: newest first, on its stack, in its libset, with
 * a budget of their own; and not when it returns. */
#include "cancel.h"
#include "isolate_lib.h"

static char order[64];
static int ordered;
static void note(void *letter) { order[ordered++] = *(const char *)letter; }
static bool was(const char *want)
{
	bool same = ordered == (int)strlen(want) && memcmp(order, want, (size_t)ordered) == 0;
	if (!same)
		diag("ran: %.*s, want %s", ordered, order, want);
	ordered = 0;
	return same;
}
static void push(const char *letter)
{
	if (inger_cleanup_push(note, (void *)letter) != 0)
		order[ordered++] = '!';
}

/* ---- which, and in what order */

static void pushes(void *arg)
{
	(void)arg;
	push("a");
	push("b");
	push("c");
	inger_pause();
	inger_cleanup_pop(1); /* c */
	push("d");
	inger_cleanup_pop(0);
	push("e");
	inger_pause();
}

static void test_order(uint32_t isolation, const char *kind)
{
	linger_t call = start(pushes, NULL, isolation);
	end(&call);
	ok(was("cba"), "%s: newest first", kind);
	call = start(pushes, NULL, isolation);
	resume(&call, TO_COMPLETION);
	ok(was("c"), "%s: pop calls it when asked to, and only then", kind);
	end(&call);
	ok(was("eba"), "%s: those that were popped do not run", kind);
	call = start(pushes, NULL, isolation);
	ok(finish(&call, TO_COMPLETION) == 2 && was("c"), "%s: a function that returns drops its handlers", kind);
}

/* ---- where */

static struct {
	uint64_t *local;
	char *frame;        /* of the function */
	char *handlers;     /* of the handler */
	int from_library;
	pthread_t thread;
	uint64_t sum;
} seen;

static void uses_locals(void *arg)
{
	char here;
	uint64_t *local = arg;
	seen.handlers = &here;
	seen.local = local;
	seen.sum = local[0] + local[1];
	local[0] = 7;
	seen.from_library = lib_next();
	seen.thread = pthread_self();
}
static void has_locals(void *arg)
{
	volatile uint64_t local[2] = { 40, 2 };
	seen.frame = __builtin_frame_address(0);
	for (int i = 0; i < 3; i++)
		lib_next();
	inger_cleanup_push(uses_locals, (void *)local);
	if (arg)
		inger_pause();
	else
		for (;;)
			local[0] = local[0] + 1 - 1; /* paused by the clock */
}
static void *cancel_there(void *call)
{
	end(call);
	return NULL;
}

static void test_where(void)
{
	lib_start(100);
	linger_t call = start(has_locals, "", INGER_ISOLATED);
	end(&call);
	ok(seen.sum == 42 && seen.local[0] != 0, "a handler uses locals of the function");
	ok(seen.frame - seen.handlers > 0 && seen.frame - seen.handlers < 65536, "it runs on the function's stack, below the function");
	is_int(seen.from_library, 4, "in its libset");
	is_int(lib_next(), 101, "while the program's own library is as it was");

	call = launch(has_locals, 500, NULL);
	ok(!call.is_complete && call.continuation, "a function that is paused by the clock");
	seen.sum = 0;
	pthread_t thread;
	if (pthread_create(&thread, NULL, cancel_there, &call) != 0)
		bail("pthread_create");
	pthread_join(thread, NULL);
	ok(seen.sum == 42 || seen.sum == 43, "its handler runs when another thread cancels it");
}

/* Nearly nothing is left of its stack. */
static void fills(void *arg)
{
	char filling[(64 << 10) - 8192];
	memset(filling, 1, sizeof filling);
	__asm__ volatile("" : : "r"(filling) : "memory");
	push(arg);
	inger_pause();
	__asm__ volatile("" : : "r"(filling) : "memory");
}

static void test_full_stack(void)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.stack_bytes = 64 << 10;
	linger_t call = inger_launch_attr(fills, TO_COMPLETION, "f", &attr);
	if (!call.continuation)
		bail("launch");
	end(&call);
	ok(was("f"), "a handler runs when the function's stack is nearly full");
}

/* ---- what a handler may do */

static linger_t paused;
static void pauses(void *letter)
{
	inger_pause();
	note(letter);
	inger_pause();
}
static void allocates(void *letter)
{
	void *volatile block = NULL;
	for (int i = 0; i < 100; i++)
		block = malloc(3000);
	if (block)
		note(letter);
}
static void launches(void *letter)
{
	if (inger_call(note, letter, 1000000, NULL) != 0)
		note("!");
}
static void leaves_paused(void *letter)
{
	linger_t call = launch(pauses, TO_COMPLETION, letter);
	if (!call.continuation)
		note("!");
}
static void cancels(void *letter)
{
	if (cancel(&paused) == 0)
		note(letter);
}
static void pushes_more(void *letter)
{
	inger_cleanup_push(note, letter);
}
static void pops_more(void *letter)
{
	note(letter);
	inger_cleanup_pop(1);
}
static void takes_long(void *letter)
{
	for (uint64_t end_ns = now_ns() + 20000000; now_ns() < end_ns;)
		;
	note(letter);
}
static void never_ends(void *letter)
{
	note(letter);
	for (;;)
		__asm__ volatile("");
}

struct two {
	void (*first)(void *), (*second)(void *); /* as they run */
	const char *letters;
};
static void has_two(void *arg)
{
	const struct two *two = arg;
	push("z");
	inger_cleanup_push(two->second, (void *)&two->letters[1]);
	inger_cleanup_push(two->first, (void *)&two->letters[0]);
	inger_pause();
}
static bool runs(void (*first)(void *), void (*second)(void *), const char *letters, const char *want)
{
	struct two two = { first, second, letters };
	bool right = true;
	for (uint32_t isolation = INGER_ISOLATED; isolation <= INGER_SHARED; isolation++) {
		linger_t call = start(has_two, &two, isolation);
		end(&call);
		right &= was(want);
	}
	return right;
}
static linger_t with_budget(struct two *two, uint64_t cleanup_us)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.cleanup_us = cleanup_us;
	linger_t call = inger_launch_attr(has_two, TO_COMPLETION, two, &attr);
	if (!call.continuation)
		bail("launch");
	return call;
}

static void test_what(void)
{
	ok(runs(pauses, note, "pn", "pnz"), "a handler may pause, and goes on");
	ok(runs(launches, note, "ln", "lnz"), "a handler may launch");
	ok(runs(leaves_paused, note, "ln", "nz"), "and leave a paused call, which is cancelled");
	ok(runs(pushes_more, note, "mn", "mnz"), "a handler may push another");
	ok(runs(pops_more, note, "mn", "mnz"), "or pop the next");
	paused = start(pushes, NULL, INGER_ISOLATED);
	struct two two = { cancels, note, "cn" };
	linger_t call = start(has_two, &two, INGER_ISOLATED);
	end(&call);
	ok(was("cbacnz"), "a handler may cancel another call, whose handlers run");

	two = (struct two){ allocates, note, "an" };
	long grown = LONG_MAX;
	for (int batch = 0; batch < 5 && grown > 100000; batch++) {
		size_t before = heap_in_use();
		for (int i = 0; i < 20; i++) {
			call = start(has_two, &two, INGER_SHARED);
			end(&call);
			ordered = 0;
		}
		grown = (long)(heap_in_use() - before);
	}
	ok(grown <= 100000, "what handlers allocate is released, too (%ld bytes stay)", grown);

	two = (struct two){ takes_long, note, "tn" };
	call = with_budget(&two, TO_COMPLETION);
	end(&call);
	ok(was("tnz"), "a budget that never runs out");

	char path[] = "/tmp/cancel_cleanup.XXXXXX", said[400] = "";
	int fd = mkstemp(path), old = dup(2);
	unlink(path);
	two = (struct two){ note, never_ends, "ne" };
	call = with_budget(&two, 3000);
	dup2(fd, 2);
	int result = cancel(&call);
	dup2(old, 2);
	ok(result == 0 && was("ne"), "a handler that does not end is given up, with those that were to follow");
	bool read_it = pread(fd, said, sizeof said - 1, 0) > 0;
	ok(read_it && strstr(said, "cleanup is given up") && strstr(said, "has_two"), "which is said: %.*s",
	   (int)strcspn(said, "\n"), said);
	close(fd);
	close(old);
	ok(resume(&call, 1000) == -1 && errno == EINVAL, "the call is gone");
}

/* ---- calls of calls */

static void outer(void *arg)
{
	(void)arg;
	push("o");
	linger_t inner = launch(pushes, TO_COMPLETION, NULL);
	if (inner.continuation)
		inger_pause();
}
static void cancels_inside(void *arg)
{
	(void)arg;
	push("o");
	linger_t inner = launch(pushes, TO_COMPLETION, NULL);
	if (cancel(&inner) == 0)
		push("p");
	inger_pause();
}

/* A block that the function hands to its handler: freed by it, once. */
static void free_it(void *block) { free(block); }
static void churns(void *arg)
{
	(void)arg;
	for (;;) {
		void *block = malloc(100);
		inger_cleanup_push(free_it, block);
		memset(block, 1, 100);
		inger_cleanup_pop(0);
		free(block);
	}
}

int main(void)
{
	plan(38);
	for (uint32_t isolation = INGER_ISOLATED; isolation <= INGER_SHARED; isolation++)
		test_order(isolation, isolation == INGER_SHARED ? "shared" : "isolated");
	test_where();
	test_full_stack();
	test_what();

	linger_t call = start(outer, NULL, INGER_ISOLATED);
	end(&call);
	ok(was("ocba"), "handlers of a call, then those of the calls that it has launched");
	call = start(cancels_inside, NULL, INGER_ISOLATED);
	ok(was("cba"), "a call cancels another, whose handlers run at once");
	end(&call);
	ok(was("po"), "its own are left for later");
	call = launch(pushes, 0, NULL);
	end(&call);
	ok(was(""), "a call that never ran has none");

	uint64_t random = random_seed();
	int in_flight = 0;
	for (int i = 0; i < 1000; i++) {
		call = launch(churns, random_range(&random, 5, 60), NULL);
		in_flight += call.continuation != NULL;
		end(&call);
	}
	is_int(in_flight, 1000, "1,000 functions are cancelled between push, pop and free");
	ok(malloc_trim(0) >= 0, "the heap is sound");

	ok(inger_cleanup_push(note, NULL) == -1 && errno == EINVAL, "push: EINVAL outside of a call");
	ok(strstr(inger_strerror(EINVAL), "inger_cleanup_push") != NULL, "and why: %s", inger_strerror(EINVAL));
	ok(inger_cleanup_push(NULL, NULL) == -1 && errno == EINVAL, "push: EINVAL without a handler");
	ok(inger_cleanup_pop(0) == -1 && errno == EINVAL, "pop: EINVAL outside of a call");
	ok(strstr(inger_strerror(EINVAL), "inger_cleanup_pop") != NULL, "and why: %s", inger_strerror(EINVAL));
	is_int(further(10000), 10000, "10,000 further calls are right");
	return done();
}
