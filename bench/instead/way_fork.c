/* SPDX-License-Identifier: Apache-2.0 */
/* way_fork.c - a process for the call. Its result comes through a pipe; it is killed when that is not there in time. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ways.h"

struct head {
	size_t bytes;
	bool is_there;
};

static bool write_all(int fd, const void *data, size_t bytes) {
	for (const char *at = data; bytes;) {
		ssize_t n = write(fd, at, bytes);
		if (n < 0)
			return false;
		at += n;
		bytes -= (size_t)n;
	}
	return true;
}

static int read_all(int fd, void *data, size_t bytes, const struct timespec *deadline) {
	for (char *at = data; bytes;) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		struct timespec left = left_until(deadline);
		int n = ppoll(&ready, 1, &left, NULL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? errno : ETIMEDOUT;
		ssize_t got = read(fd, at, bytes);
		if (got <= 0)
			return got ? errno : EPIPE;
		at += got;
		bytes -= (size_t)got;
	}
	return 0;
}

static int result(int fd, struct job *job, const struct timespec *deadline) {
	struct head head;
	int failed = read_all(fd, &head, sizeof(head), deadline);
	if (failed || !head.is_there)
		return failed;
	unsigned char *output = malloc(head.bytes);
	if (!output)
		return errno;
	failed = read_all(fd, output, head.bytes, deadline);
	if (failed) {
		free(output);
		return failed;
	}
	job->output = output;
	job->output_bytes = head.bytes;
	return 0;
}

static int call(struct job *job, uint64_t budget_us) {
	struct timespec deadline = now_plus(budget_us);
	int ends[2];
	if (pipe(ends))
		return errno;
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a runaway must not outlive everybody */
		job->work->run(job);
		struct head head = { job->output_bytes, job->output != NULL };
		bool told = write_all(ends[1], &head, sizeof(head)) && write_all(ends[1], job->output, job->output_bytes);
		_exit(!told);
	}
	close(ends[1]);
	int failed = pid < 0 ? errno : result(ends[0], job, &deadline);
	close(ends[0]);
	if (pid > 0) {
		if (failed)
			kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	return failed;
}

const struct way way_fork = { .name = "fork", .call = call };
