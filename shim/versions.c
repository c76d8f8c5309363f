/* SPDX-License-Identifier: Apache-2.0 */
/* versions.c - references to old versions of libc's functions.
 *
 * A wrapper has no version, and so the linker takes it for every version of its name. Where libc has an old one that differs, a
 * program linked long ago must get that: its pthread_cond_t or timer_t is of another size, or it relies on what was changed. So
 * the words of such references are pointed at the old version itself, through a wrapper of its own (stubs_amd64.S) where it must
 * be deferred in a call. Only undefined symbols are looked at, which an object lists before the others: few have one of these.
 *
 * Runs when we are loaded and after a load that a call or a launch sees. */
#include "shim.h"
#include <elf.h>
#include <link.h>
#include <string.h>

#define OLD_VERSIONS(DEFERRED, OWN, PLAIN)      \
	DEFERRED(fmemopen, "GLIBC_2.2.5")       \
	DEFERRED(glob, "GLIBC_2.2.5")           \
	DEFERRED(glob64, "GLIBC_2.2.5")         \
	DEFERRED(lio_listio, "GLIBC_2.2.5")     \
	DEFERRED(lio_listio64, "GLIBC_2.2.5")   \
	OWN(posix_spawn, "GLIBC_2.2.5")         \
	OWN(posix_spawnp, "GLIBC_2.2.5")        \
	DEFERRED(pthread_cond_broadcast, "GLIBC_2.2.5") \
	DEFERRED(pthread_cond_signal, "GLIBC_2.2.5")    \
	PLAIN(pthread_cond_timedwait, "GLIBC_2.2.5")    \
	PLAIN(pthread_cond_wait, "GLIBC_2.2.5")         \
	DEFERRED(pthread_getaffinity_np, "GLIBC_2.3.3") \
	DEFERRED(pthread_setaffinity_np, "GLIBC_2.3.3") \
	DEFERRED(pthread_kill, "GLIBC_2.2.5")   \
	DEFERRED(quick_exit, "GLIBC_2.10")      \
	DEFERRED(regexec, "GLIBC_2.2.5")        \
	OWN(timer_create, "GLIBC_2.2.5")        \
	DEFERRED(timer_delete, "GLIBC_2.2.5")

#define DECLARE(name, version) extern void *shim_old_real_##name, *shim_old_##name;
#define NOTHING(name, version)
OLD_VERSIONS(DECLARE, DECLARE, NOTHING)

static struct old {
	const char *name, *version;
	void **real; /* behind the wrapper; NULL: none */
	void *target; /* what references get; NULL: libc has no such version */
} olds[] = {
#define WRAPPED(name, version) {#name, version, &shim_old_real_##name, &shim_old_##name},
#define BARE(name, version) {#name, version, NULL, NULL},
	OLD_VERSIONS(WRAPPED, WRAPPED, BARE)
};
#define OLDS (sizeof olds / sizeof *olds)

struct object {
	const struct link_map *map;
	const Elf64_Sym *symbols;
	const char *strings;
	const uint32_t *gnu, *sysv;
	const uint16_t *versions;
	const Elf64_Verdef *defined;
	const Elf64_Verneed *needed;
	uint64_t defined_count, needed_count;
};

static bool open_object(const struct link_map *map, struct object *o)
{
	*o = (struct object){.map = map};
	for (const Elf64_Dyn *d = map->l_ld; d && d->d_tag != DT_NULL; d++) {
		const void *address = (const void *)shim_dynamic_address(map, d->d_un.d_ptr);
		switch (d->d_tag) {
		case DT_SYMTAB: o->symbols = address; break;
		case DT_STRTAB: o->strings = address; break;
		case DT_GNU_HASH: o->gnu = address; break;
		case DT_HASH: o->sysv = address; break;
		case DT_VERSYM: o->versions = address; break;
		case DT_VERDEF: o->defined = address; break;
		case DT_VERDEFNUM: o->defined_count = d->d_un.d_val; break;
		case DT_VERNEED: o->needed = address; break;
		case DT_VERNEEDNUM: o->needed_count = d->d_un.d_val; break;
		}
	}
	return o->symbols && o->strings && o->versions && (o->gnu || o->sysv);
}

static const char *version_defined(const struct object *o, unsigned index)
{
	const char *at = (const char *)o->defined;

	for (uint64_t n = 0; at && n < o->defined_count; n++) {
		const Elf64_Verdef *v = (const void *)at;
		if (v->vd_ndx == index)
			return o->strings + ((const Elf64_Verdaux *)(const void *)(at + v->vd_aux))->vda_name;
		at += v->vd_next;
	}
	return "";
}

