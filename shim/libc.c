/* SPDX-License-Identifier: Apache-2.0 */
/* libc.c - says once, before the first launch, what is not known of the running libc: its release, or functions that it has and
 * no known release had (known_gen.h, from interpose/libc_functions.txt). Those get a spare wrapper, by which they are deferred, the
 * safest class: the words of the global offset tables that lead to them are pointed there, before the first launch (bind.c).
 *
 * Names are compared by their GNU hashes, which libc's own table has ready. */
#include "shim.h"
#include "known_gen.h"
#include <elf.h>
#include <errno.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_TOLD 8

struct libc {
	const Elf64_Sym *symbols;
	const char *strings;
	const uint32_t *hash;
	const uint16_t *versions;
	const Elf64_Verdef *definitions;
	const struct link_map *map;
};

static bool open_libc(struct libc *l)
{
	*l = (struct libc){0};
	for (const struct link_map *m = _r_debug.r_map; m && !l->map; m = m->l_next) {
		const char *base = strrchr(m->l_name, '/');
		if (strcmp(base ? base + 1 : m->l_name, "libc.so.6") == 0)
			l->map = m;
	}
	for (const Elf64_Dyn *d = l->map ? l->map->l_ld : NULL; d && d->d_tag != DT_NULL; d++) {
		uint64_t address = shim_dynamic_address(l->map, d->d_un.d_ptr);
		switch (d->d_tag) {
		case DT_SYMTAB: l->symbols = (const void *)address; break;
		case DT_STRTAB: l->strings = (const void *)address; break;
		case DT_GNU_HASH: l->hash = (const void *)address; break;
		case DT_VERSYM: l->versions = (const void *)address; break;
		case DT_VERDEF: l->definitions = (const void *)address; break;
		}
	}
	return l->symbols && l->strings && l->hash && l->versions && l->definitions;
}

/* The number of the version that libc's own family alone refers to. */
static unsigned private_version(const struct libc *l)
{
	for (const Elf64_Verdef *d = l->definitions;; d = (const void *)((const char *)d + d->vd_next)) {
		const Elf64_Verdaux *name = (const void *)((const char *)d + d->vd_aux);
		if (strcmp(l->strings + name->vda_name, "GLIBC_PRIVATE") == 0)
			return d->vd_ndx;
		if (!d->vd_next)
			return 0;
	}
}

/* Hashes spread evenly: where one is in the sorted list is near where it would be in an even one. */
static bool is_known(uint32_t hash)
{
	uint32_t at = (uint32_t)((uint64_t)(hash >> 1) * SHIM_KNOWN_COUNT >> 31);

	while (at > 0 && known[at] > (hash | 1))
		at--;
	while (at + 1 < SHIM_KNOWN_COUNT && known[at] < (hash | 1))
		at++;
	return known[at] == (hash | 1);
}

static void defer(const struct libc *l, const Elf64_Sym *s, struct shim_spare *spare)
{
	void *address = (void *)(l->map->l_addr + s->st_value);

	if (ELF64_ST_TYPE(s->st_info) == STT_GNU_IFUNC)
		address = ((void *(*)(void))address)();
	spare->real = address;
	spare->name = l->strings + s->st_name;
}

/* How many functions are not known; as many as there are spare wrappers have one now. */
static unsigned unknown(const struct libc *l)
{
	uint32_t buckets = l->hash[0], first = l->hash[1];
	const uint32_t *bucket = &l->hash[4 + 2 * l->hash[2]], *chain = &bucket[buckets];
	unsigned internal = private_version(l), count = 0;

	for (uint32_t b = 0; b < buckets; b++) {
		for (uint32_t i = bucket[b]; i >= first; i++) {
			const Elf64_Sym *s = &l->symbols[i];
			unsigned type = ELF64_ST_TYPE(s->st_info);
			/* Not old versions: no program that is linked today refers to them. */
			bool counts = s->st_shndx != SHN_UNDEF && (type == STT_FUNC || type == STT_GNU_IFUNC) && !(l->versions[i] & 0x8000) &&
				      l->versions[i] != internal;
			if (counts && !is_known(chain[i - first]) && &__start_shim_spares[count++] < __stop_shim_spares)
				defer(l, s, &__start_shim_spares[count - 1]);
			if (chain[i - first] & 1)
				break;
		}
	}
	return count;
}

__attribute__((noinline)) static void tell_unknown(const char *release, unsigned count)
{
	char text[300], object[40], *at = text, *end = text + sizeof text - 1, *o = object;

	shim_write_text(&o, object + sizeof object - 1, "glibc ");
	shim_write_text(&o, object + sizeof object - 1, release);
	*o = 0;
	shim_write_number(&at, end, count);
	shim_write_text(&at, end, count == 1 ? " function is unknown, and never paused inside: " : " functions are unknown, and never paused inside: ");
	for (unsigned i = 0; i < count && i < NAMES_TOLD; i++) {
		shim_write_text(&at, end, i ? ", " : "");
		shim_write_text(&at, end, __start_shim_spares[i].name);
	}
	shim_write_text(&at, end, count > NAMES_TOLD ? ", …" : "");
	*at = 0;
	shim_message("not all is known of this libc", object, text);
}

bool shim_libc_waits_in_common;

int shim_libc_check(void)
{
	const char *release = gnu_get_libc_version(), *dot = strchr(release, '.');
	int minor = dot ? atoi(dot + 1) : 0;
	struct libc l;

	if (strncmp(release, "2.", 2) == 0 && minor < SHIM_GLIBC_OLDEST) {
		shim_message("preemptible functions are not available", "libc", "it is older than glibc 2.35");
		errno = ENOSYS;
		return -1;
	}
	shim_libc_waits_in_common = minor >= 41;
	unsigned count = open_libc(&l) ? unknown(&l) : 0;
	if (count)
		tell_unknown(release, count);
	else if (minor > SHIM_GLIBC_NEWEST || strncmp(release, "2.", 2) != 0)
		shim_message("this libc is newer than those that are known", release, "all its functions are known");
	return 0;
}
