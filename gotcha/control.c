/* SPDX-License-Identifier: Apache-2.0 */
/* control.c - one thread that does what calls can't do themselves: it runs Go (plans), and makes and unmakes libsets
 * beside the program. It exists from the first isolated launch on.
 *
 * Go needs a kernel thread's own TCB and a stack whose bounds libc knows; a call has neither. And who asks may be in the
 * middle of a launch: waiting for another thread is the one thing that is always possible there. */
#include "libset.h"
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>

#define RETIRED_MOST 32
#define READY_MORE 4 /* renewed libsets that are kept beyond what was asked for */

struct order {
	struct order *next;
	enum gotcha_order what;
	void *argument;
	int error;
	char reason[256];
	_Atomic uint32_t done;
};

extern int gotcha_go_plan(struct gotcha_plan *plan);    /* plan.go: 0 or an errno; also later, for objects that came since */
extern int gotcha_go_library(void *request);            /* library.go */

extern int gotcha_go_limits(void *request);             /* limit.go: a struct shim_limit_request */

static struct order *_Atomic orders;
static struct gotcha_set *_Atomic retired;
static _Atomic uint32_t retired_count;
static _Atomic uint32_t knocks;
static _Atomic int running; /* 0 no, 1 being started, 2 yes */
static _Atomic bool refill;
static pthread_t control_thread; /* set by itself, before anybody could be it */

static pthread_mutex_t looking = PTHREAD_MUTEX_INITIALIZER;

void gotcha_fork_begins(void)
{
	pthread_mutex_lock(&looking);
}

void gotcha_fork_is_over(void)
{
	pthread_mutex_unlock(&looking);
}

static void wait_for(_Atomic uint32_t *word, uint32_t value)
{
	shim_syscall6(SYS_futex, (long)word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, (long)value, 0, 0, 0);
}

static void wake(_Atomic uint32_t *word)
{
	shim_syscall3(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
}

extern void *shim_real_dlopen;
extern void *shim_real_dl_iterate_phdr;

/* Copies use the original's thread-local variables and shared data: what they were made from stays loaded. */
static void pin(const struct gotcha_plan *plan, uint32_t first)
{
	for (uint32_t n = first; n < plan->batch_count; n++)
		for (uint64_t i = 0; i < plan->batches[n]->member_count; i++) {
			const struct gotcha_member *m = &plan->batches[n]->members[i];
			if (m->pin && ((void *(*)(const char *, int))shim_real_dlopen)(m->path, RTLD_NOLOAD | RTLD_LAZY) != m->map)
				shim_message("a library that is copied may be unloaded", m->path, "dlopen");
		}
}

static int obey_locked(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct order *o = arg;

	(void)info;
	(void)size;
	switch (o->what) {
	case GOTCHA_PLAN:
	case GOTCHA_GROW: o->error = gotcha_go_plan(o->argument); break;
	case GOTCHA_LIMITS: o->error = gotcha_go_limits(o->argument); break;
	case GOTCHA_LIBRARY: o->error = gotcha_go_library(o->argument); break;
	default: o->error = EINVAL;
	}
	return 1;
}

void gotcha_with_objects(int (*look)(struct dl_phdr_info *, size_t, void *), void *argument)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);

	if (!shim_real_dl_iterate_phdr)
		shim_resolve_all();
	/* A fork now would leave the linker's lock held in the child. */
	pthread_mutex_lock(&looking);
	((int (*)(int (*)(struct dl_phdr_info *, size_t, void *), void *))shim_real_dl_iterate_phdr)(look, argument);
	pthread_mutex_unlock(&looking);
	shim_defer_end(call, deferred);
}

