/* SPDX-License-Identifier: Apache-2.0 */
/* storm_process.c - works with signals, threads and processes. */
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include "storm.h"

extern char **environ;

/* The child works with the heap, which other threads were in the middle of when it was made. A function that is cancelled
 * leaves its child, which storm.c reaps; the child of a function that is cancelled ends by itself. */
WORK(fork, 0)
{
	if (random_next(&j->random) % 8)
		return;
	pid_t child = fork();
	if (child == 0) {
		struct job mine = { .work = work_named("heap"), .random = j->random, .rounds = 1 };
		mine.work->once(&mine);
		_exit(mine.wrong ? 1 : 0);
	}
	int status = 0;
	pid_t reaped = -1;
	while (child > 0 && (reaped = waitpid(child, &status, 0)) < 0 && errno == EINTR)
		;
	right(child > 0 && reaped == child && status == 0);
}

WORK(spawn, 0)
{
	static char *const arguments[] = { "/bin/true", NULL };
	pid_t child;
	int status = 0;
	if (random_next(&j->random) % 16)
		return;
	right(posix_spawn(&child, arguments[0], NULL, NULL, arguments, environ) == 0);
	pid_t reaped;
	while ((reaped = waitpid(child, &status, 0)) < 0 && errno == EINTR)
		;
	right(reaped == child && status == 0);
}

WORK(pipe, 0)
{
	char line[16] = "";
	if (random_next(&j->random) % 16)
		return;
	FILE *pipe = popen("echo fine", "re");
	right(pipe && fgets(line, sizeof line, pipe) && strcmp(line, "fine\n") == 0);
	right(pipe && pclose(pipe) == 0);
}

/* What a thread is given must outlive the function that starts it: it is the program's. */
#define SLOTS 64
static struct { int taken, done; } slots[SLOTS];
static void *in_thread(void *arg)
{
	int *done = arg;
	void *block = malloc(1000);
	work(1, 1000);
	free(block);
	__atomic_store_n(done, 1, __ATOMIC_RELEASE);
	return arg;
}
WORK(thread, 0)
{
	pthread_t thread;
	void *result = NULL;
	int at = (int)random_range(&j->random, 0, SLOTS - 1);
	if (random_next(&j->random) % 4)
		return;
	int error = pthread_create(&thread, NULL, in_thread, &slots[at].done);
	right(error == 0 || error == EAGAIN); /* those of cancelled functions are never joined */
	if (error == 0) {
		right(pthread_join(thread, &result) == 0 && result == &slots[at].done);
	}
}

static void *detached(void *arg)
{
	(void)arg;
	free(malloc(100));
	return NULL;
}
WORK(detached, 0)
{
	pthread_t thread;
	pthread_attr_t attr;
	if (random_next(&j->random) % 4)
		return;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 65536);
	right(pthread_create(&thread, &attr, detached, NULL) == 0);
	pthread_attr_destroy(&attr);
	usleep(100);
}

static volatile long raised;
static void on_signal(int number)
{
	(void)number;
	__atomic_fetch_add(&raised, 1, __ATOMIC_RELAXED);
}
__attribute__((constructor)) static void before_main(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigaction(SIGUSR2, &action, NULL);
	sigaction(SIGIO, &action, NULL);
	action.sa_flags = SA_ONSTACK;
	sigaction(SIGWINCH, &action, NULL);
}
WORK(raise, 0)
{
	for (int i = 0; i < 10; i++) {
		long before = __atomic_load_n(&raised, __ATOMIC_RELAXED);
		right(raise(SIGUSR2) == 0);
		right(__atomic_load_n(&raised, __ATOMIC_RELAXED) > before);
	}
}

/* An alternate stack of the function's own: gone with it. */
WORK(alternate_stack, 0)
{
	stack_t mine = { .ss_size = 32768, .ss_sp = malloc(32768) }, was, off = { .ss_flags = SS_DISABLE };
	right(sigaltstack(&mine, &was) == 0);
	for (int i = 0; i < 5; i++)
		right(raise(SIGWINCH) == 0);
	right(sigaltstack(was.ss_sp ? &was : &off, NULL) == 0);
	free(mine.ss_sp);
}

/* A signal of its own: one that is pending for a paused call stays blocked for whoever resumes. */
WORK(masks, 0)
{
	sigset_t one, before, pending;
	sigemptyset(&one);
	sigaddset(&one, SIGIO);
	pthread_sigmask(SIG_BLOCK, &one, &before);
	right(pthread_kill(pthread_self(), SIGIO) == 0);
	right(sigpending(&pending) == 0);
	int number = 0;
	struct timespec now = { 0, 0 };
	if (sigismember(&pending, SIGIO))
		number = sigtimedwait(&one, NULL, &now);
	right(number == SIGIO || number == 0 || number == -1);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

WORK(exits, WORK_EXITS)
{
	work(1, random_range(&j->random, 1, 20000));
	pthread_exit(j);
}
