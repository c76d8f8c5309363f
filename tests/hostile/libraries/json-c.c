/* SPDX-License-Identifier: Apache-2.0 */
/* json-c (libjson-c-dev: json-c): makes a document, writes, reads it again */
#include "library.h"
#include <json.h>

static uint64_t work(int number)
{
	json_object *list = json_object_new_array();
	for (int i = 0; i < 150; i++) {
		json_object *one = json_object_new_object();
		json_object_object_add(one, "id", json_object_new_int(i * number));
		json_object_object_add(one, "name", json_object_new_string("word"));
		json_object_object_add(one, "value", json_object_new_double(i * 0.5));
		json_object_array_add(list, one);
	}
	uint64_t result = digest_text(0, json_object_to_json_string_ext(list, JSON_C_TO_STRING_PRETTY));
	json_object *back = json_tokener_parse(json_object_to_json_string(list));
	result = digest_number(result, json_object_equal(list, back));
	json_object_put(back);
	json_object_put(list);
	return result;
}

LIBRARY(json_c, work)
