/* SPDX-License-Identifier: Apache-2.0 */
/* own_fd.c - tags of descriptors: a word for each number, in tables that are mapped where calls have descriptors.
 *
 * Nothing is ever unmapped, so no lookup needs a lock. Numbers beyond the tables are nobody's. The child of a vfork() has
 * our memory and descriptors of its own: what it does changes no tag. */
#include "shim.h"
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define LOW_BITS 12
#define LOW_COUNT (1u << LOW_BITS)
#define TOP_COUNT (1u << 12)

static uint32_t *_Atomic top[TOP_COUNT];

uint32_t *own_fd_word(int fd)
{
	unsigned number = (unsigned)fd;

	if (number >= TOP_COUNT * LOW_COUNT)
		return NULL;
	uint32_t *low = atomic_load_explicit(&top[number >> LOW_BITS], memory_order_acquire);
	return low ? &low[number % LOW_COUNT] : NULL;
}

static uint32_t *word_make(unsigned number)
{
	uint32_t *low = NULL;
	long mapped = shim_syscall6(SYS_mmap, 0, LOW_COUNT * sizeof *low, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mapped < 0 && mapped > -4096)
		return NULL;
	/* Two threads may make the same table: one keeps its own, the other takes that. */
	if (atomic_compare_exchange_strong(&top[number >> LOW_BITS], &low, (uint32_t *)mapped))
		low = (uint32_t *)mapped;
	else
		shim_syscall2(SYS_munmap, mapped, LOW_COUNT * sizeof *low);
	return &low[number % LOW_COUNT];
}

bool own_fd_add(struct shim_owner *owner, int fd)
{
	unsigned number = (unsigned)fd;
	uint32_t *word = own_fd_word(fd);

	if (number >= TOP_COUNT * LOW_COUNT || !shim_in_own_process())
		return true;
	if (!word)
		word = word_make(number);
	if (!word || !own_log(owner, own_entry(OWN_FD, number)))
		return false;
	__atomic_store_n(word, own_tag(owner->tag, OWN_FD), __ATOMIC_RELAXED);
	owner->fd_count++;
	return true;
}

int own_fd_made(struct shim_owner *owner, long fd)
{
	if (fd >= 0 && SHIM_UNLIKELY(!own_fd_add(owner, (int)fd))) {
		shim_syscall1(SYS_close, fd);
		fd = -ENOMEM;
	}
	if (fd >= 0)
		return (int)fd;
	errno = (int)-fd;
	return -1;
}

uint32_t own_fd_take(struct shim_owner *owner, int fd)
{
	uint32_t *word = own_fd_word(fd);

	if (SHIM_LIKELY(!word || !__atomic_load_n(word, __ATOMIC_RELAXED)) || !shim_in_own_process())
		return 0;
	uint32_t tag = __atomic_exchange_n(word, 0, __ATOMIC_ACQ_REL);
	if (owner && tag == own_tag(owner->tag, OWN_FD))
		own_fd_dropped(owner, own_entry(OWN_FD, (unsigned)fd));
	return tag;
}

/* The last one made is often the first one closed. */
void own_fd_dropped(struct shim_owner *owner, uint64_t entry)
{
	owner->fd_count -= owner->fd_count > 0;
	if (!owner->count || owner->log[owner->count - 1] != entry)
		return;
	owner->count--;
	if (owner->count && owner->log[owner->count - 1] >> 56 == OWN_EXTRA)
		owner->count--;
}

void own_fd_put_back(int fd, uint32_t tag)
{
	uint32_t *word = tag ? own_fd_word(fd) : NULL, none = 0;

	if (word)
		(void)__atomic_compare_exchange_n(word, &none, tag, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

void own_fd_clear(int fd)
{
	(void)own_fd_take(NULL, fd);
}

void own_fd_clear_range(unsigned first, unsigned last)
{
	if (last >= TOP_COUNT * LOW_COUNT)
		last = TOP_COUNT * LOW_COUNT - 1;
	for (unsigned n = first; n <= last; n++) {
		uint32_t *low = atomic_load_explicit(&top[n >> LOW_BITS], memory_order_acquire);
		if (!low)
			n |= LOW_COUNT - 1;
		else if (__atomic_load_n(&low[n % LOW_COUNT], __ATOMIC_RELAXED))
			own_fd_clear((int)n);
	}
}

/* The count is stale when somebody else has closed some of them. */
bool own_fds_allowed(struct shim_owner *owner, uint32_t count)
{
	if (SHIM_LIKELY(!owner->fd_limit) || owner->fd_count + count <= owner->fd_limit ||
	    own_fd_recount(owner) + count <= owner->fd_limit)
		return true;
	errno = EMFILE;
	return false;
}

bool own_fd_allowed(struct shim_owner *owner)
{
	return own_fds_allowed(owner, 1);
}

void own_close_fd(int fd)
{
	shim_syscall1(SYS_close, fd);
}
