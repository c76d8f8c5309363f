/* SPDX-License-Identifier: Apache-2.0 */
/* cancel_mask: the signal mask that a function sets is its own: the resumer has its mask back at each pause and after cancel(),
 * the function its own when it goes on. One that returns leaves its mask, as any function does. */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include "cancel.h"

#define THEIRS SIGUSR1 /* what functions block and unblock */
#define OURS SIGUSR2   /* what the program has blocked */

static bool blocked(int signal)
{
	sigset_t now;
	pthread_sigmask(SIG_BLOCK, NULL, &now);
	return sigismember(&now, signal);
}
static void change(int how, int signal)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, signal);
	pthread_sigmask(how, &set, NULL);
}
static void set_only(int signal)
{
	sigset_t set;
	sigemptyset(&set);
	if (signal)
		sigaddset(&set, signal);
	pthread_sigmask(SIG_SETMASK, &set, NULL);
}

/* ours - the mask is the program's: OURS alone. */
static bool ours(void) { return blocked(OURS) && !blocked(THEIRS); }

static volatile bool kept; /* a function has found its own mask again */

static void by_pthread_sigmask(void) { change(SIG_BLOCK, THEIRS); }
static void by_sigprocmask(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, THEIRS);
	sigprocmask(SIG_BLOCK, &set, NULL);
}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static void by_sighold(void) { sighold(THEIRS); }
static void by_sigblock(void) { sigblock(1 << (THEIRS - 1)); }
static void by_sigsetmask(void) { sigsetmask(1 << (OURS - 1) | 1 << (THEIRS - 1)); }
static void by_sigset(void) { sigset(THEIRS, SIG_HOLD); }
#pragma GCC diagnostic pop

static const struct {
	const char *name;
	void (*block)(void);
} ways[] = {
	{ "pthread_sigmask", by_pthread_sigmask }, { "sigprocmask", by_sigprocmask }, { "sighold", by_sighold },
	{ "sigblock", by_sigblock }, { "sigsetmask", by_sigsetmask }, { "sigset", by_sigset },
};

static void blocks_and_pauses(void *block)
{
	((void (*)(void))block)();
	inger_pause();
	kept = blocked(THEIRS) && blocked(OURS);
	inger_pause();
}
static void blocks_and_spins(void *stop)
{
	change(SIG_BLOCK, THEIRS);
	spin(stop);
	kept = blocked(THEIRS) && blocked(OURS);
}
static void unblocks_and_pauses(void *arg)
{
	(void)arg;
	change(SIG_UNBLOCK, OURS);
	inger_pause();
	kept = !blocked(OURS);
}

static void test_ways(uint32_t isolation, const char *kind)
{
	for (int i = 0; i < COUNT(ways); i++) {
		kept = false;
		linger_t call = start(blocks_and_pauses, (void *)ways[i].block, isolation);
		bool back = ours();
		resume(&call, TO_COMPLETION);
		ok(back && kept, "%s, %s: the function's while it runs, the program's while it is paused", kind, ways[i].name);
		bool again = ours();
		end(&call);
		ok(again && ours(), "%s, %s: gone when it is cancelled", kind, ways[i].name);
	}
	kept = false;
	linger_t call = start(blocks_and_pauses, (void *)by_pthread_sigmask, isolation);
	finish(&call, TO_COMPLETION);
	ok(kept && blocked(THEIRS), "%s: a function that returns leaves its mask", kind);
	set_only(OURS);
	call = start(unblocks_and_pauses, NULL, isolation);
	ok(ours(), "%s: what it unblocks is blocked again while it is paused", kind);
	end(&call);
	ok(ours(), "%s: and when it is cancelled", kind);
	call = start(unblocks_and_pauses, NULL, isolation);
	finish(&call, TO_COMPLETION);
	ok(kept && !blocked(OURS), "%s: or not, when it returns", kind);
	set_only(OURS);
}

static void *resume_there(void *call)
{
	bool own = blocked(SIGHUP) && ours();
	resume(call, TO_COMPLETION);
	return (void *)(intptr_t)(own && blocked(SIGHUP) && ours() && !((linger_t *)call)->is_complete);
}

static volatile int came;
static void count(int signal)
{
	(void)signal;
	came++;
}

static void launches_inside(void *arg)
{
	linger_t inner = launch(blocks_and_pauses, TO_COMPLETION, (void *)by_pthread_sigmask);
	*(bool *)arg = inner.continuation && ours();
	change(SIG_BLOCK, SIGTERM);
	*(bool *)arg &= cancel(&inner) == 0 && blocked(SIGTERM) && ours();
	inger_pause();
}

