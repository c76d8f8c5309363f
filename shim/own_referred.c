/* SPDX-License-Identifier: Apache-2.0 */
/* own_referred.c - mappings of a cancelled shared call that a library still refers to.
 *
 * A library that carves its objects out of mappings keeps the way to them in static variables: libffi's closures, allocators,
 * compilers to machine code. In a shared call that is the program's own instance, and unmapping would leave it with pointers to
 * nothing: it would crash at its next use. So before a shared call's mappings are unmapped the writable data of the loaded
 * libraries is read, and
 *     a mapping into which a word of it points is nobody's from now on, and with it the call's other ones by the same library,
 *     since that library may have the way to these in the first.
 * A number that looks like such an address keeps a mapping, too: rather that than the opposite. The program's own variables do
 * not count: it knows that it cancels, and has inger_keep(). What the linker has made read-only was written before the call.
 * Heap blocks are not looked for (limits.md).
 *
 * Other threads may write meanwhile; what they write does not matter, as it does not come from the call. A page that can't be read
 * is stepped over: the kernel is asked, once a page. */
#include "shim.h"
#include "loader.h"
#include <link.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define PAGE 4096u

struct look {
	struct own_mapping *list; /* sorted by address */
	size_t count;
	uint64_t low, high; /* of all of them */
};

/* FUTEX_CMP_REQUEUE reads a word, compares it with a number that is hardly there, and here would wake and move nobody. */
static bool readable(uint64_t page)
{
	return shim_syscall6(SYS_futex, (long)page, FUTEX_CMP_REQUEUE_PRIVATE, 0, 0, (long)page + 4, 0x5bd1e995) != -14 /* EFAULT */;
}

static void refer(struct look *l, uint64_t word)
{
	size_t low = 0, high = l->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (l->list[middle].end <= word)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < l->count && l->list[low].start <= word)
		l->list[low].referred = true;
}

__attribute__((no_sanitize("address", "thread"))) static void read_words(struct look *l, uint64_t at, uint64_t end)
{
	at = (at + 7) & ~(uint64_t)7;
	while (at + 8 <= end) {
		uint64_t next = (at | (PAGE - 1)) + 1;
		if (readable(at & ~(uint64_t)(PAGE - 1)))
			for (; at + 8 <= end && at < next; at += 8) {
				uint64_t word = __atomic_load_n((const uint64_t *)at, __ATOMIC_RELAXED);
				if (SHIM_UNLIKELY(word - l->low < l->high - l->low))
					refer(l, word);
			}
		at = next;
	}
}

static int read_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	const ElfW(Phdr) *headers = info->dlpi_phdr;
	uint64_t fixed = 0, fixed_end = 0, base = info->dlpi_addr;

	(void)size;
	if (!info->dlpi_name || !info->dlpi_name[0])
		return 0; /* the program */
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (headers[i].p_type == PT_GNU_RELRO) {
			fixed = base + headers[i].p_vaddr;
			fixed_end = (fixed + headers[i].p_memsz) & ~(uint64_t)(PAGE - 1);
		}
	for (int i = 0; i < info->dlpi_phnum; i++) {
		uint64_t start = base + headers[i].p_vaddr, end = start + headers[i].p_memsz;
		if (headers[i].p_type != PT_LOAD || !(headers[i].p_flags & PF_W))
			continue;
		if (start - fixed < fixed_end - fixed)
			start = fixed_end;
		if ((uint64_t)&own_any - start < end - start)
			continue; /* ours */
		if (start < end)
			read_words(arg, start, end);
	}
	return 0;
}

/* By the same library, in this call. */
static void keep_by_maker(struct look *l)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct link_map *maker = l->list[i].referred ? shim_object_at((const void *)l->list[i].caller) : NULL;
		for (size_t k = 0; maker && k < l->count; k++)
			if (!l->list[k].referred && shim_object_at((const void *)l->list[k].caller) == maker)
				l->list[k].kept = true;
	}
}

__attribute__((noinline)) void own_map_keep_referred(struct shim_owner *owner)
{
	size_t room = own_map_count(owner), bytes = (room * sizeof(struct own_mapping) + PAGE - 1) & ~(size_t)(PAGE - 1);
	long memory = bytes ? shim_syscall6(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : 0;

	if (!bytes)
		return;
	if (memory < 0 && memory > -4096) { /* rather a leak than a crash */
		own_map_forget(owner, 0);
		return;
	}
	struct look l = {.list = (struct own_mapping *)memory};
	l.count = own_map_list(owner, l.list, room);
	if (l.count) {
		l.low = l.list[0].start;
		l.high = l.list[l.count - 1].end;
		shim_loader_iterate(read_object, &l);
		keep_by_maker(&l);
	}
	for (size_t i = 0; i < l.count; i++)
		if (l.list[i].referred || l.list[i].kept)
			own_map_let(owner, l.list[i].start);
	shim_syscall2(SYS_munmap, memory, bytes);
}
