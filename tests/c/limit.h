/* SPDX-License-Identifier: Apache-2.0 */
/* limit.h - tests of INGER_LIMITS. The rules are read before main(): a program gives them to itself and begins once more,
 * and runs parts of itself as children with rules and environment of their own. */
#ifndef LIMIT_H
#define LIMIT_H

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "helpers.h"

/* What a child has said on stderr, and how it ended. */
struct limit_end {
	int status; /* as from waitpid(); -1: it never began */
	char said[16384];
};

/* limit_begin - begin once more with the rules; returns in that second life. */
UNUSED static void limit_begin(char **argv, const char *rules)
{
	if (getenv("LIMIT_BEGUN"))
		return;
	if (setenv("LIMIT_BEGUN", "1", 1) != 0 || setenv("INGER_LIMITS", rules, 1) != 0)
		bail("setenv");
	execv("/proc/self/exe", argv);
	bail("execv");
}

/* limit_silent - messages of the library go to `path`, /dev/null for nowhere: a storm's are many. */
UNUSED static void limit_silent(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
		bail(path);
	close(fd);
}

/* limit_wait - for a child. One that does not end is killed: a hang is a death, also with all signals blocked. */
UNUSED static int limit_wait(pid_t pid)
{
	int status = -1;
	for (int left = (soak() ? 900 : 20) * 200; left >= 0; left--) {
		pid_t ended = waitpid(pid, &status, left ? WNOHANG : 0);
		if (ended == pid || (ended < 0 && errno != EINTR))
			break;
		usleep(5000);
		if (left == 1)
			kill(pid, SIGKILL);
	}
	return status;
}

/* limit_child - the program itself with these rules (NULL: none) and `part` as its argument; main() tells by that. `more` is
 * a variable for its environment, NAME=VALUE, or NULL. */
UNUSED static struct limit_end limit_child(const char *rules, const char *part, const char *more)
{
	struct limit_end end;
	end.status = -1;
	char path[] = "/tmp/limit.XXXXXX", name[64];
	int fd = mkstemp(path);
	if (fd < 0)
		bail("mkstemp");
	unlink(path);
	pid_t pid = fork();
	if (pid < 0)
		bail("fork");
	if (pid == 0) {
		dup2(fd, STDERR_FILENO);
		if (rules)
			setenv("INGER_LIMITS", rules, 1);
		else
			unsetenv("INGER_LIMITS");
		if (more && strchr(more, '=')) {
			snprintf(name, sizeof name, "%.*s", (int)(strchr(more, '=') - more), more);
			setenv(name, strchr(more, '=') + 1, 1);
		}
		setenv("LIMIT_BEGUN", "1", 1);
		execl("/proc/self/exe", part, part, (char *)NULL);
		_exit(127);
	}
	end.status = limit_wait(pid);
	ssize_t n = pread(fd, end.said, sizeof end.said - 1, 0);
	end.said[n < 0 ? 0 : n] = 0;
	close(fd);
	return end;
}

/* limit_show - why a child was not as it should be. */
UNUSED static void limit_show(const struct limit_end *end)
{
	if (WIFSIGNALED(end->status))
		diag("it was ended by signal %d", WTERMSIG(end->status));
	else
		diag("it ended with status %d", WEXITSTATUS(end->status));
	diag("it said: %.700s", end->said);
}

/* limit_lines - how many lines of what was said have `text`. */
UNUSED static int limit_lines(const char *said, const char *text)
{
	int lines = 0;
	for (const char *at = said; (at = strstr(at, text)) != NULL; at++) {
		lines++;
		at = strchr(at, '\n');
		if (!at)
			break;
	}
	return lines;
}

#endif
