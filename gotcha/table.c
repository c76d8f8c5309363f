/* SPDX-License-Identifier: Apache-2.0 */
/* table.c - shadow GOTs, trampolines, and the program's GOT words.
 *
 * A GOT word of the program that led to a function of a copied library leads to a trampoline:
 *     movq %fs:NEXT, %r11        the running context's libset: its shadow GOT minus the starting libset's
 *     jmp  *ENTRY(%r11)          ENTRY: address of the function's entry in the starting libset's shadow GOT
 * That table lies below 2 GiB, so that ENTRY fits the instruction, and a thread-local word of zero means the starting
 * libset: threads need no preparation, not even those that were there before. */
#include "libset.h"
#include "../shim/loader.h"
#include <errno.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define TRAMPOLINE_BYTES 16u

uint64_t *gotcha_starting_table;

extern void *__start_shim_set_slots[] __attribute__((visibility("hidden")));
extern void *__stop_shim_set_slots[] __attribute__((visibility("hidden")));

bool gotcha_table_init(void)
{
	if (gotcha_starting_table)
		return true;
	long result = shim_syscall6(SYS_mmap, 0, GOTCHA_TABLE_WORDS * 8, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (failed_call(result) || (uint64_t)result + GOTCHA_TABLE_WORDS * 8 > INT32_MAX) {
		gotcha_fail(ENOSYS, "libsets", "no address space below 2 GiB for the table of the starting libset");
		return false;
	}
	if (__stop_shim_set_slots - __start_shim_set_slots > SHIM_SET_SLOTS_ROOM) {
		gotcha_fail(ENOSYS, "libsets", "more per-libset functions than SHIM_SET_SLOTS_ROOM");
		return false;
	}
	gotcha_starting_table = (uint64_t *)result;
	return true;
}

uint64_t gotcha_table_delta(const struct gotcha_set *set)
{
	return (uint64_t)set->table - (uint64_t)gotcha_starting_table;
}

void gotcha_switch(struct shim_tls *tls, struct gotcha_set *set)
{
	tls->set = set;
	tls->table = set ? gotcha_table_delta(set) : 0;
	tls->slots = set ? (uint64_t)set->slots - (uint64_t)__start_shim_set_slots : 0;
}

/* The shadow GOT, with the starting libset's functions where the set has no region yet; the per-libset functions of libc. */
void gotcha_fill_table(struct gotcha_set *set)
{
	const struct gotcha_plan *plan = set->plan;
	uint32_t count = atomic_load_explicit(&plan->entry_count, memory_order_acquire);

	for (uint32_t i = 0; plan->entries && i < count; i++) {
		const struct gotcha_entry *e = &plan->entries[i];
		uint64_t function = e->batch < set->batch_count ? (uint64_t)set->regions[e->batch] + e->at : e->original;
		__atomic_store_n(&set->table[i], function, __ATOMIC_RELAXED);
	}
	set->entry_count = count;
	if (set->slots[0])
		return;
	for (void **s = __start_shim_set_slots; s < __stop_shim_set_slots; s++)
		set->slots[s - __start_shim_set_slots] = (void *)gotcha_copy_of_libc(set, (uint64_t)*s);
}

/* New entries, in every table before a word of the program leads there. */
void gotcha_publish(struct gotcha_plan *plan, const struct gotcha_entry *entries, uint32_t count)
{
	uint32_t first = plan->entry_count;

	for (uint32_t i = 0; i < count; i++) {
		plan->entries[first + i] = entries[i];
		gotcha_starting_table[first + i] = entries[i].original;
	}
	atomic_store_explicit(&plan->entry_count, first + count, memory_order_release);
	for (struct gotcha_set *s = atomic_load(&gotcha_sets); s; s = s->all_next)
		if (s->in_use && s->plan == plan)
			gotcha_fill_table(s);
}

static void write_trampoline(unsigned char *at, int32_t next, int32_t entry)
{
	static const unsigned char load[] = {0x64, 0x4c, 0x8b, 0x1c, 0x25}; /* movq %fs:disp32, %r11 */
	static const unsigned char jump[] = {0x41, 0xff, 0xa3};             /* jmp *disp32(%r11) */

	memcpy(at, load, sizeof load);
	memcpy(at + 5, &next, sizeof next);
	memcpy(at + 9, jump, sizeof jump);
	memcpy(at + 12, &entry, sizeof entry);
}

/* Pages of their own each time: no page is ever writable while a thread may run in it. */
uint64_t gotcha_trampolines(uint32_t first, uint32_t count)
{
	uint64_t bytes = ((uint64_t)count * TRAMPOLINE_BYTES + GOTCHA_PAGE - 1) & ~(uint64_t)(GOTCHA_PAGE - 1);
	if (!count)
		return 0;
	long result = shim_syscall6(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (failed_call(result)) {
		gotcha_fail((int)-result, "trampolines", "mmap");
		return 0;
	}
	int32_t next = (int32_t)((uint64_t)&shim_tls.table - shim_fs());
	for (uint32_t i = 0; i < count; i++)
		write_trampoline((unsigned char *)result + i * TRAMPOLINE_BYTES, next, (int32_t)(uint64_t)&gotcha_starting_table[first + i]);
	result = failed_call(shim_syscall3(SYS_mprotect, result, bytes, PROT_READ | PROT_EXEC)) ? 0 : result;
	if (!result)
		gotcha_fail(EACCES, "trampolines", "mprotect: executable memory is refused");
	return (uint64_t)result;
}

/* inger_shutdown(), and the first launch afterwards. */
void gotcha_restore(void)
{
	for (const struct gotcha_written *w = gotcha_program.written; w; w = w->next)
		gotcha_install_again(w, true);
}

void gotcha_redo(void)
{
	for (const struct gotcha_written *w = gotcha_program.written; w; w = w->next)
		gotcha_install_again(w, false);
}

struct again {
	const struct gotcha_written *written;
	bool back;
};

static bool can_be_written(const struct dl_phdr_info *info, uint64_t at)
{
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		if (p->p_type == PT_LOAD && p->p_flags & PF_W && at - info->dlpi_addr - p->p_vaddr < p->p_memsz)
			return true;
	}
	return false;
}

static bool has_relro(const struct dl_phdr_info *info, uint64_t start, uint64_t bytes)
{
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uint64_t low = info->dlpi_addr + p->p_vaddr, high = low + p->p_memsz;
		if (p->p_type == PT_GNU_RELRO && start >= (low & ~(uint64_t)(GOTCHA_PAGE - 1)) && start + bytes <= high)
			return true;
	}
	return bytes == 0;
}

