/* SPDX-License-Identifier: Apache-2.0 */
/* case_limit.c - a library function with a budget from outside (inger run --limit) that is not used up, beside the same call
 * without. Two processes take turns, as the rules are read before main(). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cases.h"
#include "harness.h"
#include "limited.h"

enum { GOAL_NS = 150 };

struct side {
	int ask, answer;
	pid_t pid;
};

static struct side begin(const char *rules) {
	int ask[2], answer[2];
	if (pipe2(ask, O_CLOEXEC) || pipe2(answer, O_CLOEXEC))
		die("measure limited calls", "pipe", errno);
	const char *path = in_directory_of_exe("limited");
	struct side s = { ask[1], answer[0], fork() };
	if (s.pid < 0)
		die("measure limited calls", "fork", errno);
	if (!s.pid) {
		if (rules)
			setenv("INGER_LIMITS", rules, 1);
		dup2(ask[0], STDIN_FILENO);
		dup2(answer[1], STDOUT_FILENO);
		execl(path, path, (char *)NULL);
		_exit(127);
	}
	close(ask[0]);
	close(answer[1]);
	return s;
}

static void sample(const struct side *s, double ns[LIMITED_FUNCTIONS]) {
	if (write(s->ask, "", 1) != 1 || read(s->answer, ns, LIMITED_FUNCTIONS * sizeof(*ns)) != LIMITED_FUNCTIONS * sizeof(*ns))
		die("measure limited calls", "the process has ended", errno);
}

static void end(const struct side *s) {
	close(s->ask);
	close(s->answer);
	while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

void bench_limit(const struct plan *plan) {
	static const char *const names[LIMITED_FUNCTIONS] = { "limited_call", "limited_call_12_arguments" };
	struct samples own[LIMITED_FUNCTIONS] = { 0 }, base[LIMITED_FUNCTIONS] = { 0 }, more[LIMITED_FUNCTIONS] = { 0 };
	signal(SIGPIPE, SIG_IGN);
	struct side with = begin("libbenchlib.so:benchlib_*=1h:return=0"), without = begin(NULL);
	double a[LIMITED_FUNCTIONS], b[LIMITED_FUNCTIONS];
	for (int turn = -3; turn < (plan->quick ? 100 : 1000); turn++) {
		sample(&with, a);
		sample(&without, b);
		for (int f = 0; f < LIMITED_FUNCTIONS && turn >= 0; f++) {
			samples_add(&own[f], a[f]);
			samples_add(&base[f], b[f]);
			samples_add(&more[f], a[f] - b[f]);
		}
	}
	end(&with);
	end(&without);
	for (int f = 0; f < LIMITED_FUNCTIONS; f++) {
		line_begin(names[f], own[f].count, LIMITED_BATCH);
		line_samples(&own[f], "unlimited", &base[f]);
		line_time("more", median(&more[f]));
		line_goal(median(&more[f]) <= GOAL_NS, "<=%dns more", GOAL_NS);
		samples_free(&own[f]);
		samples_free(&base[f]);
		samples_free(&more[f]);
	}
}
