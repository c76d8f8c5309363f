/* SPDX-License-Identifier: Apache-2.0 */
/* cjson (libcjson-dev: libcjson): makes a document, writes, reads it again */
#include "library.h"
#include <cjson/cJSON.h>

static uint64_t work(int number)
{
	cJSON *list = cJSON_CreateArray();
	for (int i = 0; i < 100; i++) {
		cJSON *one = cJSON_CreateObject();
		cJSON_AddNumberToObject(one, "id", i * number);
		cJSON_AddStringToObject(one, "name", "word");
		cJSON_AddItemToArray(list, one);
	}
	char *text = cJSON_Print(list);
	uint64_t result = digest_text(0, text);
	cJSON *back = cJSON_Parse(text);
	result = digest_number(result, cJSON_Compare(list, back, 1));
	cJSON_Delete(back);
	cJSON_Delete(list);
	free(text);
	return result;
}

LIBRARY(cjson, work)
