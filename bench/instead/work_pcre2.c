/* SPDX-License-Identifier: Apache-2.0 */
/* work_pcre2.c - all matches of a pattern in a text, by pcre2's interpreter. The input is both, with a zero byte between; the
 * output is where the matches are. Bad: patterns whose number of ways to fail doubles with each character. */
#include "work_pcre2.h"

#include <stdlib.h>
#include <string.h>

#include "inputs.h"

enum { TEXT = 6000, FIRST = 64 };

static bool find(pcre2_code *code, pcre2_match_context *context, const unsigned char *text, size_t size, struct job *job) {
	pcre2_match_data *match = pcre2_match_data_create_from_pattern(code, NULL);
	size_t room = FIRST, have = 0, at = 0;
	PCRE2_SIZE(*spans)[2] = malloc(room * sizeof(*spans));
	int status = 0;
	while (match && spans && at <= size && (status = pcre2_match(code, text, size, at, 0, match, context)) > 0) {
		const PCRE2_SIZE *span = pcre2_get_ovector_pointer(match);
		if (have == room) {
			void *larger = realloc(spans, (room *= 2) * sizeof(*spans));
			if (!larger)
				break;
			spans = larger;
		}
		memcpy(spans[have++], span, sizeof(*spans));
		at = span[1] > span[0] ? span[1] : span[1] + 1;
	}
	pcre2_match_data_free(match);
	if (at <= size && status != PCRE2_ERROR_NOMATCH) {
		free(spans);
		return false;
	}
	job->output = (unsigned char *)spans;
	job->output_bytes = have * sizeof(*spans);
	return true;
}

static void run(struct job *job) {
	const unsigned char *pattern = job->input, *text = memchr(pattern, 0, job->input_bytes);
	if (!text++)
		return;
	int error;
	PCRE2_SIZE where;
	struct pcre2_places places = { 0, pcre2_match_context_create(NULL) };
	if (job->place)
		job->place(&places);
	pcre2_set_match_limit(places.context, UINT32_MAX);
	pcre2_code *code = pcre2_compile(pattern, PCRE2_ZERO_TERMINATED, places.options, &error, &where, NULL);
	if (code)
		find(code, places.context, text, (size_t)(job->input + job->input_bytes - text), job);
	pcre2_code_free(code);
	pcre2_match_context_free(places.context);
}

static const char *const good[] = {
	"[a-z]+@[a-z]+\\.(?:org|net)", "\\b\\d{4}-\\d\\d-\\d\\d\\b", "(?i)the\\s+(\\w+)(?=\\s)", "\\((?:[^()]++|(?R))*\\)",
	"^(\\S+).*?(\\S+)$", "(?<!\\w)(\\w)(\\w*?)\\2?\\1(?!\\w)", "rotor|level|abba", "(\\w+) \\w+ \\1",
};

static const char *const bad[] = { "^(?:a|aa)+$", "^(a+)+$", "^(?:a*)*c" };

static void add(struct inputs *inputs, bool is_good, const char *pattern, const char *text) {
	char both[TEXT + 100];
	size_t length = strlen(pattern) + 1, size = strlen(text);
	memcpy(both, pattern, length);
	memcpy(both + length, text, size);
	(is_good ? inputs_good : inputs_bad)(inputs, both, length + size);
}

static void make(struct inputs *inputs, uint64_t *random) {
	static const char *const words[] = {
		"the ", "quick ", "someone@example.org ", "2024-05-17 ", "(a (nested) (one)) ", "level ", "\n", "abba ", "x(y)z ",
	};
	char text[TEXT];
	for (int i = 0; i < 16; i++) {
		size_t used = 0, size = TEXT / 2 + random_next(random) % (TEXT / 2 - 40);
		while (used < size) {
			const char *word = words[random_next(random) % (sizeof(words) / sizeof(*words))];
			strcpy(text + used, word);
			used += strlen(word);
		}
		add(inputs, true, good[i % 8], text);
	}
	memset(text, 'a', 80);
	strcpy(text + 80, "bc"); /* the pattern's last character is there, or it would be refused at a glance */
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		add(inputs, false, bad[i], text);
}

bool hand_pcre2(void *places) __attribute__((weak));
const struct work work_pcre2 = { .name = "pcre2", .run = run, .make = make, .place = hand_pcre2 };
