/* SPDX-License-Identifier: Apache-2.0 */
/* resolve.c - finds the functions behind our wrappers.
 *
 * Not with dlsym(): the first caller may be malloc() called from inside the dynamic linker. Reads the link map that the
 * linker keeps for debuggers and the hash tables of the objects, GNU's or, where there is none, the old one; calls nothing, allocates nothing, takes no lock.
 * A wrapper's real function is the next definition after ours in load order, so that another preloaded allocator stays
 * in use; the default version where a symbol has several. An outer one's (heap.h) is the first definition of all. */
#include "shim.h"
#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#pragma GCC target("general-regs-only")

extern struct shim_slot __start_shim_outer_slots[] __attribute__((visibility("hidden")));
extern struct shim_slot __stop_shim_outer_slots[] __attribute__((visibility("hidden")));
extern void *shim_outer_malloc, *shim_real_malloc, *shim_outer_malloc_usable_size;
extern char __ehdr_start[] __attribute__((visibility("hidden")));

bool shim_late;

struct object {
	const struct link_map *map;
	const Elf64_Sym *symbols;
	const char *strings;
	const uint32_t *gnu, *sysv; /* hash tables; one of them is there */
	const uint16_t *versions;
	bool old; /* what is found need not be the default version */
};

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static bool same_start(const char *a, const char *start)
{
	while (*start && *a == *start) {
		a++;
		start++;
	}
	return !*start;
}

static const char *base_name(const char *path)
{
	const char *base = path;

	for (; *path; path++)
		if (*path == '/')
			base = path + 1;
	return base;
}

/* The linker relocates most dynamic sections in place, the vDSO's not. */
uint64_t shim_dynamic_address(const struct link_map *map, uint64_t value)
{
	return value < map->l_addr ? value + map->l_addr : value;
}

static bool open_object(const struct link_map *map, struct object *o)
{
	*o = (struct object){.map = map};
	if (!map->l_ld)
		return false;
	for (const Elf64_Dyn *d = map->l_ld; d->d_tag != DT_NULL; d++) {
		uint64_t value = shim_dynamic_address(map, d->d_un.d_ptr);
		switch (d->d_tag) {
		case DT_SYMTAB: o->symbols = (const void *)value; break;
		case DT_STRTAB: o->strings = (const void *)value; break;
		case DT_GNU_HASH: o->gnu = (const void *)value; break;
		case DT_HASH: o->sysv = (const void *)value; break;
		case DT_VERSYM: o->versions = (const void *)value; break;
		}
	}
	return o->symbols && o->strings && (o->gnu || o->sysv);
}

static uint32_t gnu_hash(const char *name)
{
	uint32_t h = 5381;

	for (; *name; name++)
		h = h * 33 + (unsigned char)*name;
	return h;
}

static uint32_t sysv_hash(const char *name)
{
	uint32_t h = 0;

	for (; *name; name++) {
		h = (h << 4) + (unsigned char)*name;
		h ^= h >> 24 & 0xf0;
	}
	return h & 0x0fffffff;
}

/* Symbol `i`, when it is the definition of `name`, in its default version unless an old one will do. */
static void *defined(const struct object *o, uint32_t i, const char *name)
{
	const Elf64_Sym *s = &o->symbols[i];

	if (s->st_shndx == SHN_UNDEF || !same(o->strings + s->st_name, name) ||
	    (!o->old && o->versions && (o->versions[i] & 0x8000)))
		return NULL;
	void *address = (void *)(o->map->l_addr + s->st_value);
	if (ELF64_ST_TYPE(s->st_info) == STT_GNU_IFUNC)
		address = ((void *(*)(void))address)();
	return address;
}

static void *lookup_sysv(const struct object *o, const char *name)
{
	uint32_t buckets = o->sysv[0], symbols = o->sysv[1];
	const uint32_t *bucket = &o->sysv[2], *chain = &bucket[buckets];

	for (uint32_t i = buckets ? bucket[sysv_hash(name) % buckets] : 0, steps = 0; i && i < symbols && steps < symbols; i = chain[i], steps++) {
		void *address = defined(o, i, name);
		if (address)
			return address;
	}
	return NULL;
}