static void test_others(void)
{
	int stop = 0;
	bool inside = false;
	pthread_t thread;
	void *right;
	linger_t call = launch(blocks_and_spins, 2000, &stop);
	ok(call.continuation && ours(), "paused by the clock: the program's");
	signal(THEIRS, count);
	raise(THEIRS);
	is_int(came, 1, "a signal that it blocks reaches the program meanwhile");
	kill(getpid(), THEIRS);
	is_int(came, 2, "also one from outside");
	change(SIG_BLOCK, SIGTERM);
	resume(&call, 2000);
	ok(blocked(SIGTERM) && ours(), "what the program changes meanwhile stays");
	set_only(OURS);
	stop = 1;
	resume(&call, TO_COMPLETION);
	ok(kept && call.is_complete, "the function has its own when it goes on");
	set_only(OURS);

	call = start(blocks_and_pauses, (void *)by_pthread_sigmask, INGER_ISOLATED);
	kept = false;
	change(SIG_BLOCK, SIGHUP);
	if (pthread_create(&thread, NULL, resume_there, &call) != 0 || pthread_join(thread, &right) != 0)
		bail("pthread_create");
	ok(right && kept, "on another thread, too");
	change(SIG_UNBLOCK, SIGHUP);
	end(&call);
	ok(ours(), "and it is cancelled here");

	call = start(launches_inside, &inside, INGER_ISOLATED);
	ok(inside && ours() && !blocked(SIGTERM), "an inner call's mask is not the outer one's");
	end(&call);
	ok(ours(), "nor the program's");
}

/* ---- left without setting it back */

static sigjmp_buf again;
static void jump_out(int signal)
{
	(void)signal;
	siglongjmp(again, 1);
}
static void jumps(void *save)
{
	if (sigsetjmp(again, *(int *)save) == 0)
		raise(THEIRS);
	inger_pause();
	kept = blocked(THEIRS) != (*(int *)save != 0);
	for (;;) /* to be paused by the clock, whose signal must not have stayed blocked */
		__asm__ volatile("");
}

static void waits_with_another_mask(void *arg)
{
	sigset_t set;
	sigfillset(&set);
	sigdelset(&set, OURS);
	if (arg)
		ppoll(NULL, 0, NULL, &set);
	else
		sigsuspend(&set);
}

static void flips(void *arg)
{
	(void)arg;
	for (;;) {
		change(SIG_BLOCK, THEIRS);
		change(SIG_UNBLOCK, OURS);
		set_only(THEIRS);
		set_only(0);
	}
}

static void test_leaving(void)
{
	signal(THEIRS, jump_out);
	for (int save = 0; save < 2; save++) {
		kept = false;
		linger_t call = start(jumps, &save, INGER_SHARED);
		ok(ours(), "siglongjmp(%d) out of a handler: the program's mask at the pause", save);
		resume(&call, 2000);
		ok(call.continuation && kept, "siglongjmp(%d): the function has its own", save);
		end(&call);
		ok(ours(), "siglongjmp(%d): the program's after cancel()", save);
		set_only(OURS);
	}
	signal(THEIRS, SIG_IGN);
	signal(OURS, SIG_IGN);
	for (int i = 0; i < 2; i++) {
		linger_t call = launch(waits_with_another_mask, 2000, i ? "" : NULL);
		bool back = call.continuation && ours();
		if (call.continuation)
			end(&call);
		ok(back && ours(), "paused in %s with another mask", i ? "ppoll" : "sigsuspend");
	}
	uint64_t random = random_seed();
	int wrong = 0;
	for (int i = 0; i < 2000; i++) {
		linger_t call = launch(flips, random_range(&random, 5, 60), NULL);
		wrong += !ours();
		for (uint64_t n = random_range(&random, 0, 3); n > 0; n--) {
			resume(&call, random_range(&random, 5, 60));
			wrong += !ours();
		}
		end(&call);
		wrong += !ours();
	}
	is_int(wrong, 0, "2,000 functions paused while they change it: always the program's");
}

int main(void)
{
	plan(2 * (2 * COUNT(ways) + 4) + 9 + 9);
	set_only(OURS);
	test_ways(INGER_ISOLATED, "isolated");
	test_ways(INGER_SHARED, "shared");
	test_others();
	test_leaving();
	return done();
}
