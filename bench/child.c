/* SPDX-License-Identifier: Apache-2.0 */
/* child.c - start a program, read numbers. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

void child_run(const char *program, const char *first, const char *second, double *values, size_t count) {
	int ends[2], status = 0;
	if (pipe2(ends, O_CLOEXEC))
		die("start a program", "pipe", errno);
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	const char *path = in_directory_of_exe(program);
	char *argv[] = { (char *)path, (char *)first, (char *)second, NULL };
	pid_t pid;
	int failed = posix_spawn(&pid, path, &actions, NULL, argv, environ);
	if (failed)
		die("start a program", path, failed);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	FILE *numbers = fdopen(ends[0], "r");
	size_t found = 0;
	while (numbers && found < count && fscanf(numbers, "%lf", &values[found]) == 1)
		found++;
	if (numbers)
		fclose(numbers);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status || found != count)
		die("read the numbers of a program", path, 0);
}