/* dl_iterate_phdr() keeps objects from coming and going while Go looks at them. */
static int obey(struct order *o)
{
	uint32_t first = gotcha_program.batch_count;

	/* A fork now would leave the linker's lock held in the child. */
	pthread_mutex_lock(&looking);
	bool go = shim_go_start();
	if (go)
		((int (*)(int (*)(struct dl_phdr_info *, size_t, void *), void *))shim_real_dl_iterate_phdr)(obey_locked, o);
	pthread_mutex_unlock(&looking);
	if (!go) {
		gotcha_fail(ENOSYS, "libsets", "the Go runtime is not to be had: not in the child of a process that had it running, nor with little address space");
		return ENOSYS;
	}
	pin(&gotcha_program, first);
	return o->error;
}

static void make_ready(void)
{
	while (gotcha_ready_count < shim_config.libsets) {
		struct gotcha_set *set = gotcha_make(&gotcha_program);
		if (!set)
			return;
		gotcha_put_ready(set);
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
	control_thread = pthread_self();
	for (;;) {
		uint32_t seen = atomic_load(&knocks);
		struct order *o = atomic_exchange(&orders, NULL);
		while (o) {
			struct order *next = o->next; /* o is gone once it is done */
			o->error = obey(o);
			if (o->error)
				memcpy(o->reason, gotcha_reason(), sizeof o->reason);
			atomic_store(&o->done, 1);
			wake(&o->done);
			o = next;
		}
		struct gotcha_set *set = atomic_exchange(&retired, NULL);
		while (set) {
			struct gotcha_set *next = set->next;
			if (gotcha_ready_count >= shim_config.libsets + (shim_config.libsets ? READY_MORE : 0))
				gotcha_unmake(set, false);
			else if (gotcha_renew(set))
				gotcha_put_ready(set);
			atomic_fetch_sub(&retired_count, 1);
			set = next;
		}
		if (atomic_exchange(&refill, false))
			make_ready();
		wait_for(&knocks, seen);
	}
	return NULL;
}

static bool start(void)
{
	int stopped = 0;

	if (atomic_load(&running) == 2)
		return true;
	if (!atomic_compare_exchange_strong(&running, &stopped, 1)) {
		while (atomic_load(&running) == 1)
			shim_syscall0(SYS_sched_yield);
		return atomic_load(&running) == 2;
	}
	int error = shim_thread_start(control, 1 << 20);
	atomic_store(&running, error ? 0 : 2);
	if (error)
		gotcha_fail(error, "libsets", "their thread was not created");
	return !error;
}

/* False with errno: not done, or with !wait not even accepted. */
bool gotcha_control(enum gotcha_order what, void *argument, bool wait)
{
	struct order order = {.what = what, .argument = argument};

	/* Making and unmaking beside the program is worth no thread in a forked child. */
	if (!wait && atomic_load(&running) != 2)
		return false;
	/* Who cancels faster than they are unmapped helps. */
	if (what == GOTCHA_RETIRE && retired_count >= RETIRED_MOST)
		return false;
	if (!start())
		return false;
	/* A constructor of a copy that is made here opens a library. */
	if (wait && pthread_equal(pthread_self(), control_thread)) {
		errno = obey(&order);
		return errno == 0;
	}
	if (what == GOTCHA_REFILL) {
		atomic_store(&refill, true);
	} else if (what == GOTCHA_RETIRE) {
		struct gotcha_set *set = argument;
		atomic_fetch_add(&retired_count, 1);
		set->next = atomic_load(&retired);
		while (!atomic_compare_exchange_weak(&retired, &set->next, set))
			;
	} else {
		order.next = atomic_load(&orders);
		while (!atomic_compare_exchange_weak(&orders, &order.next, &order))
			;
	}
	atomic_fetch_add(&knocks, 1);
	wake(&knocks);
	if (!wait)
		return true;
	while (!atomic_load(&order.done))
		wait_for(&order.done, 0);
	if (order.error)
		gotcha_fail_as(order.error, order.reason);
	return order.error == 0;
}

void gotcha_control_forked(void)
{
	atomic_store(&running, 0);
	atomic_store(&orders, NULL);
	atomic_store(&retired, NULL);
	atomic_store(&retired_count, 0);
	atomic_store(&refill, false);
}
