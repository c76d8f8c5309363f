/* SPDX-License-Identifier: Apache-2.0 */
/* control.c - one thread that makes and unmakes libsets beside the program. It exists from the first isolated launch on that leaves
 * something to do.
 *
 * It runs constructors of copies, which may wait for anything, the dynamic linker included: so nobody waits for it. */
#include "libset.h"
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>

/* What waits for the thread has memory of its own: the pages that its functions wrote, of libraries with large tables megabytes
 * in each. Beyond this the thread that cancels unmakes them itself, so that what waits is bounded however little the thread
 * gets to run, or whatever a constructor waits for in there. */
#define RETIRED_MOST 32
#define RETIRED_BYTES ((uint64_t)8 << 20)
#define READY_MORE 4 /* renewed libsets that are kept beyond what was asked for */

static struct gotcha_set *_Atomic retired;
static _Atomic uint32_t retired_count;
static _Atomic uint64_t retired_bytes;
static _Atomic uint32_t knocks;
static _Atomic int running; /* 0 no, 1 being started, 2 yes */
static _Atomic bool refill;

static void make_ready(void)
{
	while (gotcha_ready_count < shim_config.libsets) {
		struct gotcha_set *set = gotcha_make(&gotcha_program);
		if (!set || !gotcha_put_ready(set))
			return;
	}
}

/* Woken by cancel() on the same processor, the thread is not to run before cancel() has returned. A real-time program's thread
 * stays one, as the program waits for it. */
static void give_way(void)
{
	struct sched_param none = {0};

	if (shim_syscall1(SYS_sched_getscheduler, 0) == SCHED_OTHER)
		shim_syscall3(SYS_sched_setscheduler, 0, SCHED_BATCH, &none);
}

static void *control(void *unused)
{
	(void)unused;
	pthread_setname_np(pthread_self(), "inger-libsets");
	give_way();
	for (;;) {
		uint32_t seen = atomic_load(&knocks);
		struct gotcha_set *set = atomic_exchange(&retired, NULL);
		while (set) {
			struct gotcha_set *next = set->next;
			uint64_t bytes = set->writable_bytes;
			if (gotcha_ready_count >= shim_config.libsets + (shim_config.libsets ? READY_MORE : 0))
				gotcha_unmake(set, false);
			else if (gotcha_renew(set))
				(void)gotcha_put_ready(set);
			atomic_fetch_sub(&retired_count, 1);
			atomic_fetch_sub(&retired_bytes, bytes);
			set = next;
		}
		if (atomic_exchange(&refill, false))
			make_ready();
		shim_syscall6(SYS_futex, (long)&knocks, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, (long)seen, 0, 0, 0);
	}
	return NULL;
}

/* Who finds it being started does without it. */
static bool start(void)
{
	int stopped = 0;

	if (atomic_load(&running) == 2)
		return true;
	if (!atomic_compare_exchange_strong(&running, &stopped, 1))
		return false;
	int error = shim_thread_start(control, 1 << 20);
	atomic_store(&running, error ? 0 : 2);
	return !error;
}

static void knock(void)
{
	atomic_fetch_add(&knocks, 1);
	shim_syscall3(SYS_futex, &knocks, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
}

/* Beside the program is worth no thread in a forked child. */
void gotcha_control_refill(void)
{
	if (gotcha_is_forked() || !start())
		return;
	atomic_store(&refill, true);
	knock();
}

/* False: the caller unmakes it himself. Who cancels faster than they are unmapped helps. */
bool gotcha_control_retire(struct gotcha_set *set)
{
	if (retired_count >= RETIRED_MOST || (retired_count && retired_bytes + set->writable_bytes > RETIRED_BYTES) || gotcha_is_forked() ||
	    !start())
		return false;
	atomic_fetch_add(&retired_count, 1);
	atomic_fetch_add(&retired_bytes, set->writable_bytes);
	set->next = atomic_load(&retired);
	while (!atomic_compare_exchange_weak(&retired, &set->next, set))
		;
	knock();
	return true;
}

void gotcha_control_forked(void)
{
	atomic_store(&running, 0);
	atomic_store(&retired, NULL);
	atomic_store(&retired_count, 0);
	atomic_store(&retired_bytes, 0);
	atomic_store(&refill, false);
}