static void *lookup(const struct object *o, const char *name, uint32_t h)
{
	if (!o->gnu)
		return lookup_sysv(o, name);
	uint32_t buckets = o->gnu[0], first = o->gnu[1], bloom_words = o->gnu[2], bloom_shift = o->gnu[3];
	const uint64_t *bloom = (const uint64_t *)&o->gnu[4];
	const uint32_t *bucket = (const uint32_t *)&bloom[bloom_words];
	const uint32_t *chain = &bucket[buckets];
	uint64_t word = bloom[h / 64 % bloom_words];

	if (!(word >> (h % 64) & 1) || !(word >> ((h >> bloom_shift) % 64) & 1))
		return NULL;
	uint32_t i = bucket[h % buckets];
	if (i < first)
		return NULL;
	for (;; i++) {
		void *address = (chain[i - first] | 1) == (h | 1) ? defined(o, i, name) : NULL;
		if (address)
			return address;
		if (chain[i - first] & 1)
			return NULL;
	}
}

static void show(const struct object *o, uint32_t i, void (*each)(const char *name, void *address, void *arg), void *arg)
{
	const Elf64_Sym *s = &o->symbols[i];
	uint8_t type = ELF64_ST_TYPE(s->st_info);

	if ((type != STT_FUNC && type != STT_GNU_IFUNC) || s->st_shndx == SHN_UNDEF || (o->versions && (o->versions[i] & 0x8000)))
		return;
	void *address = (void *)(o->map->l_addr + s->st_value);
	if (type == STT_GNU_IFUNC)
		address = ((void *(*)(void))address)();
	each(o->strings + s->st_name, address, arg);
}

/* What the object defines for others: functions, in the default version. */
void shim_functions_of(const struct link_map *map, void (*each)(const char *name, void *address, void *arg), void *arg)
{
	struct object o;

	if (shim_is_ours(map) || !open_object(map, &o))
		return;
	for (uint32_t i = 1; !o.gnu && i < o.sysv[1]; i++)
		show(&o, i, each, arg);
	if (!o.gnu)
		return;
	uint32_t buckets = o.gnu[0], first = o.gnu[1], bloom_words = o.gnu[2];
	const uint32_t *bucket = &o.gnu[4 + 2 * bloom_words], *chain = &bucket[buckets];
	for (uint32_t b = 0; b < buckets; b++)
		for (uint32_t i = bucket[b]; i >= first && i; i++) {
			show(&o, i, each, arg);
			if (chain[i - first] & 1)
				break;
		}
}

bool shim_is_ours(const struct link_map *map)
{
	return map->l_addr == (uint64_t)__ehdr_start;
}

static const struct link_map *first_map(void)
{
	return _r_debug.r_map;
}

bool shim_wanted(void)
{
	for (const struct link_map *m = first_map(); m; m = m->l_next) {
		const char *strings = NULL;
		for (const Elf64_Dyn *d = m->l_ld; d && d->d_tag != DT_NULL; d++)
			if (d->d_tag == DT_STRTAB)
				strings = (const char *)shim_dynamic_address(m, d->d_un.d_ptr);
		for (const Elf64_Dyn *d = m->l_ld; d && strings && d->d_tag != DT_NULL; d++)
			if (d->d_tag == DT_NEEDED && same_start(strings + d->d_un.d_val, "libinger.so"))
				return true;
	}
	return false;
}

extern void *shim_real__dl_find_object;

/* The object that an address is in. From the linker's own table for unwinders: the list can't be walked while objects come and go. */
const struct link_map *shim_object_at(const void *address)
{
	struct dl_find_object found;

	if (!shim_real__dl_find_object ||
	    ((int (*)(const void *, struct dl_find_object *))shim_real__dl_find_object)(address, &found) != 0)
		return NULL;
	return found.dlfo_link_map;
}

void *shim_lookup_in(const struct link_map *map, const char *symbol)
{
	struct object o;

	return !shim_is_ours(map) && open_object(map, &o) ? lookup(&o, symbol, gnu_hash(symbol)) : NULL;
}