static int install_in(struct dl_phdr_info *info, size_t size, void *arg)
{
	const struct again *a = arg;
	const struct gotcha_written *w = a->written;

	(void)size;
	if (info->dlpi_addr != w->base)
		return 0;
	if (!has_relro(info, w->relro, w->relro_bytes))
		return 1;
	for (uint64_t i = 0; i < w->count; i++)
		if ((uint64_t)w->words[i].word - w->low < w->high - w->low && !can_be_written(info, (uint64_t)w->words[i].word))
			return 1;
	gotcha_install(w->words, (uint32_t)w->count, a->back, w->relro, w->relro_bytes);
	return 1;
}

/* The object may have been unloaded since: its place is nobody's then, or somebody else's, who is not to be touched. Nothing is
 * unloaded while the linker's lock is held. */
void gotcha_install_again(const struct gotcha_written *written, bool back)
{
	struct again again = {written, back};

	shim_loader_iterate(install_in, &again);
}

/* The words of one object. Each is one atomic store: a thread that is just calling through it goes either way. A word
 * that does not hold what is expected any more belongs to the program and is left alone. Returns how many were written. */
uint32_t gotcha_install(const struct gotcha_word *words, uint32_t count, bool back, uint64_t relro, uint64_t relro_bytes)
{
	uint32_t written = 0;

	if (relro_bytes && failed_call(shim_syscall3(SYS_mprotect, relro, relro_bytes, PROT_READ | PROT_WRITE))) {
		gotcha_fail(EACCES, "the program's GOT", "mprotect of its RELRO pages was refused");
		return 0;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint64_t from = back ? words[i].after : words[i].before, to = back ? words[i].before : words[i].after;
		written += __atomic_compare_exchange_n(words[i].word, &from, to, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
	}
	if (relro_bytes)
		shim_syscall3(SYS_mprotect, relro, relro_bytes, PROT_READ);
	return written;
}
