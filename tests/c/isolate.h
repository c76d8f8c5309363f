/* SPDX-License-Identifier: Apache-2.0 */
/* isolate.h - a case is a function that goes through an interface which keeps state from call to call, and writes down
 * what it sees. Two calls and the program itself take turns at it with different inputs, and each must see what it
 * sees alone.
 * "Alone" is an ordinary call in a child that was forked before anything was launched. The shared half runs in
 * children, too: it leaves corrupt state behind, and may crash of it. The isolated half runs in the program itself, so
 * that a case meets libsets that served the ones before it. */
#ifndef ISOLATE_H
#define ISOLATE_H

#include <locale.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "helpers.h"

enum { FIRST, SECOND, PROGRAM, RUNS };

struct run {
	int who;                 /* FIRST, SECOND or PROGRAM: which inputs to use */
	void (*turn)(void);      /* lets the others go on */
	size_t used;
	char seen[1400];
};

enum kind {
	STATEFUL,      /* shared calls spoil each other's results */
	SAFE,          /* one instance serves all: private to the thread control block, process-wide, or deferred */
	STATEFUL_WHOLE /* as STATEFUL, but between two steps it also passes through what is the process's: not in slices */
};

struct isolate_case {
	const char *name;
	void (*steps)(struct run *);
	enum kind kind;
};

#define CASE_TESTS 3 /* for each case */

/* note - what a case has seen. %s and %d only, of which the locale changes nothing. */
__attribute__((unused, format(printf, 2, 3))) static void note(struct run *r, const char *format, ...)
{
	va_list args;
	size_t room = sizeof r->seen - r->used;
	va_start(args, format);
	int n = vsnprintf(r->seen + r->used, room, format, args);
	va_end(args);
	r->used += n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
}

/* step - between two calls of the interface. */
UNUSED static void step(struct run *r)
{
	if (r->turn)
		r->turn();
}

static linger_t isolate_calls[2]; /* of FIRST and SECOND */
static uint64_t isolate_budget_us;

static void others_turn_(void)
{
	for (int i = FIRST; i <= SECOND; i++)
		if (!isolate_calls[i].is_complete && resume(&isolate_calls[i], isolate_budget_us) != 0)
			bail("resume");
}

static void (*isolate_steps_)(struct run *);
static void call_steps_(void *run) { isolate_steps_(run); }

/* launch_both_ - both calls up to their first pause, launched with `isolation`; the first without attributes when it is
 * the default that is wanted anyway. */
static void launch_both_(void (*steps)(struct run *), struct run *runs, uint32_t isolation)
{
	isolate_steps_ = steps;
	for (int i = FIRST; i <= SECOND; i++) {
		struct inger_attr attr = INGER_ATTR_INIT;
		attr.isolation = isolation;
		const struct inger_attr *given = isolation == INGER_ISOLATED && i == FIRST ? NULL : &attr;
		isolate_calls[i] = inger_launch_attr(call_steps_, isolate_budget_us, &runs[i], given);
		if (!isolate_calls[i].continuation && !isolate_calls[i].is_complete)
			bail("launch");
	}
}

static void prepare_(struct run *runs, int alone)
{
	memset(runs, 0, RUNS * sizeof *runs);
	for (int i = FIRST; i < RUNS; i++) {
		runs[i].who = i;
		runs[i].turn = alone ? NULL : i == PROGRAM ? others_turn_ : inger_pause;
	}
}

/* take_turns - all three at one case, each going on at the others' steps. */
static void take_turns(const struct isolate_case *c, struct run *runs, uint32_t isolation, uint64_t budget_us)
{
	prepare_(runs, 0);
	isolate_budget_us = budget_us;
	launch_both_(c->steps, runs, isolation);
	c->steps(&runs[PROGRAM]);
	while (!isolate_calls[FIRST].is_complete || !isolate_calls[SECOND].is_complete)
		others_turn_();
	setlocale(LC_ALL, "C"); /* the next case starts where the one alone did */
}

