/* SPDX-License-Identifier: Apache-2.0 */
/* blocking_event: calls that wait for an event return it, and do not end with our EINTR. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include "blocking.h"

static int ends[2];
static void write_byte(void *fd)
{
	if (write(*(int *)fd, "x", 1) != 1)
		bail("write");
}

/* A pipe into which a byte comes later, and a way to wait for it. */
static const char *from_pipe(int (*wait_and_read)(int, char *))
{
	char byte = 0;
	if (pipe(ends) != 0)
		return failed("pipe");
	later(write_byte, &ends[1]);
	int got = wait_and_read(ends[0], &byte);
	const char *wrong = got == 1 && byte == 'x' ? NULL : failed("from a pipe");
	later_done();
	close(ends[0]);
	close(ends[1]);
	return wrong;
}

static int read_plain(int fd, char *byte) { return (int)read(fd, byte, 1); }
static int read_vector(int fd, char *byte)
{
	struct iovec v = { byte, 1 };
	return (int)readv(fd, &v, 1);
}
static int read_syscall(int fd, char *byte) { return (int)syscall(SYS_read, fd, byte, 1); }
static int read_polled(int fd, char *byte)
{
	struct pollfd p = { fd, POLLIN, 0 };
	return poll(&p, 1, -1) == 1 && p.revents == POLLIN ? (int)read(fd, byte, 1) : -1;
}
static int read_selected(int fd, char *byte)
{
	fd_set set;
	FD_ZERO(&set);
	FD_SET(fd, &set);
	struct timeval long_time = { 10, 0 };
	return select(fd + 1, &set, NULL, NULL, &long_time) == 1 && FD_ISSET(fd, &set) ? (int)read(fd, byte, 1) : -1;
}
static int read_epolled(int fd, char *byte)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = 77 };
	int epoll = epoll_create1(0);
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	event.data.u64 = 0;
	int got = epoll_wait(epoll, &event, 1, -1);
	close(epoll);
	return got == 1 && event.data.u64 == 77 ? (int)read(fd, byte, 1) : -1;
}
static const char *by_read(void) { return from_pipe(read_plain); }
static const char *by_readv(void) { return from_pipe(read_vector); }
static const char *by_syscall_read(void) { return from_pipe(read_syscall); }
static const char *by_poll(void) { return from_pipe(read_polled); }
static const char *by_select(void) { return from_pipe(read_selected); }
static const char *by_epoll(void) { return from_pipe(read_epolled); }

static const char *from_socket(ssize_t (*receive)(int, char *))
{
	char byte = 0;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		return failed("socketpair");
	later(write_byte, &ends[1]);
	const char *wrong = receive(ends[0], &byte) == 1 && byte == 'x' ? NULL : failed("from a socket");
	later_done();
	close(ends[0]);
	close(ends[1]);
	return wrong;
}
static ssize_t receive_plain(int fd, char *byte) { return recv(fd, byte, 1, 0); }
static ssize_t receive_from(int fd, char *byte) { return recvfrom(fd, byte, 1, 0, NULL, NULL); }
static ssize_t receive_message(int fd, char *byte)
{
	struct iovec v = { byte, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	return recvmsg(fd, &m, 0);
}
static const char *by_recv(void) { return from_socket(receive_plain); }
static const char *by_recvfrom(void) { return from_socket(receive_from); }
static const char *by_recvmsg(void) { return from_socket(receive_message); }

static struct sockaddr_in loopback;
static void connect_there(void *arg)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	(void)arg;
	if (connect(fd, (struct sockaddr *)&loopback, sizeof loopback) != 0)
		bail("connect");
	close(fd);
}
static const char *by_accept(void)
{
	socklen_t size = sizeof loopback;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	loopback = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (bind(fd, (struct sockaddr *)&loopback, size) != 0 || listen(fd, 1) != 0
		|| getsockname(fd, (struct sockaddr *)&loopback, &size) != 0)
		return failed("listen");
	later(connect_there, NULL);
	int got = accept(fd, NULL, NULL);
	const char *wrong = got >= 0 ? NULL : failed("accept");
	later_done();
	close(got);
	close(fd);
	return wrong;
}

