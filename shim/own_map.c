/* SPDX-License-Identifier: Apache-2.0 */
/* own_map.c - tags of mappings: a list of address ranges, sorted, that belong to calls.
 *
 * The kernel hands addresses out again as soon as they are free, and whoever unmaps or maps over a range takes it out of the
 * list. The lock is held for a few instructions. Its holder can't be preempted (deferred sections), and its signals are
 * blocked, since a handler may map memory; it spins with a yield because the kernel may preempt it. */
#include "shim.h"
#include <sys/mman.h>
#include <sys/syscall.h>

#define PAGE 4096u
#define OWNER(tag) ((tag) & 0x7fffffffu) /* the log's compaction changes the highest bit */
#define BATCH 32

/* `base`: where the mapping began that this is (a part of). `caller`: who has made it, an address in its code, or 0. */
struct range {
	uint64_t start, end, base, caller;
	uint32_t tag;
};

static struct range *ranges;
static size_t room; /* in the list */
static _Atomic size_t used;
static atomic_flag lock = ATOMIC_FLAG_INIT;
static uint64_t mask; /* of the holder */

static void take_lock(void)
{
	uint64_t all = ~(uint64_t)0, before;

	shim_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, 8);
	while (atomic_flag_test_and_set_explicit(&lock, memory_order_acquire))
		shim_syscall0(SYS_sched_yield);
	mask = before;
}

static void drop_lock(void)
{
	uint64_t before = mask;

	atomic_flag_clear_explicit(&lock, memory_order_release);
	shim_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, 8);
}

bool own_map_any(void)
{
	return atomic_load_explicit(&used, memory_order_relaxed) != 0;
}

/* Room for two more: a part cut out of the middle leaves one more range. Not from libc, and nobody's mapping. */
static bool make_room(void)
{
	size_t bytes = room * sizeof *ranges;
	long result;

	if (used + 2 <= room)
		return true;
	if (!ranges)
		result = shim_syscall6(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	else
		result = shim_syscall4(SYS_mremap, ranges, bytes, 2 * bytes, MREMAP_MAYMOVE);
	if (result < 0 && result > -4096)
		return false;
	ranges = (struct range *)result;
	room = (bytes ? 2 * bytes : PAGE) / sizeof *ranges;
	return true;
}

/* The first range that ends beyond the address. */
static size_t place_of(uint64_t address)
{
	size_t low = 0, high = used;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (ranges[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void replace(size_t at, size_t count, const struct range *by, size_t by_count)
{
	if (!ranges)
		return;
	__builtin_memmove(ranges + at + by_count, ranges + at + count, (used - at - count) * sizeof *ranges);
	if (by_count)
		__builtin_memcpy(ranges + at, by, by_count * sizeof *ranges);
	used += by_count - count;
}

/* Take start..end out, and leave `by` there if it is given. Without memory for the list it is nobody's, and what it was part
 * of neither: rather that than unmap what may be somebody else's by then. */
static void cut(uint64_t start, uint64_t end, const struct range *by)
{
	struct range left[3];
	size_t at = place_of(start), after = at, count = 0;

	while (after < used && ranges[after].start < end)
		after++;
	if (at == after && !by)
		return;
	if (!make_room()) {
		replace(at, after - at, NULL, 0);
		return;
	}
	if (at < after && ranges[at].start < start) {
		left[count] = ranges[at];
		left[count++].end = start;
	}
	if (by)
		left[count++] = *by;
	if (at < after && ranges[after - 1].end > end) {
		left[count] = ranges[after - 1];
		left[count++].start = end;
	}
	replace(at, after - at, left, count);
}

static uint64_t end_of(const void *address, size_t bytes)
{
	return ((uint64_t)address + bytes + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

void own_map_set(uint32_t tag, void *address, size_t bytes, const void *caller)
{
	struct range r = {(uint64_t)address, end_of(address, bytes), (uint64_t)address, (uint64_t)caller, OWNER(tag)};

	take_lock();
	cut(r.start, r.end, &r);
	drop_lock();
}

void own_map_add(struct shim_owner *owner, void *address, size_t bytes, const void *caller)
{
	own_map_set(owner->tag, address, bytes, caller);
	owner->maps = true;
}

void own_map_remove(const void *address, size_t bytes)
{
	if (!own_map_any())
		return;
	take_lock();
	cut((uint64_t)address, end_of(address, bytes), NULL);
	drop_lock();
}

uint32_t own_map_tag(const void *address)
{
	uint32_t tag = 0;

	if (!own_map_any())
		return 0;
	take_lock();
	size_t at = place_of((uint64_t)address);
	if (at < used && ranges[at].start <= (uint64_t)address)
		tag = ranges[at].tag;
	drop_lock();
	return tag;
}

bool own_map_is(const struct shim_owner *owner, uint32_t tag)
{
	return owner && tag && OWNER(owner->tag) == tag;
}

/* Change whose they are, of one owner or (0) of one mapping; 0: nobody's. */
static bool give(uint32_t from, uint64_t base, uint32_t to)
{
	size_t kept = 0, count = used;
	bool found = false;

	for (size_t i = 0; i < count; i++) {
		if (from ? ranges[i].tag == from : ranges[i].base == base) {
			found = true;
			if (!to)
				continue;
			ranges[i].tag = to;
		}
		ranges[kept++] = ranges[i];
	}
	used = kept;
	return found;
}

bool own_map_keep(const void *address)
{
	if (!own_map_any())
		return false;
	take_lock();
	bool found = give(0, (uint64_t)address, 0);
	drop_lock();
	return found;
}

void own_map_forget(struct shim_owner *owner, uint32_t to_tag)
{
	if (!own_map_any())
		return;
	take_lock();
	(void)give(OWNER(owner->tag), 0, OWNER(to_tag));
	drop_lock();
}

size_t own_map_count(const struct shim_owner *owner)
{
	size_t count = 0;

	take_lock();
	for (size_t i = 0; i < used; i++)
		count += ranges[i].tag == OWNER(owner->tag);
	drop_lock();
	return count;
}

size_t own_map_list(const struct shim_owner *owner, struct own_mapping *list, size_t list_room)
{
	size_t count = 0;

	take_lock();
	for (size_t i = 0; i < used && count < list_room; i++)
		if (ranges[i].tag == OWNER(owner->tag))
			list[count++] = (struct own_mapping){ranges[i].start, ranges[i].end, ranges[i].caller, false, false};
	drop_lock();
	return count;
}

void own_map_let(const struct shim_owner *owner, uint64_t start)
{
	take_lock();
	size_t at = place_of(start);
	if (at < used && ranges[at].start == start && ranges[at].tag == OWNER(owner->tag))
		replace(at, 1, NULL, 0);
	drop_lock();
}

/* Unmapped after they are out of the list: nobody else can have the addresses before. */
void own_map_release(struct shim_owner *owner)
{
	struct range batch[BATCH];
	size_t count;

	do {
		size_t kept = 0;
		count = 0;
		take_lock();
		for (size_t i = 0; i < used; i++) {
			if (count < BATCH && ranges[i].tag == OWNER(owner->tag))
				batch[count++] = ranges[i];
			else
				ranges[kept++] = ranges[i];
		}
		used = kept;
		drop_lock();
		for (size_t i = 0; i < count; i++)
			shim_syscall2(SYS_munmap, batch[i].start, batch[i].end - batch[i].start);
	} while (count == BATCH);
}

/* In the child of a fork: another thread may have been changing the list, which then says nothing any more. */
void own_map_forked(void)
{
	if (atomic_flag_test_and_set(&lock))
		used = 0;
	atomic_flag_clear(&lock);
}
