/* SPDX-License-Identifier: Apache-2.0 */
/* spawn_inside: a preemptible function starts programs in every way there is, in small slices. */
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include "helpers.h"

extern char **environ;

struct outcome {
	int status;
	char text[64];
};

static int waited(pid_t child)
{
	int status;
	if (waitpid(child, &status, 0) != child)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void by_system(void *arg)
{
	int status = system("exit 3");
	((struct outcome *)arg)->status = WIFEXITED(status) ? WEXITSTATUS(status) : status;
}

static void by_popen(void *arg)
{
	struct outcome *o = arg;
	FILE *stream = popen("sleep 0.02; echo hello; exit 4", "r");
	if (!stream)
		return;
	if (!fgets(o->text, sizeof o->text, stream))
		strcpy(o->text, "nothing");
	int status = pclose(stream);
	o->status = WIFEXITED(status) ? WEXITSTATUS(status) : status;
}

static void by_popen_write(void *arg)
{
	struct outcome *o = arg;
	FILE *stream = popen("read line; [ \"$line\" = ping ] && exit 6", "w");
	if (!stream)
		return;
	fputs("ping\n", stream);
	int status = pclose(stream);
	o->status = WIFEXITED(status) ? WEXITSTATUS(status) : status;
}

static void by_posix_spawn(void *arg)
{
	char *const command[] = { "sh", "-c", "exit 5", NULL };
	pid_t child;
	int error = posix_spawnp(&child, "sh", NULL, NULL, command, environ);
	((struct outcome *)arg)->status = error ? -error : waited(child);
}

static void by_spawn_missing(void *arg)
{
	char *const command[] = { "missing", NULL };
	pid_t child;
	((struct outcome *)arg)->status = posix_spawn(&child, "/nonexistent/missing", NULL, NULL, command, environ);
}

static void by_vfork(void *arg)
{
	pid_t child = vfork();
	if (child == 0) {
		execl("/bin/sh", "sh", "-c", "exit 8", (char *)NULL);
		_exit(127);
	}
	((struct outcome *)arg)->status = waited(child);
}

static void by_fork_exec(void *arg)
{
	struct outcome *o = arg;
	int pipes[2];
	if (pipe(pipes) != 0)
		return;
	pid_t child = fork();
	if (child == 0) {
		dup2(pipes[1], 1);
		execlp("sh", "sh", "-c", "echo from child; exit 9", (char *)NULL);
		_exit(127);
	}
	close(pipes[1]);
	ssize_t n = read(pipes[0], o->text, sizeof o->text - 1);
	o->text[n > 0 ? n : 0] = 0;
	close(pipes[0]);
	o->status = waited(child);
}

/* A child that is exec'ed must not find our signal pending, blocked or ignored. */
static void mask_of_child(void *arg)
{
	struct outcome *o = arg;
	FILE *stream = popen("grep -E '^Sig(Blk|Ign)' /proc/self/status | tr -d '\\n'", "r");
	if (!stream)
		return;
	if (!fgets(o->text, sizeof o->text, stream))
		strcpy(o->text, "nothing");
	o->status = pclose(stream);
}

static const struct {
	const char *name;
	void (*function)(void *);
	int status;
	const char *text;
} ways[] = {
	{ "system", by_system, 3, "" },
	{ "popen for reading", by_popen, 4, "hello\n" },
	{ "popen for writing", by_popen_write, 6, "" },
	{ "posix_spawnp", by_posix_spawn, 5, "" },
	{ "posix_spawn of a missing program", by_spawn_missing, ENOENT, "" },
	{ "vfork and exec", by_vfork, 8, "" },
	{ "fork and exec", by_fork_exec, 9, "from child\n" },
};
#define WAYS (sizeof ways / sizeof *ways)

int main(void)
{
	static const uint64_t budgets[] = { 50, 200, 1000 };
	plan(2 * WAYS + 1);
	for (size_t i = 0; i < WAYS; i++) {
		int right = 0, texts = 0;
		long pauses = 0;
		for (int round = 0; round < 9; round++) {
			struct outcome o = { .status = -9999 };
			pauses += run_sliced(ways[i].function, &o, budgets[round % 3]);
			right += o.status == ways[i].status;
			texts += strcmp(o.text, ways[i].text) == 0;
			if (o.status != ways[i].status)
				diag("%s: status %d", ways[i].name, o.status);
		}
		is_int(right, 9, "%s: right status (%ld pauses)", ways[i].name, pauses);
		is_int(texts, 9, "%s: right text", ways[i].name);
	}
	struct outcome outside = { 0 }, inside = { 0 };
	mask_of_child(&outside);
	run_sliced(mask_of_child, &inside, 100);
	ok(strncmp(outside.text, "SigBlk", 6) == 0 && strcmp(outside.text, inside.text) == 0,
		"a child's signal mask is the same from inside and outside: %s", inside.text);
	return done();
}
