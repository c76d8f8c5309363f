/* SPDX-License-Identifier: Apache-2.0 */
/* eintr_real: a handler of the program's own without SA_RESTART still interrupts what it would interrupt without us. */
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "helpers.h"

static volatile sig_atomic_t handled, over;
static void handler(int number)
{
	(void)number;
	handled++;
}

/* Signals the main thread every 10 ms until the interrupted call has returned; the first may come too early for it. */
static pthread_t main_thread;
static void *disturb(void *arg)
{
	(void)arg;
	for (int i = 0; i < 500; i++) {
		usleep(10000);
		if (over)
			break;
		pthread_kill(main_thread, SIGUSR1);
	}
	return NULL;
}

static int pipes[2], sockets[2];
static const struct timespec ten_seconds = { 10, 0 };

static int by_read(void)
{
	char byte;
	return (int)read(pipes[0], &byte, 1);
}
static struct timespec left;
static int by_nanosleep(void) { return nanosleep(&ten_seconds, &left); }
static int by_clock_nanosleep(void)
{
	errno = clock_nanosleep(CLOCK_MONOTONIC, 0, &ten_seconds, &left);
	return errno ? -1 : 0;
}
static int by_usleep(void) { return usleep(10000000); }
static int by_sleep(void)
{
	unsigned seconds = sleep(10);
	errno = EINTR; /* sleep() has no other way to say so than the rest */
	return seconds >= 5 && seconds <= 10 ? -1 : (int)seconds;
}
static int by_poll(void) { return poll(NULL, 0, 10000); }
static int by_ppoll(void) { return ppoll(NULL, 0, &ten_seconds, NULL); }
static int by_select(void)
{
	struct timeval t = { 10, 0 };
	return select(0, NULL, NULL, NULL, &t);
}
static int by_pselect(void) { return pselect(0, NULL, NULL, NULL, &ten_seconds, NULL); }
static int by_epoll(void)
{
	struct epoll_event event;
	int fd = epoll_create1(0), got = epoll_wait(fd, &event, 1, 10000), error = errno;
	close(fd);
	errno = error;
	return got;
}
static int by_sem_wait(void)
{
	sem_t sem;
	sem_init(&sem, 0, 0);
	return sem_wait(&sem);
}
static int by_recv(void)
{
	char byte;
	return (int)recv(sockets[0], &byte, 1, 0);
}
static int by_pause(void) { return pause(); }
static int by_sigsuspend(void)
{
	sigset_t none;
	sigemptyset(&none);
	return sigsuspend(&none);
}
static pid_t child;
static int by_waitpid(void) { return waitpid(child, NULL, 0); }
static char path[] = "/tmp/eintr_real.XXXXXX";
static int by_flock(void)
{
	int mine = open(path, O_RDWR), got = flock(mine, LOCK_EX), error = errno;
	close(mine);
	errno = error;
	return got;
}
static int queue, semaphores;
static int by_msgrcv(void)
{
	struct { long type; char text; } m;
	return (int)msgrcv(queue, &m, 1, 0, 0);
}
static int by_semop(void)
{
	struct sembuf take = { 0, -1, 0 };
	return semop(semaphores, &take, 1);
}
static int by_syscall(void) { return (int)syscall(SYS_nanosleep, &ten_seconds, NULL); }

static const struct {
	const char *name;
	int (*call)(void);
} cases[] = {
	{ "read", by_read }, { "nanosleep", by_nanosleep }, { "clock_nanosleep", by_clock_nanosleep }, { "usleep", by_usleep },
	{ "sleep", by_sleep }, { "poll", by_poll }, { "ppoll", by_ppoll }, { "select", by_select }, { "pselect", by_pselect },
	{ "epoll_wait", by_epoll }, { "sem_wait", by_sem_wait }, { "recv", by_recv }, { "pause", by_pause },
	{ "sigsuspend", by_sigsuspend }, { "waitpid", by_waitpid }, { "flock", by_flock }, { "msgrcv", by_msgrcv },
	{ "semop", by_semop }, { "nanosleep by syscall()", by_syscall },
};
#define CASES (sizeof cases / sizeof *cases)

static struct outcome {
	int (*call)(void);
	int result, error;
} outcome;

static void body(void *arg)
{
	struct outcome *o = arg;
	errno = 0;
	o->result = o->call();
	o->error = errno;
	over = 1;
}

static void one(int (*call)(void), bool inside)
{
	pthread_t thread;
	over = handled = 0;
	outcome = (struct outcome){ .call = call, .result = -2 };
	if (pthread_create(&thread, NULL, disturb, NULL) != 0)
		bail("pthread_create");
	if (inside)
		run_sliced(body, &outcome, 300);
	else
		body(&outcome);
	pthread_join(thread, NULL);
}

static void *give_byte(void *arg)
{
	(void)arg;
	for (int i = 0; i < 10; i++) {
		usleep(5000);
		pthread_kill(main_thread, SIGUSR1);
	}
	over = 1;
	return write(pipes[1], "y", 1) == 1 ? NULL : arg;
}

int main(void)
{
	struct sigaction action = { .sa_handler = handler };
	plan(2 * CASES + 5);
	main_thread = pthread_self();
	sigaction(SIGUSR1, &action, NULL);
	int holder = mkstemp(path);
	if (pipe(pipes) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0 || holder < 0)
		bail("set-up");
	flock(holder, LOCK_EX);
	queue = msgget(IPC_PRIVATE, 0600);
	semaphores = semget(IPC_PRIVATE, 1, 0600);
	child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	for (size_t i = 0; i < CASES; i++)
		for (int inside = 0; inside < 2; inside++) {
			one(cases[i].call, inside);
			if (outcome.result != -1 || outcome.error != EINTR)
				diag("%s: result %d, errno %d", cases[i].name, outcome.result, outcome.error);
			ok(outcome.result == -1 && outcome.error == EINTR && handled > 0, "%s gives EINTR %s", cases[i].name,
				inside ? "in slices" : "outside");
		}
	left = (struct timespec){ 0, 0 };
	one(by_nanosleep, true);
	ok(left.tv_sec >= 5 && left.tv_sec < 10, "nanosleep tells the time that is left");

	action.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &action, NULL);
	pthread_t thread;
	handled = 0;
	outcome = (struct outcome){ .call = by_read, .result = -2 };
	pthread_create(&thread, NULL, give_byte, NULL);
	run_sliced(body, &outcome, 300);
	pthread_join(thread, NULL);
	is_int(outcome.result, 1, "a handler with SA_RESTART does not interrupt read");
	ok(handled > 0, "it was called meanwhile");
	one(by_poll, true);
	ok(outcome.result == -1 && outcome.error == EINTR, "a handler with SA_RESTART does interrupt poll");
	one(by_nanosleep, true);
	ok(outcome.result == -1 && outcome.error == EINTR, "and nanosleep");

	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	msgctl(queue, IPC_RMID, NULL);
	semctl(semaphores, 0, IPC_RMID);
	unlink(path);
	return done();
}
