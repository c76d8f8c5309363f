/* SPDX-License-Identifier: Apache-2.0 */
/* child.c - start a program, ask it, read numbers. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct child child_start(const char *program, const char *first, const char *second) {
	int ask[2], answer[2];
	signal(SIGPIPE, SIG_IGN); /* child_ask() says which program has ended */
	/* Without O_CLOEXEC the child would hold the writing end of its own input and never see the end of file. */
	if (pipe2(ask, O_CLOEXEC) || pipe2(answer, O_CLOEXEC))
		die("start a program", "pipe", errno);
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ask[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, answer[1], STDOUT_FILENO);
	const char *path = in_directory_of_exe(program);
	char *argv[] = { (char *)path, (char *)first, (char *)second, NULL };
	struct child child = { .program = program, .ask = ask[1], .answer = answer[0] };
	int failed = posix_spawn(&child.pid, path, &actions, NULL, argv, environ);
	if (failed)
		die("start a program", path, failed);
	posix_spawn_file_actions_destroy(&actions);
	close(ask[0]);
	close(answer[1]);
	return child;
}

void child_ask(const struct child *child, const void *request, size_t request_bytes, void *answer, size_t answer_bytes) {
	if (write(child->ask, request, request_bytes) != (ssize_t)request_bytes)
		die("ask a program", child->program, errno);
	child_read(child, answer, answer_bytes);
}

void child_read(const struct child *child, void *data, size_t bytes) {
	for (char *p = data; bytes;) {
		ssize_t n = read(child->answer, p, bytes);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			die(n ? "read from a program" : "read from a program that ended early", child->program, n ? errno : 0);
		p += n;
		bytes -= (size_t)n;
	}
}

static int status_of(pid_t pid) {
	int status = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

void child_end(const struct child *child) {
	close(child->ask);
	close(child->answer);
	status_of(child->pid);
}

void child_run(const char *program, const char *first, const char *second, double *values, size_t count) {
	struct child child = child_start(program, first, second);
	FILE *numbers = fdopen(child.answer, "r");
	size_t found = 0;
	while (numbers && found < count && fscanf(numbers, "%lf", &values[found]) == 1)
		found++;
	if (numbers)
		fclose(numbers);
	close(child.ask);
	if (status_of(child.pid) || found != count)
		die("read the numbers of a program", program, 0);
}
