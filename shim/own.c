/* SPDX-License-Identifier: Apache-2.0 */
/* own.c - the log of an owner: what it once tagged. Written in deferred sections by the owner alone; released, moved and
 * compacted by claiming each tag with a compare-and-exchange, since somebody else may free the resource at that moment. */
#include "shim.h"
#include "../gotcha/libset.h"
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define PAGE 4096u
#define KEEP_ROOM (PAGE / sizeof(uint64_t)) /* a pooled call's log */
#define FLIP 0x80000000u                    /* compaction gives what it keeps the other of two tags, to see it once */
#define KEY(entry) ((entry) & (((uint64_t)1 << 56) - 1))
#define KIND(entry) ((enum own_kind)((entry) >> 56))

/* Set by the linker: the slots of deferred functions whose blocks are their caller's, and of per-libset functions. */
extern char __start_shim_own_slots[] __attribute__((weak, visibility("hidden")));
extern char __stop_shim_own_slots[] __attribute__((weak, visibility("hidden")));
extern char __start_shim_set_slots[] __attribute__((visibility("hidden")));
extern char __stop_shim_set_slots[] __attribute__((visibility("hidden")));

void own_init(struct shim_owner *owner, uint32_t tag)
{
	*owner = (struct shim_owner){.tag = tag, .room = OWN_SMALL};
	owner->log = owner->small;
}

static bool hands_over(uint64_t slot)
{
	return slot - (uint64_t)__start_shim_own_slots < (uint64_t)(__stop_shim_own_slots - __start_shim_own_slots);
}

struct shim_owner *own_nested(struct shim_call *call)
{
	uint64_t slot = (uint64_t)call->defer_slot;
	if (hands_over(slot))
		return &call->owner;
	if (slot - shim_tls.slots - (uint64_t)__start_shim_set_slots < (uint64_t)(__stop_shim_set_slots - __start_shim_set_slots) &&
	    shim_tls.set) {
		shim_tls.set->keeps = true;
		return &shim_tls.set->owner;
	}
	return NULL;
}

/* What libc keeps for itself is nobody's here, too. `call` is the one that gotcha/making.c has made. */
struct shim_owner *own_made(struct shim_call *call, bool began)
{
	struct shim_owner *maker = shim_tls.maker;

	if (!shim_tls.making || maker != shim_tls.making->owner || !call) /* wrap_regex.c notes everything */
		return maker;
	return began || hands_over((uint64_t)call->defer_slot) ? maker : own_nested(call);
}

