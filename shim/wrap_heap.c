/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_heap.c - the allocator: deferred, and what a call allocates is noted as its own (own.h). heap.h says what holds for
 * it, and whose allocator it is.
 *
 * libc's own calls of malloc(), calloc(), realloc() and free() come here, too. Those made inside a deferred section are
 * libc's business (a stream's buffer, a locale) unless the section is a function that hands the block to its caller; those
 * of the dynamic linker (blocks of thread-local variables) always are. */
#include "heap.h"
#include <stdlib.h>

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
SHIM_OUTER_SLOT(malloc);
SHIM_OUTER_SLOT(realloc);
SHIM_OUTER_SLOT(free);
SHIM_OUTER_SLOT(malloc_usable_size);

#define REAL(type, name) SHIM_REAL(type, name)

__attribute__((noinline)) bool shim_heap_within_limit(struct shim_owner *owner, size_t bytes)
{
	if (bytes <= owner->heap_limit &&
	    (owner->heap_bytes <= owner->heap_limit - bytes || own_heap_count(owner) <= owner->heap_limit - bytes))
		return true;
	errno = ENOMEM;
	return false;
}

#define ALLOCATOR(name)                                                              \
	SHIM_EXPORT void *name(size_t bytes)                                         \
	{                                                                            \
		void *block;                                                         \
		if (heap_plain())                                                    \
			return REAL(void *(*)(size_t), name)(bytes);                 \
		HEAP_MAKE(block, bytes, true, REAL(void *(*)(size_t), name)(bytes)); \
		return block;                                                        \
	}
#define ALIGNED_ALLOCATOR(name)                                                                         \
	SHIM_EXPORT void *name(size_t alignment, size_t bytes)                                          \
	{                                                                                               \
		void *block;                                                                            \
		if (heap_plain())                                                                       \
			return REAL(void *(*)(size_t, size_t), name)(alignment, bytes);                 \
		HEAP_MAKE(block, bytes, true, REAL(void *(*)(size_t, size_t), name)(alignment, bytes)); \
		return block;                                                                           \
	}
#define ARRAY_ALLOCATOR(name)                                                                     \
	SHIM_EXPORT void *name(size_t count, size_t bytes)                                        \
	{                                                                                         \
		size_t all;                                                                       \
		void *block;                                                                      \
		if (heap_plain())                                                                 \
			return REAL(void *(*)(size_t, size_t), name)(count, bytes);               \
		if (__builtin_mul_overflow(count, bytes, &all))                                   \
			all = SIZE_MAX; /* the real one refuses it */                             \
		HEAP_MAKE(block, all, true, REAL(void *(*)(size_t, size_t), name)(count, bytes)); \
		return block;                                                                     \
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

	if (heap_plain())
		return real(to, alignment, bytes);
	bool began = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = heap_owner(call, began, __builtin_return_address(0), true);
	int saved = errno; /* which this function leaves alone */
	int error = heap_allowed(owner, bytes) ? real(&block, alignment, bytes) : ENOMEM;
	if (!error && !heap_note(owner, block))
		error = ENOMEM;
	if (!error)
		*to = block;
	errno = saved;
	shim_defer_end(call, began);
	return error;
}

__attribute__((noinline)) bool shim_heap_once(struct shim_call *call, void *block)
{
	uint32_t *word = block ? own_word(block) : NULL;
	bool mine = word && *word == call->owner.tag;

	if (word && call->unwinding && *word == OWN_GONE)
		return false;
	if (block)
		heap_untag(&call->owner, block);
	if (mine)
		*word = OWN_GONE;
	return true;
}

SHIM_EXPORT void free(void *block)
{
	void (*real)(void *) = REAL(void (*)(void *), free);

	HEAP_GIVE_BACK(block, real(block));
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
	void (*real)(void *) = REAL(void (*)(void *), __libc_free);

	HEAP_GIVE_BACK(block, real(block));
}

