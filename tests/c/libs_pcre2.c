/* SPDX-License-Identifier: Apache-2.0 */
/* libs_pcre2: a hundred functions compile regular expressions, also to machine code, match and replace with them, wrong
 * patterns and exceeded limits among them; paused in turn, each gets what it would get alone. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include "libs.h"

#define TEXT 1500
static char texts[LIBS_TASKS][TEXT];

static const struct pattern {
	const char *text, *replacement;
	uint32_t options;
} patterns[] = {
	{ "(?<user>[a-z]+)@(?<host>[a-z]+\\.(?:org|net))", "${host}!${user}", 0 },
	{ "\\b(\\d{4})-(\\d\\d)-(\\d\\d)\\b", "$3.$2.$1", 0 },
	{ "(?i)the\\s+(\\w+)(?=\\s)", "THE <$1>", 0 },
	{ "\\((?:[^()]++|(?R))*\\)", "()", 0 },                                     /* recursive */
	{ "^(\\S+).*?(\\S+)$", "$2 $1", PCRE2_MULTILINE },
	{ "(?<!\\w)(\\w)(\\w*?)\\2?\\1(?!\\w)", "[$0]", PCRE2_UTF | PCRE2_UCP },  /* references, and Unicode classes */
	{ "\\p{Lu}\\p{Ll}+|é+", "~", PCRE2_UTF },
	{ "(a|aa|aaa)+$", "-", 0 },                                                 /* goes back often: reaches the limit */
	{ "(unclosed", "", 0 },
	{ "[z-a]|x{3,1}", "", 0 },
};
#define PATTERNS (int)(sizeof patterns / sizeof *patterns)

static uint64_t add_message(uint64_t digest, int status)
{
	PCRE2_UCHAR message[120] = "";
	pcre2_get_error_message(status, message, sizeof message);
	return libs_digest_text(libs_digest_number(digest, status), (char *)message);
}

/* The spans of all matches, one after the other. */
static uint64_t match_all(pcre2_code *code, const char *text, pcre2_match_context *context, int *matches)
{
	pcre2_match_data *data = pcre2_match_data_create_from_pattern(code, NULL);
	size_t length = strlen(text), at = 0;
	uint64_t digest = 0;
	int status;
	while (at <= length && (status = pcre2_match(code, (PCRE2_SPTR)text, length, at, 0, data, context)) > 0) {
		PCRE2_SIZE *spans = pcre2_get_ovector_pointer(data);
		digest = libs_digest(digest, spans, (size_t)status * 2 * sizeof *spans);
		at = spans[1] > spans[0] ? spans[1] : spans[1] + 1;
		++*matches;
	}
	if (at <= length)
		digest = add_message(digest, status);
	pcre2_match_data_free(data);
	return digest;
}

static uint64_t once_counted(int number, int *matches, int *error)
{
	const struct pattern *p = &patterns[number % PATTERNS];
	const char *text = texts[number];
	PCRE2_SIZE offset = 0, size = TEXT * 2;
	pcre2_compile_context *compile = pcre2_compile_context_create(NULL);
	pcre2_match_context *match = pcre2_match_context_create(NULL);
	/* Tables of its own, made from the locale: the pattern refers to them, they are ours to free. */
	const uint8_t *tables = number % 3 == 1 ? pcre2_maketables(NULL) : NULL;
	pcre2_set_character_tables(compile, tables);
	pcre2_set_match_limit(match, 3000);
	*error = 0;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)p->text, PCRE2_ZERO_TERMINATED, p->options, error, &offset, compile);
	uint64_t digest = libs_digest_number(add_message(0, *error), (long long)offset);
	*matches = 0;
	if (code) {
		PCRE2_UCHAR *result = malloc(size);
		if (number % 2)
			digest = libs_digest_number(digest, pcre2_jit_compile(code, PCRE2_JIT_COMPLETE));
		digest ^= match_all(code, text, match, matches);
		int status = pcre2_substitute(code, (PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, 0, PCRE2_SUBSTITUTE_GLOBAL, NULL,
			match, (PCRE2_SPTR)p->replacement, PCRE2_ZERO_TERMINATED, result, &size);
		digest = add_message(digest, status);
		if (status >= 0)
			digest = libs_digest(digest, result, size);
		free(result);
		pcre2_code_free(code);
		*error = 0;
	}
	if (tables)
		digest = libs_digest(digest, tables, 512);
	pcre2_maketables_free(NULL, tables);
	pcre2_match_context_free(match);
	pcre2_compile_context_free(compile);
	return digest;
}

static uint64_t once(int number)
{
	int matches, error;
	return once_counted(number, &matches, &error);
}

static void make(int number)
{
	static const char *const words[] = {
		"the ", "Quick ", "someone@example.org ", "2024-05-17 ", "(a (nested) (one (more))) ", "THE\t", "level ", "\n",
		"Éclair ééé ", "other@host.net, ", "1999-12-31\n", "rotor ", "x(y)z ", "abba ",
	};
	uint64_t state = (uint64_t)number;
	size_t used = 0;
	while (used < TEXT - 100 - (size_t)number * 5) {
		const char *word = words[random_next(&state) % (sizeof words / sizeof *words)];
		memcpy(texts[number] + used, word, strlen(word));
		used += strlen(word);
	}
	strcpy(texts[number] + used, "aaaaaaaaaaaaaaaaaaaaab");
}

int main(void)
{
	int found = 0, refused = 0, jit = 0;
	plan(2 + LIBS_TESTS);
	pcre2_config(PCRE2_CONFIG_JIT, &jit);
	diag("compiling to machine code: %s", jit ? "yes" : "no");
	for (int i = 0; i < LIBS_TASKS; i++) {
		int matches, error;
		make(i);
		once_counted(i, &matches, &error);
		found += matches > 0;
		refused += error != 0;
	}
	ok(found >= LIBS_TASKS / 2, "most patterns are found in their texts (%d)", found);
	is_int(refused, LIBS_TASKS / PATTERNS * 2, "the wrong patterns are refused");
	libs_run("regular expressions", once);
	return done();
}
