/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_mix.h - rounds of everything that keeps state in a library, one after the other as a seed says, with a sum of
 * all results. */
#ifndef ISOLATE_MIX_H
#define ISOLATE_MIX_H

#include <arpa/inet.h>
#include <getopt.h>
#include <netdb.h>
#include <pwd.h>
#include <regex.h>
#include <search.h>
#include <wchar.h>
#include "isolate.h"
#include "isolate_lib.h"

struct mix {
	uint64_t random, sum;
	int rounds; /* still to do */
};

static void add_number(struct mix *m, uint64_t value) { m->sum = (m->sum ^ value) * 0x100000001b3u + (m->sum >> 29); }
static void add_text(struct mix *m, const char *text)
{
	for (; text && *text; text++)
		add_number(m, (unsigned char)*text);
}

/* A little time between two calls, for a pause to happen in. */
static void dawdle(struct mix *m) { add_number(m, work(m->random, random_next(&m->random) % 400)); }

static void make_words(struct mix *m, char *text, size_t size)
{
	for (size_t i = 0; i + 1 < size; i++)
		text[i] = random_next(&m->random) % 5 ? (char)random_range(&m->random, 'a', 'z') : ' ';
	text[size - 1] = 0;
}

static void mix_tokens(struct mix *m)
{
	char text[48];
	make_words(m, text, sizeof text);
	for (char *token = strtok(text, " "); token; token = strtok(NULL, " ")) {
		add_text(m, token);
		dawdle(m);
	}
}

static void mix_rand(struct mix *m)
{
	srand((unsigned)random_next(&m->random));
	for (int i = 0; i < 6; i++, dawdle(m))
		add_number(m, (uint64_t)rand());
}

static void mix_drand48(struct mix *m)
{
	srand48((long)random_next(&m->random));
	for (int i = 0; i < 6; i++, dawdle(m))
		add_number(m, (uint64_t)(drand48() * 1e15));
}

static void mix_times(struct mix *m)
{
	time_t moment = (time_t)(random_next(&m->random) % 2000000000);
	const struct tm *t = random_next(&m->random) % 2 ? localtime(&moment) : gmtime(&moment);
	dawdle(m);
	char *text = asctime(t);
	dawdle(m);
	add_text(m, text);
}

static void mix_locale(struct mix *m)
{
	char text[64];
	setlocale(LC_NUMERIC, random_next(&m->random) % 2 ? "de_DE.UTF-8" : "C");
	for (int i = 0; i < 4; i++) {
		dawdle(m);
		snprintf(text, sizeof text, "%.4f", (double)(random_next(&m->random) % 100000) / 32);
		add_text(m, text);
	}
	add_text(m, localeconv()->decimal_point);
	setlocale(LC_NUMERIC, "C");
}

static void mix_options(struct mix *m)
{
	char flags[3][8];
	char *arguments[] = { "mix", flags[0], flags[1], "word", flags[2], NULL };
	for (int i = 0; i < 3; i++) {
		flags[i][0] = '-';
		for (int j = 1; j < 7; j++)
			flags[i][j] = (char)random_range(&m->random, 'a', 'f');
		flags[i][7] = 0;
	}
	int option;
	optind = 0;
	opterr = 0;
	while ((option = getopt(5, arguments, "abcde:")) != -1) {
		dawdle(m);
		add_number(m, (uint64_t)option);
		if (option == 'e')
			add_text(m, optarg);
	}
	add_number(m, (uint64_t)optind);
}

static void mix_table(struct mix *m)
{
	char keys[6][8];
	add_number(m, hcreate(20) != 0);
	for (int i = 0; i < 6; i++, dawdle(m)) {
		make_words(m, keys[i], sizeof keys[i]);
		add_number(m, hsearch((ENTRY){ keys[i], keys[i] }, ENTER) != NULL);
	}
	for (int i = 0; i < 6; i++, dawdle(m)) {
		ENTRY *found = hsearch((ENTRY){ keys[i], NULL }, FIND);
		add_text(m, found ? found->data : "?");
	}
	hdestroy();
}

