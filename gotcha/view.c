/* SPDX-License-Identifier: Apache-2.0 */
/* view.c - which address of a copy belongs to which address of its original, and what the loader's queries answer.
 *
 * The dynamic linker does not know the copies. Those who ask it about addresses get the original's answer, moved: the
 * unwinder (_dl_find_object, dl_iterate_phdr) and dladdr(). Sets, batches and members are only ever added while anybody
 * can look, so that looking takes no lock: _dl_find_object() is async-signal-safe. */
#include "libset.h"
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <string.h>

const struct gotcha_member *gotcha_member_of(const struct gotcha_plan *plan, uint64_t original, uint32_t *batch)
{
	uint32_t count = atomic_load_explicit(&plan->batch_count, memory_order_acquire);

	for (uint32_t n = 0; n < count; n++) {
		const struct gotcha_batch *b = plan->batches[n];
		for (uint64_t i = 0; i < b->member_count; i++)
			if (original - b->members[i].low < b->members[i].high - b->members[i].low) {
				*batch = n;
				return &b->members[i];
			}
	}
	return NULL;
}

static bool is_shared_data(const struct gotcha_member *m, uint64_t address)
{
	uint64_t low = 0, high = m->shared_count;

	while (low < high) {
		uint64_t middle = (low + high) / 2;
		if (m->shared_data[middle] < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < m->shared_count && m->shared_data[low] == address;
}

static uint64_t moved(const struct gotcha_set *set, const struct gotcha_member *m, uint32_t batch, uint64_t original)
{
	return batch < set->batch_count ? (uint64_t)set->regions[batch] + m->at + (original - m->low) : original;
}

/* Where `set` has what the starting libset has at `original`. */
uint64_t gotcha_copy_of(const struct gotcha_set *set, uint64_t original)
{
	uint32_t batch;
	const struct gotcha_member *m = set ? gotcha_member_of(set->plan, original, &batch) : NULL;

	if (!m || m->is_libc)
		return original;
	bool text = original - m->text_low < m->text_high - m->text_low;
	return !text && is_shared_data(m, original) ? original : moved(set, m, batch, original);
}

/* The same for libc's per-libset functions, which are all of libc that a set uses. */
uint64_t gotcha_copy_of_libc(const struct gotcha_set *set, uint64_t original)
{
	uint32_t batch;
	const struct gotcha_member *m = gotcha_member_of(set->plan, original, &batch);

	return m && m->is_libc ? moved(set, m, batch, original) : original;
}

static bool find_in(struct gotcha_set *set, uint64_t address, uint64_t *original, const struct gotcha_member **member)
{
	uint32_t count = __atomic_load_n(&set->batch_count, __ATOMIC_ACQUIRE);

	for (uint32_t n = 0; n < count; n++) {
		const struct gotcha_batch *b = set->plan->batches[n];
		uint64_t at = address - (uint64_t)set->regions[n];
		if (at >= b->bytes)
			continue;
		for (uint64_t i = 0; i < b->member_count; i++)
			if (at - b->members[i].at < b->members[i].high - b->members[i].low) {
				*original = b->members[i].low + (at - b->members[i].at);
				*member = &b->members[i];
				return true;
			}
	}
	return false;
}

static const struct gotcha_member *find(uint64_t address, uint64_t *original, struct gotcha_set **set)
{
	const struct gotcha_member *member;
	struct gotcha_set *here = gotcha_here();

	*set = here;
	if (here && find_in(here, address, original, &member))
		return member;
	for (struct gotcha_set *s = atomic_load(&gotcha_sets); s; s = s->all_next)
		if (s != here && find_in(s, address, original, &member)) {
			*set = s;
			return member;
		}
	*set = NULL;
	*original = address;
	return NULL;
}

uint64_t gotcha_original_of(uint64_t address, struct gotcha_set **set)
{
	uint64_t original;
	struct gotcha_set *found;

	(void)find(address, &original, &found);
	if (set)
		*set = found;
	return original;
}

/* ---- what the unwinder asks */

SHIM_SLOT(_dl_find_object);
SHIM_SLOT(dl_iterate_phdr);
SHIM_SLOT(dladdr);
SHIM_SLOT(dladdr1);

typedef int find_object_function(void *, struct dl_find_object *);

SHIM_EXPORT int _dl_find_object(void *pc, struct dl_find_object *result)
{
	find_object_function *real = SHIM_REAL(find_object_function *, _dl_find_object);
	uint64_t original;
	struct gotcha_set *set;

	if (SHIM_LIKELY(!atomic_load_explicit(&gotcha_sets, memory_order_relaxed)) || !find((uint64_t)pc, &original, &set))
		return real(pc, result);
	int error = real((void *)original, result);
	uint64_t delta = (uint64_t)pc - original;
	if (error == 0) {
		result->dlfo_map_start = (char *)result->dlfo_map_start + delta;
		result->dlfo_map_end = (char *)result->dlfo_map_end + delta;
		result->dlfo_eh_frame = (char *)result->dlfo_eh_frame + delta;
	}
	return error;
}

typedef int iterate_callback(struct dl_phdr_info *, size_t, void *);
typedef int iterate_function(iterate_callback *, void *);

struct copies {
	iterate_callback *callback;
	void *arg;
	struct gotcha_set *set;
};

/* Each object, and right after it its copy in the caller's libset: frames of both may be on one stack. */
static int with_copy(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct copies *c = arg;
	int result = c->callback(info, size, c->arg);
	uint32_t batch;
	const struct gotcha_member *m;

	if (result || !info->dlpi_phnum)
		return result;
	uint64_t text = info->dlpi_addr;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD) {
			text = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
			break;
		}
	m = gotcha_member_of(c->set->plan, text, &batch);
	if (!m || batch >= c->set->batch_count)
		return 0;
	struct dl_phdr_info copy = *info;
	uint64_t delta = (uint64_t)c->set->regions[batch] + m->at - m->low;
	copy.dlpi_addr += delta;
	copy.dlpi_phdr = (const ElfW(Phdr) *)((uint64_t)info->dlpi_phdr + delta);
	return c->callback(&copy, size, c->arg);
}

SHIM_EXPORT int dl_iterate_phdr(iterate_callback *callback, void *arg)
{
	struct shim_call *call = shim_tls.call;
	iterate_function *real = SHIM_REAL(iterate_function *, dl_iterate_phdr);
	struct copies copies = {callback, arg, gotcha_here()};
	iterate_callback *each = copies.set ? with_copy : callback;
	void *each_arg = copies.set ? &copies : arg;
	int result;

	if (call && shim_iterate(real, each, each_arg, &result))
		return result;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	result = real(each, each_arg);
	shim_defer_end(call, deferred);
	return result;
}

static int address_info(const void *address, Dl_info *info, void **extra, int flags, bool with_extra)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	uint64_t original;
	struct gotcha_set *set;
	const struct gotcha_member *m = find((uint64_t)address, &original, &set);
	uint64_t delta = (uint64_t)address - original;
	int found = with_extra ? SHIM_REAL(int (*)(const void *, Dl_info *, void **, int), dladdr1)((void *)original, info, extra, flags)
			       : SHIM_REAL(int (*)(const void *, Dl_info *), dladdr)((void *)original, info);

	if (found && m) {
		info->dli_fbase = (char *)info->dli_fbase + delta;
		if (info->dli_saddr)
			info->dli_saddr = (char *)info->dli_saddr + delta;
	}
	shim_defer_end(call, deferred);
	return found;
}

