/* SPDX-License-Identifier: Apache-2.0 */
/* bind.c - when the library was loaded late (dlopen, or after libc), the program's calls do not pass through our wrappers
 * by themselves: their global-offset-table entries were bound before. Point them here. The same for the functions of an
 * allocator that comes before us, or has functions of its own (heap.h); of these, pointers in initialised data, too.
 *
 * Only entries that hold the real function, or that are still to be bound lazily, are touched; an entry that leads to
 * somebody else's definition is left alone. Pages are made writable, written and put back. Runs before the first launch
 * and after each dlopen(), in a look (loader.h); what RTLD_DEEPBIND has opened is bound likewise, since the linker asks libc for its
 * references before it asks us; a pass over objects already done changes nothing. Objects that the linker is
 * still relocating are left for the next pass: it writes to the same pages. */
#include "shim.h"
#include "loader.h"
#include "../gotcha/libset.h"
#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

extern struct shim_slot __start_shim_slots[] __attribute__((visibility("hidden")));
extern struct shim_slot __stop_shim_slots[] __attribute__((visibility("hidden")));
extern void *shim_real_dlsym;

#define PAGE 4096u
#define BUCKETS 2048u
#define SLOTS_MAX 2048u

struct wrapper {
	const char *name;
	uint64_t real, ours;
	bool of_heap;
	bool usual; /* one of ours that objects reach by themselves unless we are late */
	bool first; /* a reference that is still to be bound leads there */
	uint16_t next; /* of the bucket, plus 1 */
};
static struct wrapper wrappers[SLOTS_MAX];
static uint16_t buckets[BUCKETS];
static unsigned wrapper_count;

struct tables {
	const struct link_map *map;
	const Elf64_Sym *symbols;
	const char *strings;
	const Elf64_Rela *rela, *plt;
	size_t rela_bytes, plt_bytes;
	uint64_t relro, relro_bytes, low, high;
};

/* What was written, object by object, for inger_shutdown(). Address space; pages are touched as it grows. */
#define LOG_WORDS (1u << 19)
#define LOG_OBJECTS (1u << 13)
struct written {
	uint32_t first, count;
	uint64_t relro, relro_bytes, base, low, high;
};
static struct gotcha_word *log_words;
static struct written *log_objects;
static uint32_t word_count, object_count;

