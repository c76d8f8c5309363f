/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_action.c - the older ways to set a signal's action. Until the first launch they are libc's. */
#include "shim.h"
#include <errno.h>
#include <signal.h>
#include <string.h>

typedef void plain_handler(int);
typedef plain_handler *simple_function(int, plain_handler *);

static uint64_t interruptible; /* siginterrupt(): signals whose signal() handlers do not restart */

SHIM_SLOT(signal);
SHIM_SLOT(bsd_signal);
SHIM_SLOT(ssignal);
SHIM_SLOT(sysv_signal);
SHIM_SLOT(__sysv_signal);
SHIM_SLOT(sigset);
SHIM_SLOT(sigignore);
SHIM_SLOT(siginterrupt);

static void (*set_simple(int sig, void (*handler)(int), int flags))(int)
{
	struct sigaction act, old;

	memset(&act, 0, sizeof act);
	act.sa_handler = handler;
	act.sa_flags = flags;
	if (handler == SIG_ERR || sig < 1 || sig >= _NSIG) {
		errno = EINVAL;
		return SIG_ERR;
	}
	if (!(flags & SA_NODEFER))
		*shim_mask_bits(&act.sa_mask) = 1ull << (sig - 1);
	return shim_set_action(sig, &act, &old) == 0 ? old.sa_handler : SIG_ERR;
}

static void (*bsd(simple_function *real, int sig, void (*handler)(int)))(int)
{
	if (!shim_actions_taken)
		return real(sig, handler);
	bool interrupts = sig > 0 && sig < _NSIG && (interruptible >> (sig - 1) & 1);
	return set_simple(sig, handler, interrupts ? 0 : SA_RESTART);
}

SHIM_EXPORT void (*signal(int sig, void (*handler)(int)))(int)
{
	return bsd(SHIM_REAL(simple_function *, signal), sig, handler);
}
SHIM_EXPORT void (*bsd_signal(int sig, void (*handler)(int)))(int)
{
	return bsd(SHIM_REAL(simple_function *, bsd_signal), sig, handler);
}
SHIM_EXPORT void (*ssignal(int sig, void (*handler)(int)))(int)
{
	return bsd(SHIM_REAL(simple_function *, ssignal), sig, handler);
}
SHIM_EXPORT void (*sysv_signal(int sig, void (*handler)(int)))(int)
{
	if (!shim_actions_taken)
		return SHIM_REAL(simple_function *, sysv_signal)(sig, handler);
	return set_simple(sig, handler, SA_RESETHAND | SA_NODEFER);
}
SHIM_EXPORT void (*__sysv_signal(int sig, void (*handler)(int)))(int)
{
	if (!shim_actions_taken)
		return SHIM_REAL(simple_function *, __sysv_signal)(sig, handler);
	return set_simple(sig, handler, SA_RESETHAND | SA_NODEFER);
}

static void note_interruptible(int sig, int flag)
{
	if (flag)
		interruptible |= 1ull << (sig - 1);
	else
		interruptible &= ~(1ull << (sig - 1));
}

SHIM_EXPORT int siginterrupt(int sig, int flag)
{
	struct sigaction action;

	if (!shim_actions_taken) {
		int result = SHIM_REAL(int (*)(int, int), siginterrupt)(sig, flag);
		if (result == 0)
			note_interruptible(sig, flag);
		return result;
	}
	if (shim_set_action(sig, NULL, &action) != 0)
		return -1;
	note_interruptible(sig, flag);
	if (flag)
		action.sa_flags &= ~SA_RESTART;
	else
		action.sa_flags |= SA_RESTART;
	return shim_set_action(sig, &action, NULL);
}

SHIM_EXPORT int sigignore(int sig)
{
	struct sigaction act;

	if (!shim_actions_taken)
		return SHIM_REAL(int (*)(int), sigignore)(sig);
	memset(&act, 0, sizeof act);
	act.sa_handler = SIG_IGN;
	return shim_set_action(sig, &act, NULL);
}

#undef sigset
SHIM_EXPORT void (*sigset(int sig, void (*handler)(int)))(int)
{
	struct sigaction act, old;
	sigset_t set, before;

	if (!shim_actions_taken)
		return SHIM_REAL(simple_function *, sigset)(sig, handler);
	if (sig < 1 || sig >= _NSIG || handler == SIG_ERR) {
		errno = EINVAL;
		return SIG_ERR;
	}
	sigemptyset(&set);
	sigaddset(&set, sig);
	if (handler == SIG_HOLD) {
		if (sigprocmask(SIG_BLOCK, &set, &before) != 0)
			return SIG_ERR;
		if (sigismember(&before, sig))
			return SIG_HOLD;
		return shim_set_action(sig, NULL, &old) == 0 ? old.sa_handler : SIG_ERR;
	}
	memset(&act, 0, sizeof act);
	act.sa_handler = handler;
	if (shim_set_action(sig, &act, &old) != 0 || sigprocmask(SIG_UNBLOCK, &set, &before) != 0)
		return SIG_ERR;
	return sigismember(&before, sig) ? SIG_HOLD : old.sa_handler;
}
