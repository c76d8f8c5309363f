/* SPDX-License-Identifier: Apache-2.0 */
/* odd_versions.c - references to old versions of libc's functions reach these, in calls that are paused all the time and outside. */
#include "helpers.h"
#include <regex.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define OLD(name) __asm__(".symver old_" #name ", " #name "@GLIBC_2.2.5")
OLD(posix_spawn);
OLD(regexec);
OLD(pthread_cond_signal);
OLD(timer_create);
OLD(timer_delete);
extern int old_posix_spawn(pid_t *, const char *, const void *, const void *, char *const[], char *const[]);
extern int old_regexec(const regex_t *, const char *, size_t, regmatch_t[], int);
extern int old_pthread_cond_signal(void *);
extern int old_timer_create(clockid_t, void *, int *);
extern int old_timer_delete(int);

static char script[] = "/tmp/odd_versionsXXXXXX";
static int error, status, start, canary;

static void use(void *unused)
{
	char *argv[] = {script, NULL};
	regmatch_t m[1] = {{2, 6}};
	struct { void *cond; uint64_t canary; } old = {NULL, 12345};
	struct { int id, canary; } timer = {-1, 12345};
	regex_t r;
	pid_t pid;

	(void)unused;
	status = -1;
	error = old_posix_spawn(&pid, script, NULL, NULL, argv, environ);
	if (!error)
		waitpid(pid, &status, 0);
	regcomp(&r, "b+", REG_EXTENDED);
	start = old_regexec(&r, "bbaabbbbb", 1, m, REG_STARTEND) == 0 ? m[0].rm_so : -1;
	regfree(&r);
	old_pthread_cond_signal(&old);
	error += old_timer_create(CLOCK_MONOTONIC, NULL, &timer.id) != 0;
	error += old_timer_delete(timer.id) != 0;
	canary = old.canary == 12345 && timer.canary == 12345;
}

static void check(const char *where)
{
	is_int(error, 0, "%s: no error", where);
	is_int(WEXITSTATUS(status), 42, "%s: the old posix_spawn() runs a script without #!", where);
	is_int(start, 0, "%s: the old regexec() knows no REG_STARTEND", where);
	ok(canary, "%s: objects have their old sizes", where);
	error = start = canary = -1;
}

int main(void)
{
	plan(12);
	int fd = mkstemp(script);
	if (fd < 0 || write(fd, "exit 42\n", 8) != 8 || fchmod(fd, 0700) != 0)
		bail(script);
	close(fd);
	use(NULL);
	check("before a launch");
	launch(use, TO_COMPLETION, NULL);
	check("in a call");
	run_sliced(use, NULL, 200);
	check("in slices");
	unlink(script);
	return done();
}