static pid_t sleeping_child(void)
{
	pid_t child = fork();
	if (child == 0) {
		struct timespec t = { 0, WAIT_MS * 1000000 };
		nanosleep(&t, NULL);
		_exit(23);
	}
	return child;
}
static const char *by_waitpid(void)
{
	int status = 0;
	pid_t child = sleeping_child();
	return waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 23 ? NULL : failed("waitpid");
}
static const char *by_waitid(void)
{
	siginfo_t info = { .si_status = 0 };
	pid_t child = sleeping_child();
	return waitid(P_PID, (id_t)child, &info, WEXITED) == 0 && info.si_status == 23 ? NULL : failed("waitid");
}

/* Locks of open files: another description holds it and lets go later. */
static char lock_path[] = "/tmp/blocking_event.XXXXXX";
static void unlock_flock(void *fd) { flock(*(int *)fd, LOCK_UN); }
static const char *by_flock(void)
{
	int mine = open(lock_path, O_RDWR), other = open(lock_path, O_RDWR);
	flock(other, LOCK_EX);
	later(unlock_flock, &other);
	const char *wrong = flock(mine, LOCK_EX) == 0 ? NULL : failed("flock");
	later_done();
	close(mine);
	close(other);
	return wrong;
}
static struct flock whole_file(short type) { return (struct flock){ .l_type = type, .l_whence = SEEK_SET }; }
static void unlock_range(void *fd)
{
	struct flock range = whole_file(F_UNLCK);
	fcntl(*(int *)fd, F_OFD_SETLK, &range);
}
static const char *by_fcntl_lock(void)
{
	int mine = open(lock_path, O_RDWR), other = open(lock_path, O_RDWR);
	struct flock range = whole_file(F_WRLCK);
	fcntl(other, F_OFD_SETLK, &range);
	later(unlock_range, &other);
	range = whole_file(F_WRLCK);
	const char *wrong = fcntl(mine, F_OFD_SETLKW, &range) == 0 ? NULL : failed("fcntl");
	later_done();
	close(mine);
	close(other);
	return wrong;
}

static int ipc_id;
static void send_message(void *arg)
{
	(void)arg;
	struct { long type; char text; } m = { 1, 'm' };
	msgsnd(ipc_id, &m, 1, 0);
}
static const char *by_msgrcv(void)
{
	struct { long type; char text; } m = { 0, 0 };
	ipc_id = msgget(IPC_PRIVATE, 0600);
	later(send_message, NULL);
	const char *wrong = msgrcv(ipc_id, &m, 1, 0, 0) == 1 && m.text == 'm' ? NULL : failed("msgrcv");
	later_done();
	msgctl(ipc_id, IPC_RMID, NULL);
	return wrong;
}
static void release_semaphore(void *arg)
{
	struct sembuf give = { 0, 1, 0 };
	(void)arg;
	semop(ipc_id, &give, 1);
}
static const char *by_semop(void)
{
	struct sembuf take = { 0, -1, 0 };
	ipc_id = semget(IPC_PRIVATE, 1, 0600);
	later(release_semaphore, NULL);
	const char *wrong = semop(ipc_id, &take, 1) == 0 ? NULL : failed("semop");
	later_done();
	semctl(ipc_id, 0, IPC_RMID);
	return wrong;
}

static sem_t semaphore;
static void post(void *arg)
{
	(void)arg;
	sem_post(&semaphore);
}
static const char *by_sem_wait(void)
{
	sem_init(&semaphore, 0, 0);
	later(post, NULL);
	const char *wrong = sem_wait(&semaphore) == 0 ? NULL : failed("sem_wait");
	later_done();
	return wrong;
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static volatile int signalled;
static void signal_condition(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&mutex);
	signalled = 1;
	pthread_cond_signal(&condition);
	pthread_mutex_unlock(&mutex);
}
static const char *by_cond_wait(void)
{
	signalled = 0;
	later(signal_condition, NULL);
	pthread_mutex_lock(&mutex);
	int error = 0;
	while (!signalled && !error)
		error = pthread_cond_wait(&condition, &mutex);
	pthread_mutex_unlock(&mutex);
	later_done();
	errno = error;
	return error ? failed("pthread_cond_wait") : NULL;
}
static volatile int locked;
static void *hold_mutex(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&mutex);
	locked = 1;
	usleep(WAIT_MS * 1000);
	pthread_mutex_unlock(&mutex);
	return NULL;
}
static const char *by_mutex_lock(void)
{
	pthread_t holder;
	locked = 0;
	if (pthread_create(&holder, NULL, hold_mutex, NULL) != 0)
		return "pthread_create";
	while (!locked)
		usleep(100);
	errno = pthread_mutex_lock(&mutex);
	const char *wrong = errno ? failed("pthread_mutex_lock") : NULL;
	pthread_mutex_unlock(&mutex);
	pthread_join(holder, NULL);
	return wrong;
}
static void *sleeper(void *arg)
{
	usleep(WAIT_MS * 1000);
	return arg;
}
static const char *by_join(void)
{
	pthread_t thread;
	void *result = NULL;
	if (pthread_create(&thread, NULL, sleeper, lock_path) != 0)
		return "pthread_create";
	errno = pthread_join(thread, &result);
	return errno || result != lock_path ? failed("pthread_join") : NULL;
}

