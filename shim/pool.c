/* SPDX-License-Identifier: Apache-2.0 */
/* pool.c - calls: one mapping each, with guard, stack, save area and TCB; kept for the next launch.
 *
 *   map         guard (no access)
 *   stack_low   stack, grows down from stack_top
 *   stack_top   extended state, struct shim_call
 *   …           static TLS, TCB                      end of map
 *
 * What a paused call touches lies together at the end of the mapping. A thread keeps the calls it used last; the rest is
 * in one global list. The global lock is held for a few instructions; its holder can't be preempted (launch and resume
 * are deferred sections), and it spins with a yield because the kernel may preempt it. */
#include "shim.h"
#include "valgrind.h"
#include "../gotcha/libset.h"
#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096u
#define GUARD_BYTES ((size_t)64 << 10) /* a large frame may step over one page */
#define THREAD_CACHE 256
#define DEFAULT_STACK_BYTES ((size_t)8 << 20)
#define SMALLEST_STACK_BYTES ((size_t)16 << 10)
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13: a guard without a mapping of its own */
#define MADV_GUARD_REMOVE 103
#endif

/* Shared calls, and isolated ones with their libsets. */
static struct shim_call *free_default[2], *free_other[2];
static atomic_flag lock = ATOMIC_FLAG_INIT;

static void shim_pool_lock(void)
{
	while (atomic_flag_test_and_set_explicit(&lock, memory_order_acquire))
		shim_syscall0(SYS_sched_yield);
}

static void shim_pool_unlock(void)
{
	atomic_flag_clear_explicit(&lock, memory_order_release);
}

