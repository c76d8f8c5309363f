/* SPDX-License-Identifier: Apache-2.0 */
/* limit_actions: what a rule says happens, once for each call that has used its budget up, and is reported; rules that are wrong
 * are named, and the program runs without limits. */
#include <setjmp.h>
#include "limit.h"
#include "limit_work.h"

#define LONG_STEPS 20000000 /* some 20 ms, whose budget is 2 ms */

static volatile sig_atomic_t handled, outside, inside;
static sigjmp_buf place;
static struct work w;

static void count(int number)
{
	(void)number;
	handled = handled + 1;
	if (!inside)
		outside = outside + 1;
}

static void jump(int number)
{
	(void)number;
	handled = handled + 1;
	siglongjmp(place, 1);
}

static long inside_some(long steps)
{
	inside = 1;
	long result = work_some(steps);
	inside = 0;
	return result;
}

static int signal_each(void)
{
	int wrong = 0;
	signal(SIGUSR1, count);
	for (int i = 0; i < 20; i++) {
		wrong += inside_some(LONG_STEPS + i) != LONG_STEPS + i;
		wrong += handled != i + 1;
		wrong += work_quick(i) != 3L * i + 1;
	}
	return wrong + (outside != 0);
}

static int signal_jumps(void)
{
	static volatile int i;
	signal(SIGUSR1, jump);
	for (i = 0; i < 300; i = i + 1)
		if (sigsetjmp(place, 1) == 0)
			work_spin(&w);
	int before = handled;
	for (int j = 0; j < 1000; j++) /* nothing comes late */
		work(1, 10000);
	return handled != 300 || before != 300;
}

static int signal_ignored(void)
{
	signal(SIGUSR1, SIG_IGN);
	return work_some(LONG_STEPS) != LONG_STEPS;
}

static int spins(void)
{
	work_spin(&w);
	return 1;
}

static int slow_and_quick(void)
{
	int wrong = 0;
	for (int i = 0; i < 30; i++) {
		wrong += work_some(LONG_STEPS) != LONG_STEPS;
		for (int j = 0; j < 100; j++)
			wrong += work_quick(j) != 3L * j + 1;
	}
	return wrong;
}

static void *spin_in_thread(void *arg)
{
	(void)arg;
	work_spin(&w);
	return NULL;
}

static int spins_in_thread(void)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, spin_in_thread, NULL) == 0)
		pthread_join(thread, NULL);
	return 1;
}

