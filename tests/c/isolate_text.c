/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_text: strtok, getopt, locales, conversions and patterns, of which libc keeps one state for the process: two
 * paused calls and the program each get what they would get alone. */
#include <getopt.h>
#include <langinfo.h>
#include <regex.h>
#include <wchar.h>
#include <wctype.h>
#include "isolate.h"

static const char *const locales[RUNS] = { "de_DE.UTF-8", "C", "C.UTF-8" };
static const double values[RUNS] = { 1234567.891, 0.5, -271.828 };

static void tokens(struct run *r)
{
	static const char *const texts[RUNS] = { "to be or not to be", "alpha,beta,,gamma,delta", "/usr/share/i18n/locales" };
	static const char *const separators[RUNS] = { " ", ",", "/" };
	char text[64];
	strcpy(text, texts[r->who]);
	for (char *token = strtok(text, separators[r->who]); token; token = strtok(NULL, separators[r->who])) {
		note(r, "<%s>", token);
		step(r);
	}
}

/* The comparison is the program's own, but it runs in the call and uses the call's strtok(). qsort() gives no room for
 * a context, so the elements carry it. */
struct entry {
	struct run *r;
	const char *text;
};

static int compare_second_word(const void *left, const void *right)
{
	const struct entry *entries[2] = { left, right };
	char text[2][32], *words[2];
	for (int i = 0; i < 2; i++) {
		words[i] = strtok(strcpy(text[i], entries[i]->text), " ");
		step(entries[i]->r);
		words[i] = strtok(NULL, " ");
	}
	return !words[0] ? -1 : !words[1] ? 1 : strcmp(words[0], words[1]);
}

static void sort_second_word(struct run *r)
{
	static const char *const texts[RUNS][5] = {
		{ "one pear", "two apple", "three quince", "four fig", "five lemon" },
		{ "a 9", "b 1", "c 8", "d 2", "e 5" },
		{ "x sun", "x moon", "x mars", "x venus", "x earth" },
	};
	struct entry entries[5];
	for (int i = 0; i < 5; i++)
		entries[i] = (struct entry){ r, texts[r->who][i] };
	qsort(entries, 5, sizeof *entries, compare_second_word);
	for (int i = 0; i < 5; i++)
		note(r, "%s,", entries[i].text);
}

static int compare_length(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	step(a->r);
	size_t x = strlen(a->text), y = strlen(b->text);
	return x != y ? (x > y) - (x < y) : strcmp(a->text, b->text);
}

static void sort_lengths(struct run *r)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
	struct entry entries[20];
	for (int i = 0; i < 20; i++)
		entries[i] = (struct entry){ r, letters + (i * 7 + r->who * 5) % 26 };
	qsort(entries, 20, sizeof *entries, compare_length);
	for (int i = 0; i < 20; i++)
		note(r, "%c", *entries[i].text);
}

static void format_in_locale(struct run *r)
{
	char text[64];
	struct tm monday = { .tm_year = 124, .tm_mon = 4, .tm_mday = 6, .tm_wday = 1 };
	note(r, "starts in %s;", setlocale(LC_ALL, NULL));
	note(r, "sets %s;", setlocale(LC_ALL, locales[r->who]));
	step(r);
	snprintf(text, sizeof text, "%.2f", values[r->who]);
	note(r, "%s;", text);
	step(r);
	snprintf(text, sizeof text, "%'d", 1234567);
	note(r, "%s;", text);
	step(r);
	note(r, "%d;", (int)(strtod(r->who == FIRST ? "2,5" : "2.5", NULL) * 10));
	step(r);
	double value = 0;
	note(r, "%d;", sscanf(r->who == FIRST ? "7,25" : "7.25", "%lf", &value) == 1 ? (int)(value * 100) : -1);
	step(r);
	strftime(text, sizeof text, "%A %B %x", &monday);
	note(r, "%s;", text);
	step(r);
	note(r, "%s;%s;", nl_langinfo(RADIXCHAR), nl_langinfo(CODESET));
	step(r);
	note(r, "%d;", (int)MB_CUR_MAX);
	note(r, "%d;", iswalpha(0xe4) != 0);
	step(r);
	note(r, "is in %s", setlocale(LC_NUMERIC, NULL));
}

/* A locale that is set for one category only, and back. */
static void format_in_turns(struct run *r)
{
	char text[32];
	for (int i = 0; i < 4; i++) {
		setlocale(LC_NUMERIC, (i + r->who) % 2 ? "de_DE.UTF-8" : "C");
		step(r);
		snprintf(text, sizeof text, "%.3f", values[r->who]);
		note(r, "%s ", text);
		step(r);
	}
}

static void conventions(struct run *r)
{
	setlocale(LC_ALL, locales[r->who]);
	struct lconv *held = localeconv();
	step(r);
	note(r, "%s|%s|%s|%d", held->decimal_point, held->thousands_sep, held->int_curr_symbol, held->frac_digits);
}

/* With no state given, what came of a character so far is kept in libc. */
static void characters_in_pieces(struct run *r)
{
	static const char *const texts[RUNS] = {
		"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xe2\x98\x83x\xc3\x9f", "\xf0\x9d\x84\x9e\xc2\xa7",
	};
	setlocale(LC_CTYPE, "C.UTF-8");
	for (const char *at = texts[r->who]; *at; at++) {
		wchar_t wide = 0;
		int n = (int)mbrtowc(&wide, at, 1, NULL);
		note(r, "%d:%x ", n, (unsigned)wide);
		step(r);
	}
	for (const char *at = texts[r->who]; *at; at++) {
		note(r, "%d ", (int)mbrlen(at, 1, NULL));
		step(r);
	}
}

