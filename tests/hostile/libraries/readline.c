/* SPDX-License-Identifier: Apache-2.0 */
/* readline (libreadline-dev: -lreadline): keeps a history, expands and searches it */
#include "library.h"
#include <readline/history.h>
#include <readline/readline.h>

static uint64_t work(int number)
{
	uint64_t result = 0;
	using_history();
	for (int i = 0; i < 300; i++) {
		char line[40];
		snprintf(line, sizeof line, "command %d %d", i, number);
		add_history(line);
	}
	for (int i = 1; i < 100; i++) {
		char line[20], *out = NULL;
		snprintf(line, sizeof line, "!-%d:2", i);
		result = digest_number(result, history_expand(line, &out));
		result = digest_text(result, out);
		free(out);
	}
	result = digest_number(result, history_search_pos("command 77", 1, 0));
	clear_history();
	return result;
}

LIBRARY(readline, work)