/* Take a resource's tag from `from`; false: it is not (any more) the owner's. `to` 0: nobody's. */
static bool claim(uint64_t entry, uint32_t from, uint32_t to)
{
	uint32_t *word = KIND(entry) == OWN_FD ? own_fd_word((int)KEY(entry)) : own_word((void *)KEY(entry));
	uint32_t expected = own_tag(from, KIND(entry));

	/* Most entries of a full log are no longer true, and nobody else makes one true: looking is cheaper than trying. */
	return word && __atomic_load_n(word, __ATOMIC_RELAXED) == expected &&
	       __atomic_compare_exchange_n(word, &expected, to ? own_tag(to, KIND(entry)) : 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static bool has_descriptor(uint64_t entry)
{
	return KIND(entry) != OWN_BLOCK && KIND(entry) != OWN_EXTRA && KIND(entry) != OWN_CONVERTER;
}

/* Drop entries that are no longer true, and all but the newest of those that say the same. */
static void compact(struct shim_owner *owner)
{
	uint32_t at = owner->count, before = owner->tag, after = before ^ FLIP;

	for (uint32_t i = owner->count; i-- > 0;) {
		uint64_t entry = owner->log[i];
		if (KIND(entry) == OWN_EXTRA || !claim(entry, before, after))
			continue;
		owner->log[--at] = entry;
		if (i > 0 && KIND(owner->log[i - 1]) == OWN_EXTRA)
			owner->log[--at] = owner->log[i - 1];
	}
	owner->count -= at;
	__builtin_memmove(owner->log, owner->log + at, owner->count * sizeof *owner->log);
	owner->tag = after;
}

/* By system calls: it happens inside the allocator's functions, and mmap() may be its own. */
static bool grow(struct shim_owner *owner)
{
	size_t bytes = owner->room == OWN_SMALL ? PAGE : 2 * owner->room * sizeof *owner->log;
	void *log;

	if (owner->room == OWN_SMALL) {
		log = (void *)shim_syscall6(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if ((uint64_t)log > -4096ul)
			return false;
		__builtin_memcpy(log, owner->small, sizeof owner->small);
	} else {
		log = (void *)shim_syscall4(SYS_mremap, owner->log, owner->room * sizeof *owner->log, bytes, MREMAP_MAYMOVE);
		if ((uint64_t)log > -4096ul)
			return false;
	}
	owner->log = log;
	owner->room = (uint32_t)(bytes / sizeof *owner->log);
	return true;
}

bool own_make_room(struct shim_owner *owner)
{
	compact(owner);
	return owner->count <= owner->room / 2 || grow(owner) || owner->count < owner->room;
}

/* A long log is given back, a page of it is kept for the next launch. */
static void empty(struct shim_owner *owner)
{
	owner->count = 0;
	owner->fd_count = owner->fd_limit = 0;
	owner->heap_bytes = owner->heap_limit = 0;
	if (owner->room > KEEP_ROOM && shim_syscall4(SYS_mremap, owner->log, owner->room * sizeof *owner->log, PAGE, 0) == (long)owner->log)
		owner->room = KEEP_ROOM;
}

void own_end(struct shim_owner *owner)
{
	if (owner->room > OWN_SMALL)
		shim_syscall2(SYS_munmap, owner->log, owner->room * sizeof *owner->log);
	own_init(owner, owner->tag);
}

void own_forget(struct shim_owner *owner)
{
	if (owner->registered & REG_KEYS)
		own_keys_move(owner, 0);
	if (owner->registered & REG_THREADS)
		own_threads_move(owner, 0);
	if (owner->registered & REG_TIMERS)
		own_timers_move(owner, 0);
	if (owner->registered & REG_REQUESTS)
		own_requests_move(owner, 0);
	owner->registered = 0;
	/* The next owner has the same tag. */
	for (uint32_t i = 0; i < owner->count; i++)
		if (KIND(owner->log[i]) != OWN_EXTRA)
			(void)claim(owner->log[i], owner->tag, 0);
	if (owner->maps)
		own_map_forget(owner, 0);
	owner->maps = false;
	empty(owner);
}

void own_move(struct shim_owner *from, struct shim_owner *to)
{
	for (uint32_t i = 0; i < from->count; i++) {
		uint64_t entry = from->log[i], extra = 0;
		if (KIND(entry) == OWN_EXTRA) {
			if (i + 1 == from->count)
				break;
			extra = entry;
			entry = from->log[++i];
		}
		/* Room for both at once: making room drops what says nothing of a resource. Without memory for the record it is
		 * nobody's, as what a completed call has. */
		if ((to->count + 2 > to->room && (!own_make_room(to) || to->count + 2 > to->room)) || !claim(entry, from->tag, to->tag))
			continue;
		if (extra)
			(void)own_log(to, extra);
		(void)own_log(to, entry);
		to->fd_count += has_descriptor(entry);
	}
	if (from->maps) {
		own_map_forget(from, to->tag);
		to->maps = true;
	}
	if (from->registered & REG_KEYS)
		own_keys_move(from, to->tag);
	if (from->registered & REG_THREADS)
		own_threads_move(from, to->tag);
	if (from->registered & REG_TIMERS)
		own_timers_move(from, to->tag);
	if (from->registered & REG_REQUESTS)
		own_requests_move(from, to->tag);
	to->registered |= from->registered;
	from->registered = 0;
	from->maps = false;
	empty(from);
}

void own_withdraw(struct shim_owner *owner)
{
	if (SHIM_UNLIKELY(owner->registered & REG_KEYS))
		own_keys_release(owner);
	if (SHIM_UNLIKELY(owner->registered & REG_TIMERS))
		own_timers_release(owner);
	struct gotcha_set *set = (struct gotcha_set *)((char *)owner - offsetof(struct gotcha_set, owner));
	if (SHIM_UNLIKELY(owner->registered & REG_OBJECTS))
		shim_objects_drop(set);
	if (SHIM_UNLIKELY(owner->registered & REG_ACTIONS))
		own_actions_drop(set);
	owner->registered &= REG_THREADS;
}

/* Streams before blocks: they may refer to them. */
void own_release(struct shim_owner *owner)
{
	void (*release)(void *) = (void (*)(void *))shim_outer_free;

	own_withdraw(owner);
	if (owner->count)
		own_environment_keep(owner);
	for (int blocks = 0; blocks < 2; blocks++)
		for (uint32_t i = owner->count; i-- > 0;) {
			uint64_t entry = owner->log[i], extra = 0;
			enum own_kind kind = KIND(entry);
			if (kind == OWN_EXTRA || (kind == OWN_BLOCK) != blocks || !claim(entry, owner->tag, 0))
				continue;
			if (i > 0 && KIND(owner->log[i - 1]) == OWN_EXTRA)
				extra = KEY(owner->log[i - 1]);
			if (kind == OWN_BLOCK)
				release((void *)KEY(entry));
			else if (kind == OWN_FD)
				own_close_fd((int)KEY(entry));
			else if (kind == OWN_DIRECTORY)
				own_close_directory((void *)KEY(entry));
			else if (kind == OWN_CONVERTER)
				own_close_converter((void *)KEY(entry));
			else
				own_close_stream(kind, (void *)KEY(entry), extra);
		}
	if (owner->maps)
		own_map_release(owner);
	owner->maps = false;
	empty(owner);
}

bool own_has(const struct shim_owner *owner, const void *address)
{
	uint64_t at = (uint64_t)address;

	for (uint32_t i = owner->count; i-- > 0;) {
		uint64_t key = KEY(owner->log[i]);
		if (KIND(owner->log[i]) != OWN_BLOCK || at < key) /* before the word of a block that may be gone is looked at */
			continue;
		const uint32_t *word = own_word((const void *)key);
		if (word && *word == own_tag(owner->tag, OWN_BLOCK) && at - key < shim_usable((void *)key))
			return true;
	}
	return false;
}

bool own_dies(const struct shim_owner *owner, const void *address)
{
	const struct shim_call *call = (const void *)((const char *)owner - offsetof(struct shim_call, owner));

	return (uint64_t)address - (uint64_t)call->map < call->map_bytes || own_has(owner, address);
}

/* What frees from elsewhere have made stale: count again. */
uint64_t own_heap_count(struct shim_owner *owner)
{
	compact(owner);
	owner->heap_bytes = 0;
	for (uint32_t i = 0; i < owner->count; i++)
		if (KIND(owner->log[i]) == OWN_BLOCK)
			owner->heap_bytes += shim_usable((void *)KEY(owner->log[i]));
	return owner->heap_bytes;
}

uint32_t own_fd_recount(struct shim_owner *owner)
{
	compact(owner);
	owner->fd_count = 0;
	for (uint32_t i = 0; i < owner->count; i++)
		owner->fd_count += has_descriptor(owner->log[i]);
	return owner->fd_count;
}

SHIM_EXPORT int inger_keep(const void *resource)
{
	uint32_t *word = own_word(resource);

	if ((word && __atomic_exchange_n(word, 0, __ATOMIC_ACQ_REL)) || own_map_keep(resource))
		return 0;
	gotcha_fail(EINVAL, "inger_keep", "%p belongs to no call", resource);
	return -1;
}

SHIM_EXPORT int inger_keep_fd(int fd)
{
	uint32_t *word = own_fd_word(fd);

	if (word && __atomic_exchange_n(word, 0, __ATOMIC_ACQ_REL))
		return 0;
	gotcha_fail(EINVAL, "inger_keep_fd", "descriptor %d belongs to no call", fd);
	return -1;
}
