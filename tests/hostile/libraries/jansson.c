/* SPDX-License-Identifier: Apache-2.0 */
/* jansson (libjansson-dev: jansson): makes a document, writes, reads it again, and an error */
#include "library.h"
#include <jansson.h>

static uint64_t work(int number)
{
	json_t *list = json_array();
	json_error_t error;
	for (int i = 0; i < 150; i++)
		json_array_append_new(list, json_pack("{s:i, s:s, s:f, s:[i,b,n]}", "id", i, "name", "word", "value", i * 0.5, "more", i * number, i % 2));
	char *text = json_dumps(list, JSON_INDENT(2) | JSON_SORT_KEYS);
	uint64_t result = digest_text(0, text);
	json_t *back = json_loads(text, 0, &error);
	result = digest_number(result, json_equal(list, back));
	json_decref(back);
	text[strlen(text) - 20] = '~';
	back = json_loads(text, 0, &error);
	result = digest_number(digest_text(result, error.text), back != NULL);
	json_decref(back);
	json_decref(list);
	free(text);
	return result;
}

LIBRARY(jansson, work)