void *shim_own_symbol(const char *symbol)
{
	for (const struct link_map *m = first_map(); m; m = m->l_next) {
		struct object o;
		if (shim_is_ours(m) && open_object(m, &o))
			return lookup(&o, symbol, gnu_hash(symbol));
	}
	return NULL;
}

void *shim_resolve_in(const char *soname, const char *symbol)
{
	for (const struct link_map *m = first_map(); m; m = m->l_next) {
		struct object o;
		if (same(base_name(m->l_name), soname) && open_object(m, &o))
			return lookup(&o, symbol, gnu_hash(symbol));
	}
	return NULL;
}

void *shim_find_symbol(const char *symbol)
{
	void *found = NULL;

	for (const struct link_map *m = first_map(); m && !found; m = m->l_next)
		found = shim_lookup_in(m, symbol);
	return found;
}

void *shim_next_symbol(const struct link_map *before, const char *symbol)
{
	uint32_t h = gnu_hash(symbol);
	void *found = NULL;

	for (const struct link_map *m = before ? before->l_next : first_map(); m && !found; m = m->l_next) {
		struct object o;
		found = open_object(m, &o) ? lookup(&o, symbol, h) : NULL;
	}
	return found;
}

/* The wrapper of a function that somebody has found by name: of the very function that it leads to, not of another's of that name
 * nor of an old version. Else NULL. */
void *shim_wrapper_of(const char *symbol, const void *found)
{
	shim_resolve_all();
	for (struct shim_slot *s = __start_shim_slots; s < __stop_shim_slots; s++)
		if (*s->real == found && s->found && same(s->name, symbol))
			return shim_own_symbol(symbol);
	for (struct shim_spare *s = __start_shim_spares; s < __stop_shim_spares && s->real; s++)
		if (s->real == found)
			return s->wrapper;
	return NULL;
}

/* `old`: a version that is not the default one will do. */
static void resolve_from(const struct link_map *start, bool old)
{
	for (const struct link_map *m = start; m; m = m->l_next) {
		struct object o;
		if (shim_is_ours(m) || !open_object(m, &o))
			continue;
		o.old = old;
		for (struct shim_slot *s = __start_shim_slots; s < __stop_shim_slots; s++) {
			if (s->found)
				continue;
			void *real = lookup(&o, s->name, gnu_hash(s->name));
			if (real) {
				__atomic_store_n(s->real, real, __ATOMIC_RELEASE);
				s->found = true;
			}
		}
	}
}

/* The first definition of all; that of malloc_usable_size() must be by who has malloc(). */
static void resolve_outer(void)
{
	const struct link_map *heap = NULL;

	for (const struct link_map *m = first_map(); m && !heap; m = m->l_next) {
		void *found = shim_lookup_in(m, "malloc");
		if (!found)
			continue;
		heap = m;
		for (struct shim_slot *s = __start_shim_outer_slots; s < __stop_shim_outer_slots; s++) {
			void *real = shim_lookup_in(m, s->name);
			if (!real && s->real != &shim_outer_malloc_usable_size)
				real = shim_find_symbol(s->name);
			__atomic_store_n(s->real, real, __ATOMIC_RELEASE);
			s->found = real != NULL;
		}
	}
	shim_heap.outer = shim_outer_malloc != shim_real_malloc;
}

void shim_resolve_all(void)
{
	static bool resolved;
	const struct link_map *start = NULL;
	bool libc_seen = false;

	if (__atomic_load_n(&resolved, __ATOMIC_ACQUIRE))
		return;
	for (const struct link_map *m = first_map(); m; m = m->l_next) {
		if (same(base_name(m->l_name), "libc.so.6"))
			libc_seen = true;
		if (shim_is_ours(m)) {
			shim_late = libc_seen;
			start = libc_seen ? first_map() : m->l_next;
		}
	}
	/* What has become old since this was built is still there for those who were linked before. */
	resolve_from(start, false);
	resolve_from(start, true);
	for (struct shim_slot *s = __start_shim_slots; s < __stop_shim_slots; s++)
		if (!s->found)
			__atomic_store_n(s->real, (void *)shim_missing, __ATOMIC_RELEASE);
	resolve_outer();
	__atomic_store_n(&resolved, true, __ATOMIC_RELEASE);
}
