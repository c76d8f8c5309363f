/* SPDX-License-Identifier: Apache-2.0 */
/* heap.c - which allocators the process has, and how their functions are reached; heap.h says what must hold.
 *
 * An *allocator* is an object besides libc and this library that defines malloc(), or that is known by another function.
 * Where there is one, every word of the process that leads to one of its functions is pointed at a wrapper (bind.c): to that
 * of wrap_allocator.c, or to a stub that defers any function (stubs_amd64.S). Its own words stay as they are.
 *
 * The program itself may define malloc(). Its calls are then bound when it is linked, and nothing can stand before them: a
 * pause may come while they hold the heap's lock. Functions are not launched there; slices of main() are harmless, as
 * nobody else uses the heap between two of them. */
#include "heap.h"
#include "../gotcha/libset.h"
#include <link.h>
#include <string.h>

#define OBJECTS_MAX 8
#define ENTRIES_MAX 1024

struct shim_heap shim_heap;
void *shim_heap_throws;

extern void *shim_real_dl_iterate_phdr; /* view.c */

struct object {
	const struct link_map *map;
	uint64_t base, low, high;
	bool program;
};
static struct object objects[OBJECTS_MAX];
static uint32_t object_count;
static struct shim_heap_way ways[ENTRIES_MAX];
static uint32_t way_count;

/* stubs_amd64.S */
extern char shim_heap_stubs[] __attribute__((visibility("hidden")));
extern void *shim_heap_stub_real[HEAP_STUBS] __attribute__((visibility("hidden")));
static uint32_t stub_count;

static const char *const marks[] = {"malloc", "mallocx", "je_malloc", "tc_malloc", "mi_malloc"};

static bool is_libc(const char *path)
{
	const char *base = strrchr(path, '/');

	base = base ? base + 1 : path;
	return strcmp(base, "libc.so.6") == 0 || strncmp(base, "ld-linux", 8) == 0 || strncmp(base, "linux-vdso", 10) == 0;
}

static int bounds(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct object *o = arg;

	(void)size;
	if (info->dlpi_addr != o->map->l_addr)
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uint64_t start = info->dlpi_addr + p->p_vaddr;
		if (p->p_type != PT_LOAD)
			continue;
		if (!o->high || start < o->low)
			o->low = start;
		if (start + p->p_memsz > o->high)
			o->high = start + p->p_memsz;
	}
	return 1;
}

/* The functions of an allocator that change its heap or read what others change. What else it may define is left alone:
 * a function that waits must not be deferred. */
static bool is_of_heap(const char *name)
{
	static const char *const begin[] = {"mi_", "je_", "tc_", "MallocExtension_", "mall", "_Znwm", "_Znam", "_ZdlPv", "_ZdaPv"};
	static const char *const whole[] = {"nallocx", "sallocx", "xallocx", "pthread_create"};

	for (unsigned i = 0; i < sizeof begin / sizeof *begin; i++)
		if (strncmp(name, begin[i], strlen(begin[i])) == 0)
			return true;
	for (unsigned i = 0; i < sizeof whole / sizeof *whole; i++)
		if (strcmp(name, whole[i]) == 0)
			return true;
	return false;
}

static const struct shim_heap_way *way_of(uint64_t real)
{
	for (uint32_t i = 0; i < way_count; i++)
		if (ways[i].real == real)
			return &ways[i];
	return NULL;
}

static void note_function(const char *name, void *function, void *unused)
{
	uint64_t real = (uint64_t)function, ours = 0;

	(void)unused;
	if (way_count == ENTRIES_MAX)
		return;
	for (struct shim_heap_entry *e = __start_shim_heap_entries; e < __stop_shim_heap_entries; e++)
		if (strcmp(e->name, name) == 0) {
			if (!*e->real)
				__atomic_store_n(e->real, function, __ATOMIC_RELEASE);
			if (*e->real == function)
				ours = (uint64_t)e->ours;
			break;
		}
	/* Two names of one function share a way, but for what wrap_allocator.c knows better. */
	if (!ours && (!is_of_heap(name) || way_of(real)))
		return;
	if (!ours) {
		if (stub_count == HEAP_STUBS)
			return;
		shim_heap_stub_real[stub_count] = function;
		ours = (uint64_t)shim_heap_stubs + HEAP_STUB_BYTES * (uint64_t)stub_count++;
	}
	ways[way_count++] = (struct shim_heap_way){name, real, ours};
}