static const char *version_needed(const struct object *o, unsigned index)
{
	const char *at = (const char *)o->needed;

	for (uint64_t n = 0; at && n < o->needed_count; n++) {
		const Elf64_Verneed *v = (const void *)at;
		const char *aux = at + v->vn_aux;
		for (unsigned i = 0; i < v->vn_cnt; i++) {
			const Elf64_Vernaux *a = (const void *)aux;
			if ((a->vna_other & 0x7fff) == index)
				return o->strings + a->vna_name;
			aux += a->vna_next;
		}
		at += v->vn_next;
	}
	return "";
}

static struct old *old_named(const char *name)
{
	for (struct old *old = olds; old < olds + OLDS; old++)
		if (strcmp(old->name, name) == 0)
			return old;
	return NULL;
}

static bool is_libc(const struct link_map *map)
{
	const char *base = strrchr(map->l_name, '/');

	return strcmp(base ? base + 1 : map->l_name, "libc.so.6") == 0;
}

/* All of libc's symbols, once: the hash tables lead to the default versions as well. The GNU table's chains say where the last is. */
static void find_in(const struct object *libc)
{
	const uint32_t *bucket = &libc->gnu[4 + 2 * libc->gnu[2]], *chain = &bucket[libc->gnu[0]];
	uint32_t first = libc->gnu[1];

	for (uint32_t b = 0; b < libc->gnu[0]; b++)
		for (uint32_t i = bucket[b]; i >= first && i; i++) {
			struct old *old = libc->versions[i] & 0x8000 ? old_named(libc->strings + libc->symbols[i].st_name) : NULL;
			if (old && strcmp(version_defined(libc, libc->versions[i] & 0x7fff), old->version) == 0) {
				void *real = (void *)(libc->map->l_addr + libc->symbols[i].st_value);
				if (old->real)
					*old->real = real;
				else
					old->target = real;
			}
			if (chain[i - first] & 1)
				break;
		}
	for (struct old *old = olds; old < olds + OLDS; old++)
		if (old->real && !*old->real)
			old->target = NULL;
}

static bool is_of(const char *name)
{
	/* Most names are none of these: one look at the first letter. */
	return strchr("fglpqrt", name[0]) != NULL;
}

/* One more than the last symbol that the GNU table lists. */
static uint32_t gnu_end(const struct object *o)
{
	const uint32_t *bucket = &o->gnu[4 + 2 * o->gnu[2]], *chain = &bucket[o->gnu[0]];
	uint32_t first = o->gnu[1], last = 0;

	for (uint32_t b = 0; b < o->gnu[0]; b++)
		last = bucket[b] > last ? bucket[b] : last;
	if (last < first)
		return first;
	while (!(chain[last - first] & 1))
		last++;
	return last + 1;
}

/* Undefined symbols come first, before those that the GNU hash table lists. But for a program of fixed addresses, which defines the
 * address of a function by its own PLT where it takes it: that symbol is undefined and listed. */
static void look_at(const struct link_map *map)
{
	struct shim_reference found[OLDS];
	unsigned count = 0;
	struct object o;

	if (shim_is_ours(map) || is_libc(map) || !open_object(map, &o) || !o.needed)
		return;
	uint32_t end = !o.gnu ? o.sysv[1] : map->l_addr ? o.gnu[1] : gnu_end(&o);
	for (uint32_t i = 1; i < end && count < OLDS; i++) {
		const Elf64_Sym *s = &o.symbols[i];
		const char *name = o.strings + s->st_name;
		if (s->st_shndx != SHN_UNDEF || o.versions[i] < 2 || !is_of(name))
			continue;
		const struct old *old = old_named(name);
		if (old && old->target && strcmp(version_needed(&o, o.versions[i] & 0x7fff), old->version) == 0)
			found[count++] = (struct shim_reference){i, old->target};
	}
	if (count)
		shim_bind_symbols(map, found, count);
}

void shim_old_versions(void)
{
	static bool prepared;
	struct object libc;

	for (const struct link_map *m = _r_debug.r_map; m && !prepared; m = m->l_next)
		if (is_libc(m)) {
			if (!open_object(m, &libc) || !libc.gnu)
				return;
			find_in(&libc);
			prepared = true;
		}
	for (const struct link_map *m = _r_debug.r_map; m && prepared; m = m->l_next)
		look_at(m);
}

/* What a reference to the old version that somebody has found by name gets; else NULL. */
void *shim_old_wrapper(const void *found)
{
	for (const struct old *old = olds; old < olds + OLDS; old++)
		if (old->real && *old->real == found)
			return old->target;
	return NULL;
}
