/* SPDX-License-Identifier: Apache-2.0 */
/* bare_client.c - the side of a case: start the bare process, ask, collect. */
#include "bare.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

extern char **environ;

static int to_bare = -1, from_bare = -1;

static void start(void) {
	int request[2], answer[2];
	/* Without O_CLOEXEC the child would hold the writing end of its own input and never see the end of file. */
	if (pipe2(request, O_CLOEXEC) || pipe2(answer, O_CLOEXEC))
		die("start the bare process", "pipe", errno);
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, request[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, answer[1], STDOUT_FILENO);
	const char *path = in_directory_of_exe("bare");
	char *argv[] = { (char *)"bare", NULL };
	pid_t pid;
	int failed = posix_spawn(&pid, path, &actions, NULL, argv, environ);
	if (failed)
		die("start the bare process", path, failed);
	posix_spawn_file_actions_destroy(&actions);
	close(request[0]);
	close(answer[1]);
	to_bare = request[1];
	from_bare = answer[0];
}

static void read_all(void *data, size_t bytes) {
	for (char *p = data; bytes;) {
		ssize_t n = read(from_bare, p, bytes);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			die("read from the bare process", n ? "pipe" : "it ended early", n ? errno : 0);
		p += n;
		bytes -= (size_t)n;
	}
}

static uint64_t ask(const struct bare_request *request, struct samples *s) {
	if (to_bare < 0)
		start();
	if (write(to_bare, request, sizeof(*request)) != (ssize_t)sizeof(*request))
		die("ask the bare process", "pipe", errno);
	struct bare_answer answer;
	read_all(&answer, sizeof(answer));
	for (uint64_t i = 0; i < answer.count; i++) {
		double value;
		read_all(&value, sizeof(value));
		samples_add(s, value);
	}
	return answer.interrupts;
}

uint64_t bare_sample(enum bare_op op, uint64_t argument, uint32_t count, struct samples *s) {
	struct bare_request request = { .op = op, .count = count, .argument = argument };
	return ask(&request, s);
}

uint64_t bare_interrupted(enum bare_op op, uint64_t rounds, double period_ns, struct samples *s) {
	struct bare_request request = { .op = op, .count = 1, .argument = rounds, .period_ns = (uint64_t)period_ns };
	return ask(&request, s);
}

void bare_late(enum bare_op op, uint64_t budget_us, uint32_t count, double limit_ns, struct samples *s) {
	struct bare_request request = { .op = op, .count = count, .argument = budget_us, .period_ns = (uint64_t)limit_ns };
	ask(&request, s);
}

void bare_watch(unsigned state, uint64_t depth, uint64_t budget_us, uint32_t count, struct samples *s) {
	struct bare_request request = { .op = BARE_WATCH, .count = count, .argument = (uint64_t)state << 32 | depth,
		                        .period_ns = budget_us * 1000 };
	ask(&request, s);
}