static int futex_word;
static void wake_futex(void *arg)
{
	(void)arg;
	__atomic_store_n(&futex_word, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &futex_word, FUTEX_WAKE, 1, NULL, NULL, 0);
}
static const char *by_futex(void)
{
	futex_word = 0;
	later(wake_futex, NULL);
	long got = syscall(SYS_futex, &futex_word, FUTEX_WAIT, 0, NULL, NULL, 0);
	/* A wait that is taken up again after the wake-up finds the word changed, as one that begins late does. */
	const char *wrong = got == 0 || (errno == EAGAIN && futex_word != 0) ? NULL : failed("futex");
	later_done();
	return wrong;
}

static void send_signal(void *arg)
{
	(void)arg;
	kill(getpid(), SIGUSR2);
}
static const char *by_sigwait(void)
{
	sigset_t set;
	int got = 0;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2); /* blocked in all threads, see main() */
	later(send_signal, NULL);
	errno = sigwait(&set, &got);
	const char *wrong = errno || got != SIGUSR2 ? failed("sigwait") : NULL;
	later_done();
	return wrong;
}

static char fifo_path[64];
static void open_fifo_writer(void *arg)
{
	(void)arg;
	close(open(fifo_path, O_WRONLY));
}
static const char *by_open(void)
{
	snprintf(fifo_path, sizeof fifo_path, "%s.fifo", lock_path);
	mkfifo(fifo_path, 0600);
	later(open_fifo_writer, NULL);
	int fd = open(fifo_path, O_RDONLY);
	const char *wrong = fd >= 0 ? NULL : failed("open");
	later_done();
	close(fd);
	unlink(fifo_path);
	return wrong;
}

static const struct blocking_case cases[] = {
	{ "read from a pipe", by_read, 0 }, { "readv from a pipe", by_readv, 0 }, { "read by syscall()", by_syscall_read, 0 },
	{ "poll for a pipe", by_poll, 0 }, { "select for a pipe", by_select, 0 }, { "epoll_wait for a pipe", by_epoll, 0 },
	{ "recv", by_recv, 0 }, { "recvfrom", by_recvfrom, 0 }, { "recvmsg", by_recvmsg, 0 }, { "accept", by_accept, 0 },
	{ "waitpid", by_waitpid, 0 }, { "waitid", by_waitid, 0 }, { "flock", by_flock, 0 }, { "fcntl F_OFD_SETLKW", by_fcntl_lock, 0 },
	{ "msgrcv", by_msgrcv, 0 }, { "semop", by_semop, 0 }, { "sem_wait", by_sem_wait, 0 },
	{ "pthread_cond_wait", by_cond_wait, 0 }, { "pthread_mutex_lock", by_mutex_lock, 0 }, { "pthread_join", by_join, 0 },
	{ "futex by syscall()", by_futex, 0 }, { "sigwait", by_sigwait, 0 }, { "open of a FIFO", by_open, 0 },
};
#define CASES ((int)(sizeof cases / sizeof *cases))

int main(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	int fd = mkstemp(lock_path);
	if (fd < 0)
		bail("mkstemp");
	plan(BLOCKING_TESTS * CASES);
	blocking_all(cases, CASES);
	unlink(lock_path);
	return done();
}
