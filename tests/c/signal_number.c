/* SPDX-License-Identifier: Apache-2.0 */
/* signal_number: with INGER_SIGNAL another signal ends slices. 63 is then the program's alone, with the little that it can't do with a
 * signal that it shares (signalfd(), a mask that a child inherits); and the one that was chosen is shared as 63 is otherwise. */
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "helpers.h"

#define CHOSEN 45
#define USUAL 63

extern char **environ;
static int never;
static volatile int seen[65];
static void count(int sig)
{
	seen[sig]++;
}

/* What the kernel has, whatever the program is told. */
static void *kernel_handler(int sig)
{
	struct { void *handler; unsigned long flags, restorer, mask; } now;
	return syscall(SYS_rt_sigaction, sig, NULL, &now, 8) == 0 ? now.handler : (void *)-1;
}

static bool kernel_blocks(int sig)
{
	unsigned long mask = 0;
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
	return mask >> (sig - 1) & 1;
}

static bool paused(int times)
{
	for (int i = 0; i < times; i++) {
		linger_t call = launch(spin, 500, &never);
		if (!call.continuation || resume(&call, 500) != 0 || call.is_complete || cancel(&call) != 0)
			return false;
	}
	return true;
}

/* Its mask, as bits, by its exit status: 1 for CHOSEN, 2 for USUAL. */
static int childs_mask(char *self)
{
	char *arguments[] = {self, (char *)"mask", NULL};
	pid_t child;
	int status = -1;
	if (posix_spawn(&child, self, NULL, NULL, arguments, environ) != 0 || waitpid(child, &status, 0) != child)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int main(int argc, char **argv)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n < 0)
		bail("readlink");
	self[n] = 0;
	if (argc > 1)
		return (kernel_blocks(CHOSEN) ? 1 : 0) | (kernel_blocks(USUAL) ? 2 : 0);
	if (!getenv("INGER_SIGNAL")) {
		setenv("INGER_SIGNAL", "45", 1);
		execv(self, argv);
		bail("execv");
	}
	plan(9);
	ok(paused(20), "calls are paused");
	ok(kernel_handler(CHOSEN) != NULL && kernel_handler(USUAL) == NULL, "by the signal that was chosen; 63 has no handler");

	sigset_t usual, chosen;
	sigemptyset(&usual);
	sigaddset(&usual, USUAL);
	sigemptyset(&chosen);
	sigaddset(&chosen, CHOSEN);
	sigprocmask(SIG_BLOCK, &usual, NULL);
	ok(kernel_blocks(USUAL) && childs_mask(self) == 2, "63 can be blocked, and a child inherits that");
	int fd = signalfd(-1, &usual, SFD_NONBLOCK);
	struct signalfd_siginfo info;
	sigqueue(getpid(), USUAL, (union sigval){.sival_int = 42});
	ok(fd >= 0 && read(fd, &info, sizeof info) == sizeof info && info.ssi_int == 42, "signalfd() shows one, on a thread that has launched");
	ok(paused(20), "calls are paused while 63 is blocked");

	struct sigaction act = {.sa_handler = count};
	sigaction(CHOSEN, &act, NULL);
	raise(CHOSEN);
	ok(seen[CHOSEN] == 1, "the program's own handler of the chosen one gets what is not ours");
	sigprocmask(SIG_BLOCK, &chosen, NULL);
	raise(CHOSEN);
	ok(seen[CHOSEN] == 1 && paused(20) && seen[CHOSEN] == 1, "not while it is blocked, and calls are paused");
	sigprocmask(SIG_UNBLOCK, &chosen, NULL);
	is_int(seen[CHOSEN], 2, "but afterwards");
	sigaction(USUAL, &act, NULL);
	sigprocmask(SIG_UNBLOCK, &usual, NULL);
	raise(USUAL);
	is_int(seen[USUAL], 1, "a handler of 63 is entered like any other");
	return done();
}
