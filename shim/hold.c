/* SPDX-License-Identifier: Apache-2.0 */
/* hold.c - which locks a call holds, which of them outlive it, and letting go of them on its behalf. */
#include "lock.h"
#include "../gotcha/libset.h"
#include <stdio.h>
#include <string.h>

extern void *shim_outer_malloc, *shim_outer_free;
extern void *shim_real_pthread_mutex_unlock, *shim_real_pthread_rwlock_unlock, *shim_real_pthread_spin_unlock;
extern void *shim_real_funlockfile;

/* A slice may end so much before its deadline; the preemption handler has the same. */
#define EARLY_OK_NS 3000
#define SECOND_NS 1000000000

void hold_begin(struct shim_call *call)
{
	memset(&call->holds, 0, sizeof call->holds);
}

void hold_end(struct shim_call *call)
{
	struct shim_holds *holds = &call->holds;
	struct shim_held *list = hold_list(holds);

	for (uint32_t i = 0; i < holds->count; i++)
		for (; list[i].kind == HOLD_WAIT && list[i].times; list[i].times--)
			hold_wait_over(list[i].lock);
	if (holds->room)
		((void (*)(void *))shim_outer_free)(holds->list);
	hold_begin(call);
}

/* ---- the list */

static bool grow(struct shim_holds *holds)
{
	uint32_t room = 2 * (holds->room ? holds->room : HOLD_SMALL);
	struct shim_held *larger = ((void *(*)(size_t))shim_outer_malloc)(room * sizeof *larger);

	if (!larger)
		return false;
	memcpy(larger, hold_list(holds), holds->count * sizeof *larger);
	struct shim_held *before = holds->room ? holds->list : NULL;
	holds->list = larger;
	holds->room = room;
	if (before)
		((void (*)(void *))shim_outer_free)(before);
	return true;
}

void hold_add_more(struct shim_call *call, enum hold_kind kind, void *lock)
{
	struct shim_holds *holds = &call->holds;
	struct shim_held *list = hold_list(holds);

	for (uint32_t i = holds->count; i-- > 0;)
		if (list[i].lock == lock) {
			list[i].times++;
			return;
		}
	/* Without memory the lock is not known to cancel(): better than not to take it, which few programs look for. */
	if (holds->count == (holds->room ? holds->room : HOLD_SMALL) && !grow(holds))
		return;
	struct shim_held *held = &hold_list(holds)[holds->count++];
	atomic_signal_fence(memory_order_seq_cst);
	*held = (struct shim_held){lock, kind, 1};
}

void hold_drop_more(struct shim_call *call, void *lock)
{
	struct shim_holds *holds = &call->holds;
	struct shim_held *list = hold_list(holds);

	for (uint32_t i = holds->count; i-- > 0;) {
		if (list[i].lock != lock)
			continue;
		if (--list[i].times)
			return;
		memmove(&list[i], &list[i + 1], (holds->count - 1 - i) * sizeof *list);
		list[holds->count - 1].lock = NULL;
		atomic_signal_fence(memory_order_seq_cst);
		holds->count--;
		return;
	}
}

void hold_dropped(struct shim_call *call)
{
	if (call->awaited || call->awaits_any ? shim_awaits_nothing(call) : !hold_outliving(call))
		call->pending = 1;
}

/* ---- what dies with the call */

static bool is_own_resource(const struct shim_owner *owner, const struct shim_held *held)
{
	uint64_t lock = (uint64_t)held->lock;

	for (uint32_t i = owner->count; i-- > 0;) {
		uint64_t kind = owner->log[i] >> 56, key = owner->log[i] & (((uint64_t)1 << 56) - 1);
		bool stream = kind == OWN_STREAM || kind == OWN_TEXT_STREAM || kind == OWN_PIPE_STREAM;
		if (kind != OWN_BLOCK && !(stream && held->kind == HOLD_STREAM && key == lock))
			continue;
		if (lock < key) /* before the word of a block that may be gone is looked at */
			continue;
		const uint32_t *word = own_word((const void *)key);
		if (word && *word == own_tag(owner->tag, (enum own_kind)kind) && (stream || lock - key < shim_usable((void *)key)))
			return true;
	}
	return false;
}