/* in_child - function(arg) in a child. Returns false when a signal ended it; one that failed by itself ends the test. */
static bool in_child(void (*function)(void *), void *arg)
{
	int status;
	pid_t pid = fork();
	if (pid < 0)
		bail("fork");
	if (pid == 0) {
		alarm(soak() ? 900 : 30); /* a hang is a death */
		function(arg);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			bail("waitpid");
	if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		bail("the child of the test"); /* and it has said why */
	return WIFEXITED(status);
}

struct isolate_job {
	const struct isolate_case *c;
	struct run *runs;
	int who;
};

static void do_alone_(void *arg)
{
	struct isolate_job *job = arg;
	job->c->steps(&job->runs[job->who]);
}

static void do_shared_(void *arg)
{
	struct isolate_job *job = arg;
	take_turns(job->c, job->runs, INGER_SHARED, TO_COMPLETION);
}

static struct run *shared_runs_(void)
{
	void *at = mmap(NULL, RUNS * sizeof(struct run), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		bail("mmap");
	return at;
}

/* differing - how many of the three saw something else than alone; shown when `show`. */
static int differing(const char *name, const struct run *runs, const struct run *alone, bool show)
{
	static const char *const who[] = { "first", "second", "program" };
	int count = 0;
	for (int i = FIRST; i < RUNS; i++)
		if (runs[i].used != alone[i].used || memcmp(runs[i].seen, alone[i].seen, runs[i].used)) {
			count++;
			if (show) {
				diag("%s, %s: saw  %.300s", name, who[i], runs[i].seen);
				diag("%s, %s: want %.300s", name, who[i], alone[i].seen);
			}
		}
	return count;
}

/* test_cases - CASE_TESTS tests for each. */
UNUSED static void test_cases(const struct isolate_case *cases, int n)
{
	struct run **alone = calloc((size_t)n, sizeof *alone);
	for (int i = 0; i < n; i++) {
		alone[i] = shared_runs_();
		prepare_(alone[i], 1);
		for (int who = FIRST; who < RUNS; who++)
			if (!in_child(do_alone_, &(struct isolate_job){ &cases[i], alone[i], who }) || !alone[i][who].used)
				bail(cases[i].name);
	}
	struct run *runs = shared_runs_();
	for (int i = 0; i < n; i++) {
		bool lived = in_child(do_shared_, &(struct isolate_job){ &cases[i], runs, 0 });
		int differ = differing(cases[i].name, runs, alone[i], cases[i].kind == SAFE);
		if (cases[i].kind == SAFE) {
			diag("%s: safe without isolation, too", cases[i].name);
			ok(lived && differ == 0, "%s: shared: each sees what it sees alone", cases[i].name);
		} else {
			if (!lived)
				diag("%s: shared: crashed", cases[i].name);
			ok(!lived || differ > 0, "%s: shared: they spoil each other's results", cases[i].name);
		}
	}
	for (int i = 0; i < n; i++) {
		take_turns(&cases[i], runs, INGER_ISOLATED, TO_COMPLETION);
		is_int(differing(cases[i].name, runs, alone[i], true), 0, "%s: isolated: each sees what it sees alone",
		       cases[i].name);
		if (cases[i].kind == STATEFUL_WHOLE) {
			skip(1, "sets what is the whole process's between its steps");
			continue;
		}
		take_turns(&cases[i], runs, INGER_ISOLATED, 20);
		is_int(differing(cases[i].name, runs, alone[i], true), 0, "%s: isolated, in slices of 20 us: the same",
		       cases[i].name);
	}
	for (int i = 0; i < n; i++)
		munmap(alone[i], RUNS * sizeof **alone);
	munmap(runs, RUNS * sizeof *runs);
	free(alone);
}

/* use_locales - makes de_DE.UTF-8, which the build puts next to the tests, known to setlocale(). */
UNUSED static void use_locales(void)
{
	char path[4096];
	beside_program(path, sizeof path, "locale");
	if (setenv("LOCPATH", path, 1) != 0)
		bail("setenv");
}

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

#endif