static void mix_digits(struct mix *m)
{
	int point, sign;
	double value = (double)(random_next(&m->random) >> 20) / 977;
	const char *held = ecvt(value, 12, &point, &sign);
	dawdle(m);
	add_text(m, held);
	add_number(m, (uint64_t)point);
	held = l64a((long)(random_next(&m->random) >> 33));
	dawdle(m);
	add_text(m, held);
}

static void mix_characters(struct mix *m)
{
	static const char text[] = "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z";
	mbrtowc(NULL, NULL, 0, NULL);
	for (const char *at = text; *at; at++, dawdle(m)) {
		wchar_t wide = 0;
		add_number(m, (uint64_t)mbrtowc(&wide, at, 1, NULL));
		add_number(m, (uint64_t)wide);
	}
}

static void mix_names(struct mix *m)
{
	char address[32], text[32] = "?";
	uint64_t bits = random_next(&m->random);
	snprintf(address, sizeof address, "10.%d.%d.%d", (int)(bits & 255), (int)(bits >> 8 & 255), (int)(bits >> 16 & 255));
	const struct hostent *host = gethostbyname(address);
	dawdle(m);
	if (host)
		inet_ntop(AF_INET, host->h_addr_list[0], text, sizeof text);
	add_text(m, text);
	const struct passwd *user = getpwuid((uid_t)(bits >> 24 & 3));
	dawdle(m);
	add_text(m, user ? user->pw_name : "?");
}

static int compare_tokens(const void *left, const void *right)
{
	char a[16], b[16];
	const char *first = strtok(memcpy(a, left, 16), " ");
	int x = first ? *first : 0;
	const char *second = strtok(memcpy(b, right, 16), " ");
	int y = second ? *second : 0;
	return x != y ? x - y : memcmp(left, right, 16);
}

static void mix_sort(struct mix *m)
{
	char words[12][16];
	for (int i = 0; i < 12; i++)
		make_words(m, words[i], sizeof words[i]);
	qsort(words, 12, sizeof *words, compare_tokens);
	for (int i = 0; i < 12; i++)
		add_text(m, words[i]);
}

static void mix_pattern(struct mix *m)
{
	char text[32];
	regex_t compiled;
	regmatch_t match[2];
	make_words(m, text, sizeof text);
	if (regcomp(&compiled, "([a-m]+) *[n-z]", REG_EXTENDED) != 0)
		return add_number(m, 1);
	dawdle(m);
	int result = regexec(&compiled, text, 2, match, 0);
	add_number(m, (uint64_t)result);
	if (result == 0) /* otherwise nothing is in match */
		add_number(m, (uint64_t)match[1].rm_eo);
	regfree(&compiled);
}

static void mix_library(struct mix *m)
{
	uint64_t result = 0;
	lib_start((int)(random_next(&m->random) >> 40));
	lib_choose((int)(random_next(&m->random) % 3));
	const char *held = lib_text("value %d", (int)(random_next(&m->random) >> 44));
	add_number(m, (uint64_t)lib_chain(m->random, 300, &result));
	add_number(m, result);
	add_number(m, (uint64_t)lib_next());
	add_number(m, (uint64_t)lib_operate(lib_next()));
	add_text(m, held);
}

/* Several kernel threads at once: optind and the like are variables of the program, one each for all threads. */
static bool mix_parallel;

/* mix_round - one of them. */
static void mix_round(struct mix *m)
{
	static void (*const all[])(struct mix *) = {
		mix_tokens, mix_rand, mix_drand48, mix_times, mix_locale, mix_options, mix_table, mix_digits, mix_characters,
		mix_names, mix_sort, mix_pattern, mix_library,
	};
	void (*round)(struct mix *) = all[random_next(&m->random) % (uint64_t)COUNT(all)];
	if (mix_parallel && round == mix_options)
		round = mix_tokens;
	round(m);
	m->rounds--;
}

/* mix_all - a function for launch(): the rounds that are left. */
static void mix_all(void *arg)
{
	struct mix *m = arg;
	setlocale(LC_CTYPE, "C.UTF-8");
	while (m->rounds > 0)
		mix_round(m);
}

#endif
