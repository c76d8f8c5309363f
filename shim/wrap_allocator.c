/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_allocator.c - wrappers of allocators' functions that no exported wrapper of ours stands before: the usual names where
 * the allocator comes before us in the search order, operator new and delete of allocators that bring them, and what
 * jemalloc, tcmalloc and mimalloc have besides. heap.c makes the words of the process lead here, and to a stub that only
 * defers for a function that has no line here.
 *
 * A function has a line when it makes a block for its caller, resizes or frees one: the books must know. Functions that
 * make blocks in a heap of the program's (mi_heap_malloc()) have none, since such a heap may be destroyed with all its
 * blocks; those that free or move a block have, lest a freed block is still noted as somebody's. */
#include "heap.h"
#include <string.h>

#define ENTRY(name, function)                                                                                        \
	static struct shim_heap_entry entry_##function __attribute__((section("shim_heap_entries"), used, aligned(8))) = { \
		name, (void *)ours_##function, &real_##function}

static size_t times(long count, long bytes)
{
	size_t all;

	return __builtin_mul_overflow((size_t)count, (size_t)bytes, &all) ? SIZE_MAX : all; /* the real one refuses it */
}

/* a to e: the arguments. `size`: of the block, 0 where that takes counting. */
#define MAKES(name, size)                                                                      \
	static void *real_##name;                                                              \
	static void *ours_##name(long a, long b, long c, long d, long e)                       \
	{                                                                                      \
		shim_heap_function *real = (shim_heap_function *)real_##name;                  \
		void *block;                                                                   \
		if (heap_plain())                                                              \
			return real(a, b, c, d, e);                                            \
		HEAP_MAKE(block, (size_t)(size), false, real(a, b, c, d, e));                  \
		return block;                                                                  \
	}                                                                                      \
	ENTRY(#name, name)

/* operator new: what it throws must not leave through a section. The one that does not throw is asked in the section; of its
 * arguments nobody looks at the last, std::nothrow. */
extern void *shim_heap_throws; /* std::__throw_bad_alloc() */
#define THROWS(name, without, size)                                                                          \
	static void *real_##name;                                                                            \
	static void *ours_##name(long a, long b, long c, long d, long e)                                     \
	{                                                                                                    \
		static const char nothrow;                                                                   \
		shim_heap_function *real = (shim_heap_function *)real_##name, *quiet = (shim_heap_function *)real_##without; \
		void *block;                                                                                 \
		if (heap_plain())                                                                            \
			return real(a, b, c, d, e);                                                          \
		if (!quiet || !shim_heap_throws) {                                                           \
			HEAP_MAKE(block, (size_t)(size), false, real(a, b, c, d, e));                        \
			return block;                                                                        \
		}                                                                                            \
		HEAP_MAKE(block, (size_t)(size), false, quiet(a, b, (long)&nothrow, 0, 0)); \
		if (!block)                                                                                  \
			((void (*)(void))shim_heap_throws)();                                                \
		return block;                                                                                \
	}                                                                                                    \
	ENTRY(#name, name)

#define FREES(name)                                                                \
	static void *real_##name;                                                  \
	static void ours_##name(long a, long b, long c)                            \
	{                                                                          \
		void (*real)(long, long, long) = (void (*)(long, long, long))real_##name; \
		HEAP_GIVE_BACK((void *)a, real(a, b, c));                          \
	}                                                                          \
	ENTRY(#name, name)

#define RESIZES_AS(name, block, size, how)                                                            \
	static void *real_##name;                                                                     \
	static void *ours_##name(long a, long b, long c, long d, long e)                              \
	{                                                                                             \
		shim_heap_function *real = (shim_heap_function *)real_##name;                         \
		if (heap_plain() && !own_any)                                                         \
			return real(a, b, c, d, e);                                                   \
		return shim_heap_resize(real, (long[5]){a, b, c, d, e}, (void *)(block), (size_t)(size), how, __builtin_return_address(0)); \
	}                                                                                             \
	ENTRY(#name, name)
#define RESIZES(name, size) RESIZES_AS(name, a, size, HEAP_FRESH)
#define RESIZES_IN_HEAP(name, size) RESIZES_AS(name, b, size, 0)

/* Frees the block also when it fails: it is nobody's, whatever becomes of it. */
#define REPLACES(name, block)                                                           \
	static void *real_##name;                                                       \
	static void *ours_##name(long a, long b, long c, long d)                        \
	{                                                                               \
		shim_heap_function *real = (shim_heap_function *)real_##name;           \
		void *before = (void *)(block), *now = NULL;                            \
		HEAP_GIVE_BACK(before, now = real(a, b, c, d, 0));                      \
		return now;                                                             \
	}                                                                               \
	ENTRY(#name, name)

#define MAKES_AT(name)                                                                              \
	static void *real_##name;                                                                   \
	static long ours_##name(long a, long b, long c)                                             \
	{                                                                                           \
		int (*real)(void **, long, long) = (int (*)(void **, long, long))real_##name;       \
		return heap_memalign(real, (void **)a, b, c, __builtin_return_address(0));          \
	}                                                                                           \
	ENTRY(#name, name)

static long heap_memalign(int (*real)(void **, long, long), void **to, long alignment, long bytes, const void *caller)
{
	struct shim_call *call = shim_tls.call;
	void *block;

	if (heap_plain())
		return real(to, alignment, bytes);
	bool began = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = heap_owner(call, began, caller, false);
	int saved = errno;
	int error = heap_allowed(owner, (size_t)bytes) ? real(&block, alignment, bytes) : ENOMEM;
	if (!error && !heap_note(owner, block))
		error = ENOMEM;
	if (!error)
		*to = block;
	errno = saved;
	shim_defer_end(call, began);
	return error;
}

/* ---- the usual names */
MAKES(malloc, a);
MAKES(calloc, times(a, b));
MAKES(memalign, b);
MAKES(aligned_alloc, b);
MAKES(valloc, a);
MAKES(pvalloc, a);
MAKES_AT(posix_memalign);
RESIZES(realloc, b);
RESIZES(reallocarray, times(b, c));
FREES(free);
FREES(cfree);
FREES(vfree);
REPLACES(reallocf, a);
REPLACES(reallocarr, a ? *(long *)a : 0);
MAKES(__libc_malloc, a);
MAKES(__libc_calloc, times(a, b));
MAKES(__libc_memalign, b);
MAKES(__libc_valloc, a);
MAKES(__libc_pvalloc, a);
MAKES_AT(__posix_memalign);
RESIZES(__libc_realloc, b);
FREES(__libc_free);
FREES(__libc_cfree);
/* Sanitizers have these of their own, which do not pass malloc(). */
MAKES(strdup, 0);
MAKES(strndup, 0);
MAKES(__strdup, 0);
MAKES(__strndup, 0);

/* ---- C++: new and delete, of one and of several, aligned, with and without exceptions, with the size */
MAKES(_ZnwmRKSt9nothrow_t, a);
MAKES(_ZnamRKSt9nothrow_t, a);
MAKES(_ZnwmSt11align_val_tRKSt9nothrow_t, a);
MAKES(_ZnamSt11align_val_tRKSt9nothrow_t, a);
THROWS(_Znwm, _ZnwmRKSt9nothrow_t, a);
THROWS(_Znam, _ZnamRKSt9nothrow_t, a);
THROWS(_ZnwmSt11align_val_t, _ZnwmSt11align_val_tRKSt9nothrow_t, a);
THROWS(_ZnamSt11align_val_t, _ZnamSt11align_val_tRKSt9nothrow_t, a);
FREES(_ZdlPv);
FREES(_ZdaPv);
FREES(_ZdlPvm);
FREES(_ZdaPvm);
FREES(_ZdlPvRKSt9nothrow_t);
FREES(_ZdaPvRKSt9nothrow_t);
FREES(_ZdlPvSt11align_val_t);
FREES(_ZdaPvSt11align_val_t);
FREES(_ZdlPvmSt11align_val_t);
FREES(_ZdaPvmSt11align_val_t);
FREES(_ZdlPvSt11align_val_tRKSt9nothrow_t);
FREES(_ZdaPvSt11align_val_tRKSt9nothrow_t);

/* ---- jemalloc, with and without the prefix that it may be built with */
#define JEMALLOC(prefix)                          \
	MAKES(prefix##mallocx, a);                \
	RESIZES(prefix##rallocx, b);              \
	FREES(prefix##dallocx);                   \
	FREES(prefix##sdallocx)
JEMALLOC();
JEMALLOC(je_);
MAKES(je_malloc, a);
MAKES(je_calloc, times(a, b));
MAKES(je_memalign, b);
MAKES(je_aligned_alloc, b);
MAKES(je_valloc, a);
MAKES_AT(je_posix_memalign);
RESIZES(je_realloc, b);
FREES(je_free);

/* ---- tcmalloc */
MAKES(tc_malloc, a);
MAKES(tc_malloc_skip_new_handler, a);
MAKES(tc_calloc, times(a, b));
MAKES(tc_memalign, b);
MAKES(tc_valloc, a);
MAKES(tc_pvalloc, a);
MAKES_AT(tc_posix_memalign);
RESIZES(tc_realloc, b);
FREES(tc_free);
FREES(tc_cfree);
FREES(tc_free_sized);
MAKES(tc_new_nothrow, a);
MAKES(tc_newarray_nothrow, a);
MAKES(tc_new_aligned_nothrow, a);
MAKES(tc_newarray_aligned_nothrow, a);
THROWS(tc_new, tc_new_nothrow, a);
THROWS(tc_newarray, tc_newarray_nothrow, a);
THROWS(tc_new_aligned, tc_new_aligned_nothrow, a);
THROWS(tc_newarray_aligned, tc_newarray_aligned_nothrow, a);
FREES(tc_delete);
FREES(tc_deletearray);
FREES(tc_delete_nothrow);
FREES(tc_deletearray_nothrow);
FREES(tc_delete_sized);
FREES(tc_deletearray_sized);
FREES(tc_delete_aligned);
FREES(tc_deletearray_aligned);
FREES(tc_delete_sized_aligned);
FREES(tc_deletearray_sized_aligned);
FREES(tc_delete_aligned_nothrow);
FREES(tc_deletearray_aligned_nothrow);

/* ---- mimalloc */
MAKES(mi_malloc, a);
MAKES(mi_malloc_small, a);
MAKES(mi_zalloc, a);
MAKES(mi_zalloc_small, a);
MAKES(mi_calloc, times(a, b));
MAKES(mi_mallocn, times(a, b));
MAKES(mi_malloc_aligned, a);
MAKES(mi_malloc_aligned_at, a);
MAKES(mi_zalloc_aligned, a);
MAKES(mi_zalloc_aligned_at, a);
MAKES(mi_calloc_aligned, times(a, b));
MAKES(mi_calloc_aligned_at, times(a, b));
MAKES(mi_memalign, b);
MAKES(mi_aligned_alloc, b);
MAKES(_aligned_malloc, a);
MAKES(mi_valloc, a);
MAKES(mi_pvalloc, a);
MAKES_AT(mi_posix_memalign);
MAKES(mi_strdup, 0);
MAKES(mi_strndup, 0);
MAKES(mi_realpath, 0);
MAKES(mi_new_nothrow, a);
MAKES(mi_new_aligned_nothrow, a);
THROWS(mi_new, mi_new_nothrow, a);
MAKES(mi_new_n, times(a, b));
THROWS(mi_new_aligned, mi_new_aligned_nothrow, a);
RESIZES(mi_realloc, b);
RESIZES(mi_reallocn, times(b, c));
RESIZES(mi_reallocarray, times(b, c));
RESIZES(mi_rezalloc, b);
RESIZES(mi_recalloc, times(b, c));
RESIZES(mi_realloc_aligned, b);
RESIZES(mi_realloc_aligned_at, b);
RESIZES(mi_rezalloc_aligned, b);
RESIZES(mi_rezalloc_aligned_at, b);
RESIZES(mi_recalloc_aligned, times(b, c));
RESIZES(mi_recalloc_aligned_at, times(b, c));
RESIZES(mi_aligned_recalloc, times(b, c));
RESIZES(mi_aligned_offset_recalloc, times(b, c));
RESIZES(mi_new_realloc, b);
RESIZES(mi_new_reallocn, times(b, c));
REPLACES(mi_reallocf, a);
REPLACES(mi_reallocarr, a ? *(long *)a : 0);
FREES(mi_free);
FREES(mi_cfree);
FREES(mi_free_size);
FREES(mi_free_aligned);
FREES(mi_free_size_aligned);
RESIZES_IN_HEAP(mi_heap_realloc, c);
RESIZES_IN_HEAP(mi_heap_reallocn, times(c, d));
RESIZES_IN_HEAP(mi_heap_rezalloc, c);
RESIZES_IN_HEAP(mi_heap_recalloc, times(c, d));
RESIZES_IN_HEAP(mi_heap_realloc_aligned, c);
RESIZES_IN_HEAP(mi_heap_realloc_aligned_at, c);
RESIZES_IN_HEAP(mi_heap_rezalloc_aligned, c);
RESIZES_IN_HEAP(mi_heap_rezalloc_aligned_at, c);
RESIZES_IN_HEAP(mi_heap_recalloc_aligned, times(c, d));
RESIZES_IN_HEAP(mi_heap_recalloc_aligned_at, times(c, d));
REPLACES(mi_heap_reallocf, b);
