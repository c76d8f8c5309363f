/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_mask.c - signal masks, with our signal taken out and, towards the program, put back in.
 *
 * Only on threads that have launched: on others a mask is the kernel's and the program's, our signal in it like any other, and
 * nothing here does anything. */
#include "shim.h"
#include "limit.h"
#include <errno.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>

typedef int mask_function(int, const sigset_t *, sigset_t *);

SHIM_SLOT(sigprocmask);
SHIM_SLOT(pthread_sigmask);
SHIM_SLOT(sigblock);
SHIM_SLOT(sigsetmask);
SHIM_SLOT(sighold);
SHIM_SLOT(sigrelse);
SHIM_SLOT(sigpending);
SHIM_SLOT(signalfd);
SHIM_SLOT(sigaltstack);

/* A signal mask is a kernel thread's. What a call makes of it is the call's while it runs: at a pause the resumer gets its
 * own back, and a cancelled call's is gone. One that returns leaves it as any function would. */
void shim_mask_note(struct shim_call *call)
{
	/* In a handler of the program the mask is the handler's, and gone with it. */
	if (!call || call->mask_changed || (call->adopted ? call->thread->interrupted.handlers : call->interrupted.handlers))
		return;
	if (call->adopted) {
		shim_limit_note_mask(call);
		return;
	}
	/* The mask that is read is this thread's. */
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	shim_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &call->outer_mask, 8);
	call->mask_changed = true;
	shim_defer_end(call, deferred);
}

/* The call is not on the thread any more where a signal of its was pending when it was paused. Only that thread can unblock it, and
 * does so the next time it launches, resumes, cancels or ends. */
static void unblock_there(struct shim_call *call)
{
	if (call->kept_thread->in_use && call->kept_thread->tid == call->kept_tid)
		atomic_fetch_or(&call->kept_thread->unblock, call->kept_mask);
}

void shim_mask_unblock(struct shim_thread *t)
{
	uint64_t signals = atomic_exchange(&t->unblock, 0);

	shim_syscall4(SYS_rt_sigprocmask, SIG_UNBLOCK, &signals, NULL, 8);
}

static bool was_kept_on(const struct shim_call *call, const struct shim_thread *t)
{
	return call->kept_thread == t && call->kept_tid == t->tid;
}

void shim_mask_enter(struct shim_call *call)
{
	shim_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, &call->mask, &call->outer_mask, 8);
	if (was_kept_on(call, call->thread))
		call->outer_mask &= ~call->kept_mask;
	else if (call->kept_mask)
		unblock_there(call);
	call->kept_mask = 0;
}

/* A signal that is pending and that the call has blocked stays blocked: the resumer must not get what is the call's. */
void shim_mask_leave(struct shim_call *call)
{
	uint64_t pending = 0, mask;

	if (call->state != SHIM_PAUSING)
		return;
	shim_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &call->mask, 8);
	shim_syscall2(SYS_rt_sigpending, &pending, 8);
	call->kept_mask = call->mask & pending & ~call->outer_mask;
	call->kept_thread = call->thread;
	call->kept_tid = call->thread->tid;
	mask = call->outer_mask | call->kept_mask;
	shim_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8);
}

/* The call has ended without returning; what it had blocked is delivered now. */
void shim_mask_drop(struct shim_thread *t, struct shim_call *call)
{
	if (call->kept_mask && was_kept_on(call, t))
		shim_syscall4(SYS_rt_sigprocmask, SIG_UNBLOCK, &call->kept_mask, NULL, 8);
	else if (call->kept_mask)
		unblock_there(call);
	call->kept_mask = 0;
	call->mask_changed = false;
}

/* The clock stands still meanwhile. */
void shim_mask_as_believed(bool inherited)
{
	uint64_t ours = SHIM_SIGNAL_BIT;

	if (SHIM_UNLIKELY(shim_tls.thread && shim_kept_hides(shim_tls.thread)))
		shim_syscall4(SYS_rt_sigprocmask, inherited ? SIG_BLOCK : SIG_UNBLOCK, &ours, NULL, 8);
}

static bool in_handler(void)
{
	const struct shim_call *call = shim_tls.call;

	if (call && !call->adopted)
		return call->interrupted.handlers != 0;
	return shim_tls.thread && shim_tls.thread->interrupted.handlers;
}

