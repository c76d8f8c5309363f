/* SPDX-License-Identifier: Apache-2.0 */
/* order.c - one thread that runs Go, which reads the loaded objects and makes plans. It exists from the first order on.
 *
 * Go needs a kernel thread's own TCB and a stack whose bounds libc knows; a call has neither. So somebody asks, and waits. Who
 * asks has the linker's load lock and *looking* (shim/loader.h), for the thread that works: objects neither come nor go, all
 * are relocated, and no fork() sees a plan half made. The thread takes no lock of the linker's itself: it could not, as the
 * asker may be a constructor in dlopen(). For the same reason it runs nothing of the program's but what stands before libc's
 * functions (shim_loader_lent), and is not the thread that makes libsets (control.c), whose copies' constructors may wait for the
 * linker. */
#include "libset.h"
#include "../shim/loader.h"
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <linux/futex.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>

struct order {
	enum gotcha_order what;
	void *argument;
	int error;
	char reason[256];
};

extern int gotcha_go_plan(struct gotcha_plan *plan); /* plan.go: 0 or an errno; also later, for objects that came since */
extern int gotcha_go_library(void *request);         /* library.go: a struct gotcha_library */
extern int gotcha_go_limits(void *request);          /* limit.go: a struct shim_limit_request */

/* Written under *looking*. */
static bool running;
static struct order *current;
static _Atomic uint32_t asked, answered; /* how many orders */
static uint64_t saved_mask;
static uint32_t begun;

static void wait_for(_Atomic uint32_t *word, uint32_t value)
{
	shim_syscall6(SYS_futex, (long)word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, (long)value, 0, 0, 0);
}

static void wake(_Atomic uint32_t *word)
{
	shim_syscall3(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
}

static int obey(const struct order *o)
{
	if (!shim_go_start()) {
		gotcha_fail(ENOSYS, "libsets", "the Go runtime is not to be had: not in the child of a process that had it running, nor with little address space");
		return ENOSYS;
	}
	switch (o->what) {
	case GOTCHA_PLAN:
	case GOTCHA_GROW: return gotcha_go_plan(o->argument);
	case GOTCHA_LIMITS: return gotcha_go_limits(o->argument);
	case GOTCHA_LIBRARY: return gotcha_go_library(o->argument);
	}
	return EINVAL;
}

static void *plans(void *unused)
{
	uint32_t done = atomic_load(&answered);

	(void)unused;
	pthread_setname_np(pthread_self(), "inger-plans");
	for (;;) {
		while (atomic_load(&asked) == done)
			wait_for(&asked, done);
		struct order *o = current;
		o->error = obey(o);
		if (o->error)
			memcpy(o->reason, gotcha_reason(), sizeof o->reason);
		atomic_store(&answered, ++done);
		wake(&answered);
	}
	return NULL;
}

extern void *shim_real_dlopen;

/* Copies use the original's thread-local variables and shared data: what they were made from stays loaded. */
static void pin(const struct gotcha_plan *plan, uint32_t first)
{
	for (uint32_t n = first; n < plan->batch_count; n++)
		for (uint64_t i = 0; i < plan->batches[n]->member_count; i++) {
			const struct gotcha_member *m = &plan->batches[n]->members[i];
			const char *name = m->map->l_name; /* its own word for itself: the file may be gone */
			if (m->pin && ((void *(*)(const char *, int))shim_real_dlopen)(name, RTLD_NOLOAD | RTLD_LAZY) != m->map)
				shim_message("a library that is copied may be unloaded", m->path, "dlopen");
		}
}

/* A handler of the program that comes in between could leave by longjmp(), or launch. */
bool gotcha_order_begin(uint64_t patience_ns)
{
	uint64_t all = SHIM_ALL_SIGNALS, mask;

	if (!shim_loader_enter(patience_ns)) {
		gotcha_fail(EAGAIN, "the dynamic linker", "another thread is in dlopen() or dlclose(), or this one is in a callback of the linker's");
		return false;
	}
	if (shim_loader_closing) {
		shim_loader_leave();
		gotcha_fail(EAGAIN, "the dynamic linker", "a destructor that dlclose() runs can't have libraries copied: some are about to go");
		return false;
	}
	if (begun++ == 0) {
		shim_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask, 8);
		saved_mask = mask;
	}
	return true;
}

void gotcha_order_end(void)
{
	uint64_t mask = saved_mask;
	bool last = --begun == 0;

	shim_loader_leave();
	if (last)
		shim_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8);
}

bool gotcha_order(enum gotcha_order what, void *argument)
{
	struct order order = {.what = what, .argument = argument};
	uint32_t first = gotcha_program.batch_count;
	int error = 0;

	if (!shim_look_begin()) {
		gotcha_fail(ENOSYS, "libsets", "the dynamic linker's locks are not where they were, or this is the child of a vfork()");
		return false;
	}
	if (!running) {
		error = shim_thread_start(plans, 1 << 20);
		running = error == 0;
	}
	if (error) {
		gotcha_fail(error, "libsets", "the thread that makes plans was not created: %s", strerrordesc_np(error));
	} else {
		uint32_t before = atomic_load(&answered);
		current = &order;
		atomic_store(&shim_loader_lent, true);
		atomic_fetch_add(&asked, 1);
		wake(&asked);
		while (atomic_load(&answered) == before)
			wait_for(&answered, before);
		atomic_store(&shim_loader_lent, false);
		if (order.error)
			gotcha_fail_as(order.error, order.reason);
		error = order.error;
		pin(&gotcha_program, first);
	}
	shim_look_end();
	errno = error;
	return error == 0;
}

/* In the child of a fork. A fork waits for *looking*, so no order was under way, except one that the forking thread itself is in:
 * in a handler that is never let in. */
void gotcha_order_forked(void)
{
	running = false;
	atomic_store(&shim_loader_lent, false);
	atomic_store(&answered, atomic_load(&asked));
	begun = 0;
}
