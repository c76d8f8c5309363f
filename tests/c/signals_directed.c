/* SPDX-License-Identifier: Apache-2.0 */
/* signals_directed: a signal that is sent to the process, and that the program's threads block, waits for them: no
 * thread of the library takes it, neither into a handler nor into its default action. */
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "helpers.h"

static volatile sig_atomic_t handled, elsewhere;
static long main_thread;
static void note(int number)
{
	(void)number;
	handled++;
	elsewhere += syscall(SYS_gettid) != main_thread;
}

static const int numbers[] = { SIGCHLD, SIGPROF, SIGURG, SIGUSR1, SIGWINCH, SIGALRM, SIGTRAP, SIGSTKFLT, 34, 50 };
#define NUMBERS ((int)(sizeof numbers / sizeof *numbers))
#define ROUNDS 50

static void nothing(void *arg) { (void)arg; }

/* Sent while blocked: it stays pending until sigsuspend() opens the mask, and is handled on this thread. */
static int suspended(int number)
{
	sigset_t block, before, pending, open;
	int right = 0;
	signal(number, note);
	sigemptyset(&block);
	sigaddset(&block, number);
	sigprocmask(SIG_BLOCK, &block, &before);
	open = before;
	sigdelset(&open, number);
	for (int i = 0; i < ROUNDS; i++) {
		handled = 0;
		kill(getpid(), number);
		usleep(200);
		if (sigpending(&pending) != 0 || !sigismember(&pending, number) || handled)
			continue; /* taken by somebody else: sigsuspend() would wait for ever */
		sigsuspend(&open);
		right += handled == 1;
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(number, SIG_DFL);
	return right;
}

/* The same with the default action, which for some is to ignore, and for others to end the program. */
static int waited(int number)
{
	sigset_t block, before;
	struct timespec five = { 5, 0 };
	int right = 0, missed = 0;
	sigemptyset(&block);
	sigaddset(&block, number);
	sigprocmask(SIG_BLOCK, &block, &before);
	for (int i = 0; i < ROUNDS && missed == 0; i++) {
		kill(getpid(), number);
		usleep(200);
		if (sigtimedwait(&block, NULL, &five) == number)
			right++;
		else
			missed++;
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return right;
}

/* The loop of programs that wait for a child with the signal blocked in between. */
static int children(void)
{
	sigset_t block, before;
	int right = 0;
	signal(SIGCHLD, note);
	sigemptyset(&block);
	sigaddset(&block, SIGCHLD);
	sigprocmask(SIG_BLOCK, &block, &before);
	int fd = signalfd(-1, &block, SFD_CLOEXEC);
	for (int i = 0; i < 200; i++) {
		struct signalfd_siginfo info;
		pid_t child = fork();
		if (child == 0)
			_exit(0);
		struct timespec five = { 5, 0 };
		if (i % 2 == 0) {
			if (sigtimedwait(&block, NULL, &five) != SIGCHLD)
				break;
		} else if (read(fd, &info, sizeof info) != sizeof info || info.ssi_signo != SIGCHLD) {
			break;
		}
		right += waitpid(child, NULL, 0) == child;
	}
	close(fd);
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(SIGCHLD, SIG_DFL);
	return right;
}

int main(void)
{
	plan(2 * NUMBERS + 2); /* a default action that is taken ends this program: that is a failure, too */
	main_thread = syscall(SYS_gettid);
	launch(nothing, 1000, NULL); /* whatever threads the library has are there now */
	for (int i = 0; i < NUMBERS; i++)
		is_int(suspended(numbers[i]), ROUNDS, "signal %d with a handler waits for sigsuspend()", numbers[i]);
	is_int(elsewhere, 0, "no handler ran on another thread");
	for (int i = 0; i < NUMBERS; i++)
		is_int(waited(numbers[i]), ROUNDS, "signal %d without a handler waits for sigtimedwait()", numbers[i]);
	is_int(children(), 200, "the end of each child is seen by a program that blocks SIGCHLD");
	return done();
}
