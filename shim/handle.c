/* SPDX-License-Identifier: Apache-2.0 */
/* handle.c - what a linger_t names, and who may run it.
 *
 * A handle is a place in the call table and a generation. Whose call is where, and whether it can be had, is written in the
 * place, which is never unmapped: one thread may end a call while another still asks for it by a copy of its
 * handle. Nothing of a call is read before its place's word has been changed from "paused" to "taken" by one
 * compare-and-exchange, which names the generation as well. Who has done that has the call for himself.
 *
 * The table shows a call from when it is whole. From then on it stays mapped for good: pooled, given to other threads, never gone. So
 * who walks the table takes no lock, finds each call that was there when the walk began, and may read of it what its fields allow.
 * The pool's lock is for who must not miss one that comes meanwhile (modules.c).
 *
 * A call that ends without ever having been paused leaves no handle, and its place is not written at all. */
#include "shim.h"
#include "../gotcha/libset.h"
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define TABLE_BLOCK 1024u
#define TABLE_BLOCKS 1024u
#define BORROWED_MOST_NS 100000000

static struct shim_place *_Atomic table[TABLE_BLOCKS];
static _Atomic uint32_t table_used;
static struct shim_call nobody; /* in a place that is kept for a call which is being made */

static struct shim_place *place_at(uint32_t index)
{
	if (index >= TABLE_BLOCK * TABLE_BLOCKS)
		return NULL;
	struct shim_place *block = atomic_load_explicit(&table[index / TABLE_BLOCK], memory_order_acquire);
	return block ? &block[index % TABLE_BLOCK] : NULL;
}

struct shim_call *shim_call_at(uint32_t index)
{
	struct shim_place *place = place_at(index);

	struct shim_call *call = place ? atomic_load_explicit(&place->call, memory_order_acquire) : NULL;
	return call == &nobody ? NULL : call;
}

uint32_t shim_pool_calls(void)
{
	return table_used;
}

/* Give the call a place, and its number; it is not shown there yet. Caller holds the pool's lock. */
int shim_handle_enter(struct shim_call *call)
{
	static uint32_t births;
	uint32_t index = table_used;

	if (index >= TABLE_BLOCK * TABLE_BLOCKS) {
		/* Full: the place of a call that came to nothing. */
		index = 0;
		while (index < table_used && place_at(index)->call)
			index++;
		if (index == table_used)
			return EAGAIN;
	}
	if (!table[index / TABLE_BLOCK]) {
		struct shim_place *block = mmap(NULL, TABLE_BLOCK * sizeof *block, PROT_READ | PROT_WRITE,
						MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (block == MAP_FAILED)
			return ENOMEM;
		atomic_store_explicit(&table[index / TABLE_BLOCK], block, memory_order_release);
	}
	struct shim_place *place = place_at(index);
	uint64_t word = atomic_load_explicit(&place->word, memory_order_relaxed);
	call->index = index;
	call->place = place;
	/* Not that of a handle to who had the place before. */
	call->generation = word ? (uint32_t)(word >> 32) + 1 : (births += 0x10001);
	atomic_store_explicit(&place->call, &nobody, memory_order_relaxed);
	if (index == table_used)
		table_used = index + 1;
	return 0;
}

/* It is whole. In one order with what is asked afterwards: see shim_tcb_loaded(). */
void shim_handle_show(struct shim_call *call)
{
	atomic_store(&call->place->call, call);
}

/* It came to nothing. Caller holds the pool's lock. */
void shim_handle_leave(struct shim_call *call)
{
	atomic_store_explicit(&call->place->call, NULL, memory_order_relaxed);
	atomic_store_explicit(&call->place->word, (uint64_t)call->generation << 32 | SHIM_PLACE_GONE, memory_order_release);
}

void *shim_call_handle(const struct shim_call *call)
{
	return (void *)((uint64_t)call->generation << 32 | (call->index + 1));
}

static struct shim_call *take(struct shim_place *place, uint64_t generation, enum shim_place_state as, int *error)
{
	uint64_t word = generation << 32 | SHIM_PLACE_PAUSED, since = 0;

	while (!atomic_compare_exchange_strong_explicit(&place->word, &word, generation << 32 | as, memory_order_acquire,
							memory_order_relaxed)) {
		*error = word == (generation << 32 | SHIM_PLACE_TAKEN) ? EBUSY : EINVAL;
		if (word != (generation << 32 | SHIM_PLACE_BORROWED))
			return NULL;
		/* For as long as setlocale() takes, or help.c. One that is helped may ask for itself: to that there is an end. */
		uint64_t now = shim_monotonic_ns();
		if (!since)
			since = now;
		else if (now - since > BORROWED_MOST_NS) {
			*error = EBUSY;
			return NULL;
		}
		shim_syscall0(SYS_sched_yield);
		word = generation << 32 | SHIM_PLACE_PAUSED;
	}
	struct shim_call *call = atomic_load_explicit(&place->call, memory_order_relaxed);
	atomic_store_explicit(&call->state, SHIM_RESUMING, memory_order_relaxed);
	return call;
}

struct shim_call *shim_call_take(const linger_t *f)
{
	int error = EINVAL;

	if (!f || !f->continuation) {
		gotcha_fail(EINVAL, "continuation", "there is none: the call is complete, cancelled, or was never launched");
		return NULL;
	}
	uint32_t index = (uint32_t)(uint64_t)f->continuation;
	struct shim_place *place = index ? place_at(index - 1) : NULL;
	struct shim_call *call = place ? take(place, (uint64_t)f->continuation >> 32, SHIM_PLACE_TAKEN, &error) : NULL;
	if (SHIM_UNLIKELY(!call)) {
		if (error == EBUSY)
			gotcha_fail(EBUSY, "continuation", "its call is running");
		else
			gotcha_fail(EINVAL, "continuation", "stale: its call is complete or cancelled");
	}
	return call;
}

struct shim_call *shim_call_take_at(uint32_t index, const void *launcher)
{
	struct shim_place *place = place_at(index);
	int error;

	if (!place)
		return NULL;
	uint64_t word = atomic_load_explicit(&place->word, memory_order_acquire);
	bool there = (uint32_t)word == SHIM_PLACE_PAUSED || (uint32_t)word == SHIM_PLACE_BORROWED;
	if (!there || atomic_load_explicit(&place->launcher, memory_order_relaxed) != launcher)
		return NULL;
	return take(place, word >> 32, SHIM_PLACE_TAKEN, &error); /* of the generation whose launcher that is */
}

struct shim_call *shim_call_borrow(uint32_t index)
{
	struct shim_place *place = place_at(index);
	int error;

	if (!place)
		return NULL;
	uint64_t word = atomic_load_explicit(&place->word, memory_order_acquire);
	return (uint32_t)word == SHIM_PLACE_PAUSED ? take(place, word >> 32, SHIM_PLACE_BORROWED, &error) : NULL;
}