SHIM_EXPORT int dladdr(const void *address, Dl_info *info)
{
	return address_info(address, info, NULL, 0, false);
}

SHIM_EXPORT int dladdr1(const void *address, Dl_info *info, void **extra, int flags)
{
	return address_info(address, info, extra, flags, true);
}

/* What a copy of libc gets instead of the linker's function of this name: a record that says "not in the base namespace"
 * for the copy's own code. Then the copy accepts streams whose tables of functions are the starting libc's (IO_validate_vtable
 * in glibc's libio/vtables.c), as a libc in a second namespace does. */
struct link_map *gotcha_find_dso(uint64_t address);

/* struct link_map of glibc's include/link.h begins with the public part, then l_real and l_ns. */
static struct {
	struct link_map head;
	struct link_map *real;
	long ns;
	char rest[960];
} foreign;

bool gotcha_view_init(const struct link_map *libc)
{
	memcpy(&foreign, libc, sizeof foreign);
	if (foreign.real != libc || foreign.ns != 0) {
		gotcha_fail(ENOSYS, "struct link_map", "l_real and l_ns are not where they were: not a known glibc");
		return false;
	}
	foreign.ns = 1;
	return true;
}

struct link_map *gotcha_find_dso(uint64_t address)
{
	uint64_t original;
	struct gotcha_set *set;

	return find(address, &original, &set) ? &foreign.head : NULL;
}
