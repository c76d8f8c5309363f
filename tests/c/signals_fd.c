/* SPDX-License-Identifier: Apache-2.0 */
/* signals_fd.c - a signalfd() of signal 63 in a program that has launched: it is read, polled for and waited for as any other's, in the
 * program and in a preemptible function. */
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include "helpers.h"

static int bad;
static const char *what;
static volatile sig_atomic_t handled, value;

#define expect(good) ((good) ? (void)0 : wrong(#good))
static void wrong(const char *text)
{
	bad++;
	what = text;
}

static void on(int number, siginfo_t *info, void *context)
{
	(void)context;
	handled += number == 63;
	value = info->si_value.sival_int;
}

static void queue(int number) { sigqueue(getpid(), 63, (union sigval){.sival_int = number}); }

static bool is_pending(void)
{
	sigset_t pending;
	return sigpending(&pending) == 0 && sigismember(&pending, 63) == 1;
}

static void uses(void *arg)
{
	struct signalfd_siginfo got[2];
	struct timespec moment = {0, 10000000};
	sigset_t only;
	siginfo_t info;

	sigemptyset(&only);
	sigaddset(&only, 63);
	expect(sigprocmask(SIG_BLOCK, &only, NULL) == 0);
	queue(1);
	work(1, 300000);
	int fd = signalfd(-1, &only, SFD_NONBLOCK | SFD_CLOEXEC), twin = dup(fd);
	struct pollfd p = {fd, POLLIN, 0};
	expect(fd >= 0 && twin >= 0);
	expect(poll(&p, 1, 1000) == 1 && p.revents == POLLIN && is_pending());
	expect(read(fd, got, sizeof got) == sizeof *got && got->ssi_signo == 63 && got->ssi_int == 1 && got->ssi_pid == (uint32_t)getpid() &&
	       got->ssi_code == SI_QUEUE);
	expect(read(fd, got, sizeof got) == -1 && errno == EAGAIN && !is_pending());
	queue(2);
	queue(3);
	work(1, 300000);
	expect(read(twin, got, sizeof *got) == sizeof *got && got->ssi_int == 2);
	/* Whoever waits has it. */
	expect(sigtimedwait(&only, &info, &moment) == 63 && info.si_value.sival_int == 3);
	expect(sigtimedwait(&only, &info, &moment) == -1 && errno == EAGAIN && poll(&p, 1, 0) == 0);
	/* A wait that it ends. */
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = {EPOLLIN, {0}};
	expect(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event) == 0 && epoll_wait(ep, &event, 1, 10) == 0);
	pid_t child = fork();
	if (child == 0) {
		bool none = !is_pending();
		work(1, 3000000);
		sigqueue(getppid(), 63, (union sigval){.sival_int = 4});
		_exit(none ? 0 : 1);
	}
	int status = -1;
	expect(epoll_wait(ep, &event, 1, 10000) == 1 && read(fd, got, sizeof got) == sizeof *got && got->ssi_int == 4);
	expect(got->ssi_pid == (uint32_t)child && waitpid(child, &status, 0) == child && status == 0);
	/* Unblocked, it is delivered, but in a function only when its thread has it unblocked, too. */
	handled = 0;
	queue(5);
	work(1, 300000);
	expect(handled == 0 && is_pending());
	sigprocmask(SIG_UNBLOCK, &only, NULL);
	work(1, 300000);
	if (arg)
		expect(handled == 0 && is_pending() && sigtimedwait(&only, &info, &moment) == 63);
	else
		expect(handled == 1 && value == 5 && poll(&p, 1, 0) == 0);
	close(ep);
	close(fd);
	close(twin);
}

static void forgets(void *arg)
{
	struct timespec moment = {0, 10000000};
	sigset_t only, before;
	siginfo_t info;

	(void)arg;
	sigemptyset(&only);
	sigaddset(&only, 63);
	sigprocmask(SIG_BLOCK, &only, &before);
	expect(signalfd(-1, &only, 0) >= 0);
	for (int i = 3; i < 64; i++)
		close(i); /* also what the library has for it */
	queue(6);
	work(1, 300000);
	expect(is_pending() && sigtimedwait(&only, &info, &moment) == 63 && info.si_value.sival_int == 6);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

int main(void)
{
	struct sigaction action = {.sa_sigaction = on, .sa_flags = SA_SIGINFO};
	volatile int stop = 0;
	sigset_t only;

	plan(4);
	sigemptyset(&only);
	sigaddset(&only, 63);
	sigaction(63, &action, NULL);
	ok(inger_call(spin, (void *)&stop, 1000, NULL) == ETIMEDOUT, "something is launched");
	uses(NULL);
	ok(!bad, "in the program%s%s", bad ? ": " : "", bad ? what : "");
	bad = 0;
	sigprocmask(SIG_BLOCK, &only, NULL); /* else what comes while it is paused is for who resumes it */
	run_sliced(uses, &only, 300);
	sigprocmask(SIG_UNBLOCK, &only, NULL);
	ok(!bad, "in a function%s%s", bad ? ": " : "", bad ? what : "");
	bad = 0;
	forgets(NULL);
	ok(!bad, "of a program that closes every descriptor%s%s", bad ? ": " : "", bad ? what : "");
	return done();
}
