/* SPDX-License-Identifier: Apache-2.0 */
/* own_heap.c - tags of addresses: a word for each 16 bytes of the address space, in three levels that are mapped where the
 * heap is.
 *
 * A lookup is three loads. Nothing is ever unmapped, so no lookup needs a lock. A page of tags covers 16 KiB of heap: where
 * calls allocate, tags add a quarter to the heap at most. */
#include "shim.h"
#include <sys/mman.h>
#include <sys/syscall.h>

bool own_any;
uint32_t **_Atomic own_top[1u << OWN_TOP_BITS];

static void *map(size_t bytes)
{
	/* Not by mmap(), which an allocator may have its own of: this is inside its functions. */
	long p = shim_syscall6(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p < 0 && p > -4096 ? NULL : (void *)p;
}

/* Two threads may make the same table: one keeps its own, the other takes that. */
uint32_t *own_word_make(const void *address)
{
	uint64_t a = (uint64_t)address;

	if (own_in_top(a) >= 1u << OWN_TOP_BITS)
		return NULL;
	uint32_t **middle = atomic_load(&own_top[own_in_top(a)]);
	if (!middle) {
		uint32_t **mine = map(sizeof(uint32_t *) << OWN_MIDDLE_BITS);
		if (!mine)
			return NULL;
		if (atomic_compare_exchange_strong(&own_top[own_in_top(a)], &middle, mine))
			middle = mine;
		else
			shim_syscall2(SYS_munmap, mine, sizeof(uint32_t *) << OWN_MIDDLE_BITS);
	}
	uint32_t *low = __atomic_load_n(&middle[own_in_middle(a)], __ATOMIC_ACQUIRE);
	if (!low) {
		uint32_t *mine = map(sizeof(uint32_t) << OWN_LOW_BITS);
		if (!mine)
			return NULL;
		/* A huge page would be touched whole by one tag. */
		shim_syscall3(SYS_madvise, mine, sizeof(uint32_t) << OWN_LOW_BITS, MADV_NOHUGEPAGE);
		if (__atomic_compare_exchange_n(&middle[own_in_middle(a)], &low, mine, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			low = mine;
		else
			shim_syscall2(SYS_munmap, mine, sizeof(uint32_t) << OWN_LOW_BITS);
	}
	own_any = true;
	return &low[own_in_low(a)];
}

