/* SPDX-License-Identifier: Apache-2.0 */
/* modules.c - the thread-local variables of the loaded objects: what a call's TCB has to begin with.
 *
 * The linker gives variables of a library that comes later their initial values in each thread on libc's lists; calls are on
 * none, so theirs are given here, when the library's dlopen() is over. Nothing is asked of the linker that would take its locks
 * or make blocks for the asking thread (__tls_get_addr()): where a block is stands in the linker's record of the object, at
 * offsets that libc exports for libthread_db. */
#include "shim.h"
#include "loader.h"
#include "modules.h"
#include "../gotcha/libset.h"
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define MODULES_MOST 1024u
#define POOL_BYTES ((size_t)64 << 10)

static const struct shim_modules none;
const struct shim_modules *_Atomic shim_modules = &none;

/* In a look (loader.h): */
static struct shim_modules *tables;
static struct shim_module found[MODULES_MOST];
static uint32_t found_count;
static size_t offset_at, static_room;
static uint64_t in_libc, in_linker;
static int64_t libc_offset; /* of libc's own variables from the FS base */
static size_t libc_bytes;

/* struct link_map of glibc's include/link.h has these right before l_tls_offset and l_tls_modid. */
struct tls_record {
	const char *image;
	size_t image_bytes, bytes, align, first_byte;
	ptrdiff_t offset;
	size_t id;
};

static const struct tls_record *record_of(const struct link_map *map)
{
	return (const struct tls_record *)((const char *)map + offset_at - offsetof(struct tls_record, offset));
}

/* Memory that is kept for good: little, as there is some only for what was not seen before. */
static void *keep(size_t bytes)
{
	static char *at, *end;

	bytes = (bytes + 63) & ~(size_t)63;
	if (bytes > (size_t)(end - at)) {
		size_t more = bytes > POOL_BYTES ? (bytes + 4095) & ~(size_t)4095 : POOL_BYTES;
		long map = shim_syscall6(SYS_mmap, 0, (long)more, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (failed_call(map))
			return NULL;
		at = (char *)map;
		end = at + more;
	}
	at += bytes;
	return at - bytes;
}

static const char *keep_values(const char *image, size_t bytes)
{
	if (!bytes)
		return NULL;
	for (const struct shim_modules *t = tables; t; t = t->older)
		for (uint32_t i = 0; i < t->count; i++)
			if (t->list[i].image_bytes == bytes && memcmp(t->list[i].values, image, bytes) == 0)
				return t->list[i].values;
	char *values = keep(bytes);
	return values ? memcpy(values, image, bytes) : NULL;
}

static bool contains(const struct link_map *map, uint64_t address)
{
	return shim_object_at((void *)address) == map;
}

static void note(const struct link_map *map, bool base)
{
	const struct tls_record *r = record_of(map);

	if (!map->l_ld || !r->id || !r->bytes || found_count == MODULES_MOST || !shim_loader_is_complete(map))
		return;
	if (base && contains(map, in_libc)) {
		libc_offset = -r->offset;
		libc_bytes = r->bytes;
	}
	if (base && (shim_is_ours(map) || contains(map, in_libc) || contains(map, in_linker)))
		return;
	struct shim_module *m = &found[found_count];
	*m = (struct shim_module){.id = r->id, .map = map, .image = r->image, .image_bytes = r->image_bytes, .bytes = r->bytes};
	m->values = keep_values(r->image, r->image_bytes);
	if (m->image_bytes && !m->values)
		return;
	/* -1: it was used dynamically before somebody asked for a static block. */
	if (r->offset > 0 && (size_t)r->offset < static_room)
		m->offset = -r->offset;
	/* An allocator's cache of a thread is the TCB's (heap.h); what the program itself has is no cache alone. */
	m->keep = base ? map->l_name[0] && shim_heap_is(map) : strstr(map->l_name, "libc.so") != NULL;
	found_count++;
}

static void note_all(void)
{
	found_count = 0;
	/* Since glibc 2.35 namespaces of dlmopen() are a chain (struct r_debug_extended). */
	const struct r_debug_extended *space = (const struct r_debug_extended *)&_r_debug;
	for (bool base = true; space; base = false) {
		for (const struct link_map *m = space->base.r_map; m; m = m->l_next)
			note(m, base);
		space = space->base.r_version > 1 ? space->r_next : NULL;
	}
}

static const struct shim_modules *table_of_found(void)
{
	size_t bytes = found_count * sizeof *found;

	for (const struct shim_modules *t = tables; t; t = t->older)
		if (t->count == found_count && memcmp(t->list, found, bytes) == 0)
			return t;
	struct shim_modules *t = keep(sizeof *t + bytes);
	if (!t)
		return NULL;
	t->count = found_count;
	memcpy(t->list, found, bytes);
	t->older = tables;
	return tables = t;
}

void shim_module_begin(const struct shim_module *m, char *block, const struct gotcha_set *set)
{
	if (m->image_bytes) {
		const char *copy = (const char *)gotcha_copy_of(set, (uint64_t)m->image);
		memcpy(block, copy == m->image ? m->values : copy, m->image_bytes);
	}
	memset(block + m->image_bytes, 0, m->bytes - m->image_bytes);
}

static bool is_in(const struct shim_modules *table, const struct shim_module *m)
{
	for (uint32_t i = 0; i < table->count; i++)
		if (memcmp(&table->list[i], m, sizeof *m) == 0)
			return true;
	return false;
}

static void begin_in(struct shim_call *call, void *module)
{
	const struct shim_module *m = module;

	if (call->fs && !call->adopted)
		shim_module_begin(m, (char *)call->fs + m->offset, call->set);
}

/* In a look. Calls that are there get the static blocks of modules that are new; nobody can have used them there yet. A call that
 * comes meanwhile either is found among the calls, or finds the new table at its launch. */
void shim_tcb_loaded(void)
{
	const struct shim_modules *before = shim_modules;

	if (!offset_at)
		return; /* nothing launched yet */
	note_all();
	const struct shim_modules *now = table_of_found();
	if (!now) {
		shim_message("thread-local variables of new libraries are not right in calls", "libinger", "no memory to note them");
		return;
	}
	if (now == before)
		return;
	atomic_store(&shim_modules, now);
	for (uint32_t i = 0; i < now->count; i++)
		if (now->list[i].offset && !is_in(before, &now->list[i]))
			shim_pool_each(begin_in, (void *)&now->list[i]);
}

/* What is assumed of the linker's record, compared with our own program headers. */
static int compare(struct dl_phdr_info *info, size_t size, void *arg)
{
	const struct link_map *map = _r_debug.r_map;
	const ElfW(Phdr) *tls = NULL;

	(void)size;
	while (map && !shim_is_ours(map))
		map = map->l_next;
	if (!map || info->dlpi_addr != map->l_addr)
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_TLS)
			tls = &info->dlpi_phdr[i];
	const struct tls_record *r = record_of(map);
	*(bool *)arg = tls && r->id == info->dlpi_tls_modid && r->bytes == tls->p_memsz && r->image_bytes == tls->p_filesz &&
		r->image == (const char *)info->dlpi_addr + tls->p_vaddr && r->offset > 0 && r->offset < (ptrdiff_t)static_room &&
		(uint64_t)&shim_tls - (shim_fs() - (uint64_t)r->offset) < r->bytes;
	return 1;
}

