/* SPDX-License-Identifier: Apache-2.0 */
/* way_posix_spawn_pool.c - processes that wait for calls on a socket. One that is late is killed, and another one started in
 * its place; there are two, so that the next call need not wait for that. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ways.h"

enum { WORKERS = 2, WORKER_FD = 3 };

extern char **environ;

struct head {
	size_t bytes;
	bool is_there;
};

static struct worker {
	pid_t pid;
	int fd;
} workers[WORKERS];
static unsigned next;
static const struct work *served;

static int spawn(struct worker *worker) {
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return errno;
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], WORKER_FD);
	char *argv[] = { (char *)"worker", (char *)"worker", (char *)served->name, NULL };
	int failed = posix_spawn(&worker->pid, "/proc/self/exe", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	worker->fd = ends[0];
	if (failed) {
		close(ends[0]);
		*worker = (struct worker){ 0, -1 };
	}
	return failed;
}

static void stop(struct worker *worker) {
	if (worker->pid <= 0)
		return;
	close(worker->fd);
	kill(worker->pid, SIGKILL);
	while (waitpid(worker->pid, NULL, 0) < 0 && errno == EINTR)
		;
	*worker = (struct worker){ 0, -1 };
}

static void begin(const struct work *work) {
	served = work;
	for (unsigned i = 0; i < WORKERS; i++)
		spawn(&workers[i]);
}

static void end(void) {
	for (unsigned i = 0; i < WORKERS; i++)
		stop(&workers[i]);
}

/* transfer - all of it, there or back. deadline NULL: without one. */
static int transfer(int fd, void *data, size_t bytes, bool out, const struct timespec *deadline) {
	for (char *at = data; bytes;) {
		struct pollfd ready = { .fd = fd, .events = out ? POLLOUT : POLLIN };
		struct timespec left;
		if (deadline)
			left = left_until(deadline);
		int n = ppoll(&ready, 1, deadline ? &left : NULL, NULL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? errno : ETIMEDOUT;
		ssize_t moved = out ? send(fd, at, bytes, MSG_NOSIGNAL | MSG_DONTWAIT) : recv(fd, at, bytes, MSG_DONTWAIT);
		if (moved < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (moved <= 0)
			return moved ? errno : EPIPE;
		at += moved;
		bytes -= (size_t)moved;
	}
	return 0;
}

static int send_block(int fd, const void *data, size_t bytes, const struct timespec *deadline) {
	struct head head = { bytes, data != NULL };
	int failed = transfer(fd, &head, sizeof(head), true, deadline);
	return failed ? failed : transfer(fd, (void *)data, bytes, true, deadline);
}

static int receive_block(int fd, unsigned char **data, size_t *bytes, const struct timespec *deadline) {
	struct head head;
	int failed = transfer(fd, &head, sizeof(head), false, deadline);
	if (failed || !head.is_there)
		return failed;
	unsigned char *block = malloc(head.bytes);
	if (!block)
		return errno;
	failed = transfer(fd, block, head.bytes, false, deadline);
	if (failed) {
		free(block);
		return failed;
	}
	*data = block;
	*bytes = head.bytes;
	return 0;
}

void pool_serve(const struct work *work) {
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a runaway must not outlive everybody */
	for (;;) {
		struct job job = { .work = work };
		unsigned char *input = NULL;
		if (receive_block(WORKER_FD, &input, &job.input_bytes, NULL))
			return;
		job.input = input;
		work->run(&job);
		int failed = send_block(WORKER_FD, job.output, job.output_bytes, NULL);
		free(input);
		free(job.output);
		if (failed)
			return;
	}
}

static int call(struct job *job, uint64_t budget_us) {
	struct timespec deadline = now_plus(budget_us);
	struct worker *worker = &workers[next++ % WORKERS];
	int failed = worker->pid > 0 ? 0 : spawn(worker);
	if (failed)
		return failed;
	failed = send_block(worker->fd, job->input, job->input_bytes, &deadline);
	if (!failed)
		failed = receive_block(worker->fd, &job->output, &job->output_bytes, &deadline);
	if (failed) {
		stop(worker);
		spawn(worker);
	}
	return failed;
}

const struct way way_posix_spawn_pool = { .name = "posix_spawn_pool", .begin = begin, .call = call, .end = end };
