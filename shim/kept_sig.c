/* SPDX-License-Identifier: Apache-2.0 */
/* kept_sig.c - the program's signals of our number, on threads where it believes that blocked.
 *
 * Context      any thread, and its handlers.
 * May call     raw system calls. No libc.
 *
 * A thread that has launched never has SHIM_SIGNAL blocked. One of the program's that arrives where the program has it blocked
 * must stay pending, as in the kernel: it is kept here, with what its sender said, until a thread unblocks it (and gets it again)
 * or waits for it, or reads it from a signalfd (kept_fd_sig.c). Who waits is knocked at by a signal of ours. Pending for the process, not for a thread, and in the order
 * of arrival; when there are too many, the newest is lost, as where the kernel's queue is full. */
#include "shim.h"
#include <sys/syscall.h>

#pragma GCC target("general-regs-only")

#define KEPT_MAX 128
#define WAITERS_MAX 64

static siginfo_t kept[KEPT_MAX];
static uint32_t first, count; /* guarded by `busy` */
static atomic_flag busy = ATOMIC_FLAG_INIT;
static _Atomic int waiters[WAITERS_MAX]; /* thread ids; one that has left its wait by a jump or for good is knocked at in vain */

/* No handler may come in between: one of ours would wait for us. */
static uint64_t lock(void)
{
	uint64_t all = SHIM_ALL_SIGNALS, old = 0;

	shim_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, 8);
	while (atomic_flag_test_and_set_explicit(&busy, memory_order_acquire))
		shim_syscall0(SYS_sched_yield);
	return old;
}

static void unlock(uint64_t old)
{
	atomic_flag_clear_explicit(&busy, memory_order_release);
	shim_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, 8);
}

static void knock(int tid)
{
	siginfo_t info;

	__builtin_memset(&info, 0, sizeof info);
	info.si_signo = SHIM_SIGNAL;
	info.si_code = SI_QUEUE;
	info.si_value.sival_ptr = (void *)SHIM_SIGNAL_COOKIE;
	shim_syscall4(SYS_rt_tgsigqueueinfo, shim_pid, tid, SHIM_SIGNAL, &info);
}

/* What the thread's own TCB says holds in its calls, too. */
bool shim_kept_hides(const struct shim_thread *t)
{
	if (!t)
		return false;
	const struct shim_tls *own = (const void *)(t->fs + ((uint64_t)&shim_tls - shim_fs()));
	return shim_tls.mask_hides_signal || own->mask_hides_signal;
}

bool shim_kept_any(void)
{
	return __atomic_load_n(&count, __ATOMIC_ACQUIRE) != 0 || shim_kept_fd_any();
}

/* The lock is held. */
static void add(const siginfo_t *info)
{
	if (shim_kept_fd_is()) {
		(void)shim_kept_fd_add(info);
	} else if (count < KEPT_MAX) {
		kept[(first + count) % KEPT_MAX] = *info;
		__atomic_store_n(&count, count + 1, __ATOMIC_RELEASE);
	}
}

static bool take(siginfo_t *info)
{
	if (!count)
		return false;
	*info = kept[first];
	first = (first + 1) % KEPT_MAX;
	__atomic_store_n(&count, count - 1, __ATOMIC_RELEASE);
	return true;
}

void shim_kept_add(const siginfo_t *info)
{
	uint64_t mask = lock();

	add(info);
	unlock(mask);
	for (unsigned i = 0; i < WAITERS_MAX; i++) {
		int tid = atomic_load(&waiters[i]);
		if (tid)
			knock(tid);
	}
}

bool shim_kept_take(siginfo_t *info)
{
	if (!shim_kept_any())
		return false;
	uint64_t mask = lock();
	bool some = take(info) || shim_kept_fd_take(info);
	unlock(mask);
	return some;
}

/* What is kept already moves there: from now on that is where everybody looks. */
long shim_kept_signalfd(int flags)
{
	siginfo_t info;
	uint64_t mask = lock();
	long fd = shim_kept_fd_open(flags);

	while (fd >= 0 && take(&info))
		(void)shim_kept_fd_add(&info);
	unlock(mask);
	return fd;
}

/* Not in a call whose thread has it blocked outside: there it would be kept again, and again. */
void shim_kept_deliver(void)
{
	siginfo_t info;
	long tid = shim_syscall0(SYS_gettid);

	while (!shim_kept_hides(shim_tls.thread) && shim_kept_take(&info))
		shim_syscall4(SYS_rt_tgsigqueueinfo, shim_pid, tid, SHIM_SIGNAL, &info);
}

/* From now on this thread is knocked at. Looked for what is kept after that, nothing is missed. */
_Atomic int *shim_kept_wait_begin(void)
{
	int tid = (int)shim_syscall0(SYS_gettid);

	for (unsigned i = 0; i < WAITERS_MAX; i++) {
		int none = 0;
		if (atomic_load(&waiters[i]) == tid || atomic_compare_exchange_strong(&waiters[i], &none, tid))
			return &waiters[i];
	}
	return NULL;
}

/* A child inherits no pending signals. */
void shim_kept_forked(void)
{
	atomic_flag_clear(&busy);
	first = count = 0;
	shim_kept_fd_forked();
	for (unsigned i = 0; i < WAITERS_MAX; i++)
		atomic_store(&waiters[i], 0);
}
