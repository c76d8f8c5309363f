/* SPDX-License-Identifier: Apache-2.0 */
/* signals_own: what a program sets by the signal functions is what it reads back and what happens, also for the signal
 * that the library uses for itself, inside of a preemptible function and outside. */
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include "helpers.h"

static volatile sig_atomic_t handled, last_signal, last_code, last_value, on_alternate, errno_inside;
static char alternate[65536];

static void plain(int number)
{
	handled++;
	last_signal = number;
}
static void detailed(int number, siginfo_t *info, void *context)
{
	char here;
	handled++;
	last_signal = number;
	last_code = info->si_code;
	last_value = info->si_value.sival_int;
	on_alternate = &here >= alternate && &here < alternate + sizeof alternate;
	errno_inside = context != NULL;
}

/* Each check runs in both places. Failures are collected, since ok() is for the resuming side only. */
static char problems[2000];
static void expect(int condition, const char *what)
{
	if (!condition) {
		strncat(problems, what, sizeof problems - strlen(problems) - 3);
		strcat(problems, "; ");
	}
}

static const int numbers[] = { SIGUSR1, SIGALRM, SIGSEGV, SIGCHLD, SIGURG, SIGPIPE, SIGPROF, 34, 40, 62, 63, 64 };
#define NUMBERS (sizeof numbers / sizeof *numbers)

static void action_round_trip(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < NUMBERS; i++) {
		struct sigaction mine = { .sa_sigaction = detailed, .sa_flags = SA_SIGINFO | SA_NODEFER }, before, now;
		char what[64];
		snprintf(what, sizeof what, "signal %d", numbers[i]);
		sigemptyset(&mine.sa_mask);
		sigaddset(&mine.sa_mask, SIGTERM);
		expect(sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL, what);
		expect(sigaction(numbers[i], &mine, &before) == 0 && before.sa_handler == SIG_DFL, what);
		expect(sigaction(numbers[i], NULL, &now) == 0 && now.sa_sigaction == detailed, what);
		expect((now.sa_flags & (SA_SIGINFO | SA_NODEFER | SA_RESTART | SA_ONSTACK)) == (SA_SIGINFO | SA_NODEFER), what);
		expect(sigismember(&now.sa_mask, SIGTERM) == 1 && sigismember(&now.sa_mask, SIGINT) == 0, what);
		expect((void *)signal(numbers[i], SIG_IGN) == (void *)detailed, what);
		expect(signal(numbers[i], SIG_DFL) == SIG_IGN, what);
	}
}

static void delivery(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < NUMBERS; i++) {
		struct sigaction mine = { .sa_sigaction = detailed, .sa_flags = SA_SIGINFO | SA_ONSTACK };
		stack_t stack = { .ss_sp = alternate, .ss_size = sizeof alternate }, before;
		char what[64];
		snprintf(what, sizeof what, "delivery of signal %d", numbers[i]);
		sigaltstack(&stack, &before);
		sigaction(numbers[i], &mine, NULL);
		handled = last_signal = 0;
		raise(numbers[i]);
		expect(handled == 1 && last_signal == numbers[i] && last_code == SI_TKILL && errno_inside, what);
		expect(on_alternate, "on the alternate stack");
		handled = last_signal = 0;
		sigqueue(getpid(), numbers[i], (union sigval){ .sival_int = 77 });
		for (int turn = 0; turn < 1000 && !handled; turn++)
			work(1, 10000); /* a signal to the process is delivered soon, not at once */
		expect(handled == 1 && last_signal == numbers[i] && last_code == SI_QUEUE && last_value == 77, "by sigqueue");
		mine = (struct sigaction){ .sa_handler = plain, .sa_flags = (int)SA_RESETHAND };
		sigaction(numbers[i], &mine, NULL);
		handled = 0;
		raise(numbers[i]);
		struct sigaction now;
		sigaction(numbers[i], NULL, &now);
		expect(handled == 1 && now.sa_handler == SIG_DFL, "SA_RESETHAND");
		sigaltstack(&before, NULL);
		work(1, 300000); /* pauses come in between */
	}
}

static void alternate_stack(void *arg)
{
	stack_t stack = { .ss_sp = alternate, .ss_size = sizeof alternate }, now, before;
	(void)arg;
	expect(sigaltstack(NULL, &before) == 0 && before.ss_flags == SS_DISABLE, "no alternate stack at first");
	expect(sigaltstack(&stack, NULL) == 0, "sigaltstack set");
	work(1, 2000000);
	expect(sigaltstack(NULL, &now) == 0 && now.ss_sp == alternate && now.ss_size == sizeof alternate && now.ss_flags == 0,
		"sigaltstack get");
	stack = (stack_t){ .ss_flags = SS_DISABLE };
	expect(sigaltstack(&stack, &now) == 0 && now.ss_sp == alternate, "sigaltstack disable");
}