static size_t default_stack(void)
{
	static size_t bytes;
	struct rlimit limit;

	if (bytes)
		return bytes;
	size_t wanted = shim_config.stack_bytes;
	if (!wanted && getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		wanted = limit.rlim_cur;
	if (!wanted || wanted > ((size_t)1 << 30))
		wanted = DEFAULT_STACK_BYTES;
	if (wanted < SMALLEST_STACK_BYTES)
		wanted = SMALLEST_STACK_BYTES;
	return bytes = (wanted + PAGE - 1) & ~(size_t)(PAGE - 1);
}

_Atomic uint64_t shim_stacks_count, shim_stacks_bytes;

void shim_pool_sizes(uint64_t *count, uint64_t *bytes)
{
	*count = shim_stacks_count;
	*bytes = shim_stacks_bytes;
}

static void *map_bytes(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

#define GUARD_HALF (GUARD_BYTES / 2)

/* Which of the two ways the guard was made does not matter: the other way's call changes nothing. */
bool shim_guard_open(struct shim_call *call)
{
	char *half = call->stack_low - GUARD_HALF;

	shim_syscall3(SYS_madvise, half, GUARD_HALF, MADV_GUARD_REMOVE);
	return shim_syscall3(SYS_mprotect, half, GUARD_HALF, PROT_READ | PROT_WRITE) == 0;
}

void shim_guard_close(struct shim_call *call)
{
	char *half = call->stack_low - GUARD_HALF;

	if (shim_syscall3(SYS_madvise, half, GUARD_HALF, MADV_GUARD_INSTALL) != 0)
		shim_syscall3(SYS_mprotect, half, GUARD_HALF, PROT_NONE);
}

static struct shim_call *make(size_t stack_bytes)
{
	size_t xsave_bytes = (shim_cpu.xsave_bytes + 63u) & ~63u;
	size_t call_bytes = (sizeof(struct shim_call) + 63u) & ~(size_t)63u;
	size_t room = xsave_bytes + call_bytes + shim_tcb_room();
	size_t bytes = (GUARD_BYTES + stack_bytes + room + PAGE - 1) & ~(size_t)(PAGE - 1);
	char *map = map_bytes(bytes);

	if (!map) {
		gotcha_fail(ENOMEM, "call", "mmap of %zu KiB for its stack", bytes >> 10);
		return NULL;
	}
	/* A huge page would be touched whole by the first frame. */
	(void)madvise(map, bytes, MADV_NOHUGEPAGE);
	if (madvise(map, GUARD_BYTES, MADV_GUARD_INSTALL) != 0 && mprotect(map, GUARD_BYTES, PROT_NONE) != 0) {
		(void)munmap(map, bytes);
		gotcha_fail(ENOMEM, "call", "its guard pages (vm.max_map_count is a limit)");
		return NULL;
	}
	char *tcb_low = map + bytes - shim_tcb_room();
	char *xsave = (char *)(((uint64_t)tcb_low - xsave_bytes) & ~(uint64_t)63);
	struct shim_call *call = (struct shim_call *)(xsave - call_bytes);
	call->map = map;
	call->map_bytes = bytes;
	call->xsave = xsave;
	call->stack_low = map + GUARD_BYTES;
	call->stack_top = (uint64_t)call & ~(uint64_t)15;
	call->entry_rsp = call->stack_top;
	call->stack_bytes = stack_bytes;
	hold_begin(call);
	call->valgrind_stack = shim_valgrind(SHIM_VALGRIND_STACK_REGISTER, (uint64_t)call->stack_low, call->stack_top);
	shim_pool_lock();
	int error = shim_handle_enter(call);
	shim_pool_unlock();
	own_init(&call->owner, call->index + 1);
	if (!error && shim_tcb_make(call, map + bytes) != 0) {
		error = errno;
		shim_pool_lock();
		shim_handle_leave(call);
		shim_pool_unlock();
	}
	if (!error) {
		shim_pool_lock();
		shim_handle_show(call);
		shim_pool_unlock();
	} else {
		shim_valgrind(SHIM_VALGRIND_STACK_DEREGISTER, call->valgrind_stack, 0);
		(void)munmap(map, bytes);
		errno = error;
		return NULL;
	}
	shim_stacks_count++;
	shim_stacks_bytes += bytes;
	return call;
}

static struct shim_call *pop(struct shim_call **list, size_t stack_bytes)
{
	for (; *list; list = &(*list)->next)
		if ((*list)->stack_bytes >= stack_bytes && (*list)->stack_bytes / 2 <= stack_bytes) {
			struct shim_call *call = *list;
			*list = call->next;
			return call;
		}
	return NULL;
}

/* Where a call's TCB has shim_tls. */
static struct shim_tls *tls_of(const struct shim_call *call)
{
	return (struct shim_tls *)(call->fs + ((uint64_t)&shim_tls - shim_fs()));
}

static bool isolate(struct shim_call *call)
{
	call->set = gotcha_take();
	gotcha_switch(tls_of(call), call->set);
	return call->set != NULL;
}

/* Nobody may use the libset of a function that was given up in the middle. */
void shim_call_retire_set(struct shim_call *call)
{
	struct gotcha_set *set = call->set;

	if (!set)
		return;
	call->set = NULL;
	gotcha_switch(tls_of(call), NULL);
	gotcha_retire(set);
}

static void release(struct shim_call *call, bool isolated)
{
	struct shim_call **list = call->stack_bytes == default_stack() ? &free_default[isolated] : &free_other[isolated];

	shim_pool_lock();
	call->next = *list;
	*list = call;
	shim_pool_unlock();
}

static struct shim_call *get_slow(struct shim_thread *t, size_t stack_bytes, bool isolated)
{
	struct shim_call *call;
	int saved = errno;

	if (shim_start() != 0 || shim_heap_refuses())
		return NULL;
	if (stack_bytes == 0)
		stack_bytes = default_stack();
	if (stack_bytes < SMALLEST_STACK_BYTES)
		stack_bytes = SMALLEST_STACK_BYTES;
	stack_bytes = (stack_bytes + PAGE - 1) & ~(size_t)(PAGE - 1);
	bool usual = stack_bytes == default_stack();
	shim_pool_lock();
	call = pop(usual ? &free_default[isolated] : &free_other[isolated], stack_bytes);
	shim_pool_unlock();
	if (!call && isolated) {
		/* Those of cancelled calls, whose libsets are gone, are here. */
		call = usual ? pop(&t->free[0], stack_bytes) : NULL;
		t->free_count[0] -= call != NULL;
		shim_pool_lock();
		if (!call)
			call = pop(usual ? &free_default[0] : &free_other[0], stack_bytes);
		shim_pool_unlock();
	}
	if (!call)
		call = make(stack_bytes);
	if (call && isolated && !call->set && !isolate(call)) {
		saved = errno;
		release(call, false);
		call = NULL;
	}
	errno = call ? saved : errno;
	return call;
}

struct shim_call *shim_call_get(struct shim_thread *t, size_t stack_bytes, bool isolated)
{
	struct shim_call *call = t->free[isolated];

	if (SHIM_LIKELY(call && stack_bytes == 0)) {
		t->free[isolated] = call->next;
		t->free_count[isolated]--;
	} else {
		call = get_slow(t, stack_bytes, isolated);
		if (!call)
			return NULL;
	}
	if (isolated && SHIM_UNLIKELY(call->set->batch_count != gotcha_program.batch_count))
		(void)gotcha_extend(call->set); /* where that fails, new libraries are the starting libset's */
	shim_tcb_reset(call);
	return call;
}

void shim_call_put(struct shim_thread *t, struct shim_call *call)
{
	if (SHIM_UNLIKELY(call->offered))
		shim_call_withdraw(call);
	call->name = NULL;
	call->defer_rsp = 0;
	call->exits_thread = false;
	call->parent = NULL;
	bool isolated = call->set != NULL;
	atomic_store_explicit(&call->state, SHIM_FREE, memory_order_release);
	if (SHIM_LIKELY(t->free_count[isolated] < THREAD_CACHE && call->stack_bytes == default_stack())) {
		call->next = t->free[isolated];
		t->free[isolated] = call;
		t->free_count[isolated]++;
		return;
	}
	release(call, isolated);
}

void shim_pool_thread_exit(struct shim_thread *t)
{
	shim_pool_lock();
	for (int isolated = 0; isolated < 2; isolated++) {
		while (t->free[isolated]) {
			struct shim_call *call = t->free[isolated];
			t->free[isolated] = call->next;
			call->next = free_default[isolated];
			free_default[isolated] = call;
		}
		t->free_count[isolated] = 0;
	}
	shim_pool_unlock();
}

static void drop_sets(struct shim_call **from, struct shim_call **to)
{
	while (*from) {
		struct shim_call *call = *from;
		*from = call->next;
		gotcha_unmake(call->set, false);
		call->set = NULL;
		gotcha_switch(tls_of(call), NULL);
		call->next = *to;
		*to = call;
	}
}

void shim_pool_drop_sets(void)
{
	shim_pool_lock();
	for (struct shim_thread *t = shim_threads; t; t = t->next) {
		drop_sets(&t->free[1], &t->free[0]);
		t->free_count[0] += t->free_count[1];
		t->free_count[1] = 0;
	}
	drop_sets(&free_default[1], &free_default[0]);
	drop_sets(&free_other[1], &free_other[0]);
	shim_pool_unlock();
}

void shim_pool_each(void (*see)(struct shim_call *, void *), void *arg)
{
	shim_pool_lock();
	for (uint32_t i = 0; i < shim_pool_calls(); i++) {
		struct shim_call *call = shim_call_at(i);
		if (call)
			see(call, arg);
	}
	shim_pool_unlock();
}

/* In the child of a fork: another thread may have held the lock. */
void shim_pool_forked(void)
{
	shim_pool_unlock();
}