static bool log_ready(void)
{
	size_t words = LOG_WORDS * sizeof *log_words, bytes = words + LOG_OBJECTS * sizeof *log_objects;

	if (log_words)
		return true;
	long p = shim_syscall6(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (failed_call(p))
		return false;
	log_words = (void *)p;
	log_objects = (void *)(p + (long)words);
	return true;
}

static void write_word(uint64_t *word, uint64_t value)
{
	if (*word == value || word_count == LOG_WORDS)
		return;
	log_words[word_count++] = (struct gotcha_word){word, *word, value};
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* Newest first: an object may have been written more than once. */
void shim_unbind(void)
{
	while (object_count > 0) {
		const struct written *w = &log_objects[--object_count];
		gotcha_install_again(&(struct gotcha_written){.words = &log_words[w->first], .count = w->count, .relro = w->relro,
			.relro_bytes = w->relro_bytes, .base = w->base, .low = w->low, .high = w->high}, true);
	}
	word_count = 0;
}

static unsigned hash(const char *name)
{
	unsigned h = 5381;

	for (; *name; name++)
		h = h * 33 + (unsigned char)*name;
	return h % BUCKETS;
}

/* Handles of what was opened with RTLD_DEEPBIND. What it has brought comes after it in the linker's list; what others have brought
 * since then is there, too, and means us by itself. */
#define DEEP_MOST 64
static const struct link_map *_Atomic deep[DEEP_MOST];
static _Atomic bool deep_any;

void shim_bind_deep(const struct link_map *opened)
{
	for (unsigned i = 0; i < DEEP_MOST; i++) {
		const struct link_map *none = NULL;
		if (deep[i] == opened || atomic_compare_exchange_strong(&deep[i], &none, opened)) {
			deep_any = true;
			return;
		}
	}
	shim_message("calls are not bound", opened->l_name, "more than 64 libraries are open by RTLD_DEEPBIND");
}

/* It may stay, for others; what is bound by now stays so. */
void shim_bind_deep_closed(const void *handle)
{
	for (unsigned i = 0; i < DEEP_MOST && deep_any; i++) {
		const struct link_map *opened = handle;
		atomic_compare_exchange_strong(&deep[i], &opened, NULL);
	}
}

/* The handle by which `map` may have come, or NULL. The latest: the list is in the order of coming. */
static const struct link_map *deep_opener(const struct link_map *map)
{
	for (const struct link_map *m = map; m && deep_any; m = m->l_prev)
		for (unsigned i = 0; i < DEEP_MOST; i++)
			if (deep[i] == m)
				return m;
	return NULL;
}

static void add(const char *name, uint64_t real, uint64_t ours, bool of_heap)
{
	if (wrapper_count == SLOTS_MAX)
		return;
	bool first = !of_heap || (uint64_t)shim_find_symbol(name) == real;
	wrappers[wrapper_count++] = (struct wrapper){name, real, ours, of_heap, false, first, buckets[hash(name)]};
	buckets[hash(name)] = (uint16_t)wrapper_count;
}

static void prepare(void)
{
	static bool usual;
	static const struct shim_spare *spare = __start_shim_spares;
	static uint32_t heap_ways;
	uint32_t count;
	const struct shim_heap_way *ways = shim_heap_ways(&count);

	for (; spare < __stop_shim_spares && spare->real; spare++) /* given out before the first launch */
		add(spare->name, (uint64_t)spare->real, (uint64_t)spare->wrapper, false);
	for (struct shim_slot *s = __start_shim_slots; s < __stop_shim_slots && (shim_late || deep_any) && !usual; s++) {
		void *ours = shim_own_symbol(s->name);
		/* What runs before main() is over when we come late. */
		if (s->found && ours && strcmp(s->name, "__libc_start_main") != 0) {
			add(s->name, (uint64_t)*s->real, (uint64_t)ours, false);
			wrappers[wrapper_count - 1].usual = true;
		}
	}
	usual = shim_late || deep_any;
	/* In reverse: of two allocators' functions of one name, the first one's is found first. */
	for (uint32_t i = count; i-- > heap_ways;)
		add(ways[i].name, ways[i].real, ways[i].ours, true);
	heap_ways = count;
}

/* What stands before the function that the word leads to, or will lead to. */
static const struct wrapper *wrapper_of(const char *name, uint64_t word, bool unbound)
{
	for (unsigned i = buckets[hash(name)]; i; i = wrappers[i - 1].next)
		if ((unbound ? wrappers[i - 1].first : wrappers[i - 1].real == word) && strcmp(wrappers[i - 1].name, name) == 0)
			return &wrappers[i - 1];
	return NULL;
}

static int read_headers(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct tables *t = arg;

	(void)size;
	if (info->dlpi_addr != t->map->l_addr)
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uint64_t start = info->dlpi_addr + p->p_vaddr, end = start + p->p_memsz;
		if (p->p_type == PT_GNU_RELRO) {
			t->relro = start & ~(uint64_t)(PAGE - 1);
			t->relro_bytes = (end & ~(uint64_t)(PAGE - 1)) - t->relro;
		}
		if (p->p_type != PT_LOAD)
			continue;
		if (!t->high || start < t->low)
			t->low = start;
		if (end > t->high)
			t->high = end;
	}
	return 1;
}

static bool read_tables(const struct link_map *map, struct tables *t)
{
	*t = (struct tables){.map = map};
	for (const Elf64_Dyn *d = map->l_ld; d && d->d_tag != DT_NULL; d++) {
		uint64_t address = shim_dynamic_address(map, d->d_un.d_ptr);
		switch (d->d_tag) {
		case DT_SYMTAB: t->symbols = (const void *)address; break;
		case DT_STRTAB: t->strings = (const void *)address; break;
		case DT_RELA: t->rela = (const void *)address; break;
		case DT_RELASZ: t->rela_bytes = d->d_un.d_val; break;
		case DT_JMPREL: t->plt = (const void *)address; break;
		case DT_PLTRELSZ: t->plt_bytes = d->d_un.d_val; break;
		}
	}
	if (!t->symbols || !t->strings)
		return false;
	shim_loader_iterate(read_headers, t);
	return t->high != 0;
}

/* Entries that lead to our plain names, in an object that means somebody else's. */
struct plain_names {
	const char *const *names;
	unsigned count;
};

static void bind_plain(const struct tables *t, const Elf64_Rela *entries, size_t bytes, const struct plain_names *plain)
{
	for (size_t i = 0; i < bytes / sizeof *entries; i++) {
		uint64_t type = ELF64_R_TYPE(entries[i].r_info);
		if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT && type != R_X86_64_64)
			continue;
		const char *name = t->strings + t->symbols[ELF64_R_SYM(entries[i].r_info)].st_name;
		for (unsigned n = 0; n < plain->count; n++) {
			if (strcmp(name, plain->names[n]) != 0)
				continue;
			uint64_t *word = (uint64_t *)(t->map->l_addr + entries[i].r_offset);
			uint64_t addend = type == R_X86_64_64 ? (uint64_t)entries[i].r_addend : 0;
			uint64_t elsewhere = (uint64_t)shim_published_elsewhere(name, t->map);
			bool unbound = type == R_X86_64_JUMP_SLOT && *word >= t->low && *word < t->high;
			if (elsewhere && (*word == (uint64_t)shim_own_symbol(name) + addend || unbound))
				write_word(word, elsewhere + addend);
		}
	}
}

