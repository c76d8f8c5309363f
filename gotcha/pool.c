/* SPDX-License-Identifier: Apache-2.0 */
/* pool.c - libsets that are ready for the next launch, and what becomes of those that cancelled calls leave behind. */
#include "libset.h"
#include "../shim/loader.h"
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>

struct gotcha_plan gotcha_program;
struct gotcha_set *_Atomic gotcha_sets;
_Atomic uint32_t gotcha_ready_count;
_Atomic uint64_t gotcha_made_count, gotcha_retired_count;

static struct gotcha_set *ready;
static atomic_flag lock = ATOMIC_FLAG_INIT;
static _Atomic int prepared; /* 0 not yet, 2 there is a plan, 3 there can't be one; written inside of an order */
static char why_not[sizeof((struct shim_reason *)0)->text]; /* prepared 3 */
static _Atomic uint32_t loads_seen; /* how many of shim_loads_done the plan has */
static bool beyond_fork;   /* the plan came along in a fork, the Go runtime did not: no more batches */
static _Atomic bool stale; /* and libraries were loaded since */

/* Inside of an order, so one at a time. */
static bool prepare(void)
{
	bool again = gotcha_program.batch_count > 0; /* after inger_shutdown() */
	uint32_t done = atomic_load(&shim_loads_done);

	if (again)
		gotcha_redo();
	if (!(again && beyond_fork) && !(gotcha_table_init() && gotcha_order(GOTCHA_PLAN, &gotcha_program))) {
		strcpy(why_not, gotcha_reason());
		shim_message("functions can't be isolated", "libsets", why_not);
		return false;
	}
	loads_seen = done;
	return true;
}

bool gotcha_prepare(void)
{
	if (SHIM_LIKELY(atomic_load_explicit(&prepared, memory_order_acquire) == 2))
		return true;
	if (prepared == 0) {
		if (!gotcha_order_begin(SHIM_LOADER_PATIENCE_NS))
			return false;
		if (prepared == 0)
			atomic_store_explicit(&prepared, prepare() ? 2 : 3, memory_order_release);
		gotcha_order_end();
	}
	if (prepared == 2)
		return true;
	gotcha_fail_as(ENOSYS, why_not);
	return false;
}

static bool grow(uint64_t patience_ns)
{
	if (!gotcha_order_begin(patience_ns))
		return false;
	/* A load that is counted from here on sets shim_modules_changed, too. */
	uint32_t done = atomic_load(&shim_loads_done);
	if (!gotcha_order(GOTCHA_GROW, &gotcha_program))
		shim_message("libraries are not copied", "libsets", gotcha_reason());
	loads_seen = done;
	gotcha_order_end();
	return true;
}

bool gotcha_loaded(void)
{
	struct gotcha_set *set = gotcha_here();

	if (atomic_load_explicit(&prepared, memory_order_acquire) != 2)
		return true;
	/* Said when somebody wants a libset; most children only go on with what the parent was. */
	if (beyond_fork) {
		stale = true;
		return true;
	}
	if (!grow(0))
		return false;
	if (set && set->plan == &gotcha_program && !gotcha_extend(set))
		shim_message("libraries are not copied", "libset", gotcha_reason());
	return true;
}

bool gotcha_is_current(void)
{
	if (atomic_load_explicit(&prepared, memory_order_acquire) != 2 || beyond_fork || loads_seen == shim_loads_done)
		return true;
	return grow(SHIM_LOADER_PATIENCE_NS);
}

/* Nothing is kept for further launches from inger_shutdown() on to the next of them. That one sets `prepared` before it empties the
 * list, so what the other thread has in hand meanwhile does not come into it afterwards. */
bool gotcha_put_ready(struct gotcha_set *set)
{
	shim_spin_take(&lock);
	bool wanted = prepared == 2;
	if (wanted) {
		set->next = ready;
		ready = set;
		gotcha_ready_count++;
	}
	shim_spin_drop(&lock);
	if (!wanted)
		gotcha_unmake(set, false);
	return wanted;
}

struct gotcha_set *gotcha_take(void)
{
	static _Atomic bool told;

	if (!gotcha_prepare())
		return NULL;
	if (atomic_exchange(&stale, false))
		shim_message("libraries are not copied", "libsets", "they were loaded in the child of a fork, where the Go runtime is not");
	shim_spin_take(&lock);
	struct gotcha_set *set = ready;
	if (set) {
		ready = set->next;
		gotcha_ready_count--;
	}
	shim_spin_drop(&lock);
	if (set && !gotcha_extend(set)) {
		gotcha_unmake(set, false);
		set = NULL;
	}
	if (!set)
		set = gotcha_make(&gotcha_program);
	if (!set) {
		if (!atomic_exchange(&told, true))
			shim_message("no libset for another isolated function", "libset", gotcha_reason());
		errno = EAGAIN;
		return NULL;
	}
	if (gotcha_ready_count < shim_config.libsets)
		gotcha_control_refill();
	return set;
}

/* Libsets whose code threads still run: mapped until those are found gone. */
static struct gotcha_set *_Atomic kept;

void gotcha_keep(struct gotcha_set *set)
{
	set->next = atomic_load(&kept);
	while (!atomic_compare_exchange_weak(&kept, &set->next, set))
		;
}

static void look_after_kept(void)
{
	struct gotcha_set *set = atomic_exchange(&kept, NULL), *next;

	for (; set; set = next) {
		next = set->next;
		if (own_threads_end(&set->owner, NULL, false))
			gotcha_unmake(set, false);
		else
			gotcha_keep(set);
	}
}

/* A call that was given up may have left its libset in any state: nobody uses it again. */
void gotcha_retire(struct gotcha_set *set)
{
	gotcha_retired_count++;
	SHIM_TRACE(TRACE_LIBSET, NULL, TRACE_RETIRED, set);
	gotcha_withdraw(set);
	if (SHIM_UNLIKELY(atomic_load(&kept) != NULL))
		look_after_kept();
	if ((set->owner.registered & REG_THREADS) || !gotcha_control_retire(set))
		gotcha_unmake(set, false);
}

void gotcha_drop_ready(void)
{
	for (;;) {
		shim_spin_take(&lock);
		struct gotcha_set *set = ready;
		if (set) {
			ready = set->next;
			gotcha_ready_count--;
		}
		shim_spin_drop(&lock);
		if (!set)
			return;
		gotcha_unmake(set, false);
	}
}

void gotcha_prepare_again(void)
{
	int planned = 2;

	atomic_compare_exchange_strong(&prepared, &planned, 0);
}

bool gotcha_is_forked(void)
{
	return beyond_fork;
}

/* In the child of a fork: another thread may have been in the middle of something here. */
void gotcha_forked(void)
{
	shim_spin_drop(&lock);
	beyond_fork = gotcha_program.batch_count > 0;
	gotcha_order_forked();
	gotcha_control_forked();
}
