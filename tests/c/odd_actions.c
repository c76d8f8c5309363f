/* SPDX-License-Identifier: Apache-2.0 */
/* odd_actions.c - signal actions and masks that a program looks at: what sigaction() tells before and after a delivery is what the
 * kernel would tell, and until something is launched the kernel has exactly what the program has set. */
#include "helpers.h"
#include <signal.h>
#include <sys/syscall.h>

/* siginterrupt() and its like are what this is about. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

/* The kernel's own view. */
struct kernel_action {
	void *handler;
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};
#define FROM_LIBC 0x04000000ul /* SA_RESTORER */

static struct kernel_action kernel_has(int sig)
{
	struct kernel_action a = {0};

	if (syscall(SYS_rt_sigaction, sig, NULL, &a, 8) != 0)
		bail("rt_sigaction");
	a.flags &= ~FROM_LIBC;
	return a;
}

static uint64_t kernel_mask(void)
{
	uint64_t mask = 0;

	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
	return mask;
}

static struct sigaction seen;
static volatile int runs;

static void looks(int sig)
{
	runs++;
	sigaction(sig, NULL, &seen);
}

static void takes(int sig, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	looks(sig);
}

static uint64_t bits(const sigset_t *set)
{
	return *(const uint64_t *)set;
}

static int is_action(const struct sigaction *a, void *handler, unsigned long flags, uint64_t mask)
{
	int same = (void *)a->sa_handler == handler && ((unsigned long)(unsigned)a->sa_flags & ~FROM_LIBC) == flags && bits(&a->sa_mask) == mask;

	if (!same)
		diag("handler %p of %p, flags %x of %lx, mask %llx of %llx", (void *)a->sa_handler, handler, a->sa_flags, flags,
		     (unsigned long long)bits(&a->sa_mask), (unsigned long long)mask);
	return same;
}

/* Every combination of flags, with and without siginfo, before, in and after the handler. */
static int all_flags(int sig)
{
	static const unsigned long flags[] = {SA_RESTART, SA_NODEFER, SA_ONSTACK, SA_RESETHAND, SA_SIGINFO, SA_NOCLDSTOP};
	int wrong = 0;

	for (unsigned n = 0; n < 64; n++) {
		struct sigaction a, old;
		unsigned long want = 0;
		memset(&a, 0, sizeof a);
		for (unsigned i = 0; i < 6; i++)
			want |= n >> i & 1 ? flags[i] : 0;
		a.sa_flags = (int)want;
		if (want & SA_SIGINFO)
			a.sa_sigaction = takes;
		else
			a.sa_handler = looks;
		void *handler = (void *)a.sa_handler;
		sigaddset(&a.sa_mask, SIGHUP);
		if (n & 8)
			sigaddset(&a.sa_mask, 63);
		uint64_t mask = bits(&a.sa_mask);
		sigaction(sig, &a, NULL);
		sigaction(sig, NULL, &old);
		wrong += !is_action(&old, handler, want, mask);
		runs = 0;
		raise(sig);
		if (runs != 1)
			diag("flags %lx: the handler ran %d times", want, runs);
		wrong += runs != 1;
		if (want & SA_RESETHAND)
			handler = (void *)SIG_DFL;
		wrong += !is_action(&seen, handler, want, mask);
		sigaction(sig, NULL, &old);
		wrong += !is_action(&old, handler, want, mask);
		/* Another action of the program's in place of it, without one of ours. */
		memset(&a, 0, sizeof a);
		a.sa_handler = n & 1 ? SIG_IGN : SIG_DFL;
		a.sa_flags = SA_RESTART | SA_NODEFER;
		sigaction(sig, &a, &old);
		wrong += !is_action(&old, handler, want, mask);
		sigaction(sig, NULL, &old);
		wrong += !is_action(&old, (void *)a.sa_handler, SA_RESTART | SA_NODEFER, 0);
	}
	signal(sig, SIG_DFL);
	return wrong;
}

static int old_ways(void)
{
	struct sigaction old;
	int wrong = 0;

	signal(SIGUSR2, looks);
	sigaction(SIGUSR2, NULL, &old);
	wrong += !is_action(&old, (void *)looks, SA_RESTART, 1ull << (SIGUSR2 - 1));
	siginterrupt(SIGUSR2, 1);
	sigaction(SIGUSR2, NULL, &old);
	wrong += !is_action(&old, (void *)looks, 0, 1ull << (SIGUSR2 - 1));
	signal(SIGUSR2, looks);
	sigaction(SIGUSR2, NULL, &old);
	wrong += !is_action(&old, (void *)looks, 0, 1ull << (SIGUSR2 - 1));
	siginterrupt(SIGUSR2, 0);
	sysv_signal(SIGUSR2, looks);
	sigaction(SIGUSR2, NULL, &old);
	wrong += !is_action(&old, (void *)looks, (unsigned)SA_RESETHAND | SA_NODEFER, 0);
	raise(SIGUSR2);
	wrong += seen.sa_handler != SIG_DFL;
	wrong += signal(SIGUSR2, SIG_IGN) != SIG_DFL;
	wrong += signal(SIGUSR2, SIG_DFL) != SIG_IGN;
	wrong += signal(SIGKILL, SIG_IGN) != SIG_ERR || errno != EINVAL;
	wrong += signal(32, SIG_IGN) != SIG_ERR || errno != EINVAL;
	return wrong;
}

