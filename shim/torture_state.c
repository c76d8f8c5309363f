/* SPDX-License-Identifier: Apache-2.0 */
/* torture_state.c - the part of the torture that keeps state from call to call: strtok(), rand(), localtime() and others.
 *
 * It runs in a libset of its own, so it knows what each function must return, whatever main() has done since the last
 * slice; and main() must never see a trace. With INGER_ISOLATION=shared it runs in main()'s libset: then main() is
 * disturbed if it uses the same functions, which is what that setting is there to show, and nothing is checked here.
 *
 * Wrappers are called by the addresses that this library has: the program may have functions of the same names that are
 * not made for being called from elsewhere (bash has its own getenv() and setenv()). */
#include "shim.h"
#include "torture.h"
#include <langinfo.h>
#include <locale.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static enum shim_torture_kind kind;

/* environ as main() got it. */
static char **first_environ;

static char *(*call_strtok)(char *, const char *);
static int (*call_rand)(void);
static void (*call_srand)(unsigned);
static struct tm *(*call_localtime)(const time_t *), *(*call_gmtime)(const time_t *);
static char *(*call_setlocale)(int, const char *);
static int (*call_mbtowc)(wchar_t *, const char *, size_t);
static char *(*call_strerror)(int);
static int (*call_getopt)(int, char *const *, const char *);
static int (*call_setenv)(const char *, const char *, int), (*call_unsetenv)(const char *);
static struct passwd *(*call_getpwnam)(const char *);

static const struct {
	const char *name;
	void **place;
} calls[] = {
	{"strtok", (void **)&call_strtok},         {"rand", (void **)&call_rand},
	{"srand", (void **)&call_srand},           {"localtime", (void **)&call_localtime},
	{"gmtime", (void **)&call_gmtime},         {"setlocale", (void **)&call_setlocale},
	{"mbtowc", (void **)&call_mbtowc},         {"strerror", (void **)&call_strerror},
	{"getopt", (void **)&call_getopt},         {"setenv", (void **)&call_setenv},
	{"unsetenv", (void **)&call_unsetenv},     {"getpwnam", (void **)&call_getpwnam},
};

/* The program's variables of getopt(). */
static struct shim_options own_options;
static char **program_optarg;
static int *program_optind, *program_opterr, *program_optopt;

static void check(bool right, const char *what)
{
	if (!right && kind == SHIM_TORTURE_SEPARATE)
		shim_torture_wrong(what);
}

/* A program may lay out its environment itself, as shells do, and be paused between freeing the old array and setting
 * environ: nobody else can look there then. While environ is still the array that main() got, it is in order, as libc
 * changes it in deferred sections only. Other programs go without the acts that look a variable up. */
static bool environment_in_order(void)
{
	return environ == first_environ;
}

/* One token of a line each time. */
static void tokens(void)
{
	static const char *const words[] = {"one", "two", "three", "four"};
	static char line[32];
	static unsigned next;
	const char *word;

	if (next == 0)
		strcpy(line, "one,two,,three,four");
	word = call_strtok(next == 0 ? line : NULL, ",");
	if (next < 4)
		check(word && strcmp(word, words[next]) == 0, "strtok");
	else
		check(!word, "strtok at the end");
	next = next < 4 ? next + 1 : 0;
}

/* The same sequence from a state of our own. */
static void numbers(void)
{
	static struct random_data expected;
	static char state[128]; /* the size of srand()'s */
	static unsigned left;
	int32_t number;

	if (left == 0) {
		unsigned seed = shim_torture_any(1000000);
		left = 1 + shim_torture_any(200);
		call_srand(seed);
		if (expected.state)
			srandom_r(seed, &expected);
		else
			initstate_r(seed, state, sizeof state, &expected);
	}
	left--;
	random_r(&expected, &number);
	check(call_rand() == number, "rand");
}

/* A moment whose parts are known; the static result must still be there at the next act. */
static void calendar(void)
{
	static const struct {
		time_t moment;
		int year, month, day, hour, minute, second;
	} moments[] = {
		{0, 70, 0, 1, 0, 0, 0},
		{951782400, 100, 1, 29, 0, 0, 0},
		{1700000000, 123, 10, 14, 22, 13, 20},
		{4102444799, 199, 11, 31, 23, 59, 59},
	};
	static const struct tm *held;
	static char copy[sizeof *held];
	unsigned i = shim_torture_any(4);

	if (held)
		check(memcmp(held, copy, sizeof copy) == 0, "the result of gmtime or localtime changed");
	if (!environment_in_order())
		return; /* TZ: also gmtime() looks it up, the first time */
	if (shim_torture_any(2)) {
		held = call_localtime(&moments[i].moment);
	} else {
		held = call_gmtime(&moments[i].moment);
		check(held && held->tm_year == moments[i].year && held->tm_mon == moments[i].month && held->tm_mday == moments[i].day &&
			      held->tm_hour == moments[i].hour && held->tm_min == moments[i].minute && held->tm_sec == moments[i].second,
		      "gmtime");
	}
	if (held)
		memcpy(copy, held, sizeof copy);
}