/* What the linker will find for an entry of what RTLD_DEEPBIND has brought: the library may mean one of its own by the name. */
static bool leads_to(const struct link_map *opener, const char *name, uint64_t real)
{
	return (uint64_t)((void *(*)(const void *, const char *))shim_real_dlsym)(opener, name) == real;
}

static void bind_entries(const struct tables *t, const Elf64_Rela *entries, size_t bytes)
{
	const struct link_map *opener = shim_late ? NULL : deep_opener(t->map);

	for (size_t i = 0; i < bytes / sizeof *entries; i++) {
		uint64_t type = ELF64_R_TYPE(entries[i].r_info);
		bool pointer = type == R_X86_64_64 && !entries[i].r_addend && (shim_heap.foreign || opener);
		if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT && !pointer)
			continue;
		const char *name = t->strings + t->symbols[ELF64_R_SYM(entries[i].r_info)].st_name;
		uint64_t *word = (uint64_t *)(t->map->l_addr + entries[i].r_offset);
		const struct wrapper *w = wrapper_of(name, *word, false);
		if (!w && type == R_X86_64_JUMP_SLOT && *word >= t->low && *word < t->high) {
			w = wrapper_of(name, *word, true);
			if (w && w->usual && !shim_late && !(opener && leads_to(opener, name, w->real)))
				w = NULL;
		}
		if (w && (w->of_heap || opener || !pointer))
			write_word(word, w->ours);
	}
}

/* The linker has found malloc() and its kin for itself, by name, and keeps their addresses among its variables. */
static void bind_linker(const struct tables *t)
{
	static const char *const names[] = {"malloc", "calloc", "realloc", "free"};

	for (uint64_t *word = (uint64_t *)t->relro; word && word < (uint64_t *)t->high; word++)
		for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
			const struct wrapper *w = wrapper_of(names[i], *word, false);
			if (w)
				write_word(word, w->ours);
		}
}