static int change_mask(mask_function *real, int how, const sigset_t *set, sigset_t *old)
{
	if (!shim_tls.thread)
		return real(how, set, old);
	if (set)
		shim_mask_note(shim_tls.call);
	bool hid = shim_tls.mask_hides_signal, named = false;
	sigset_t wanted;

	if (set) {
		uint64_t bits = *(const uint64_t *)set;
		named = bits & SHIM_SIGNAL_BIT;
		*shim_mask_bits(&wanted) = bits & ~SHIM_SIGNAL_BIT & ~shim_relay_bit;
		if (how == SIG_SETMASK && in_handler())
			*shim_mask_bits(&wanted) |= SHIM_SIGNAL_BIT; /* as it is in every handler */
	}
	int result = real(how, set ? &wanted : NULL, old);
	if (result != 0)
		return result;
	if (set && (named || how == SIG_SETMASK))
		shim_tls.mask_hides_signal = named && how != SIG_UNBLOCK;
	if (SHIM_UNLIKELY(hid && !shim_tls.mask_hides_signal))
		shim_kept_deliver();
	if (old)
		*shim_mask_bits(old) = (*shim_mask_bits(old) & ~SHIM_SIGNAL_BIT) | (hid ? SHIM_SIGNAL_BIT : 0);
	return 0;
}

SHIM_EXPORT int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	return change_mask(SHIM_REAL(mask_function *, sigprocmask), how, set, old);
}

SHIM_EXPORT int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	return change_mask(SHIM_REAL(mask_function *, pthread_sigmask), how, set, old);
}

/* BSD masks have 32 bits and never hold our signal. */
SHIM_EXPORT int sigblock(int mask)
{
	shim_mask_note(shim_tls.call);
	return SHIM_REAL(int (*)(int), sigblock)(mask);
}
SHIM_EXPORT int sigsetmask(int mask)
{
	shim_mask_note(shim_tls.call);
	bool hid = shim_tls.mask_hides_signal;
	shim_tls.mask_hides_signal = false;
	int result = SHIM_REAL(int (*)(int), sigsetmask)(mask);
	if (hid)
		shim_kept_deliver();
	return result;
}

static int change_one(int how, int sig)
{
	sigset_t set;

	if (sig < 1 || sig >= _NSIG) {
		errno = EINVAL;
		return -1;
	}
	*shim_mask_bits(&set) = 1ull << (sig - 1);
	return sigprocmask(how, &set, NULL);
}

SHIM_EXPORT int sighold(int sig)
{
	return change_one(SIG_BLOCK, sig);
}
SHIM_EXPORT int sigrelse(int sig)
{
	return change_one(SIG_UNBLOCK, sig);
}

SHIM_EXPORT int sigpending(sigset_t *set)
{
	int result = SHIM_REAL(int (*)(sigset_t *), sigpending)(set);

	if (result == 0 && shim_tls.thread)
		*shim_mask_bits(set) &= ~SHIM_SIGNAL_BIT;
	if (result == 0 && shim_actions_taken && shim_kept_any())
		*shim_mask_bits(set) |= SHIM_SIGNAL_BIT;
	return result;
}

/* What can't be blocked, and what the kernel's signalfd() leaves out. */
#define SHIM_NEVER_BLOCKED (1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1))

SHIM_EXPORT int signalfd(int fd, const sigset_t *mask, int flags)
{
	bool only_ours = (*(const uint64_t *)mask & ~SHIM_NEVER_BLOCKED) == SHIM_SIGNAL_BIT && fd == -1 &&
		shim_actions_taken && !(flags & ~(SFD_CLOEXEC | SFD_NONBLOCK));
	sigset_t wanted;

	if (!shim_tls.thread && !only_ours)
		return SHIM_REAL(int (*)(int, const sigset_t *, int), signalfd)(fd, mask, flags);
	*shim_mask_bits(&wanted) = *(const uint64_t *)mask & ~SHIM_SIGNAL_BIT;
	struct shim_call *call = shim_tls.call;
	bool began = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = fd == -1 ? own_here(call, began) : NULL;
	int result = -1;
	if (!owner || own_fd_allowed(owner)) {
		long made = only_ours ? shim_kept_signalfd(flags) : 0;
		if (made < 0)
			errno = (int)-made;
		result = !only_ours ? SHIM_REAL(int (*)(int, const sigset_t *, int), signalfd)(fd, &wanted, flags) : made < 0 ? -1 : (int)made;
	}
	if (owner && result >= 0)
		result = own_fd_made(owner, result);
	shim_defer_end(call, began);
	return result;
}