static bool dies(const struct shim_call *call, const struct shim_held *held)
{
	const struct gotcha_set *set = call->set;
	uint64_t lock = (uint64_t)held->lock;

	if (held->kind == HOLD_WAIT || lock - (uint64_t)call->map < call->map_bytes) /* stack and thread-local variables */
		return true;
	for (uint32_t i = 0; set && i < set->batch_count; i++)
		if (lock - (uint64_t)set->regions[i] < set->plan->batches[i]->bytes)
			return true;
	return is_own_resource(&call->owner, held) || (set && is_own_resource(&set->owner, held));
}

const struct shim_held *hold_outliving(const struct shim_call *call)
{
	const struct shim_holds *holds = &call->holds;
	const struct shim_held *list = holds->room ? holds->list : holds->small;

	for (uint32_t i = 0; i < holds->count; i++)
		if (!dies(call, &list[i]))
			return &list[i];
	return NULL;
}

/* Newest first. Those that die with the call are left alone: what they are in may be damaged. */
void hold_release(struct shim_call *call)
{
	struct shim_holds *holds = &call->holds;
	struct shim_held *list = hold_list(holds);

	for (uint32_t i = holds->count; i-- > 0;) {
		if (dies(call, &list[i]))
			continue;
		for (; list[i].times; list[i].times--)
			switch (list[i].kind) {
			case HOLD_MUTEX:
				((int (*)(void *))shim_real_pthread_mutex_unlock)(list[i].lock);
				break;
			case HOLD_RWLOCK:
				((int (*)(void *))shim_real_pthread_rwlock_unlock)(list[i].lock);
				break;
			case HOLD_SPINLOCK:
				((int (*)(void *))shim_real_pthread_spin_unlock)(list[i].lock);
				break;
			case HOLD_STREAM:
				((void (*)(void *))shim_real_funlockfile)(list[i].lock);
				break;
			case HOLD_ONCE:
				shim_once_reset(list[i].lock);
				break;
			default:
				break; /* nobody but libc can let go of a pattern */
			}
	}
	holds->count = 0;
}

void hold_describe(const struct shim_held *held, char *text, unsigned long bytes)
{
	static const char *const kinds[] = {"mutex", "rwlock", "spinlock", "stream", "pthread_once() word", "pattern"};
	const char *kind = held->kind < sizeof kinds / sizeof *kinds ? kinds[held->kind] : "lock";
	char name[128];

	if (shim_symbol_name(held->lock, name, sizeof name))
		snprintf(text, bytes, "%s %s (%p)", kind, name, held->lock);
	else
		snprintf(text, bytes, "%s %p", kind, held->lock);
}

/* ---- the end of a slice */

bool hold_slice_end(const struct shim_call *call, bool began, struct timespec *end)
{
	uint64_t deadline = call->deadline, now = shim_now(), ns = shim_monotonic_ns();

	if (!began || deadline == SHIM_NEVER)
		return false;
	if (deadline > now)
		ns += shim_ticks_to_ns(deadline - now);
	/* When the signal has interrupted the wait, the time for it must be over. */
	ns -= EARLY_OK_NS;
	*end = (struct timespec){(time_t)(ns / SECOND_NS), (long)(ns % SECOND_NS)};
	return true;
}

bool hold_is_earlier(clockid_t clock, const struct timespec *until, const struct timespec *slice_end)
{
	struct timespec here, now;

	if (until->tv_nsec < 0 || until->tv_nsec >= SECOND_NS || (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC))
		return true; /* for the real function to refuse */
	shim_real_clock(clock, &here);
	shim_real_clock(CLOCK_MONOTONIC, &now);
	__int128 left = (__int128)until->tv_sec - here.tv_sec, slice_left = slice_end->tv_sec - now.tv_sec;
	return left * SECOND_NS + until->tv_nsec - here.tv_nsec <= slice_left * SECOND_NS + slice_end->tv_nsec - now.tv_nsec;
}
