/* SPDX-License-Identifier: Apache-2.0 */
/* yaml (libyaml-dev: yaml-0.1): parses a document into events */
#include "library.h"
#include <yaml.h>

static uint64_t work(int number)
{
	char text[4000];
	int length = sprintf(text, "list:\n");
	for (int i = 0; i < 60; i++)
		length += sprintf(text + length, "  - {id: %d, name: 'word %d', more: [a, \"b\"]}\n", i, i * number);
	yaml_parser_t parser;
	yaml_event_t event;
	uint64_t result = 0;
	int last = 0;
	yaml_parser_initialize(&parser);
	yaml_parser_set_input_string(&parser, (unsigned char *)text, (size_t)length);
	while (!last && yaml_parser_parse(&parser, &event)) {
		result = digest_number(result, event.type);
		if (event.type == YAML_SCALAR_EVENT)
			result = digest(result, event.data.scalar.value, event.data.scalar.length);
		last = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return digest_number(result, last);
}

LIBRARY(yaml, work)
