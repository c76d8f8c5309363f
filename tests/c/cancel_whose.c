/* SPDX-License-Identifier: Apache-2.0 */
/* cancel_whose: cancel() releases what is the function's own at that moment, and nothing else: not what it has freed, handed
 * over or returned with, whoever has freed or resized it since. Then the calls that it has launched itself. */
#include "cancel.h"
#include "isolate_lib.h"

#define ROUNDS 200
#define OTHERS 40
#define MINE 0x5a

/* In a thread's cache, in an arena, mapped by itself. */
static const size_t sizes[] = { 200, 3000, 1 << 20 };

struct box {
	unsigned char *block, *other;
	size_t size;
	uint32_t isolation;
	linger_t call, inner;
	int result;
};

static void allocates(void *arg)
{
	struct box *b = arg;
	b->block = malloc(b->size);
	memset(b->block, 1, b->size);
	inger_pause();
}
static void frees_it(void *arg)
{
	struct box *b = arg;
	b->block = malloc(b->size);
	free(b->block);
	inger_pause();
}
static void keeps_it(void *arg)
{
	struct box *b = arg;
	b->block = malloc(b->size);
	memset(b->block, 1, b->size);
	b->result = inger_keep(b->block);
	inger_pause();
}
static void returns_with_it(void *arg)
{
	struct box *b = arg;
	b->block = malloc(b->size);
}
/* The second block keeps the first from growing in place. */
static void returns_with_two(void *arg)
{
	struct box *b = arg;
	b->block = malloc(b->size);
	b->other = malloc(b->size);
}
static void frees_the_programs(void *arg)
{
	struct box *b = arg;
	free(b->block);
	inger_pause();
}
static void grows_the_programs(void *arg)
{
	struct box *b = arg;
	b->block = realloc(b->block, 3 * b->size);
	inger_pause();
}
static void shrinks_the_programs(void *arg)
{
	struct box *b = arg;
	b->block = realloc(b->block, b->size / 2);
	inger_pause();
}
static void fails_to_grow(void *arg)
{
	struct box *b = arg;
	void *volatile none;
	b->block = malloc(b->size);
	b->result = 0;
	none = realloc(b->block, SIZE_MAX / 4 + (size_t)b->result);
	b->result = none == NULL && errno == ENOMEM;
	inger_pause();
}

/* is_mine - the program's block has been filled, and stays so while other blocks of its size come and go. */
static void take(struct box *b, size_t size) { memset(b->block, MINE, size); }
static bool is_mine(const struct box *b, size_t size)
{
	unsigned char *others[OTHERS];
	bool mine = true;
	for (int i = 0; i < OTHERS; i++)
		memset(others[i] = malloc(size), ~MINE, size);
	for (size_t i = 0; i < size; i++)
		mine &= b->block[i] == MINE;
	for (int i = 0; i < OTHERS; i++)
		free(others[i]);
	free(b->block); /* which aborts when it was free */
	return mine;
}

static void *free_it(void *block)
{
	free(block);
	return NULL;
}
static void free_on_a_thread(void *block)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, free_it, block) != 0)
		bail("pthread_create");
	pthread_join(thread, NULL);
}

/* What the program allocates gets the address of what was freed before. */
static bool same_address(struct box *b, void (*function)(void *), void (*free_by)(void *))
{
	b->call = start(function, b, b->isolation);
	if (free_by)
		free_by(b->block);
	b->block = malloc(b->size);
	take(b, b->size);
	end(&b->call);
	return is_mine(b, b->size);
}
static void call_free(void *block) { free(block); }
static void call_realloc(void *block) { free(realloc(block, 50)); }

static bool freed_by_itself(struct box *b) { return same_address(b, frees_it, NULL); }
static bool freed_by_the_program(struct box *b) { return same_address(b, allocates, call_free); }
static bool freed_by_a_thread(struct box *b) { return same_address(b, allocates, free_on_a_thread); }
static bool moved_and_freed(struct box *b) { return same_address(b, allocates, call_realloc); }

static bool kept_inside(struct box *b)
{
	b->call = start(keeps_it, b, b->isolation);
	take(b, b->size);
	end(&b->call);
	return b->result == 0 && inger_keep(b->block) == -1 && errno == EINVAL && is_mine(b, b->size);
}
static bool kept_outside(struct box *b)
{
	b->call = start(allocates, b, b->isolation);
	bool kept = inger_keep(b->block) == 0;
	bool twice = inger_keep(b->block) == -1 && errno == EINVAL;
	take(b, b->size);
	end(&b->call);
	return kept && twice && is_mine(b, b->size);
}
static bool resized(struct box *b, size_t size)
{
	b->call = start(allocates, b, b->isolation);
	b->block = realloc(b->block, size);
	take(b, size);
	end(&b->call);
	return is_mine(b, size);
}
static bool grown_by_the_program(struct box *b) { return resized(b, b->size * 3); }
static bool shrunk_by_the_program(struct box *b) { return resized(b, b->size / 2); }