static int keeps_sigabrt(void)
{
	sigset_t set;
	signal(SIGABRT, count);
	sigemptyset(&set);
	sigaddset(&set, SIGABRT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return spins();
}

/* The value that work_spin() gives, and errno, on stderr. */
static int shows_value(void)
{
	errno = 55;
	long value = work_spin(&w);
	fprintf(stderr, "value %lx errno %d\n", (unsigned long)value, errno);
	return 0;
}

static int shows_others(void)
{
	const char *text = work_pause(&w);
	double number = work_double(&w);
	fprintf(stderr, "pointer %d double %g\n", text != NULL, number);
	return 0;
}

static int runs(void)
{
	return work_some(LONG_STEPS) != LONG_STEPS || work_quick(3) != 10;
}

static const struct part {
	const char *name;
	int (*run)(void);
} parts[] = {
	{"signal_each", signal_each}, {"signal_jumps", signal_jumps}, {"signal_ignored", signal_ignored}, {"spins", spins},
	{"slow_and_quick", slow_and_quick}, {"spins_in_thread", spins_in_thread}, {"keeps_sigabrt", keeps_sigabrt},
	{"shows_value", shows_value}, {"shows_others", shows_others}, {"runs", runs},
};

static const struct value {
	const char *rule, *shown;
} values[] = {
	{"work_spin=1ms:return=0", "value 0 errno 55\n"},
	{"work_spin=1ms:return=1000", "value 3e8 errno 55\n"},
	{"work_spin=1ms:return=-1", "value ffffffffffffffff errno 55\n"},
	{"work_spin=1ms:return=0x7fff0000", "value 7fff0000 errno 55\n"},
	{"work_spin=1ms:return=0xffffffffffffffff", "value ffffffffffffffff errno 55\n"},
	{"work_spin=1ms:return=-0x10", "value fffffffffffffff0 errno 55\n"},
	{"work_spin=1ms:return=NULL", "value 0 errno 55\n"},
	{"work_spin=1ms:return=true", "value 1 errno 55\n"},
	{"work_spin=1ms:return=false", "value 0 errno 55\n"},
	{"work_spin=1ms:return=ETIMEDOUT", "value ffffffffffffffff errno 110\n"},
	{"work_spin=1ms:return=EINVAL", "value ffffffffffffffff errno 22\n"},
	{"work_spin=1ms:return=EPERM", "value ffffffffffffffff errno 1\n"},
	/* which rule, and which function */
	{"work_spin=1ms:return=1\nwork_*=1ms:return=2", "value 1 errno 55\n"},
	{"work_s*=1ms:return=1\nwork_spin=1ms:return=2", "value 1 errno 55\n"},
	{"work_spi=1ms:return=1\nwork_spin=1ms:return=2", "value 2 errno 55\n"},
	{"libother.so:work_spin=1ms:return=1\nliblimit_work.so:work_spin=1ms:return=2", "value 2 errno 55\n"},
	{"liblimit_*:work_sp[hi]n=1ms:return=3", "value 3 errno 55\n"},
	{"*:work_sp?n=1ms:return=4", "value 4 errno 55\n"},
	{"# a remark\n\n  work_spin=1ms:return=5  \n", "value 5 errno 55\n"},
	{"work_spin=1.5ms:return=6", "value 6 errno 55\n"},
	{"work_spin=1000us:return=7", "value 7 errno 55\n"},
};
#define VALUES (int)(sizeof values / sizeof *values)

/* The program is not aborted, although a rule that is right would do it. */
static const struct wrong {
	const char *rules, *said;
} wrongs[] = {
	{"work_some\nwork_some=1ms:abort", "line 1: \"work_some\" is not PATTERN=BUDGET"},
	{"work_some=1ms:abort\nwork_some=1xs", "line 2: budget \"1xs\" is no duration"},
	{"work_some=1us", "budget \"1us\" is not between"},
	{"work_some=48h", "budget \"48h\" is not between"},
	{"work_some=1ms:explode", "action \"explode\" is none of"},
	{"work_some=1ms:return", "action \"return\" is none of"},
	{"work_some=1ms:return=maybe", "return value \"maybe\" is no integer"},
	{"work_some=1ms:return=EWHATEVER", "return value \"EWHATEVER\""},
	{"work_some=1ms:signal=NOBODY", "\"NOBODY\" is no signal"},
	{"work_[some=1ms:abort", "is no shell pattern"},
	{"liblimit_work.so:=1ms:abort", "names no function"},
};
#define WRONGS (int)(sizeof wrongs / sizeof *wrongs)

static struct limit_end end;
static void child(const char *rules, const char *part) { end = limit_child(rules, part, NULL); }
static int exited(int status) { return WIFEXITED(end.status) && WEXITSTATUS(end.status) == status; }
static int died(int signal) { return WIFSIGNALED(end.status) && WTERMSIG(end.status) == signal; }
#define check(...)                          \
	do {                                \
		if (!ok(__VA_ARGS__))       \
			limit_show(&end);   \
	} while (0)

int main(int argc, char **argv)
{
	(void)argc;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (strcmp(argv[0], parts[i].name) == 0)
			return parts[i].run();
	plan(25 + VALUES + WRONGS);

	child("work_some=2ms:signal=USR1", "signal_each");
	check(exited(0), "a signal comes once for each call that is slow, inside of it, and the function goes on");
	check(limit_lines(end.said, "libinger: a call gets a signal: liblimit_work.so:work_some: its budget of 2 ms is used up; SIGUSR1") == 20,
	      "with a message each");
	child("work_spin=300us:signal=USR1\nwork_*=1h:abort", "signal_jumps");
	check(exited(0), "its handler can leave the function by siglongjmp()");
	child("work_some=2ms:signal=SIGUSR1", "signal_ignored");
	check(exited(0) && limit_lines(end.said, "a call gets a signal") == 1, "ignored, it changes nothing");
	child("work_spin=2ms:signal=TERM", "spins");
	check(died(SIGTERM), "without a handler it ends the program");
	check(limit_lines(end.said, "SIGTERM") == 1, "with a message");

	child("work_spin=3ms:abort", "spins");
	check(died(SIGABRT), "abort ends the program by SIGABRT");
	check(limit_lines(end.said, "libinger: the program is aborted: liblimit_work.so:work_spin: its budget of 3 ms is used up; SIGABRT") == 1,
	      "and names function and budget");
	struct rlimit core;
	getrlimit(RLIMIT_CORE, &core);
	if (core.rlim_cur > 1 << 20)
		check(WCOREDUMP(end.status), "with a core dump");
	else
		skip(1, "core dumps are switched off");
	child("work_spin=1500us", "spins");
	check(died(SIGABRT) && strstr(end.said, "1500 us"), "so does a rule without an action");
	child("work_spin=2ms:abort", "spins_in_thread");
	check(died(SIGABRT) && strstr(end.said, "work_spin"), "also in a thread");
	child("work_spin=2ms:abort", "keeps_sigabrt");
	check(died(SIGABRT) && limit_lines(end.said, "the program is aborted") == 1, "also when the program handles and blocks it");

	child("work_some=2ms:log", "slow_and_quick");
	check(exited(0), "log changes nothing");
	check(limit_lines(end.said, "libinger: a call was slow: liblimit_work.so:work_some: its budget of 2 ms is used up; it took ") == 30 &&
	      limit_lines(end.said, "\n") == 30, "each slow call is reported once, the quick ones are not");
	int right = 0, us = 0;
	for (const char *at = end.said; (at = strstr(at, "it took ")) != NULL; at++)
		right += sscanf(at, "it took %d us\n", &us) == 1 && us >= 2000;
	is_int(right, 30, "with the time that it took");
	child("work_*=1h:log", "slow_and_quick");
	check(exited(0) && !end.said[0], "no call is reported whose budget is not used up");

	for (int i = 0; i < VALUES; i++) {
		child(values[i].rule, "shows_value");
		char rule[100];
		snprintf(rule, sizeof rule, "%s", values[i].rule);
		for (char *at = rule; *at; at++)
			*at = *at == '\n' ? ' ' : *at == '#' ? '%' : *at; /* a # in a name would be a directive */
		check(exited(0) && strstr(end.said, values[i].shown), "%s: %.*s", rule, (int)strlen(values[i].shown) - 1, values[i].shown);
	}
	child("work_pause=1ms:return=NULL\nwork_double=1ms:return=0", "shows_others");
	check(exited(0) && strstr(end.said, "pointer 0 double 0\n"), "functions that return a pointer and a double");
	check(limit_lines(end.said, "a call is given up: liblimit_work.so:work_pause: its budget of 1 ms is used up; it returns 0") == 1,
	      "with a message");

	for (int i = 0; i < WRONGS; i++) {
		child(wrongs[i].rules, "runs");
		check(exited(0) && limit_lines(end.said, "libinger: functions have no limits: INGER_LIMITS: ") == 1 && strstr(end.said, wrongs[i].said) &&
		      limit_lines(end.said, "libinger:") == 1, "a wrong rule is named (%s), and there are no limits", wrongs[i].said);
	}
	child("no_such_function=1ms:abort\nlibnothing.so:*=1ms:abort", "runs");
	check(exited(0) && !end.said[0], "a rule that matches nothing changes nothing");
	child("", "runs");
	check(exited(0) && !end.said[0], "no rules, no limits");
	child("none", "runs");
	check(exited(0) && !end.said[0], "none, no limits");
	child("# work_some=1ms:abort\n\n", "runs");
	check(exited(0) && !end.said[0], "remarks only, no limits");

	end = limit_child("work_some=2ms:log\nno_such_function=1ms:abort", "slow_and_quick", "INGER_STATS=1");
	check(exited(0) && limit_lines(end.said, "libinger: limit liblimit_work.so:work_some calls=30 used_up=30 longest_us=") == 1,
	      "INGER_STATS counts calls and those that were slow");
	check(limit_lines(end.said, "libinger: limit no_such_function=1ms:abort: no function that was called through the linker matches") == 1,
	      "and names rules that match nothing");
	child("work_spin=1ms:return=1", "signal_each");
	check(WIFEXITED(end.status) && !exited(0), "the test itself: without the signals it fails");
	return done();
}