/* What to touch is all in the RELRO part, or in pages that are writable anyway. */
static void bind_object(const struct link_map *map, const struct plain_names *plain)
{
	struct tables t;

	if (!read_tables(map, &t))
		return;
	if (!log_ready() || object_count == LOG_OBJECTS) {
		shim_message("calls are not bound", map->l_name[0] ? map->l_name : "the program", "no room to note what is changed");
		return;
	}
	uint32_t first = word_count;
	if (t.relro_bytes && mprotect((void *)t.relro, t.relro_bytes, PROT_READ | PROT_WRITE) != 0) {
		shim_message("calls are not bound", map->l_name[0] ? map->l_name : "the program", "mprotect of its RELRO pages was refused");
		return;
	}
	if (plain) {
		bind_plain(&t, t.rela, t.rela_bytes, plain);
		bind_plain(&t, t.plt, t.plt_bytes, plain);
	} else if (strstr(map->l_name, "ld-linux")) {
		bind_linker(&t);
	} else {
		bind_entries(&t, t.rela, t.rela_bytes);
		bind_entries(&t, t.plt, t.plt_bytes);
	}
	if (word_count > first)
		log_objects[object_count++] = (struct written){first, word_count - first, t.relro, t.relro_bytes, map->l_addr, t.low, t.high};
	if (t.relro_bytes && mprotect((void *)t.relro, t.relro_bytes, PROT_READ) != 0)
		shim_message("pages stay writable", map->l_name[0] ? map->l_name : "the program", "mprotect was refused");
}

/* All objects but ours, allocators, which know what they call, and the vDSO, which has no words. */
static void bind_all(const struct plain_names *plain)
{
	for (const struct link_map *m = _r_debug.r_map; m; m = m->l_next)
		if (!shim_is_ours(m) && (plain || shim_late || !shim_heap_is(m) || m == _r_debug.r_map) && (m->l_name[0] == '/' || m == _r_debug.r_map) &&
		    !(plain && strstr(m->l_name, "ld-linux")) && shim_loader_is_complete(m))
			bind_object(m, plain);
}

void shim_bind_late(void)
{
	if (!shim_late && !shim_heap.foreign && !__start_shim_spares->real && !deep_any)
		return;
	prepare();
	bind_all(NULL);
	shim_heap.bound = shim_heap.foreign;
}

void shim_bind_names(const char *const *names, unsigned count)
{
	const struct plain_names plain = {names, count};

	bind_all(&plain);
}

static void bind_references(const struct tables *t, const Elf64_Rela *entries, size_t bytes, const struct shim_reference *references,
			    unsigned count)
{
	for (size_t i = 0; i < bytes / sizeof *entries; i++) {
		uint64_t type = ELF64_R_TYPE(entries[i].r_info);
		if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT && type != R_X86_64_64)
			continue;
		for (unsigned n = 0; n < count; n++)
			if (ELF64_R_SYM(entries[i].r_info) == references[n].symbol)
				write_word((uint64_t *)(t->map->l_addr + entries[i].r_offset),
					   (uint64_t)references[n].target + (type == R_X86_64_64 ? (uint64_t)entries[i].r_addend : 0));
	}
}

void shim_bind_symbols(const struct link_map *map, const struct shim_reference *references, unsigned count)
{
	struct tables t;

	if (!read_tables(map, &t) || !log_ready() || object_count == LOG_OBJECTS)
		return;
	uint32_t first = word_count;
	if (t.relro_bytes && mprotect((void *)t.relro, t.relro_bytes, PROT_READ | PROT_WRITE) != 0)
		return;
	bind_references(&t, t.rela, t.rela_bytes, references, count);
	bind_references(&t, t.plt, t.plt_bytes, references, count);
	if (word_count > first)
		log_objects[object_count++] = (struct written){first, word_count - first, t.relro, t.relro_bytes, map->l_addr, t.low, t.high};
	if (t.relro_bytes)
		(void)mprotect((void *)t.relro, t.relro_bytes, PROT_READ);
}