const struct shim_heap_way *shim_heap_ways(uint32_t *count)
{
	*count = way_count;
	return ways;
}

/* Forget what was unloaded: something else may be there next. */
static void drop_gone(void)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < object_count; i++) {
		const struct link_map *m = _r_debug.r_map;
		while (m && (m != objects[i].map || m->l_addr != objects[i].base))
			m = m->l_next;
		if (m) {
			objects[kept++] = objects[i];
			continue;
		}
		for (uint32_t w = 0; w < way_count; w++)
			if (ways[w].real - objects[i].low < objects[i].high - objects[i].low)
				ways[w].real = 0; /* bind.c has its own table, in which it is harmless */
	}
	object_count = kept;
}

/* The objects that are there; what was found before stays as it is. */
void shim_heap_look(void)
{
	drop_gone();
	for (const struct link_map *m = _r_debug.r_map; m; m = m->l_next) {
		bool found = false;
		uint32_t known = 0;
		if (shim_is_ours(m) || is_libc(m->l_name))
			continue;
		for (unsigned i = 0; i < sizeof marks / sizeof *marks && !found; i++)
			found = shim_lookup_in(m, marks[i]) != NULL;
		while (known < object_count && (objects[known].map != m))
			known++;
		if (!found || known < object_count || object_count == OBJECTS_MAX)
			continue;
		struct object *o = &objects[object_count];
		*o = (struct object){.map = m, .base = m->l_addr, .program = m == _r_debug.r_map};
		shim_heap.program |= o->program && shim_lookup_in(m, "malloc");
		SHIM_REAL(int (*)(int (*)(struct dl_phdr_info *, size_t, void *), void *), dl_iterate_phdr)(bounds, o);
		__atomic_store_n(&object_count, object_count + 1, __ATOMIC_RELEASE);
		shim_functions_of(m, note_function, NULL);
	}
	shim_heap.foreign = object_count > 0;
	if (shim_heap.foreign && !shim_heap_throws)
		shim_heap_throws = shim_find_symbol("_ZSt17__throw_bad_allocv");
}

bool shim_heap_has(const void *address)
{
	for (uint32_t i = 0; i < __atomic_load_n(&object_count, __ATOMIC_ACQUIRE); i++)
		if (!objects[i].program && (uint64_t)address - objects[i].low < objects[i].high - objects[i].low)
			return true;
	return false;
}

bool shim_heap_is(const struct link_map *map)
{
	for (uint32_t i = 0; i < object_count; i++)
		if (objects[i].map == map)
			return true;
	return false;
}

/* What somebody is to call who has looked the function up. */
uint64_t shim_heap_way_to(uint64_t function)
{
	const struct shim_heap_way *way = NULL;

	for (uint32_t i = 0; shim_heap.bound && i < object_count && !way; i++)
		if (function - objects[i].low < objects[i].high - objects[i].low)
			way = way_of(function);

	return way ? way->ours : function;
}

/* ThreadSanitizer's state of a thread is in thread-local variables that each instrumented instruction uses; in the TCB of a
 * call there is none. */
bool shim_heap_suits(void)
{
	if (!shim_find_symbol("__tsan_init"))
		return true;
	shim_message("preemptible functions are not available", "ThreadSanitizer", "it knows no stacks and threads but libc's");
	gotcha_fail(ENOTSUP, "ThreadSanitizer", "it knows no stacks and threads but libc's: build the program without it");
	return false;
}

bool shim_heap_refuses(void)
{
	if (SHIM_LIKELY(!shim_heap.program) || shim_heap.adopting || shim_config.own_malloc)
		return false;
	gotcha_fail(ENOTSUP, "malloc", "the program has a malloc() of its own, and its calls of it do not pass the dynamic linker: a "
		    "function could be paused while it holds the heap's lock (INGER_OWN_MALLOC=1: launch all the same)");
	return true;
}
