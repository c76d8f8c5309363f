/* SPDX-License-Identifier: Apache-2.0 */
/* icu (libicu-dev: icu-uc icu-i18n): sorts, breaks, changes case and formats by the rules of languages */
#include "library.h"
#include <unicode/ubrk.h>
#include <unicode/ucol.h>
#include <unicode/unum.h>
#include <unicode/ustring.h>

static uint64_t work(int number)
{
	static const char *const locales[] = { "de_DE", "sv_SE", "en_US", "tr_TR", "fr_FR", "ja_JP", "es_ES", "pl_PL" };
	const char *locale = locales[number];
	UErrorCode error = U_ZERO_ERROR;
	UChar text[400], upper[800], out[100];
	char plain[400];
	int32_t length = 0;
	sample_text(plain, 300, number);
	u_strFromUTF8(text, 400, &length, plain, -1, &error);
	int32_t upper_length = u_strToUpper(upper, 800, text, length, locale, &error);
	uint64_t result = digest(0, upper, (size_t)upper_length * sizeof(UChar));
	UBreakIterator *words = ubrk_open(UBRK_WORD, locale, text, length, &error);
	for (int32_t at = ubrk_first(words); at != UBRK_DONE; at = ubrk_next(words))
		result = digest_number(result, at);
	ubrk_close(words);
	UCollator *collator = ucol_open(locale, &error);
	for (int32_t at = 0; at + 20 < length; at += 10)
		result = digest_number(result, ucol_strcoll(collator, text + at, 9, text + at + 10, 9));
	ucol_close(collator);
	UNumberFormat *format = unum_open(UNUM_CURRENCY, NULL, 0, locale, NULL, &error);
	int32_t size = unum_formatDouble(format, 1234567.891, out, 100, NULL, &error);
	unum_close(format);
	return digest_number(digest(result, out, (size_t)size * sizeof(UChar)), error);
}

LIBRARY(icu, work)
