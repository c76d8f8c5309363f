/* SPDX-License-Identifier: Apache-2.0 */
/* heap_storm: many calls allocate, grow and free blocks with known content in random slices, while the side that resumes
 * uses the heap as well. */
#include "helpers.h"

#define CALLS 16
#define BLOCKS 64

struct block {
	unsigned char *bytes;
	size_t size;
	unsigned char fill;
};

struct user {
	struct block blocks[BLOCKS];
	uint64_t state, operations;
	volatile int stop;
	volatile uint64_t wrong;
};

static int intact(const struct block *b)
{
	for (size_t i = 0; i < b->size; i++)
		if (b->bytes[i] != b->fill)
			return 0;
	return 1;
}

/* One operation on one block; the sizes reach from the smallest bin to mmap. */
static void operate(struct user *u)
{
	struct block *b = &u->blocks[random_next(&u->state) % BLOCKS];
	uint64_t kind = random_next(&u->state) % 8;
	size_t size = random_range(&u->state, 1, kind == 7 && u->operations % 64 == 0 ? 300000 : 2000);
	unsigned char fill = (unsigned char)random_next(&u->state);
	u->operations++;
	if (b->bytes) {
		u->wrong += !intact(b);
		if (kind < 4) {
			free(b->bytes);
			b->bytes = NULL;
			return;
		}
		unsigned char *moved = realloc(b->bytes, size);
		size_t kept = size < b->size ? size : b->size;
		for (size_t i = 0; i < kept; i++)
			u->wrong += moved[i] != b->fill;
		b->bytes = moved;
	} else if (kind < 3) {
		b->bytes = malloc(size);
	} else if (kind < 5) {
		b->bytes = calloc(1, size);
		for (size_t i = 0; i < size; i++)
			u->wrong += b->bytes[i] != 0;
	} else if (kind == 5) {
		size_t alignment = (size_t)16 << (fill % 6);
		void *aligned = NULL;
		if (posix_memalign(&aligned, alignment, size) != 0 || (uintptr_t)aligned % alignment)
			u->wrong++;
		b->bytes = aligned;
	} else {
		b->bytes = malloc(size / 8 + 1);
		size = size / 8 + 1;
	}
	if (!b->bytes) {
		u->wrong++;
		return;
	}
	b->size = size;
	b->fill = fill;
	memset(b->bytes, fill, size);
}

static void storm(void *arg)
{
	struct user *u = arg;
	while (!u->stop)
		operate(u);
	for (int i = 0; i < BLOCKS; i++)
		if (u->blocks[i].bytes) {
			u->wrong += !intact(&u->blocks[i]);
			free(u->blocks[i].bytes);
		}
}

static void large_free(void *arg)
{
	for (int i = 0; i < 200; i++) {
		char *large = malloc(1 << 20);
		memset(large, i, 1 << 20);
		*(int *)arg += large[(1 << 20) - 1] == (char)i;
		free(large);
	}
}

int main(void)
{
	static struct user users[CALLS + 1];
	linger_t calls[CALLS];
	long slices = soak() ? 300000 : 40000;
	plan(6);
	uint64_t state = random_seed(), wrong = 0, operations = 0;
	struct user *outside = &users[CALLS];
	outside->state = random_next(&state);
	for (int i = 0; i < CALLS; i++) {
		users[i].state = random_next(&state);
		calls[i] = launch(storm, random_range(&state, 20, 50), &users[i]);
	}
	long done_slices = 0;
	for (; done_slices < slices; done_slices++) {
		linger_t *call = &calls[random_next(&state) % CALLS];
		if (call->is_complete || resume(call, random_range(&state, 5, 50)) != 0)
			break;
		operate(outside);
		operate(outside);
	}
	is_int(done_slices, slices, "%d calls in random slices", CALLS);
	int complete = 0;
	for (int i = 0; i < CALLS; i++) {
		users[i].stop = 1;
		complete += finish(&calls[i], 1000) >= 0;
		wrong += users[i].wrong;
		operations += users[i].operations;
	}
	is_int(complete, CALLS, "all complete");
	ok(operations > 0, "%llu operations inside", (unsigned long long)operations);
	is_int(wrong, 0, "every block inside kept its content");
	outside->stop = 1;
	storm(outside);
	is_int(outside->wrong, 0, "every block of the resuming side kept its content");
	int right = 0;
	run_sliced(large_free, &right, 100);
	is_int(right, 200, "blocks that are mapped and unmapped");
	return done();
}
