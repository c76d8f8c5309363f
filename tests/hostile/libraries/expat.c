/* SPDX-License-Identifier: Apache-2.0 */
/* expat (libexpat1-dev: expat): parses a document piece by piece, with an error in each fourth */
#include "library.h"
#include <expat.h>

static void start(void *result, const char *name, const char **attributes)
{
	*(uint64_t *)result = digest_text(*(uint64_t *)result, name);
	for (; *attributes; attributes++)
		*(uint64_t *)result = digest_text(*(uint64_t *)result, *attributes);
}
static void text(void *result, const char *bytes, int length)
{
	*(uint64_t *)result += digest(0, bytes, (size_t)length) | 1;
}

static uint64_t work(int number)
{
	uint64_t result = 0;
	char piece[200];
	XML_Parser parser = XML_ParserCreate(NULL);
	XML_SetUserData(parser, &result);
	XML_SetElementHandler(parser, start, NULL);
	XML_SetCharacterDataHandler(parser, text);
	/* The salt of its tables is random otherwise. */
	XML_SetHashSalt(parser, 12345);
	XML_Parse(parser, "<list>", 6, 0);
	for (int i = 0; i < 300; i++) {
		int length = snprintf(piece, sizeof piece, "<item id='i%d' odd='%d'>text &amp; %d</item>", i, i % 2, i * number);
		result = digest_number(result, XML_Parse(parser, piece, length, 0));
	}
	result = digest_number(result, XML_Parse(parser, number % 4 == 3 ? "</lost>" : "</list>", 7, 1));
	result = digest_text(result, XML_ErrorString(XML_GetErrorCode(parser)));
	XML_ParserFree(parser);
	return result;
}

LIBRARY(expat, work)
