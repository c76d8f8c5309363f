/* SPDX-License-Identifier: Apache-2.0 */
/* blocking_time: calls that wait for a time last at least as long as was asked, and do not end with our EINTR. */
#include <linux/futex.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <threads.h>
#include "blocking.h"

#define WAIT_NS (WAIT_MS * 1000000L)

static struct timespec at(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	t.tv_nsec += WAIT_NS;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}
static const struct timespec relative = { 0, WAIT_NS };

static const char *by_nanosleep(void) { return nanosleep(&relative, NULL) == 0 ? NULL : failed("nanosleep"); }
static const char *by_clock_nanosleep(void)
{
	int error = clock_nanosleep(CLOCK_MONOTONIC, 0, &relative, NULL);
	errno = error;
	return error ? failed("clock_nanosleep") : NULL;
}
static const char *by_clock_nanosleep_absolute(void)
{
	struct timespec end = at(CLOCK_REALTIME);
	int error = clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &end, NULL);
	errno = error;
	return error ? failed("clock_nanosleep") : NULL;
}
static const char *by_usleep(void) { return usleep(WAIT_MS * 1000) == 0 ? NULL : failed("usleep"); }
static const char *by_sleep(void) { return sleep(1) == 0 ? NULL : "sleep returned the time that is left"; }
static const char *by_thrd_sleep(void) { return thrd_sleep(&relative, NULL) == 0 ? NULL : "thrd_sleep"; }
static const char *by_poll(void) { return poll(NULL, 0, WAIT_MS) == 0 ? NULL : failed("poll"); }
static const char *by_ppoll(void) { return ppoll(NULL, 0, &relative, NULL) == 0 ? NULL : failed("ppoll"); }
static const char *by_select(void)
{
	struct timeval t = { 0, WAIT_MS * 1000 };
	return select(0, NULL, NULL, NULL, &t) == 0 ? NULL : failed("select");
}
static const char *by_pselect(void) { return pselect(0, NULL, NULL, NULL, &relative, NULL) == 0 ? NULL : failed("pselect"); }

static const char *by_epoll(void)
{
	struct epoll_event event;
	int fd = epoll_create1(0);
	const char *wrong = epoll_wait(fd, &event, 1, WAIT_MS) == 0 ? NULL : failed("epoll_wait");
	close(fd);
	return wrong;
}
static const char *by_epoll_pwait(void)
{
	struct epoll_event event;
	sigset_t none;
	sigemptyset(&none);
	int fd = epoll_create1(0);
	const char *wrong = epoll_pwait(fd, &event, 1, WAIT_MS, &none) == 0 ? NULL : failed("epoll_pwait");
	close(fd);
	return wrong;
}

static const char *by_sem_timedwait(void)
{
	sem_t sem;
	struct timespec end = at(CLOCK_REALTIME);
	sem_init(&sem, 0, 0);
	return sem_timedwait(&sem, &end) == -1 && errno == ETIMEDOUT ? NULL : failed("sem_timedwait");
}
static const char *by_cond_timedwait(void)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
	struct timespec end = at(CLOCK_REALTIME);
	pthread_mutex_lock(&mutex);
	errno = pthread_cond_timedwait(&condition, &mutex, &end);
	int error = errno;
	pthread_mutex_unlock(&mutex);
	errno = error;
	return error == ETIMEDOUT ? NULL : failed("pthread_cond_timedwait");
}
static const char *by_mutex_timedlock(void)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	struct timespec end = at(CLOCK_REALTIME);
	pthread_mutex_lock(&mutex);
	errno = pthread_mutex_timedlock(&mutex, &end);
	return errno == ETIMEDOUT ? NULL : failed("pthread_mutex_timedlock");
}
static const char *by_sigtimedwait(void)
{
	sigset_t set, before;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, &before);
	int got = sigtimedwait(&set, NULL, &relative), error = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return got == -1 && error == EAGAIN ? NULL : failed("sigtimedwait");
}
static const char *by_semtimedop(void)
{
	int id = semget(IPC_PRIVATE, 1, 0600);
	struct sembuf take = { 0, -1, 0 };
	if (id < 0)
		return failed("semget");
	const char *wrong = semtimedop(id, &take, 1, &relative) == -1 && errno == EAGAIN ? NULL : failed("semtimedop");
	semctl(id, 0, IPC_RMID);
	return wrong;
}
static const char *by_futex(void)
{
	static int word;
	long got = syscall(SYS_futex, &word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, &relative, NULL, 0);
	return got == -1 && errno == ETIMEDOUT ? NULL : failed("futex");
}
static const char *by_syscall_nanosleep(void)
{
	return syscall(SYS_nanosleep, &relative, NULL) == 0 ? NULL : failed("nanosleep by syscall()");
}
static const char *by_recv_timeout(void)
{
	int pair[2];
	char byte;
	struct timeval t = { 0, WAIT_MS * 1000 };
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		return failed("socketpair");
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
	const char *wrong = recv(pair[0], &byte, 1, 0) == -1 && errno == EAGAIN ? NULL : failed("recv");
	close(pair[0]);
	close(pair[1]);
	return wrong;
}

static const struct blocking_case cases[] = {
	{ "nanosleep", by_nanosleep, WAIT_MS },
	{ "clock_nanosleep", by_clock_nanosleep, WAIT_MS },
	{ "clock_nanosleep until a time", by_clock_nanosleep_absolute, 0 },
	{ "usleep", by_usleep, WAIT_MS },
	{ "sleep", by_sleep, 1000 },
	{ "thrd_sleep", by_thrd_sleep, WAIT_MS },
	{ "poll", by_poll, WAIT_MS },
	{ "ppoll", by_ppoll, WAIT_MS },
	{ "select", by_select, WAIT_MS },
	{ "pselect", by_pselect, WAIT_MS },
	{ "epoll_wait", by_epoll, WAIT_MS },
	{ "epoll_pwait", by_epoll_pwait, WAIT_MS },
	{ "sem_timedwait", by_sem_timedwait, 0 },
	{ "pthread_cond_timedwait", by_cond_timedwait, 0 },
	{ "pthread_mutex_timedlock", by_mutex_timedlock, 0 },
	{ "sigtimedwait", by_sigtimedwait, WAIT_MS },
	{ "semtimedop", by_semtimedop, WAIT_MS },
	{ "futex by syscall()", by_futex, WAIT_MS },
	{ "nanosleep by syscall()", by_syscall_nanosleep, WAIT_MS },
	{ "recv with SO_RCVTIMEO", by_recv_timeout, WAIT_MS },
};
#define CASES ((int)(sizeof cases / sizeof *cases))

/* The time a call was not resumed counts as waited: the end is a point in time, as without us. */
static void sleep_long(void *arg) { *(int *)arg = usleep(WAIT_MS * 1000); }

int main(void)
{
	plan(BLOCKING_TESTS * CASES + 2);
	blocking_all(cases, CASES);
	int result = -1;
	linger_t call = launch(sleep_long, 1000, &result);
	ok(call.continuation && !call.is_complete, "a function that sleeps is paused");
	usleep(2 * WAIT_MS * 1000);
	ok(finish(&call, 5000) >= 0 && result == 0, "and ends when resumed after its time");
	return done();
}
