/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_heap.c - the allocator: deferred, and what a call allocates is noted as its own (own.h).
 *
 * libc's own calls of malloc(), calloc(), realloc() and free() come here, too. Those made inside a deferred section are
 * libc's business (a stream's buffer, a locale) unless the section is a function that hands the block to its caller; those
 * of the dynamic linker (blocks of thread-local variables) always are. */
#include "shim.h"
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

SHIM_SLOT(malloc);
SHIM_SLOT(calloc);
SHIM_SLOT(realloc);
SHIM_SLOT(reallocarray);
SHIM_SLOT(free);
SHIM_SLOT(free_sized);
SHIM_SLOT(free_aligned_sized);
SHIM_SLOT(memalign);
SHIM_SLOT(aligned_alloc);
SHIM_SLOT(posix_memalign);
SHIM_SLOT(valloc);
SHIM_SLOT(pvalloc);
SHIM_SLOT(__libc_malloc);
SHIM_SLOT(__libc_calloc);
SHIM_SLOT(__libc_realloc);
SHIM_SLOT(__libc_free);
SHIM_SLOT(__libc_memalign);
SHIM_SLOT(__libc_valloc);
SHIM_SLOT(__libc_pvalloc);

#define REAL(type, name) SHIM_REAL(type, name)

/* Outside of calls and of a libset's constructors nothing is noted. */
static inline bool plain(void)
{
	return SHIM_LIKELY(!shim_tls.call && !shim_tls.maker);
}

static inline struct shim_owner *owner_here(struct shim_call *call, bool began, const void *caller)
{
	if (SHIM_UNLIKELY((uint64_t)caller - shim_ldso_low < shim_ldso_high - shim_ldso_low))
		return NULL;
	return own_here(call, began);
}

/* Whether the owner may have `bytes` more. */
__attribute__((noinline)) static bool within_limit(struct shim_owner *owner, size_t bytes)
{
	if (bytes <= owner->heap_limit &&
	    (owner->heap_bytes <= owner->heap_limit - bytes || own_heap_count(owner) <= owner->heap_limit - bytes))
		return true;
	errno = ENOMEM;
	return false;
}

/* cancel() ends a match this way, see wrap_regex.c. */
static bool refused(const struct shim_call *call)
{
	if (!call || !(call->untracked & UNTRACKED_MATCHES) || !call->ending || call->awaited || call->awaits_any)
		return false;
	errno = ENOMEM;
	return true;
}

static inline bool allowed(struct shim_owner *owner, size_t bytes)
{
	if (SHIM_UNLIKELY(!owner))
		return !refused(shim_tls.call);
	return SHIM_LIKELY(!owner->heap_limit) || within_limit(owner, bytes);
}

/* A new block is the owner's; NULL when there is no memory to note it. */
static inline void *note(struct shim_owner *owner, void *block)
{
	if (!owner || !block)
		return block;
	if (SHIM_UNLIKELY(!own_add(owner, OWN_BLOCK, block))) {
		REAL(void (*)(void *), free)(block);
		errno = ENOMEM;
		return NULL;
	}
	if (SHIM_UNLIKELY(owner->heap_limit))
		owner->heap_bytes += malloc_usable_size(block);
	return block;
}

/* Who cancels it wants to know whom the block is for: operator new is where C++ expects to be left. */
static inline void end_of_block(struct shim_call *call, bool began, const void *caller)
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
#define MAKE(bytes, call_real)                                                                   \
	do {                                                                                     \
		struct shim_call *call = shim_tls.call;                                          \
		bool began = shim_defer_begin(call, SHIM_FRAME);                                 \
		struct shim_owner *owner = owner_here(call, began, __builtin_return_address(0)); \
		void *block = allowed(owner, bytes) ? note(owner, call_real) : NULL;             \
		end_of_block(call, began, __builtin_return_address(0));                          \
		return block;                                                                    \
	} while (0)

#define ALLOCATOR(name)                                                             \
	SHIM_EXPORT void *name(size_t bytes)                                        \
	{                                                                           \
		if (plain())                                                        \
			return REAL(void *(*)(size_t), name)(bytes);                \
		MAKE(bytes, REAL(void *(*)(size_t), name)(bytes));                  \
	}
#define ALIGNED_ALLOCATOR(name)                                                       \
	SHIM_EXPORT void *name(size_t alignment, size_t bytes)                        \
	{                                                                             \
		if (plain())                                                          \
			return REAL(void *(*)(size_t, size_t), name)(alignment, bytes); \
		MAKE(bytes, REAL(void *(*)(size_t, size_t), name)(alignment, bytes));   \
	}
#define ARRAY_ALLOCATOR(name)                                                         \
	SHIM_EXPORT void *name(size_t count, size_t bytes)                            \
	{                                                                             \
		size_t all;                                                           \
		if (plain())                                                          \
			return REAL(void *(*)(size_t, size_t), name)(count, bytes);     \
		if (__builtin_mul_overflow(count, bytes, &all))                       \
			all = SIZE_MAX; /* the real one refuses it */                 \
		MAKE(all, REAL(void *(*)(size_t, size_t), name)(count, bytes));         \
	}

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void *__libc_valloc(size_t bytes);
void *__libc_pvalloc(size_t bytes);
void __libc_free(void *block);

ALLOCATOR(malloc)
ALLOCATOR(__libc_malloc)
ALLOCATOR(valloc)
ALLOCATOR(__libc_valloc)
ALLOCATOR(pvalloc)
ALLOCATOR(__libc_pvalloc)
ARRAY_ALLOCATOR(calloc)
ARRAY_ALLOCATOR(__libc_calloc)
ALIGNED_ALLOCATOR(memalign)
ALIGNED_ALLOCATOR(__libc_memalign)
ALIGNED_ALLOCATOR(aligned_alloc)