/* What a function resizes for the program stays the program's, what the program resizes has become its own. */
void *shim_heap_resize(shim_heap_function *real, const long *a, void *block, size_t bytes, enum heap_resize how, const void *caller)
{
	struct shim_call *call = shim_tls.call;
	bool began = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = heap_owner(call, began, caller, how & HEAP_EXPORTED);
	uint32_t *word = block ? own_word(block) : NULL, tag = word ? *word : 0;
	bool mine = owner && (block ? tag && tag == owner->tag : how & HEAP_FRESH);
	size_t before = mine && block && owner->heap_limit ? shim_usable(block) : 0;
	void *now = NULL;

	if (mine ? bytes <= before || heap_allowed(owner, bytes - before) : heap_allowed(NULL, 0)) {
		if (mine && tag)
			tag = owner->tag; /* counting again has changed it */
		if (tag)
			__atomic_store_n(word, 0, __ATOMIC_RELAXED); /* once it is free it may be anybody's */
		now = real(a[0], a[1], a[2], a[3], a[4]);
		if (tag && ((mine && now == block) || (!now && bytes)))
			__atomic_store_n(word, tag, __ATOMIC_RELAXED);
		if (mine && owner->heap_limit && (now || !bytes))
			owner->heap_bytes -= before < owner->heap_bytes ? before : owner->heap_bytes;
		if (mine && now && now == block && owner->heap_limit)
			owner->heap_bytes += shim_usable(now);
		else if (mine && now && now != block && own_add(owner, OWN_BLOCK, now) && owner->heap_limit)
			owner->heap_bytes += shim_usable(now); /* without memory for the note it is nobody's */
	}
	shim_defer_end(call, began);
	return now;
}

static inline void *resize(void *(*real)(void *, size_t), void *block, size_t bytes, enum heap_resize how, const void *caller)
{
	if (SHIM_LIKELY(heap_plain() && !own_any))
		return real(block, bytes);
	return shim_heap_resize((shim_heap_function *)(void *)real, (long[5]){(long)block, (long)bytes}, block, bytes, how, caller);
}

SHIM_EXPORT void *realloc(void *block, size_t bytes)
{
	return resize(REAL(void *(*)(void *, size_t), realloc), block, bytes, HEAP_FRESH | HEAP_EXPORTED, __builtin_return_address(0));
}
SHIM_EXPORT void *__libc_realloc(void *block, size_t bytes)
{
	return resize(REAL(void *(*)(void *, size_t), __libc_realloc), block, bytes, HEAP_FRESH | HEAP_EXPORTED, __builtin_return_address(0));
}
/* libc's calls the realloc() that everybody has. */
SHIM_EXPORT void *reallocarray(void *block, size_t count, size_t bytes)
{
	size_t all;

	if (__builtin_mul_overflow(count, bytes, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return resize(SHIM_OUTER(void *(*)(void *, size_t), realloc), block, all, HEAP_FRESH, __builtin_return_address(0));
}

/* ---- for ourselves: the heap that everybody has */

void *shim_malloc(size_t bytes)
{
	void *(*real)(size_t) = SHIM_OUTER(void *(*)(size_t), malloc), *block;

	if (heap_plain())
		return real(bytes);
	HEAP_MAKE(block, bytes, false, real(bytes));
	return block;
}

void *shim_realloc(void *block, size_t bytes)
{
	return resize(SHIM_OUTER(void *(*)(void *, size_t), realloc), block, bytes, HEAP_FRESH, __builtin_return_address(0));
}

void shim_free(void *block)
{
	void (*real)(void *) = SHIM_OUTER(void (*)(void *), free);

	HEAP_GIVE_BACK(block, real(block));
}

/* 0 where the allocator does not say. */
size_t shim_usable(const void *block)
{
	size_t (*real)(const void *) = (size_t (*)(const void *))shim_outer_malloc_usable_size;

	return real ? real(block) : 0;
}
