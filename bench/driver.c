/* SPDX-License-Identifier: Apache-2.0 */
/* driver.c - the benchmark as a command: bench [--quick] [--list] [GROUP…]
 *
 * Each group runs in a process of its own, so that none finds stacks, timers or heap left by another, and one that
 * fails takes nothing with it. Missed goals do not fail the run; a group that could not be measured does. */
#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

extern char **environ;

enum { LIMIT_S = 600 }; /* far beyond any group: a hang is to end with a name */

static const struct group {
	const char *name, *clock; /* clock NULL: the library chooses */
} groups[] = {
	{ "launch", NULL },         { "pause", NULL },     { "overshoot", "timer" },
	{ "overshoot", "timekeeper" }, { "compute", "timer" }, { "compute", "timekeeper" },
	{ "malloc", NULL },         { "memory", NULL },    { "memory_preempted", NULL },
	{ "memory_isolated", NULL }, { "many", NULL },     { "run", NULL },
	{ "reach", NULL },          { "isolated", NULL }, { "sets", NULL },
	{ "relink", NULL },         { "pairs", NULL },     { "cancel", NULL },
	{ "sustained", NULL },      { "trace", NULL },     { "cancel_image", NULL },
	{ "cancel_after", NULL },
	{ "instead_png", NULL },    { "instead_sqlite", NULL }, { "instead_pcre2", NULL },
	{ "instead_zlib", NULL },   { "instead_lua", NULL },
	{ "quantum", "timer" },     { "quantum", "timekeeper" },
	{ "jitter", "timer" },      { "jitter", "timekeeper" },
	{ "depth", "timer" },       { "state", "timer" },
	{ "floor", NULL },          { "threads", NULL },   { "libraries", NULL },
	{ "paused_shared", NULL },  { "paused_isolated", NULL },
};
enum { GROUPS = sizeof(groups) / sizeof(*groups) };

static volatile sig_atomic_t measuring;

static void too_long(int signal) {
	(void)signal;
	kill(measuring, SIGKILL);
}

/* first_line - of a file, or the rest of the first line that begins with key; "unknown" where there is none. */
static void first_line(const char *path, const char *key, char *out, size_t room) {
	char line[512];
	FILE *f = fopen(path, "re");
	snprintf(out, room, "unknown");
	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, strlen(key)))
			continue;
		char *value = line + strlen(key);
		value += strspn(value, " \t:");
		value[strcspn(value, "\n")] = '\0';
		snprintf(out, room, "%s", value);
		break;
	}
	if (f)
		fclose(f);
}

static void header(bool quick) {
	char cpu[128], source[64], load[64];
	struct utsname system;
	uname(&system);
	first_line("/proc/cpuinfo", "model name", cpu, sizeof(cpu));
	first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource", "", source, sizeof(source));
	first_line("/proc/loadavg", "", load, sizeof(load));
	load[strcspn(load, " ")] = '\0';
	printf("# cpu=%s cores=%ld kernel=%s libc=%s clock=%s load=%s quantum_us=100%s\n", cpu,
	       sysconf(_SC_NPROCESSORS_ONLN), system.release, gnu_get_libc_version(), source, load,
	       quick ? " quick" : "");
	fflush(stdout);
}

static bool ends_with(const char *line, const char *word) {
	size_t n = strlen(line), w = strlen(word);
	return n >= w && !strcmp(line + n - w, word);
}

struct tally {
	unsigned ok, missed, failed;
};

static pid_t start(const struct group *g, bool quick, FILE **lines) {
	int ends[2];
	if (pipe2(ends, O_CLOEXEC))
		die("start a group", "pipe", errno);
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	const char *path = in_directory_of_exe("cases");
	char *argv[] = { (char *)"cases", (char *)g->name, quick ? (char *)"--quick" : NULL, NULL };
	if (g->clock)
		setenv("INGER_CLOCK", g->clock, 1);
	else
		unsetenv("INGER_CLOCK");
	pid_t pid;
	int failed = posix_spawn(&pid, path, &actions, NULL, argv, environ);
	if (failed)
		die("start a group", path, failed);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	*lines = fdopen(ends[0], "r");
	if (!*lines)
		die("start a group", "fdopen", errno);
	return pid;
}

static void run(const struct group *g, bool quick, struct tally *t) {
	FILE *lines;
	char line[1024];
	int status = 0;
	pid_t pid = start(g, quick, &lines);
	measuring = pid;
	alarm(LIMIT_S);
	while (fgets(line, sizeof(line), lines)) {
		fputs(line, stdout);
		fflush(stdout);
		t->ok += ends_with(line, " ok\n");
		t->missed += ends_with(line, " MISSED\n");
	}
	fclose(lines);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	alarm(0);
	if (!status)
		return;
	t->failed++;
	const char *clock = g->clock ? g->clock : "auto";
	if (WIFSIGNALED(status))
		printf("%-26s not measured: clock=%s: ended by signal %d (%s)\n", g->name, clock, WTERMSIG(status),
		       strsignal(WTERMSIG(status)));
	else
		printf("%-26s not measured: clock=%s: exit status %d\n", g->name, clock, WEXITSTATUS(status));
}

int main(int argc, char **argv) {
	struct tally tally = { 0 };
	bool quick = false, all = true;
	for (int i = 1; i < argc; i++) {
		bool known = !strcmp(argv[i], "--quick");
		quick |= known;
		for (size_t g = 0; g < GROUPS && !known; g++)
			if (!strcmp(argv[i], groups[g].name)) {
				all = false;
				known = true;
			}
		if (!known) {
			bool list = !strcmp(argv[i], "--list");
			fprintf(list ? stdout : stderr, "usage: bench [--quick] [--list] [GROUP...]\ngroups:");
			for (size_t g = 0; g < GROUPS; g++)
				if (!g || strcmp(groups[g].name, groups[g - 1].name))
					fprintf(list ? stdout : stderr, " %s", groups[g].name);
			fputc('\n', list ? stdout : stderr);
			return list ? 0 : 2;
		}
	}
	/* Settings for a program under the library are not settings for this one. */
	static const char *const scrubbed[] = { "LD_PRELOAD",  "INGER_SLICE", "INGER_TORTURE", "INGER_STATS",
		                                "INGER_STACK", "INGER_FOLLOW", /* not INGER_SEED: groups take theirs from it */
		                                "INGER_ISOLATION", "INGER_LIBSETS", "INGER_TRACE", "INGER_TRACE_EVENTS" };
	for (size_t i = 0; i < sizeof(scrubbed) / sizeof(*scrubbed); i++)
		unsetenv(scrubbed[i]);
	signal(SIGALRM, too_long);
	header(quick);
	for (size_t g = 0; g < GROUPS; g++) {
		bool wanted = all;
		for (int i = 1; i < argc; i++)
			wanted |= !strcmp(argv[i], groups[g].name);
		if (wanted)
			run(&groups[g], quick, &tally);
	}
	printf("# goals: %u ok, %u MISSED; groups not measured: %u\n", tally.ok, tally.missed, tally.failed);
	return tally.failed != 0;
}