static bool frees_a_block_of_the_program(struct box *b)
{
	b->block = malloc(b->size);
	return same_address(b, frees_the_programs, NULL);
}
static bool resizes_the_programs(struct box *b, void (*function)(void *), size_t size)
{
	b->block = malloc(b->size);
	b->call = start(function, b, b->isolation);
	take(b, size);
	end(&b->call);
	return is_mine(b, size);
}
static bool grows_a_block_of_the_program(struct box *b) { return resizes_the_programs(b, grows_the_programs, 3 * b->size); }
static bool shrinks_a_block_of_the_program(struct box *b) { return resizes_the_programs(b, shrinks_the_programs, b->size / 2); }

static bool returned_with(struct box *b)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	struct box other = *b;
	attr.isolation = b->isolation;
	b->call = inger_launch_attr(returns_with_it, TO_COMPLETION, b, &attr);
	take(b, b->size);
	/* The next one runs where that one did. */
	other.call = start(allocates, &other, b->isolation);
	end(&other.call);
	return b->call.is_complete && is_mine(b, b->size);
}
static bool returned_and_no_call_s(struct box *b)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = b->isolation;
	b->call = inger_launch_attr(returns_with_it, TO_COMPLETION, b, &attr);
	bool refused = inger_keep(b->block) == -1 && errno == EINVAL;
	free(b->block);
	return refused;
}
/* The second function runs where the first one did, and resizes what is the program's now. */
static bool returned_and_resized(struct box *b, void (*function)(void *), size_t size)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = b->isolation;
	b->call = inger_launch_attr(returns_with_two, TO_COMPLETION, b, &attr);
	b->call = start(function, b, b->isolation);
	take(b, size);
	end(&b->call);
	free(b->other);
	return is_mine(b, size);
}
static bool returned_and_grown(struct box *b) { return returned_and_resized(b, grows_the_programs, 3 * b->size); }
static bool returned_and_shrunk(struct box *b) { return returned_and_resized(b, shrinks_the_programs, b->size / 2); }
static bool resumed_and_returned(struct box *b)
{
	b->call = start(allocates, b, b->isolation);
	if (resume(&b->call, TO_COMPLETION) != 0 || !b->call.is_complete)
		return false;
	take(b, b->size);
	return cancel(&b->call) == -1 && errno == EINVAL && is_mine(b, b->size);
}

static const struct {
	const char *name;
	bool (*right)(struct box *);
} cases[] = {
	{ "freed by the function", freed_by_itself }, { "freed by the program meanwhile", freed_by_the_program },
	{ "freed by another thread meanwhile", freed_by_a_thread }, { "moved by the program, and freed", moved_and_freed },
	{ "kept by the function", kept_inside }, { "kept by the program", kept_outside },
	{ "grown by the program", grown_by_the_program }, { "shrunk by the program", shrunk_by_the_program },
	{ "the program's, freed by the function", frees_a_block_of_the_program },
	{ "the program's, grown by the function", grows_a_block_of_the_program },
	{ "the program's, shrunk by the function", shrinks_a_block_of_the_program },
	{ "of a function that has returned", returned_with }, { "that belongs to no call any more", returned_and_no_call_s },
	{ "of a function that has returned, shrunk by the next", returned_and_shrunk },
	{ "of a function that has returned, grown by the next", returned_and_grown },
	{ "of one that was resumed to its end", resumed_and_returned },
};

static int fails(bool (*right)(struct box *), const char *name)
{
	int wrong = 0;
	for (uint32_t isolation = INGER_ISOLATED; isolation <= INGER_SHARED; isolation++)
		for (int i = 0; i < COUNT(sizes); i++)
			for (int again = 0; again < 3; again++)
				if (!right(&(struct box){ .size = sizes[i], .isolation = isolation })) {
					diag("%s: %zu bytes, %s: not so", name, sizes[i], isolation == INGER_SHARED ? "shared" : "isolated");
					wrong++;
				}
	return wrong;
}

/* ---- calls that launch calls */

static void launches_and_completes(void *arg)
{
	struct box *b = arg;
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = b->isolation;
	b->inner = inger_launch_attr(returns_with_it, TO_COMPLETION, b, &attr);
	inger_pause();
}
static void launches_and_leaves(void *arg)
{
	struct box *b = arg;
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = b->isolation;
	b->inner = inger_launch_attr(allocates, TO_COMPLETION, b, &attr);
}
static void launches_and_pauses(void *arg)
{
	launches_and_leaves(arg);
	inger_pause();
}
/* Each allocates, launches the next, and pauses. */
static void goes_deeper(void *arg)
{
	struct box *b = arg;
	b->block = malloc(b->size);
	if (b->result-- > 0) {
		struct inger_attr attr = INGER_ATTR_INIT;
		attr.isolation = b->result % 2 ? INGER_SHARED : INGER_ISOLATED;
		linger_t inner = inger_launch_attr(goes_deeper, TO_COMPLETION, b, &attr);
		b->size += inner.continuation ? 0 : 1000000; /* seen in the sum */
	}
	inger_pause();
}

