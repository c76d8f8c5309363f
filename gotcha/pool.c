/* SPDX-License-Identifier: Apache-2.0 */
/* pool.c - libsets that are ready for the next launch, and what becomes of those that cancelled calls leave behind. */
#include "libset.h"
#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>

struct gotcha_plan gotcha_program;
struct gotcha_set *_Atomic gotcha_sets;
_Atomic uint32_t gotcha_ready_count;
_Atomic uint64_t gotcha_made_count, gotcha_retired_count;

static struct gotcha_set *ready;
static atomic_flag lock = ATOMIC_FLAG_INIT;
static _Atomic int prepared; /* 0 not yet, 1 under way, 2 there is a plan, 3 there can't be one */
static bool beyond_fork;   /* the plan came along in a fork, the Go runtime did not: no more batches */
static _Atomic bool stale; /* and libraries were loaded since */

static void take_lock(void)
{
	while (atomic_flag_test_and_set_explicit(&lock, memory_order_acquire))
		shim_syscall0(SYS_sched_yield);
}

static void drop_lock(void)
{
	atomic_flag_clear_explicit(&lock, memory_order_release);
}

bool gotcha_prepare(void)
{
	int expected = 0;

	if (SHIM_LIKELY(atomic_load_explicit(&prepared, memory_order_acquire) == 2))
		return true;
	if (atomic_compare_exchange_strong(&prepared, &expected, 1)) {
		bool again = gotcha_program.batch_count > 0; /* after inger_shutdown() */
		if (again)
			gotcha_redo();
		bool good = (again && beyond_fork) || (gotcha_table_init() && gotcha_control(GOTCHA_PLAN, &gotcha_program, true));
		if (!good)
			shim_message("functions can't be isolated", "libsets", gotcha_reason());
		atomic_store_explicit(&prepared, good ? 2 : 3, memory_order_release);
	}
	while (atomic_load_explicit(&prepared, memory_order_acquire) == 1)
		shim_syscall0(SYS_sched_yield);
	if (prepared == 2)
		return true;
	errno = ENOSYS;
	return false;
}

/* Objects have come: the plan learns of them, and the caller's libset gets its copies. */
void gotcha_loaded(void)
{
	struct gotcha_set *set = gotcha_here();

	if (atomic_load_explicit(&prepared, memory_order_acquire) != 2)
		return;
	/* Said when somebody wants a libset; most children only go on with what the parent was. */
	if (beyond_fork) {
		stale = true;
		return;
	}
	if (!gotcha_control(GOTCHA_GROW, &gotcha_program, true))
		shim_message("libraries are not copied", "libsets", gotcha_reason());
	if (set && set->plan == &gotcha_program && !gotcha_extend(set))
		shim_message("libraries are not copied", "libset", gotcha_reason());
}

void gotcha_put_ready(struct gotcha_set *set)
{
	take_lock();
	set->next = ready;
	ready = set;
	gotcha_ready_count++;
	drop_lock();
}

struct gotcha_set *gotcha_take(void)
{
	static _Atomic bool told;

	if (!gotcha_prepare())
		return NULL;
	if (atomic_exchange(&stale, false))
		shim_message("libraries are not copied", "libsets", "they were loaded in the child of a fork, where the Go runtime is not");
	take_lock();
	struct gotcha_set *set = ready;
	if (set) {
		ready = set->next;
		gotcha_ready_count--;
	}
	drop_lock();
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
		(void)gotcha_control(GOTCHA_REFILL, NULL, false);
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
	if ((set->owner.registered & REG_THREADS) || !gotcha_control(GOTCHA_RETIRE, set, false))
		gotcha_unmake(set, false);
}

void gotcha_drop_ready(void)
{
	for (;;) {
		take_lock();
		struct gotcha_set *set = ready;
		if (set) {
			ready = set->next;
			gotcha_ready_count--;
		}
		drop_lock();
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

/* In the child of a fork: another thread may have been in the middle of something here. */
void gotcha_forked(void)
{
	drop_lock();
	if (prepared == 1)
		prepared = 3;
	beyond_fork = gotcha_program.batch_count > 0;
	gotcha_fork_is_over();
	gotcha_control_forked();
}