static int faults(int sig)
{
	struct sigaction a, old;
	int wrong = 0;

	memset(&a, 0, sizeof a);
	a.sa_handler = SIG_DFL;
	a.sa_flags = SA_ONSTACK | SA_NODEFER;
	sigaction(sig, &a, NULL);
	sigaction(sig, NULL, &old);
	wrong += !is_action(&old, (void *)SIG_DFL, SA_ONSTACK | SA_NODEFER, 0);
	a.sa_flags = (int)(SA_RESETHAND | SA_NODEFER);
	a.sa_handler = looks;
	sigaction(sig, &a, &old);
	wrong += !is_action(&old, (void *)SIG_DFL, SA_ONSTACK | SA_NODEFER, 0);
	raise(sig);
	sigaction(sig, NULL, &old);
	wrong += !is_action(&old, (void *)SIG_DFL, (unsigned)SA_RESETHAND | SA_NODEFER, 0);
	signal(sig, SIG_DFL);
	return wrong;
}

static int mask_is(uint64_t want)
{
	sigset_t now;

	sigemptyset(&now);
	sigprocmask(SIG_BLOCK, NULL, &now);
	return bits(&now) == want;
}

static int masks(void)
{
	sigset_t all, none, some;
	int wrong = 0;

	sigfillset(&all);
	sigdelset(&all, SIGKILL);
	sigdelset(&all, SIGSTOP);
	sigemptyset(&none);
	sigemptyset(&some);
	sigaddset(&some, 63);
	sigprocmask(SIG_BLOCK, &all, NULL);
	wrong += !mask_is(bits(&all));
	sigprocmask(SIG_UNBLOCK, &some, NULL);
	wrong += !mask_is(bits(&all) & ~bits(&some));
	sigprocmask(SIG_SETMASK, &some, NULL);
	wrong += !mask_is(bits(&some));
	sigprocmask(SIG_SETMASK, &none, NULL);
	return wrong + !mask_is(0);
}

static void nothing(void *unused)
{
	(void)unused;
}

int main(void)
{
	sigset_t ours;
	struct sigaction a = {.sa_handler = looks, .sa_flags = SA_RESTART};

	plan(13);
	sigaction(SIGUSR1, &a, NULL);
	struct kernel_action k = kernel_has(SIGUSR1);
	ok(k.handler == (void *)looks && k.flags == SA_RESTART && k.mask == 0, "nothing launched: the kernel has what the program has set");
	sigaction(63, &a, NULL);
	k = kernel_has(63);
	ok(k.handler == (void *)looks && k.flags == SA_RESTART, "the last but one signal, too");
	ok(kernel_has(SIGSEGV).handler == (void *)SIG_DFL && kernel_has(SIGBUS).handler == (void *)SIG_DFL, "and nothing of ours");
	sigemptyset(&ours);
	sigaddset(&ours, 63);
	sigprocmask(SIG_BLOCK, &ours, NULL);
	ok(kernel_mask() == bits(&ours) && mask_is(bits(&ours)), "a mask is the program's whole mask");
	is_int(all_flags(SIGUSR2), 0, "flags of an action");
	is_int(old_ways(), 0, "older ways to set it");
	runs = 0;
	raise(63);
	launch(nothing, TO_COMPLETION, NULL);
	ok(mask_is(bits(&ours)) && runs == 0, "after a launch a blocked signal is still blocked, and pending");
	sigset_t pending;
	sigpending(&pending);
	ok(sigismember(&pending, 63) == 1, "and shown as pending");
	sigprocmask(SIG_UNBLOCK, &ours, NULL);
	is_int(runs, 1, "and delivered when it is unblocked");
	is_int(all_flags(SIGUSR2), 0, "flags of an action after a launch");
	is_int(old_ways(), 0, "older ways to set it after a launch");
	is_int(faults(SIGSEGV) + faults(SIGBUS), 0, "faults' actions");
	is_int(masks(), 0, "masks");
	return done();
}
