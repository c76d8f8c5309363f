/* SPDX-License-Identifier: Apache-2.0 */
/* map.c - a libset from a plan: map, write words, run constructors. No Go, no dynamic linker.
 *
 * Context      any thread, inside a deferred section or outside of calls.
 * Cost         per object four to six mmap() and one open(), 2 ns a word, a page fault for each page with such a word. */
#include "libset.h"
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool open_file(const struct gotcha_member *m, int *fd)
{
	struct stat status;
	long result = shim_syscall4(SYS_openat, AT_FDCWD, m->path, O_RDONLY | O_CLOEXEC, 0);

	if (failed_call(result)) {
		gotcha_fail((int)-result, m->path, "open");
		return false;
	}
	*fd = (int)result;
	result = shim_syscall2(SYS_fstat, *fd, &status);
	if (failed_call(result) || status.st_dev != m->device || status.st_ino != m->inode) {
		shim_syscall1(SYS_close, *fd);
		gotcha_fail(ESTALE, m->path, "the file is not the one that is loaded: it was replaced since");
		return false;
	}
	return true;
}

const char *gotcha_keep_file(const struct gotcha_member *m, uint64_t bytes)
{
	int fd;

	if (!open_file(m, &fd))
		return NULL;
	long result = shim_syscall6(SYS_mmap, 0, (long)bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	shim_syscall1(SYS_close, fd);
	return failed_call(result) ? NULL : (const char *)result;
}

/* The file was replaced, or chroot() or a filter of system calls keeps it from us: its bytes are still mapped. What is then
 * copied is not the page cache's any more. */
static bool copy_member(const struct gotcha_member *m, char *region)
{
	static _Atomic bool told;

	if (!m->kept)
		return false;
	for (uint64_t i = 0; i < m->segment_count; i++) {
		const struct gotcha_segment *s = &m->segments[i];
		char *at = region + s->at;
		if (failed_call(shim_syscall3(SYS_mprotect, at, s->bytes, PROT_READ | PROT_WRITE))) {
			gotcha_fail(ENOMEM, m->path, "mprotect of %lu KiB", (unsigned long)(s->bytes >> 10));
			return false;
		}
		if (!s->anonymous)
			memcpy(at, m->kept + s->offset, s->bytes);
		if (s->zero_bytes)
			memset(region + s->zero_at, 0, s->zero_bytes);
		if (s->protection != (PROT_READ | PROT_WRITE))
			shim_syscall3(SYS_mprotect, at, s->bytes, s->protection);
	}
	if (!atomic_exchange(&told, true))
		shim_message("libsets take more memory from now on", "libset", gotcha_reason());
	return true;
}

static bool map_member(const struct gotcha_member *m, char *region, bool *copied)
{
	int fd;

	if (!open_file(m, &fd)) {
		*copied = true;
		return copy_member(m, region);
	}
	for (uint64_t i = 0; i < m->segment_count; i++) {
		const struct gotcha_segment *s = &m->segments[i];
		long flags = MAP_FIXED | MAP_PRIVATE | (s->anonymous ? MAP_ANONYMOUS : 0);
		long result = shim_syscall6(SYS_mmap, (long)(region + s->at), (long)s->bytes, s->protection, flags,
					    s->anonymous ? -1 : fd, s->anonymous ? 0 : (long)s->offset);
		if (failed_call(result)) {
			shim_syscall1(SYS_close, fd);
			gotcha_fail((int)-result, m->path, "mmap of %lu KiB: %s", (unsigned long)(s->bytes >> 10),
				    result == -ENOMEM ? "vm.max_map_count is a limit, too" : strerrordesc_np((int)-result));
			return false;
		}
		if (s->zero_bytes)
			memset(region + s->zero_at, 0, s->zero_bytes);
	}
	shim_syscall1(SYS_close, fd);
	return true;
}

static char *reserve(const struct gotcha_batch *b)
{
	uint64_t bytes = b->bytes + (b->align > GOTCHA_PAGE ? b->align : 0);
	long result = shim_syscall6(SYS_mmap, 0, (long)bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (failed_call(result)) {
		gotcha_fail((int)-result, "libset", "mmap of %lu KiB of address space", (unsigned long)(bytes >> 10));
		return NULL;
	}
	uint64_t start = ((uint64_t)result + b->align - 1) & ~(b->align - 1);
	uint64_t before = start - (uint64_t)result;
	if (before)
		shim_syscall2(SYS_munmap, result, before);
	if (bytes - before > b->bytes)
		shim_syscall2(SYS_munmap, start + b->bytes, bytes - before - b->bytes);
	return (char *)start;
}

static void write_words(const struct gotcha_batch *b, char *region, char *const *regions)
{
	for (uint64_t i = 0; i < b->own_count; i++)
		*(uint64_t *)(region + b->own[i].at) = (uint64_t)region + b->own[i].value;
	for (uint64_t i = 0; i < b->fixed_count; i++)
		*(uint64_t *)(region + b->fixed[i].at) = b->fixed[i].value;
	for (uint64_t i = 0; i < b->far_count; i++)
		*(uint64_t *)(region + b->far[i].at) = (uint64_t)regions[b->far[i].batch] + b->far[i].value;
}

/* Variants chosen for the processor: their resolvers look at what the linker found out, and some set variables of the
 * copy besides (libc's sizes of caches), so that the original's results would not do. */
static void resolve_words(const struct gotcha_batch *b, char *region)
{
	for (uint64_t i = 0; i < b->resolver_count; i++)
		*(uint64_t *)(region + b->resolvers[i].at) = ((uint64_t(*)(void))(region + b->resolvers[i].value))();
}

static void protect(const struct gotcha_member *m, char *region)
{
	if (m->relro_bytes)
		shim_syscall3(SYS_mprotect, region + m->relro_at, m->relro_bytes, PROT_READ);
}

static void initialise(uint64_t function)
{
	gotcha_making_call((void *)function, shim_argc, (long)shim_argv, (long)environ);
}

static void construct(const struct gotcha_member *m, char *region)
{
	/* libc's own initialisers set environ and the program's name, which are shared and set. Since 2.42 the early one makes
	 * the copy's heap, which is not used, the calling thread's, which is. */
	if (m->is_libc) {
		struct shim_libc_tls thread;
		shim_libc_tls_save(&thread);
		((void (*)(_Bool))(region + m->early_init_at))(false);
		shim_libc_tls_restore(&thread);
		return;
	}
	if (m->init_at)
		initialise((uint64_t)region + m->init_at);
	const uint64_t *array = (const uint64_t *)(region + m->init_array_at);
	for (uint64_t i = 0; i < m->init_array_count; i++)
		if (array[i] && array[i] != UINT64_MAX)
			initialise(array[i]);
}

static void destruct(const struct gotcha_member *m, char *region)
{
	if (m->is_libc)
		return;
	const uint64_t *array = (const uint64_t *)(region + m->fini_array_at);
	for (uint64_t i = m->fini_array_count; i-- > 0;)
		if (array[i] && array[i] != UINT64_MAX)
			gotcha_making_call((void *)array[i], 0, 0, 0);
	if (m->fini_at)
		gotcha_making_call(region + m->fini_at, 0, 0, 0);
}

/* The region holds what the files hold: make libraries of it. */
static void start_batch(struct gotcha_set *set, uint32_t number)
{
	const struct gotcha_batch *b = set->plan->batches[number];
	char *region = set->regions[number];

	write_words(b, region, set->regions);
	resolve_words(b, region);
	for (uint64_t i = 0; i < b->member_count; i++)
		protect(&b->members[i], region);
	__atomic_store_n(&set->batch_count, number + 1, __ATOMIC_RELEASE);
	gotcha_fill_table(set);
	struct gotcha_making m;
	gotcha_begin_making(&m, set);
	for (uint64_t i = 0; i < b->member_count; i++)
		construct(&b->members[i], region);
	gotcha_end_making(&m);
}

static uint64_t writable_bytes(const struct gotcha_batch *b)
{
	uint64_t bytes = 0;

	for (uint64_t i = 0; i < b->member_count; i++)
		for (uint64_t k = 0; k < b->members[i].segment_count; k++)
			if (b->members[i].segments[k].protection & PROT_WRITE)
				bytes += b->members[i].segments[k].bytes;
	return bytes;
}

static bool add_batch(struct gotcha_set *set, uint32_t number)
{
	const struct gotcha_batch *b = set->plan->batches[number];
	char *region = reserve(b);

	if (!region)
		return false;
	for (uint64_t i = 0; i < b->member_count; i++)
		if (!map_member(&b->members[i], region, &set->copied)) {
			shim_syscall2(SYS_munmap, region, b->bytes);
			return false;
		}
	set->regions[number] = region;
	set->writable_bytes += writable_bytes(b);
	start_batch(set, number);
	return true;
}

bool gotcha_extend(struct gotcha_set *set)
{
	uint32_t count = atomic_load_explicit(&set->plan->batch_count, memory_order_acquire);

	while (set->batch_count < count)
		if (!add_batch(set, set->batch_count))
			return false;
	if (set->entry_count < atomic_load_explicit(&set->plan->entry_count, memory_order_acquire))
		gotcha_fill_table(set);
	return true;
}

static uint64_t table_bytes(const struct gotcha_plan *plan)
{
	uint64_t words = (plan->entries ? GOTCHA_TABLE_WORDS : 0) + SHIM_SET_SLOTS_ROOM + GOTCHA_BATCHES;
	return (sizeof(struct gotcha_set) + words * 8 + GOTCHA_PAGE - 1) & ~(uint64_t)(GOTCHA_PAGE - 1);
}

/* Records stay in the registry for good, so that it can be walked without a lock; they are used again. To look for one among
 * thousands in use takes longer than making a libset, so it is known whether there is any; at most one too few for a moment. */
static _Atomic uint32_t unused_records;

static struct gotcha_set *claim_record(const struct gotcha_plan *plan)
{
	struct gotcha_set *first = atomic_load(&unused_records) ? atomic_load(&gotcha_sets) : NULL;

	for (struct gotcha_set *s = first; s; s = s->all_next) {
		uint32_t unused = 0;
		if (s->has_table == (plan->entries != NULL) && atomic_compare_exchange_strong(&s->in_use, &unused, 1)) {
			atomic_fetch_sub(&unused_records, 1);
			return s;
		}
	}
	long result = shim_syscall6(SYS_mmap, 0, (long)table_bytes(plan), PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (failed_call(result)) {
		gotcha_fail((int)-result, "libset", "mmap of its table");
		return NULL;
	}
	struct gotcha_set *set = (void *)result;
	static _Atomic uint32_t born;
	own_init(&set->owner, SHIM_SET_TAG | (atomic_fetch_add(&born, 1) & ((1u << OWN_KIND_SHIFT) - 1)));
	set->in_use = 1;
	set->has_table = plan->entries != NULL;
	/* The record, the slots and the first table entries share a page. */
	set->slots = (void **)(set + 1);
	set->regions = (char **)(set->slots + SHIM_SET_SLOTS_ROOM);
	set->table = plan->entries ? (uint64_t *)(set->regions + GOTCHA_BATCHES) : gotcha_starting_table;
	set->all_next = atomic_load(&gotcha_sets);
	while (!atomic_compare_exchange_weak(&gotcha_sets, &set->all_next, set))
		;
	return set;
}

static void begin(struct gotcha_set *set)
{
	set->entry_count = 0;
	set->options_used = false;
	memset(set->states, 0, sizeof set->states);
	set->slots[0] = NULL;
}

struct gotcha_set *gotcha_make(struct gotcha_plan *plan)
{
	struct gotcha_set *set = claim_record(plan);

	if (set) {
		set->plan = plan;
		set->copied = false;
		set->writable_bytes = 0;
		begin(set);
		if (gotcha_extend(set)) {
			gotcha_made_count++;
			SHIM_TRACE(TRACE_LIBSET, NULL, TRACE_MADE, set);
			return set;
		}
		gotcha_unmake(set, false);
	}
	gotcha_fail_as(EAGAIN, gotcha_reason());
	return NULL;
}

static void run_destructors(struct gotcha_set *set)
{
	struct gotcha_making m;

	gotcha_begin_making(&m, set);
	gotcha_run_exits(set);
	for (uint32_t n = set->batch_count; n-- > 0;)
		for (uint64_t i = set->plan->batches[n]->member_count; i-- > 0;)
			destruct(&set->plan->batches[n]->members[i], set->regions[n]);
	gotcha_end_making(&m);
}

/* What would run the copies' code or is one of few in the process: at once, not when it is their turn to be unmade. */
void gotcha_withdraw(struct gotcha_set *set)
{
	gotcha_drop_forks(set);
	own_withdraw(&set->owner);
}

/* What the copies have made and registered, before their code goes. Returns how many batches there were. */
static uint32_t release(struct gotcha_set *set)
{
	uint32_t count = set->batch_count;

	gotcha_withdraw(set);
	gotcha_drop_exits(set);
	gotcha_end_databases(set);
	gotcha_end_locale(set);
	__atomic_store_n(&set->batch_count, 0, __ATOMIC_RELEASE);
	own_release(&set->owner);
	return count;
}

static bool rewind_member(const struct gotcha_member *m, char *region)
{
	if (m->relro_bytes && failed_call(shim_syscall3(SYS_mprotect, region + m->relro_at, m->relro_bytes, PROT_READ | PROT_WRITE)))
		return false;
	for (uint64_t i = 0; i < m->segment_count; i++)
		if (m->segments[i].zero_bytes)
			memset(region + m->segments[i].zero_at, 0, m->segments[i].zero_bytes);
	return true;
}

/* The pages that were written go; the next access finds what the file has. One call for all, text included: what it costs is
 * telling the other processors, once each. */
static bool rewind_batch(const struct gotcha_batch *b, char *region)
{
	if (failed_call(shim_syscall3(SYS_madvise, region, b->bytes, MADV_DONTNEED)))
		return false; /* locked in memory */
	for (uint64_t i = 0; i < b->member_count; i++)
		if (!rewind_member(&b->members[i], region))
			return false;
	return true;
}

/* A libset that nobody uses becomes one that is as new, for half of what a new one costs. False: it is gone. */
bool gotcha_renew(struct gotcha_set *set)
{
	uint32_t count = release(set);

	bool good = !set->copied;
	for (uint32_t n = 0; n < count && good; n++)
		good = rewind_batch(set->plan->batches[n], set->regions[n]);
	begin(set);
	for (uint32_t n = 0; n < count && good; n++)
		start_batch(set, n);
	if (good) {
		gotcha_made_count++;
		SHIM_TRACE(TRACE_LIBSET, NULL, TRACE_RENEWED, set);
		return true;
	}
	__atomic_store_n(&set->batch_count, count, __ATOMIC_RELEASE);
	gotcha_unmake(set, false);
	return false;
}

void gotcha_unmake(struct gotcha_set *set, bool destructors)
{
	if (destructors)
		run_destructors(set);
	gotcha_withdraw(set);
	if (SHIM_UNLIKELY(set->owner.registered & REG_THREADS) && !own_threads_end(&set->owner, NULL, true)) {
		gotcha_keep(set);
		return;
	}
	SHIM_TRACE(TRACE_LIBSET, NULL, TRACE_GONE, set);
	uint32_t count = release(set);
	for (uint32_t n = 0; n < count; n++)
		shim_syscall2(SYS_munmap, set->regions[n], set->plan->batches[n]->bytes);
	atomic_store(&set->in_use, 0);
	atomic_fetch_add(&unused_records, 1);
}