static void masks(void *arg)
{
	sigset_t full, before, now, pending;
	(void)arg;
	sigfillset(&full);
	expect(sigprocmask(SIG_SETMASK, &full, &before) == 0, "block all");
	expect(sigprocmask(SIG_SETMASK, NULL, &now) == 0, "read the mask");
	int blocked = 0;
	for (int i = 1; i <= 64; i++)
		blocked += sigismember(&now, i) == 1;
	expect(blocked == 60, "all but KILL, STOP and libc's two are blocked"); /* 32 and 33 are libc's own */
	expect(sigismember(&now, 63) == 1, "also 63");
	expect(sigpending(&pending) == 0 && sigismember(&pending, 63) == 0, "63 is not pending");
	signal(SIGUSR1, plain);
	handled = 0;
	raise(SIGUSR1);
	work(1, 2000000); /* blocking all signals does not stop the clock: this is paused, and stays blocked */
	expect(handled == 0, "a blocked signal is not delivered");
	expect(sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1) == 1 && sigismember(&pending, 63) == 0, "it is pending");
	expect(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0 && handled == 1, "it is delivered when unblocked");
	sigprocmask(SIG_SETMASK, NULL, &now);
	expect(memcmp(&now, &before, 8) == 0, "the mask is as before");
	signal(SIGUSR1, SIG_DFL);
}

static void waits(void *arg)
{
	sigset_t full, before;
	int number = 0;
	siginfo_t info;
	(void)arg;
	sigfillset(&full);
	sigprocmask(SIG_SETMASK, &full, &before);
	raise(SIGUSR2);
	expect(sigwait(&full, &number) == 0 && number == SIGUSR2, "sigwait of all signals gets the program's own");
	sigqueue(getpid(), 40, (union sigval){ .sival_int = 5 });
	expect(sigwaitinfo(&full, &info) == 40 && info.si_value.sival_int == 5, "sigwaitinfo of all signals");
	struct timespec ten_ms = { 0, 10000000 };
	expect(sigtimedwait(&full, &info, &ten_ms) == -1 && errno == EAGAIN, "sigtimedwait of all signals sees none of ours");
	int fd = signalfd(-1, &full, SFD_CLOEXEC | SFD_NONBLOCK);
	struct signalfd_siginfo got;
	raise(SIGUSR1);
	work(1, 2000000);
	expect(read(fd, &got, sizeof got) == sizeof got && got.ssi_signo == SIGUSR1, "signalfd of all signals gets the program's own");
	work(1, 2000000);
	expect(read(fd, &got, sizeof got) == -1 && errno == EAGAIN, "signalfd of all signals sees none of ours");
	close(fd);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* Handlers see the mask they asked for; the mask afterwards is as before. */
static sigset_t mask_seen;
static void look_at_mask(int number)
{
	(void)number;
	sigprocmask(SIG_SETMASK, NULL, &mask_seen);
}
static void handler_mask(void *arg)
{
	struct sigaction mine = { .sa_handler = look_at_mask };
	sigset_t now;
	(void)arg;
	sigfillset(&mine.sa_mask);
	sigaction(SIGUSR1, &mine, NULL);
	raise(SIGUSR1);
	expect(sigismember(&mask_seen, SIGTERM) == 1 && sigismember(&mask_seen, SIGUSR1) == 1, "sa_mask holds in the handler");
	sigprocmask(SIG_SETMASK, NULL, &now);
	expect(sigismember(&now, SIGTERM) == 0 && sigismember(&now, 63) == 0, "and not afterwards");
	signal(SIGUSR1, SIG_DFL);
}

static void spin_masked(void *arg)
{
	sigset_t full;
	sigfillset(&full);
	sigprocmask(SIG_SETMASK, &full, NULL);
	spin(arg);
	sigemptyset(&full);
	sigprocmask(SIG_SETMASK, &full, NULL);
}

static const struct {
	const char *name;
	void (*function)(void *);
} checks[] = {
	{ "sigaction and signal read back what was set", action_round_trip },
	{ "handlers are called as they were installed", delivery },
	{ "sigaltstack reads back what was set", alternate_stack },
	{ "sigprocmask, pthread_sigmask and sigpending", masks },
	{ "sigwait, sigtimedwait and signalfd of all signals", waits },
	{ "a handler's own mask", handler_mask },
};
#define CHECKS (sizeof checks / sizeof *checks)

int main(void)
{
	static volatile int stop;
	plan(2 * CHECKS + 5);
	for (size_t i = 0; i < CHECKS; i++) {
		problems[0] = 0;
		checks[i].function(NULL);
		ok(!problems[0], "outside: %s", checks[i].name);
		if (problems[0])
			diag("%.600s", problems);
		problems[0] = 0;
		long pauses = run_sliced(checks[i].function, NULL, 100);
		ok(!problems[0] && pauses >= 0, "inside: %s (%ld pauses)", checks[i].name, pauses);
		if (problems[0])
			diag("%.600s", problems);
	}
	linger_t call = launch(spin_masked, 1000, (void *)&stop);
	ok(call.continuation && !call.is_complete, "a function that blocks all signals is paused");
	is_int(resume(&call, 1000), 0, "and resumed");
	ok(call.continuation && !call.is_complete, "and paused again");
	stop = 1;
	ok(finish(&call, 1000) >= 0, "and completes");
	stop = 0;
	struct sigaction mine = { .sa_handler = plain };
	sigaction(63, &mine, NULL);
	call = launch(spin, 1000, (void *)&stop);
	ok(call.continuation && !call.is_complete, "pausing works when the program has a handler for signal 63");
	cancel(&call);
	return done();
}
