/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_map.c - mappings that a call makes are its own (own.h); whoever unmaps or replaces one, in whatever context, takes it
 * away. What the allocator maps is the allocator's, and what this library maps is nobody's. */
#include "shim.h"
#include "number.h"
#include <errno.h>
#include <linux/mman.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

SHIM_SLOT(mmap);
SHIM_SLOT(mmap64);
SHIM_SLOT(munmap);
SHIM_SLOT(mremap);
SHIM_SLOT(shmat);
SHIM_SLOT(shmdt);

extern char __ehdr_start[] __attribute__((visibility("hidden")));
extern char etext[] __attribute__((visibility("hidden")));
extern char shim_limit_returned[] __attribute__((visibility("hidden")));

/* A limited function (limit.c) returns to its stub, which is not the one that has called it. */
static inline bool from_us(const void *caller)
{
	return caller != shim_limit_returned && (uint64_t)caller - (uint64_t)__ehdr_start < (uint64_t)(etext - __ehdr_start);
}

/* An allocator keeps what it maps, whoever made it grow: a call, or a constructor of a libset (shim_tls.maker). */
static inline bool for_heap(const void *caller)
{
	return shim_heap.foreign && shim_heap_has(caller);
}

static inline bool plain(void)
{
	return SHIM_LIKELY(!shim_tls.call && !shim_tls.maker && !own_map_any());
}

/* Huge pages are unmapped whole. */
static size_t whole_pages(size_t bytes, int flags)
{
	unsigned bits = (unsigned)flags >> MAP_HUGE_SHIFT & MAP_HUGE_MASK;
	size_t page = (size_t)1 << (bits ? bits : 21);

	return flags & MAP_HUGETLB ? (bytes + page - 1) & ~(page - 1) : bytes;
}

void *shim_map_by(shim_map_function *real, void *address, size_t bytes, int protection, int flags, int fd, off_t offset, const void *caller)
{
	struct shim_call *call = shim_tls.call;

	if (plain() || from_us(caller))
		return real(address, bytes, protection, flags, fd, offset);
	bool began = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = for_heap(caller) ? NULL : own_here(call, began);
	/* What was there is gone the moment that this succeeds, and another thread may be cancelling its owner. */
	if ((flags & MAP_FIXED) && !(flags & MAP_FIXED_NOREPLACE))
		own_map_remove(address, bytes);
	void *made = real(address, bytes, protection, flags, fd, offset);
	if (made != MAP_FAILED && owner)
		own_map_add(owner, made, whole_pages(bytes, flags), caller);
	else if (made != MAP_FAILED)
		own_map_remove(made, bytes);
	shim_defer_end(call, began);
	return made;
}

SHIM_EXPORT void *mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
	return shim_map_by(SHIM_REAL(shim_map_function *, mmap), address, bytes, protection, flags, fd, offset, __builtin_return_address(0));
}
SHIM_EXPORT void *mmap64(void *address, size_t bytes, int protection, int flags, int fd, off64_t offset)
{
	return shim_map_by(SHIM_REAL(shim_map_function *, mmap64), address, bytes, protection, flags, fd, offset, __builtin_return_address(0));
}

static bool on_page(const void *address)
{
	return (uint64_t)address % 4096 == 0;
}

int shim_unmap_by(int (*real)(void *, size_t), void *address, size_t bytes)
{
	struct shim_call *call = shim_tls.call;

	if (plain())
		return real(address, bytes);
	bool began = shim_defer_begin(call, SHIM_FRAME);
	if (bytes && on_page(address))
		own_map_remove(address, bytes);
	int result = real(address, bytes);
	shim_defer_end(call, began);
	return result;
}

SHIM_EXPORT int munmap(void *address, size_t bytes)
{
	return shim_unmap_by(SHIM_REAL(int (*)(void *, size_t), munmap), address, bytes);
}

/* A call's own stays its own, wherever it goes. One that is somebody else's business stays its owner's where it is, and is
 * nobody's once it has moved. */
void *shim_remap_by(void *(*real)(void *, size_t, size_t, int, ...), void *address, size_t bytes, size_t wanted, int flags, void *target,
		    const void *caller)
{
	struct shim_call *call = shim_tls.call;

	if (plain() || from_us(caller))
		return real(address, bytes, wanted, flags, target);
	bool began = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = for_heap(caller) ? NULL : own_here(call, began);
	uint32_t tag = own_map_tag(address);
	bool mine = own_map_is(owner, tag), stays = !bytes || (flags & MREMAP_DONTUNMAP);
	if (tag && !stays)
		own_map_remove(address, bytes);
	if (flags & MREMAP_FIXED)
		own_map_remove(target, wanted);
	void *made = real(address, bytes, wanted, flags, target);
	if (made == MAP_FAILED) {
		if (tag && !stays)
			own_map_set(tag, address, bytes, caller);
	} else if (mine || (stays && owner)) {
		own_map_add(owner, made, wanted, caller);
	} else if (tag && made == address) {
		own_map_set(tag, made, wanted, caller);
	} else {
		own_map_remove(made, wanted);
	}
	shim_defer_end(call, began);
	return made;
}

SHIM_EXPORT void *mremap(void *address, size_t bytes, size_t wanted, int flags, ...)
{
	void *target = NULL;

	if (flags & MREMAP_FIXED || flags & MREMAP_DONTUNMAP) {
		va_list list;
		va_start(list, flags);
		target = va_arg(list, void *);
		va_end(list);
	}
	return shim_remap_by(SHIM_REAL(void *(*)(void *, size_t, size_t, int, ...), mremap), address, bytes, wanted, flags, target,
			     __builtin_return_address(0));
}

/* ---- System V shared memory: what munmap() takes away is detached, too */

static size_t segment_bytes(int id)
{
	struct shmid_ds status;

	return shmctl(id, IPC_STAT, &status) == 0 ? status.shm_segsz : 0;
}

void *shim_attach_by(void *(*real)(int, const void *, int), int id, const void *address, int flags)
{
	struct shim_call *call = shim_tls.call;

	if (plain())
		return real(id, address, flags);
	bool began = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = own_here(call, began);
	size_t bytes = segment_bytes(id); /* 0: a segment that may not be looked at is nobody's */
	if (bytes && (flags & SHM_REMAP))
		own_map_remove((void *)((uint64_t)address & ~(uint64_t)4095), bytes);
	void *made = real(id, address, flags);
	if (made != (void *)-1 && bytes && owner)
		own_map_add(owner, made, bytes, NULL);
	else if (made != (void *)-1 && bytes)
		own_map_remove(made, bytes);
	shim_defer_end(call, began);
	return made;
}

SHIM_EXPORT void *shmat(int id, const void *address, int flags)
{
	return shim_attach_by(SHIM_REAL(void *(*)(int, const void *, int), shmat), id, address, flags);
}

int shim_detach_by(int (*real)(const void *), const void *address)
{
	struct shim_call *call = shim_tls.call;

	if (plain())
		return real(address);
	bool began = shim_defer_begin(call, SHIM_FRAME);
	(void)own_map_keep(address);
	int result = real(address);
	shim_defer_end(call, began);
	return result;
}

SHIM_EXPORT int shmdt(const void *address)
{
	return shim_detach_by(SHIM_REAL(int (*)(const void *), shmdt), address);
}
