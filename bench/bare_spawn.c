/* SPDX-License-Identifier: Apache-2.0 */
/* bare_spawn.c - start a short program as a shell would, plainly or under the library. */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "bare_ops.h"

extern char **environ;

static char tool[4096], preload[4096 + sizeof("LD_PRELOAD=")];

/* environment_with - the present one and one more variable. INGER_* settings of this run must not reach the children:
 * the question is what the defaults cost. */
static char **environment_with(char *extra) {
	size_t n = 0, kept = 0;
	while (environ[n])
		n++;
	char **copy = calloc(n + 2, sizeof(*copy));
	if (!copy)
		die("start a program", "calloc", errno);
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "INGER_", 6) && strncmp(environ[i], "LD_PRELOAD=", 11))
			copy[kept++] = environ[i];
	if (extra)
		copy[kept] = extra;
	return copy;
}

static char **environment(bool preloaded) {
	static char **made[2];
	if (!made[preloaded]) {
		snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", in_directory_of_exe("../libinger.so"));
		made[preloaded] = environment_with(preloaded ? preload : NULL);
	}
	return made[preloaded];
}

static double run(char **argv, char **environment) {
	double start = now_ns();
	pid_t pid;
	int status = 0;
	int failed = posix_spawn(&pid, argv[0], NULL, NULL, argv, environment);
	if (failed)
		die("start a program", argv[0], failed);
	if (waitpid(pid, &status, 0) != pid)
		die("wait for a program", argv[0], errno);
	double elapsed = now_ns() - start;
	if (status)
		die("run a program", argv[0], 0);
	return elapsed;
}

double base_spawn(uint64_t kind) {
	static char *plain[] = { (char *)"/bin/true", NULL };
	static char *inger[] = { tool, (char *)"run", (char *)"--", (char *)"/bin/true", NULL };
	static char *sliced[] = { tool,         (char *)"run", (char *)"--slice", (char *)"100us",
		                  (char *)"--", (char *)"/bin/true", NULL };
	static char **const commands[SPAWN_KINDS] = { plain, inger, sliced, plain };
	if (!tool[0])
		snprintf(tool, sizeof(tool), "%s", in_directory_of_exe("../inger"));
	if (kind >= SPAWN_KINDS)
		die("start a program", "unknown kind", EINVAL);
	return run(commands[kind], environment(kind == SPAWN_PRELOADED));
}

double base_idle(uint64_t libraries) {
	static char program[4096], number[16];
	char *argv[] = { program, number, NULL };
	if (!program[0])
		snprintf(program, sizeof(program), "%s", in_directory_of_exe("idle"));
	snprintf(number, sizeof(number), "%u", (unsigned)(libraries & ~(uint64_t)BARE_IDLE_PRELOADED));
	return run(argv, environment(libraries & BARE_IDLE_PRELOADED));
}
