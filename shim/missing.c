/* SPDX-License-Identifier: Apache-2.0 */
/* missing.c - wrappers of functions that this libc does not have: they must not be found.
 *
 * The library has a wrapper for each function that any known libc has (interpose/releases.go). A program asks whether its libc
 * has a newer one by a weak reference, which is NULL when nobody defines it, or by dlsym(). So where no object behind us defines
 * a function, our symbol loses its value, for which the linker's search skips it; and what the linker had bound to it before
 * we ran becomes NULL. Who comes earlier still gets ENOSYS.
 *
 * Context      the library's constructor; single-threaded as far as the linker's data go. */
#include "shim.h"
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>

#define MISSING_MAX 64
#define PAGE 4096u

extern struct shim_slot __start_shim_slots[] __attribute__((visibility("hidden")));
extern struct shim_slot __stop_shim_slots[] __attribute__((visibility("hidden")));

static struct {
	const char *name;
	uint64_t ours;
} missing[MISSING_MAX];
static unsigned count;
static uint64_t low, high; /* all of them are between */

struct object {
	const struct link_map *map;
	Elf64_Sym *symbols;
	const char *strings;
	const uint32_t *hash;
	const Elf64_Rela *rela, *plt;
	size_t rela_bytes, plt_bytes, relative; /* the first `relative` entries of rela name no symbol */
	uint64_t relro, relro_bytes;
};

static int read_relro(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct object *o = arg;

	(void)size;
	if (info->dlpi_addr != o->map->l_addr)
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_GNU_RELRO) {
			o->relro = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
			o->relro_bytes = info->dlpi_phdr[i].p_memsz;
		}
	return 1;
}

/* In the slot of every missing function. */
long shim_missing(void)
{
	shim_message("a function is called that this libc does not have", NULL, "it gets ENOSYS");
	errno = ENOSYS;
	return -1;
}

static bool open_object(const struct link_map *map, struct object *o)
{
	*o = (struct object){.map = map};
	for (const Elf64_Dyn *d = map->l_ld; d && d->d_tag != DT_NULL; d++) {
		uint64_t address = shim_dynamic_address(map, d->d_un.d_ptr);
		switch (d->d_tag) {
		case DT_SYMTAB: o->symbols = (void *)address; break;
		case DT_STRTAB: o->strings = (const void *)address; break;
		case DT_GNU_HASH: o->hash = (const void *)address; break;
		case DT_RELA: o->rela = (const void *)address; break;
		case DT_RELASZ: o->rela_bytes = d->d_un.d_val; break;
		case DT_RELACOUNT: o->relative = d->d_un.d_val; break;
		case DT_JMPREL: o->plt = (const void *)address; break;
		case DT_PLTRELSZ: o->plt_bytes = d->d_un.d_val; break;
		}
	}
	return o->symbols && o->strings && o->hash;
}

/* Exported symbols are those from the hash table's first on; the names come after the symbols. */
static void hide(const struct object *o, uint64_t ours)
{
	for (uint32_t i = o->hash[1]; (const char *)&o->symbols[i] < o->strings; i++) {
		Elf64_Sym *s = &o->symbols[i];
		if (s->st_shndx == SHN_UNDEF || o->map->l_addr + s->st_value != ours)
			continue;
		uint64_t page = (uint64_t)s & ~(uint64_t)(PAGE - 1);
		size_t bytes = ((uint64_t)s & (PAGE - 1)) + sizeof *s > PAGE ? 2 * PAGE : PAGE;
		if (mprotect((void *)page, bytes, PROT_READ | PROT_WRITE) != 0)
			return; /* it can still be found, and answers ENOSYS */
		s->st_value = 0;
		(void)mprotect((void *)page, bytes, PROT_READ);
		return;
	}
}

static bool is_missing(uint64_t address)
{
	for (unsigned n = 0; n < count; n++)
		if (missing[n].ours == address)
			return true;
	return false;
}

static void clear(struct object *o, uint64_t *word)
{
	uint64_t page = (uint64_t)word & ~(uint64_t)(PAGE - 1);

	if (mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE) != 0)
		return;
	*word = 0;
	dl_iterate_phdr(read_relro, o);
	if ((uint64_t)word - o->relro < o->relro_bytes)
		(void)mprotect((void *)page, PAGE, PROT_READ);
}

/* By what the words hold, which the linker has just written: most lead elsewhere, and that is seen at once. */
static void clear_weak(struct object *o, const Elf64_Rela *entries, size_t bytes)
{
	for (size_t i = 0; i < bytes / sizeof *entries; i++) {
		uint64_t type = ELF64_R_TYPE(entries[i].r_info);
		uint64_t *word = (uint64_t *)(o->map->l_addr + entries[i].r_offset);
		if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT && type != R_X86_64_64)
			continue;
		if (*word - low > high - low || !is_missing(*word))
			continue;
		const Elf64_Sym *s = &o->symbols[ELF64_R_SYM(entries[i].r_info)];
		if (s->st_shndx == SHN_UNDEF && ELF64_ST_BIND(s->st_info) == STB_WEAK)
			clear(o, word);
	}
}

void shim_missing_hide(void)
{
	struct object o;

	for (struct shim_slot *s = __start_shim_slots; s < __stop_shim_slots && count < MISSING_MAX; s++) {
		void *ours = s->found ? NULL : shim_own_symbol(s->name);
		if (!ours)
			continue;
		missing[count].name = s->name;
		missing[count++].ours = (uint64_t)ours;
		low = count == 1 || (uint64_t)ours < low ? (uint64_t)ours : low;
		high = (uint64_t)ours > high ? (uint64_t)ours : high;
	}
	if (!count)
		return;
	for (const struct link_map *m = _r_debug.r_map; m; m = m->l_next) {
		if (!open_object(m, &o))
			continue;
		if (!shim_is_ours(m)) {
			clear_weak(&o, o.rela + o.relative, o.rela_bytes - o.relative * sizeof *o.rela);
			clear_weak(&o, o.plt, o.plt_bytes);
			continue;
		}
		for (unsigned n = 0; n < count; n++)
			hide(&o, missing[n].ours);
	}
}
