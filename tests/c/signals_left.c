/* SPDX-License-Identifier: Apache-2.0 */
/* signals_left: that a call has blocked the library's own signal, as it believes, is gone with the call. */
#include <signal.h>
#include <inger.h>
#include "tap.h"

static volatile int blocked;

static void block_and_spin(void *unused)
{
	sigset_t all;
	(void)unused;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	blocked = 1;
	for (;;)
		__asm__ volatile("");
}

static int count(void)
{
	sigset_t now;
	int n = 0;
	sigprocmask(SIG_SETMASK, NULL, &now);
	for (int sig = 1; sig < _NSIG; sig++)
		n += sigismember(&now, sig) == 1;
	return n;
}

static void look(void *seen)
{
	*(int *)seen = count();
}

int main(void)
{
	int seen = -1, before;
	plan(4);
	before = count();
	linger_t call = launch(block_and_spin, 1000, NULL);
	while (!blocked && resume(&call, 1000) == 0) {}
	ok(!call.is_complete, "a call blocks all signals, and is paused");
	is_int(count(), before, "signals that are blocked for who launched it");
	cancel(&call);
	call = launch(look, UINT64_MAX, &seen);
	is_int(seen, before, "and for the next call, in the same place");
	is_int(count(), before, "and afterwards");
	return done();
}