SHIM_EXPORT int posix_memalign(void **to, size_t alignment, size_t bytes)
{
	int (*real)(void **, size_t, size_t) = REAL(int (*)(void **, size_t, size_t), posix_memalign);
	struct shim_call *call = shim_tls.call;
	void *block;

	if (plain())
		return real(to, alignment, bytes);
	bool began = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = owner_here(call, began, __builtin_return_address(0));
	int saved = errno; /* which this function leaves alone */
	int error = allowed(owner, bytes) ? real(&block, alignment, bytes) : ENOMEM;
	if (!error && !note(owner, block))
		error = ENOMEM;
	if (!error)
		*to = block;
	errno = saved;
	shim_defer_end(call, began);
	return error;
}

/* ---- giving back: by whomever, nobody's from now on */

static inline void untag(struct shim_owner *owner, void *block)
{
	uint32_t *word = own_word(block);

	if (!word || !*word)
		return;
	if (SHIM_LIKELY(owner && *word == owner->tag)) {
		if (SHIM_UNLIKELY(owner->heap_limit)) {
			size_t bytes = malloc_usable_size(block);
			owner->heap_bytes -= bytes < owner->heap_bytes ? bytes : owner->heap_bytes;
		}
		/* Blocks often go in the reverse order. */
		if (owner->log[owner->count - (owner->count > 0)] == own_entry(OWN_BLOCK, (uint64_t)block))
			owner->count--;
	}
	__atomic_store_n(word, 0, __ATOMIC_RELAXED);
}

/* A function may be unwound from where it has freed a block and not noted it yet: once it is being unwound, what it has
 * freed stays freed. */
__attribute__((noinline)) static void give_back_once(struct shim_call *call, void (*real)(void *), void *block)
{
	uint32_t *word = block ? own_word(block) : NULL;
	bool mine = word && *word == call->owner.tag;

	if (word && call->unwinding && *word == OWN_GONE)
		return;
	if (block)
		untag(&call->owner, block);
	if (mine)
		*word = OWN_GONE;
	real(block);
}

static inline void give_back(void (*real)(void *), void *block)
{
	struct shim_call *call = shim_tls.call;

	if (SHIM_LIKELY(!call)) {
		if (SHIM_UNLIKELY(own_any))
			untag(shim_tls.maker, block);
		real(block);
		return;
	}
	bool began = shim_defer_begin(call, SHIM_FRAME);
	if (SHIM_UNLIKELY((call->flags & INGER_UNWIND) && began))
		give_back_once(call, real, block);
	else {
		if (block)
			untag(own_here(call, began), block);
		real(block);
	}
	shim_defer_end(call, began);
}

SHIM_EXPORT void free(void *block)
{
	give_back(REAL(void (*)(void *), free), block);
}
/* Since glibc 2.43. The sizes are promises of the caller's, which no allocator needs: to free() it is the same. */
void free_sized(void *block, size_t bytes);
void free_aligned_sized(void *block, size_t alignment, size_t bytes);
SHIM_EXPORT void free_sized(void *block, size_t bytes)
{
	(void)bytes;
	free(block);
}
SHIM_EXPORT void free_aligned_sized(void *block, size_t alignment, size_t bytes)
{
	(void)alignment;
	(void)bytes;
	free(block);
}
SHIM_EXPORT void __libc_free(void *block)
{
	give_back(REAL(void (*)(void *), __libc_free), block);
}

/* A block keeps its owner when it moves or not, if that is who does it. What a function resizes for the program stays the
 * program's, what the program resizes has become its own. */
static void *resize(void *(*real)(void *, size_t), void *block, size_t bytes, const void *caller)
{
	struct shim_call *call = shim_tls.call;

	if (SHIM_LIKELY(plain() && !own_any))
		return real(block, bytes);
	bool began = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = owner_here(call, began, caller);
	uint32_t *word = block ? own_word(block) : NULL, tag = word ? *word : 0;
	bool mine = owner && (block ? tag && tag == owner->tag : true);
	size_t before = mine && block && owner->heap_limit ? malloc_usable_size(block) : 0;
	void *now = NULL;
	if (mine ? bytes <= before || allowed(owner, bytes - before) : allowed(NULL, 0)) {
		if (mine && tag)
			tag = owner->tag; /* counting again has changed it */
		if (tag)
			__atomic_store_n(word, 0, __ATOMIC_RELAXED); /* once it is free it may be anybody's */
		now = real(block, bytes);
		if (tag && ((mine && now == block) || (!now && bytes)))
			__atomic_store_n(word, tag, __ATOMIC_RELAXED);
		if (mine && owner->heap_limit && (now || !bytes))
			owner->heap_bytes -= before < owner->heap_bytes ? before : owner->heap_bytes;
		if (mine && now && now == block && owner->heap_limit)
			owner->heap_bytes += malloc_usable_size(now);
		else if (mine && now && now != block && own_add(owner, OWN_BLOCK, now) && owner->heap_limit)
			owner->heap_bytes += malloc_usable_size(now); /* without memory for the note it is nobody's */
	}
	shim_defer_end(call, began);
	return now;
}

SHIM_EXPORT void *realloc(void *block, size_t bytes)
{
	return resize(REAL(void *(*)(void *, size_t), realloc), block, bytes, __builtin_return_address(0));
}
SHIM_EXPORT void *__libc_realloc(void *block, size_t bytes)
{
	return resize(REAL(void *(*)(void *, size_t), __libc_realloc), block, bytes, __builtin_return_address(0));
}
SHIM_EXPORT void *reallocarray(void *block, size_t count, size_t bytes)
{
	size_t all;

	if (__builtin_mul_overflow(count, bytes, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(block, all);
}
