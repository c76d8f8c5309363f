/* SPDX-License-Identifier: Apache-2.0 */
/* trace_sig.c - writing events of the trace.
 *
 * Context      anywhere: handlers, calls, between a call and its caller. No lock, no system call but for threads that have
 *              never launched; argument registers of a wrapper may be live, so no vector registers. */
#include "shim.h"
#include "trace.h"
#include <sys/syscall.h>

#pragma GCC target("general-regs-only")

bool shim_tracing;
struct trace_file *shim_trace_file __attribute__((visibility("hidden")));
static _Atomic uint64_t common; /* next event of the page that all other threads share */

extern struct shim_slot __start_shim_slots[] __attribute__((visibility("hidden")));
extern struct shim_slot __stop_shim_slots[] __attribute__((visibility("hidden")));
extern char __start_shim_old_slots[] __attribute__((visibility("hidden")));
extern char __stop_shim_old_slots[] __attribute__((visibility("hidden")));
extern void *shim_heap_stub_real[HEAP_STUBS] __attribute__((visibility("hidden")));
extern char __start_shim_own_slots[] __attribute__((visibility("hidden")));
extern char __stop_shim_own_slots[] __attribute__((visibility("hidden")));

uint32_t shim_trace_number(const struct shim_call *call)
{
	if (!call)
		return 0;
	if (call->adopted)
		return call->adopted == ADOPTED_LIMITED ? TRACE_LIMITED + call->index : TRACE_MAIN;
	/* Calls beyond a million share the last number. */
	return call->index + 1 < TRACE_LIMITED ? call->index + 1 : TRACE_LIMITED - 1;
}

/* `at` is where the page goes on; at the start of a page: it is used up. A handler that comes between may take a page, too:
 * then the rest of one of them stays empty. */
static uint64_t place(struct trace_file *file, _Atomic uint64_t *at)
{
	uint64_t next = atomic_load_explicit(at, memory_order_relaxed);

	while (next % TRACE_PAGE_EVENTS)
		if (atomic_compare_exchange_weak_explicit(at, &next, next + 1, memory_order_relaxed, memory_order_relaxed))
			return next;
	uint64_t fresh = atomic_fetch_add_explicit(&file->pages, 1, memory_order_relaxed) * TRACE_PAGE_EVENTS;
	(void)atomic_compare_exchange_strong_explicit(at, &next, fresh + 1, memory_order_relaxed, memory_order_relaxed);
	return fresh;
}

void shim_trace_add(enum trace_kind kind, uint32_t call, uint64_t a, uint64_t b)
{
	struct trace_file *file = shim_trace_file;
	struct shim_thread *t = shim_tls.thread;
	uint64_t at = place(file, t ? &t->trace_at : &common);
	/* The room is a power of two of pages. */
	struct trace_event *event = &file->event[at & (file->events - 1)];
	uint64_t lap = (at >> __builtin_ctzll(file->events)) + 1;
	uint64_t tid = (uint64_t)(t ? t->tid : (pid_t)shim_syscall0(SYS_gettid));

	atomic_store_explicit(&event->mark, 0, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	event->ticks = shim_now();
	event->a = a;
	event->b = b;
	atomic_store_explicit(&event->mark, lap << 50 | (uint64_t)kind << 42 | (tid & 0x3fffff) << 20 | call, memory_order_release);
}

/* ---- names */

uint32_t shim_trace_name(const char *name)
{
	struct trace_file *file = shim_trace_file;
	uint64_t hash = 0xcbf29ce484222325u;

	if (!name)
		return 0;
	for (uint32_t i = 0; name[i] && i < TRACE_NAME_BYTES - 1; i++)
		hash = (hash ^ (unsigned char)name[i]) * 0x100000001b3u;
	hash |= 1;
	for (uint32_t i = 0, at = (uint32_t)(hash >> 32) % TRACE_NAMES; i < TRACE_NAMES; i++, at = (at + 1) % TRACE_NAMES) {
		uint64_t there = atomic_load_explicit(&file->name[at].hash, memory_order_relaxed);
		if (!there && atomic_compare_exchange_strong(&file->name[at].hash, &there, hash)) {
			for (uint32_t n = 0; name[n] && n < TRACE_NAME_BYTES - 1; n++)
				file->name[at].text[n] = name[n];
			return at + 1;
		}
		if (there == hash)
			return at + 1;
	}
	return 0;
}

/* A wrapper in assembly leaves its slot, the running libset's in case that has one of its own; one in C leaves its name. */
uint32_t shim_trace_section(const struct shim_call *call)
{
	const char *slot = call->defer_slot;
	uint64_t set = shim_tls.slots;

	if (!slot)
		return shim_trace_name("a signal handler");
	for (const struct shim_slot *s = __start_shim_slots; s < __stop_shim_slots; s++)
		if (slot == (const char *)s->real || (set && (uint64_t)slot - set == (uint64_t)s->real))
			return shim_trace_name(s->name);
	if ((uint64_t)slot - (uint64_t)__start_shim_old_slots < (uint64_t)(__stop_shim_old_slots - __start_shim_old_slots))
		return shim_trace_name("an old version of a function");
	if ((uint64_t)slot - (uint64_t)shim_heap_stub_real < sizeof shim_heap_stub_real)
		return shim_trace_name("the allocator");
	bool marked = (uint64_t)slot - (uint64_t)__start_shim_own_slots < (uint64_t)(__stop_shim_own_slots - __start_shim_own_slots);
	return shim_trace_name(marked ? "a function that allocates" : slot);
}

/* ---- waits */

uint32_t shim_trace_wait(const char *name, uint64_t detail)
{
	uint32_t number = shim_trace_name(name);

	if (number)
		shim_trace_add(TRACE_WAIT_BEGIN, shim_trace_number(shim_tls.call), number, detail);
	return number;
}

void shim_trace_waited(uint32_t name)
{
	if (shim_tracing)
		shim_trace_add(TRACE_WAIT_END, shim_trace_number(shim_tls.call), name, 0);
}