/* ---- the alternate stack
 *
 * It is the kernel thread's, and a function's is in memory that goes when the function is cancelled, or must not be used by
 * two threads at once: so a call that has set one has it only while it runs, as it has its mask.
 * And a thread's never goes to another thread, where two handlers would run on the one stack: neither ours for overflow reports,
 * which a call that has switched its own off has as everybody, nor what the function saw before it set its own and puts
 * back, wherever it then runs. */

static bool is_ours(const struct shim_thread *t, const stack_t *stack)
{
	return t && t->fault_stack && stack->ss_sp == t->fault_stack;
}

/* As the program sees it: ours is none. */
static void hide_ours(const struct shim_thread *t, stack_t *stack)
{
	if (is_ours(t, stack) && !(stack->ss_flags & SS_ONSTACK))
		*stack = (stack_t){.ss_flags = SS_DISABLE};
}

static void set_altstack(const struct shim_thread *t, const stack_t *stack)
{
	stack_t set = *stack;

	set.ss_flags &= ~SS_ONSTACK;
	if (set.ss_flags & SS_DISABLE && t && t->fault_stack)
		set = (stack_t){.ss_sp = t->fault_stack, .ss_size = SHIM_FAULT_STACK_BYTES};
	shim_syscall2(SYS_sigaltstack, &set, NULL);
}

static void note_altstack(struct shim_call *call)
{
	if (!call || call->altstack_changed || call->adopted || call->interrupted.handlers)
		return;
	shim_syscall2(SYS_sigaltstack, NULL, &call->outer_altstack);
	call->seen_altstack = call->outer_altstack;
	hide_ours(call->thread, &call->seen_altstack);
	call->altstack_changed = true;
}

/* Whether the function puts back what it saw before it set its own. */
static bool puts_back(const struct shim_call *call, const stack_t *wanted)
{
	const stack_t *seen = &call->seen_altstack;

	if (!call->altstack_changed || call->interrupted.handlers)
		return false;
	if ((wanted->ss_flags | seen->ss_flags) & SS_DISABLE)
		return wanted->ss_flags & seen->ss_flags & SS_DISABLE;
	return wanted->ss_sp == seen->ss_sp && wanted->ss_size == seen->ss_size;
}

void shim_altstack_enter(struct shim_call *call)
{
	shim_syscall2(SYS_sigaltstack, NULL, &call->outer_altstack);
	set_altstack(call->thread, &call->altstack);
}

/* Paused: the thread has its own again. One that returned has left it for the thread, or for the call that it was inside of,
 * unless it is where the next call runs. */
void shim_altstack_leave(struct shim_call *call)
{
	struct shim_call *parent = call->parent;
	stack_t now;

	shim_syscall2(SYS_sigaltstack, NULL, &now);
	call->altstack = now;
	hide_ours(call->thread, &call->altstack);
	if (call->state == SHIM_PAUSING) {
		set_altstack(call->thread, &call->outer_altstack);
		return;
	}
	call->altstack_changed = false;
	if (call->state != SHIM_DONE || (uint64_t)now.ss_sp - (uint64_t)call->map < call->map_bytes) {
		set_altstack(call->thread, &call->outer_altstack);
	} else if (parent && !parent->altstack_changed && !parent->adopted) {
		parent->outer_altstack = call->outer_altstack;
		parent->seen_altstack = call->seen_altstack;
		parent->altstack_changed = true;
	}
}

/* The alternate stack that we gave a thread for overflow reports is not the program's: it sees none. */
SHIM_EXPORT int sigaltstack(const stack_t *wanted, stack_t *old)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME); /* it is the kernel thread's */
	struct shim_thread *t = shim_tls.thread;
	stack_t now;

	if (wanted)
		note_altstack(call);
	int result = SHIM_REAL(int (*)(const stack_t *, stack_t *), sigaltstack)(wanted, &now);
	if (result == 0 && wanted && call && puts_back(call, wanted)) {
		set_altstack(t, &call->outer_altstack);
		call->altstack_changed = false;
	} else if (result == 0 && wanted && wanted->ss_flags & SS_DISABLE && t && t->fault_stack) {
		set_altstack(t, wanted); /* back to ours */
	}
	if (result == 0 && old) {
		hide_ours(t, &now);
		*old = now;
	}
	shim_defer_end(call, deferred);
	return result;
}