static void look(void *unused)
{
	(void)unused;
	shim_tcb_loaded();
}

bool shim_modules_init(size_t static_bytes)
{
	/* A libthread_db descriptor is {bits of an element, elements, offset}: nptl_db/structs.def. */
	const uint32_t *offset = shim_resolve_in("libc.so.6", "_thread_db_link_map_l_tls_offset");
	const uint32_t *id = shim_resolve_in("libc.so.6", "_thread_db_link_map_l_tls_modid");
	bool same = false;

	if (!offset || !id || offset[0] != 64 || id[0] != 64 || offset[2] > 4096 || id[2] != offset[2] + 8)
		return false;
	offset_at = offset[2];
	static_room = static_bytes;
	in_libc = (uint64_t)shim_resolve_in("libc.so.6", "__ctype_init");
	in_linker = (uint64_t)shim_resolve_in("ld-linux-x86-64.so.2", "_dl_allocate_tls");
	shim_loader_iterate(compare, &same);
	if (!same)
		offset_at = 0;
	return same && shim_loader_look(look, NULL) && libc_offset < 0 && libc_bytes <= sizeof(struct shim_libc_tls);
}

static char *libc_block(void)
{
	char *fs;
	__asm__("movq %%fs:0x10, %0" : "=r"(fs));
	return fs + libc_offset;
}

void shim_libc_tls_save(struct shim_libc_tls *saved)
{
	memcpy(saved->bytes, libc_block(), libc_bytes);
}

void shim_libc_tls_restore(const struct shim_libc_tls *saved)
{
	memcpy(libc_block(), saved->bytes, libc_bytes);
}
