/* SPDX-License-Identifier: Apache-2.0 */
/* heap.h - the books of the heap, for every wrapper that makes, resizes or gives back a block, whoever's allocator it is.
 *
 * The heap of a process is what answers its references to malloc(): the first definition in the linker's search order,
 * libc's or another allocator's. What must hold, with any of them:
 *
 * - One heap. What this library makes, resizes or frees goes there, too (shim_malloc() and its kin). Our exported malloc()
 *   is not the way: where another definition comes before it, the linker leads everybody past us, and who still reaches our
 *   malloc() is that other one itself, on its way to the next (RTLD_NEXT). So each name has up to two wrappers: the exported
 *   one (wrap_heap.c), whose real function is the next after ours, and an outer one (wrap_allocator.c), whose real function
 *   is the first of all; the words of the process are made to lead to that (heap.c).
 * - Each way into an allocator is a deferred section: operator new and delete and functions of names of its own, too.
 * - A block is noted once, by the outermost wrapper that it passes: with outer wrappers, exported ones note nothing.
 * - An allocator's cache of a thread (its thread-local variables, its key) belongs to the TCB. It stays from call to call,
 *   whether they return or are cancelled; TCBs are
 *   never given back. */
#ifndef SHIM_HEAP_H
#define SHIM_HEAP_H

#include "shim.h"
#include <errno.h>

/* A function of the heap that takes and gives integers and pointers; more arguments than it has do no harm. */
typedef void *shim_heap_function(long, long, long, long, long);

/* What was found by resolve.c: the first definition of all, NULL before that. */
#define SHIM_OUTER_SLOT(function) \
	void *shim_outer_##function __attribute__((visibility("hidden"))); \
	static struct shim_slot shim_outer_slot_##function __attribute__((section("shim_outer_slots"), used, aligned(8))) = { \
		#function, &shim_outer_##function, 0}
#define SHIM_OUTER(type, function) \
	((type)(SHIM_LIKELY(shim_outer_##function != 0) ? shim_outer_##function : (shim_resolve_all(), shim_outer_##function)))

/* A wrapper that is reached by words only: heap.c binds it when it knows whose function it stands before. */
struct shim_heap_entry {
	const char *name;
	void *ours;
	void **real;
};
extern struct shim_heap_entry __start_shim_heap_entries[] __attribute__((visibility("hidden")));
extern struct shim_heap_entry __stop_shim_heap_entries[] __attribute__((visibility("hidden")));

extern void *shim_outer_free;

/* Outside of calls and of a libset's constructors nothing is noted. */
static inline bool heap_plain(void)
{
	return SHIM_LIKELY(!shim_tls.call && !shim_tls.maker);
}

/* `exported`: by a wrapper that another may be in front of. What the dynamic linker allocates is its own. */
static inline struct shim_owner *heap_owner(struct shim_call *call, bool began, const void *caller, bool exported)
{
	if (SHIM_UNLIKELY(((uint64_t)caller - shim_ldso_low < shim_ldso_high - shim_ldso_low) | (exported & shim_heap.outer)))
		return NULL;
	return own_here(call, began);
}

/* Whether the owner may have `bytes` more. */
bool shim_heap_within_limit(struct shim_owner *owner, size_t bytes);

/* cancel() ends a match this way, see wrap_regex.c. */
static inline bool heap_refused(const struct shim_call *call)
{
	if (!call || !(call->untracked & UNTRACKED_MATCHES) || !call->ending || call->awaited || call->awaits_any)
		return false;
	errno = ENOMEM;
	return true;
}

static inline bool heap_allowed(struct shim_owner *owner, size_t bytes)
{
	if (SHIM_UNLIKELY(!owner))
		return !heap_refused(shim_tls.call);
	return SHIM_LIKELY(!owner->heap_limit) || shim_heap_within_limit(owner, bytes);
}

/* A new block is the owner's; NULL when there is no memory to note it. */
static inline void *heap_note(struct shim_owner *owner, void *block)
{
	if (!owner || !block)
		return block;
	if (SHIM_UNLIKELY(!own_add(owner, OWN_BLOCK, block))) {
		SHIM_OUTER(void (*)(void *), free)(block);
		errno = ENOMEM;
		return NULL;
	}
	if (SHIM_UNLIKELY(owner->heap_limit))
		owner->heap_bytes += shim_usable(block);
	return block;
}

/* Who cancels it wants to know whom the block is for: operator new is where C++ expects to be left. */
static inline void heap_end(struct shim_call *call, bool began, const void *caller)
{
	if (SHIM_LIKELY(!began || !call->pending)) {
		shim_defer_end(call, began);
		return;
	}
	call->made_for = (uint64_t)caller;
	shim_defer_end(call, began);
	call->made_for = 0;
}

/* The common part of everything that makes a block. */
#define HEAP_MAKE(block, bytes, exported, call_real)                                                            \
	do {                                                                                                    \
		struct shim_call *call_ = shim_tls.call;                                                        \
		bool began_ = shim_defer_begin(call_, SHIM_FRAME);                                              \
		struct shim_owner *owner_ = heap_owner(call_, began_, __builtin_return_address(0), exported);   \
		(block) = heap_allowed(owner_, bytes) ? heap_note(owner_, call_real) : NULL;                    \
		heap_end(call_, began_, __builtin_return_address(0));                                           \
	} while (0)

/* ---- giving back: by whomever, nobody's from now on */

static inline void heap_untag(struct shim_owner *owner, void *block)
{
	uint32_t *word = own_word(block);

	if (!word || !*word)
		return;
	if (SHIM_LIKELY(owner && *word == owner->tag)) {
		if (SHIM_UNLIKELY(owner->heap_limit)) {
			size_t bytes = shim_usable(block);
			owner->heap_bytes -= bytes < owner->heap_bytes ? bytes : owner->heap_bytes;
		}
		/* Blocks often go in the reverse order. */
		if (owner->log[owner->count - (owner->count > 0)] == own_entry(OWN_BLOCK, (uint64_t)block))
			owner->count--;
	}
	__atomic_store_n(word, 0, __ATOMIC_RELAXED);
}

/* A function may be unwound from where it has freed a block and not noted it yet: once it is being unwound, what it has
 * freed stays freed. False: it is free already. */
bool shim_heap_once(struct shim_call *call, void *block);

/* `call_real` frees the block. */
#define HEAP_GIVE_BACK(block, call_real)                                      \
	do {                                                                  \
		struct shim_call *call_ = shim_tls.call;                      \
		if (SHIM_LIKELY(!call_)) {                                    \
			if (SHIM_UNLIKELY(own_any))                           \
				heap_untag(shim_tls.maker, block);            \
			call_real;                                            \
			break;                                                \
		}                                                             \
		bool began_ = shim_defer_begin(call_, SHIM_FRAME);            \
		if (SHIM_UNLIKELY((call_->flags & INGER_UNWIND) && began_)) { \
			if (shim_heap_once(call_, block))                     \
				call_real;                                    \
		} else {                                                      \
			if (block)                                            \
				heap_untag(own_here(call_, began_), block);   \
			call_real;                                            \
		}                                                             \
		shim_defer_end(call_, began_);                                \
	} while (0)

/* A block keeps its owner when it moves or not, if that is who resizes it. `fresh`: it may also be made here. */
enum heap_resize { HEAP_FRESH = 1, HEAP_EXPORTED = 2 };
void *shim_heap_resize(shim_heap_function *real, const long *arguments, void *block, size_t bytes, enum heap_resize how, const void *caller);

#endif