static void options(struct run *r)
{
	static char *const arguments[RUNS][8] = {
		{ "first", "-abc", "-d", "5", "-e7", "file", "-a", NULL },
		{ "second", "-d9", "-cba", "--", "-a", "other", NULL },
		{ "program", "word", "-ca", "-x", "-e", NULL },
	};
	char *arguments_here[8]; /* getopt() puts them in another order */
	int n = 0, option;
	while ((arguments_here[n] = arguments[r->who][n]))
		n++;
	optind = 0; /* from the start */
	opterr = 0;
	while ((option = getopt(n, arguments_here, "abcd:e:")) != -1) {
		note(r, "%c", option);
		step(r);
		note(r, "(%s,%d) ", option == 'd' || option == 'e' ? optarg : "", option == '?' ? optopt : 0);
	}
	note(r, "at %d %s", optind, optind < n ? arguments_here[optind] : "");
}

static void long_options(struct run *r)
{
	static const struct option known[] = {
		{ "size", required_argument, NULL, 's' }, { "all", no_argument, NULL, 'a' }, { 0 },
	};
	static char *const arguments[RUNS][6] = {
		{ "first", "--size=3", "--all", "-qa", "x", NULL },
		{ "second", "-aaq", "--size", "big", "--bad", NULL },
		{ "program", "--all", "-s", "2", "-aq", NULL },
	};
	char *arguments_here[6];
	int n = 0, option, index = 0;
	while ((arguments_here[n] = arguments[r->who][n]))
		n++;
	optind = 0;
	opterr = 0;
	while ((option = getopt_long(n, arguments_here, "aqs:", known, &index)) != -1) {
		step(r);
		note(r, "%c%s ", option, option == 's' ? optarg : "");
	}
	note(r, "at %d", optind);
}

static void messages(struct run *r)
{
	for (int i = 0; i < 5; i++) {
		const char *held = strerror(9000 + r->who * 100 + i), *other = strsignal(200 + r->who * 10 + i);
		step(r);
		note(r, "%s, %s, %s;", held, other, strerror(ENOENT + r->who));
		step(r);
	}
}

static void patterns(struct run *r)
{
	static const char *const expressions[RUNS] = { "([a-z]+)=([0-9]+)", "^([^:]*):.*([[:space:]])", "(x|yy)*z(.)" };
	static const char *const texts[RUNS] = { "  width=640 height=480", "key: value pairs", "yyxyyz!" };
	regex_t compiled;
	regmatch_t match[3];
	for (int i = 0; i < 3; i++) {
		note(r, "%d ", regcomp(&compiled, expressions[r->who], REG_EXTENDED));
		step(r);
		note(r, "%d ", regexec(&compiled, texts[r->who], 3, match, 0));
		for (int m = 0; m < 3; m++)
			note(r, "%d-%d ", (int)match[m].rm_so, (int)match[m].rm_eo);
		step(r);
		regfree(&compiled);
	}
}

/* In libc since ever, in its headers no longer by default. */
char *re_comp(const char *);
int re_exec(const char *);
static void last_pattern(struct run *r)
{
	static const char *const expressions[RUNS] = { "ab*c", "[0-9][0-9]", "^x" };
	static const char *const texts[] = { "abbbc", "17", "xyz", "17 abc" };
	re_comp(expressions[r->who]);
	for (int i = 0; i < 4; i++) {
		step(r);
		note(r, "%d ", re_exec(texts[i]));
	}
}

static const struct isolate_case cases[] = {
	{ "strtok", tokens, STATEFUL },
	{ "strtok in a comparison of qsort", sort_second_word, STATEFUL },
	{ "qsort with a comparison of the program", sort_lengths, SAFE },
	{ "setlocale and what follows it", format_in_locale, STATEFUL },
	{ "setlocale of one category, again and again", format_in_turns, STATEFUL },
	{ "localeconv", conventions, STATEFUL },
	{ "mbrtowc and mbrlen without a state", characters_in_pieces, STATEFUL },
	{ "getopt", options, STATEFUL },
	{ "getopt_long", long_options, STATEFUL },
	{ "strerror and strsignal", messages, SAFE },
	{ "regcomp and regexec", patterns, SAFE },
	{ "re_comp and re_exec", last_pattern, STATEFUL },
};

static void format_only(void *text) { snprintf(text, 32, "%.1f %s", 1.5, localeconv()->decimal_point); }

int main(void)
{
	plan(COUNT(cases) * CASE_TESTS + 3);
	use_locales();
	ok(setlocale(LC_ALL, "de_DE.UTF-8") != NULL, "the locale of the test is there");
	setlocale(LC_ALL, "C");
	test_cases(cases, COUNT(cases));

	char text[2][32] = { "", "" };
	setlocale(LC_ALL, "de_DE.UTF-8");
	linger_t call = launch(format_only, TO_COMPLETION, text[0]);
	setlocale(LC_ALL, "C");
	ok(call.is_complete && strcmp(text[0], "1,5 ,") == 0, "a function starts in the program's locale (%s)", text[0]);
	call = launch(format_only, TO_COMPLETION, text[1]);
	ok(call.is_complete && strcmp(text[1], "1.5 .") == 0, "as it is then (%s)", text[1]);
	return done();
}
