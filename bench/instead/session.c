/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - each process that measures is the first of a process group, which ends with it. */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../harness.h"

extern char **environ;

enum { LOOK_MS = 50 };

/* memory_file - not below 10, so that it is in nobody's way when it becomes a child's low descriptor. */
static int memory_file(const char *name, size_t bytes) {
	int fd = memfd_create(name, MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, (off_t)bytes))
		die("make a file in memory", name, errno);
	int high = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	if (high < 0)
		die("make a file in memory", name, errno);
	close(fd);
	return high;
}

/* What dying processes say ("double free or corruption") is part of the outcome, not of the output. */
static pid_t start(const char *program, char **argv, int inputs_fd, int report_fd, bool quietly) {
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, inputs_fd, INPUTS_FD);
	if (report_fd >= 0)
		posix_spawn_file_actions_adddup2(&actions, report_fd, REPORT_FD);
	if (quietly)
		posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setpgroup(&attributes, 0);
	pid_t pid;
	const char *path = in_directory_of_exe(program);
	int failed = posix_spawn(&pid, path, &actions, &attributes, argv, environ);
	if (failed)
		die("start a program", path, failed);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return pid;
}

static int status_of(pid_t pid) {
	int status = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

int session_inputs(const char *program, const char *work, uint64_t seed, const char *directory) {
	char number[32];
	snprintf(number, sizeof(number), "%lu", (unsigned long)seed);
	setenv("INSTEAD_DIRECTORY", directory, 1);
	int fd = memory_file("inputs", 0);
	char *argv[] = { (char *)program, (char *)"make", (char *)work, number, NULL };
	if (status_of(start(program, argv, fd, -1, false)))
		die("make inputs", work, 0);
	return fd;
}

/* watch - until it ends; true: it was killed, because no call has ended for stall_ms. */
static bool watch(pid_t pid, const struct report *report, double stall_ms) {
	struct pollfd ended = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	if (ended.fd < 0)
		die("watch a program", "pidfd_open", errno);
	uint32_t stage = 0, call = 0;
	double since = now_ns();
	bool hangs = false;
	while (poll(&ended, 1, LOOK_MS) == 0) {
		if (stage != report->stage || call != report->call) {
			stage = report->stage;
			call = report->call;
			since = now_ns();
		}
		hangs = now_ns() - since > stall_ms * NS_PER_MS;
		if (hangs) {
			kill(pid, SIGKILL);
			break;
		}
	}
	close(ended.fd);
	return hangs;
}

struct session_result session_run(const struct session *s, int inputs_fd, struct report *report) {
	char seed[32], calls[16], storm[16], limit[32];
	snprintf(seed, sizeof(seed), "%lu", (unsigned long)s->seed);
	snprintf(calls, sizeof(calls), "%u", s->calls);
	snprintf(storm, sizeof(storm), "%u", s->storm);
	snprintf(limit, sizeof(limit), "%.0f", s->limit_ms);
	char *argv[] = { (char *)s->program, (char *)s->way, (char *)s->work, seed, calls, storm, limit, NULL };
	int fd = memory_file("report", sizeof(*report));
	struct report *shared = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED)
		die("map a report", "mmap", errno);
	if (s->exact_heap)
		setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1);
	pid_t pid = start(s->program, argv, inputs_fd, fd, true);
	unsetenv("GLIBC_TUNABLES");
	struct session_result result = { .end = SESSION_WHOLE };
	bool hangs = watch(pid, shared, s->stall_ms);
	/* Before it is waited for: its group's number can't be another's yet. */
	kill(-pid, SIGKILL);
	int status = status_of(pid);
	if (hangs)
		result.end = SESSION_HANGS;
	else if (shared->stage != STAGE_DONE && WIFSIGNALED(status))
		result = (struct session_result){ SESSION_SIGNAL, WTERMSIG(status) };
	else if (shared->stage != STAGE_DONE)
		result = (struct session_result){ SESSION_EXIT, WEXITSTATUS(status) };
	memcpy(report, shared, sizeof(*report));
	munmap(shared, sizeof(*report));
	close(fd);
	return result;
}