static uint64_t live(void)
{
	struct inger_stats stats = { .size = sizeof stats };
	return inger_stats(&stats) == 0 ? stats.live : UINT64_MAX;
}

/* leaves - bytes in use after so many rounds, at best. */
static long leaves(void (*function)(void *), uint32_t isolation, int deep, bool *stale)
{
	long grown = LONG_MAX;
	for (int batch = 0; batch < 5 && grown >= 300 * ROUNDS; batch++) {
		size_t before = heap_in_use();
		for (int i = 0; i < ROUNDS; i++) {
			struct box b = { .size = 3000, .isolation = isolation, .result = deep };
			b.call = start(function, &b, isolation);
			end(&b.call);
			*stale = *stale && (!b.inner.continuation || (resume(&b.inner, TO_COMPLETION) == -1 && errno == EINVAL));
		}
		for (int i = 0; i < 200 && heap_in_use() >= before + 300 * ROUNDS; i++)
			usleep(2000); /* libsets are given back by a thread */
		grown = (long)(heap_in_use() - before);
	}
	return grown;
}

static void test_nested(void)
{
	for (uint32_t isolation = INGER_ISOLATED; isolation <= INGER_SHARED; isolation++) {
		const char *kind = isolation == INGER_SHARED ? "shared" : "isolated";
		bool stale = true;
		long grown = leaves(launches_and_completes, isolation, 0, &stale);
		ok(grown < 300 * ROUNDS, "%s: what a completed inner call has made goes with the outer one (%ld bytes stay)", kind, grown);
		grown = leaves(launches_and_pauses, isolation, 0, &stale);
		ok(grown < 300 * ROUNDS, "%s: a paused inner call is cancelled with the outer one (%ld bytes stay)", kind, grown);
		ok(stale, "%s: and is not to be resumed", kind);
		grown = leaves(goes_deeper, isolation, 6, &stale);
		ok(grown < 300 * ROUNDS, "%s: six levels of them (%ld bytes stay)", kind, grown);
		is_int(live(), 0, "%s: no call is left", kind);

		struct box b = { .size = 3000, .isolation = isolation };
		struct inger_attr attr = INGER_ATTR_INIT;
		attr.isolation = isolation;
		b.call = inger_launch_attr(launches_and_leaves, TO_COMPLETION, &b, &attr);
		ok(b.call.is_complete && live() == 1, "%s: a paused inner call outlives the outer one that returns", kind);
		linger_t next = start(allocates, &(struct box){ .size = 300 }, isolation);
		end(&next);
		ok(resume(&b.inner, TO_COMPLETION) == 0 && b.inner.is_complete, "%s: and goes on, whoever is cancelled next", kind);
		take(&b, b.size);
		ok(is_mine(&b, b.size), "%s: to keep what it has made", kind);

		b.call = start(launches_and_pauses, &b, isolation);
		ok(resume(&b.inner, TO_COMPLETION) == 0 && b.inner.is_complete, "%s: one that the program completes", kind);
		take(&b, b.size);
		end(&b.call);
		ok(is_mine(&b, b.size), "%s: keeps what it has made when the outer one is cancelled", kind);
	}
}

/* The constructor of a libset's libisolate_lib.so allocates. */
static void enters_the_library(void *arg)
{
	*(int *)arg = lib_next();
	inger_pause();
}

int main(void)
{
	plan(COUNT(cases) + 2 * 10 + 6);
	setenv("INGER_LIBSETS", "0", 1);
	for (int i = 0; i < COUNT(cases); i++)
		is_int(fails(cases[i].right, cases[i].name), 0, "%s: left alone", cases[i].name);

	struct box b = { .size = 100 };
	b.call = start(fails_to_grow, &b, INGER_SHARED);
	ok(b.result && inger_keep(b.block) == 0, "a block that could not be made larger is the function's still");
	free(b.block);
	end(&b.call);
	void *block = malloc(10);
	ok(inger_keep(block) == -1 && errno == EINVAL, "inger_keep: EINVAL for a block of the program");
	ok(strstr(inger_strerror(EINVAL), "belongs to no call") != NULL, "and why: %s", inger_strerror(EINVAL));
	ok(inger_keep(NULL) == -1 && errno == EINVAL, "inger_keep: EINVAL for NULL");
	free(block);

	test_nested();

	long grown = LONG_MAX;
	int next = 0;
	for (int batch = 0; batch < 5 && grown >= 32 * ROUNDS; batch++) {
		size_t before = heap_in_use();
		for (int i = 0; i < ROUNDS; i++) {
			linger_t call = start(enters_the_library, &next, INGER_ISOLATED);
			end(&call);
		}
		for (int i = 0; i < 200 && heap_in_use() >= before + 32 * ROUNDS; i++)
			usleep(2000);
		grown = (long)(heap_in_use() - before);
	}
	is_int(next, 1, "each libset begins anew");
	ok(grown < 32 * ROUNDS, "what the constructors of %d libsets have allocated is released (%ld bytes stay)", ROUNDS, grown);
	return done();
}