/* Now one locale, now another; in between, the one that was set last is in force. */
static void locales(void)
{
	static const char *set;
	wchar_t letter;

	if (set) {
		bool wide = set[1] != 0;
		check(strcmp(call_setlocale(LC_ALL, NULL), set) == 0, "the name of the locale changed");
		check((strcmp(nl_langinfo(CODESET), "UTF-8") == 0) == wide, "the locale changed");
		if (wide)
			check(call_mbtowc(&letter, "\xc3\xa9", 2) == 2 && letter == 0xe9, "mbtowc");
	}
	if (environment_in_order()) {
		const char *other = set && set[1] ? "C" : "C.UTF-8";
		if (call_setlocale(LC_ALL, other))
			set = other;
	}
}

/* The text of an unknown error is in a buffer. */
static void errors(void)
{
	static const char *held;
	static char number[8];

	if (held)
		check(strstr(held, number) != NULL, "the result of strerror changed");
	if (!environment_in_order())
		return;
	check(*call_strerror((int)shim_torture_any(130)) != 0, "strerror"); /* some are unknown and use the buffer, too */
	char *end = number;
	uint32_t unknown = 10000 + shim_torture_any(10000);
	shim_write_number(&end, number + sizeof number - 1, unknown);
	*end = 0;
	held = call_strerror((int)unknown);
}

/* optind and the others belong to the program, whose code reaches them directly: they are exchanged around each use. The
 * place within a word, as after the -a of -ab, is hidden in libc. */
static void exchange_options(void)
{
	struct shim_options programs = {*program_optarg, *program_optind, *program_opterr, *program_optopt};

	*program_optarg = own_options.optarg;
	*program_optind = own_options.optind;
	*program_opterr = own_options.opterr;
	*program_optopt = own_options.optopt;
	own_options = programs;
}

static void arguments(void)
{
	static char line[][8] = {"torture", "-ab", "value", "-c", "rest"};
	static char *list[] = {line[0], line[1], line[2], line[3], line[4], NULL};
	static const int letters[] = {'a', 'b', 'c', -1};
	static unsigned next;

	if (!program_optarg || !program_optind || !program_opterr || !program_optopt || !environment_in_order())
		return;
	if (next == 0)
		own_options = (struct shim_options){NULL, 0, 0, '?'}; /* 0: begin anew */
	exchange_options();
	int letter = call_getopt(5, list, "ab:c");
	exchange_options(); /* main() has its own again; ours are in own_options */
	check(letter == letters[next], "getopt");
	if (next == 1)
		check(own_options.optarg == list[2], "optarg");
	if (next == 3)
		check(own_options.optind == 4, "optind");
	next = (next + 1) % 4;
}

/* The environment is the process's, so what is set here can be seen. What does not disturb: the value that our own variable
 * has already, in a string of libc's that is taken out again before main() goes on (the array does not move for it); and
 * names that are not there or may not be overwritten. */
static void environment(void)
{
	char **own;

	if (!environment_in_order() || !*environ)
		return;
	for (own = environ; *own && strncmp(*own, "INGER_TORTURE=", 14) != 0; own++)
		;
	if (*own) {
		char *before = *own;
		int error = call_setenv("INGER_TORTURE", "1", 1);
		if (kind == SHIM_TORTURE_SEPARATE)
			check(error == 0 && strcmp(*own, "INGER_TORTURE=1") == 0, "setenv");
		*own = before;
		check(call_setenv("INGER_TORTURE", "2", 0) == 0 && *own == before, "setenv without overwriting");
	}
	check(call_unsetenv("INGER_TORTURE_A_NAME_THAT_IS_NOT_THERE") == 0, "unsetenv");
}

/* The user's record is in a buffer. */
static void users(void)
{
	static const struct passwd *held;

	if (held)
		check(strcmp(held->pw_name, "root") == 0 && held->pw_uid == 0, "the result of getpwnam changed");
	held = call_getpwnam("root");
}

void shim_torture_state_once(void)
{
	static void (*const acts[])(void) = {tokens, numbers, calendar, locales, errors, arguments, environment, users};

	if (kind != SHIM_TORTURE_STATELESS)
		acts[shim_torture_any(sizeof acts / sizeof *acts)]();
}

void shim_torture_state_begin(enum shim_torture_kind how)
{
	for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
		*calls[i].place = shim_own_symbol(calls[i].name);
		if (!*calls[i].place)
			how = SHIM_TORTURE_STATELESS;
	}
	/* The program has them when it refers to them. */
	program_optarg = shim_find_symbol("optarg");
	program_optind = shim_find_symbol("optind");
	program_opterr = shim_find_symbol("opterr");
	program_optopt = shim_find_symbol("optopt");
	first_environ = environ;
	kind = how;
}
