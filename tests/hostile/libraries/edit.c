/* SPDX-License-Identifier: Apache-2.0 */
/* edit (libedit-dev: libedit): keeps a history and splits lines */
#include "library.h"
#include <histedit.h>

static uint64_t work(int number)
{
	uint64_t result = 0;
	HistEvent event;
	History *list = history_init();
	history(list, &event, H_SETSIZE, 500);
	for (int i = 0; i < 300; i++) {
		char line[60];
		int count;
		const char **words;
		snprintf(line, sizeof line, "command %d '%d of' \"it\"", i, number);
		history(list, &event, H_ENTER, line);
		Tokenizer *tokenizer = tok_init(NULL);
		result = digest_number(result, tok_str(tokenizer, line, &count, &words));
		for (int k = 0; k < count; k++)
			result = digest_text(result, words[k]);
		tok_end(tokenizer);
	}
	result = digest_number(result, history(list, &event, H_PREV_STR, "command 77"));
	history_end(list);
	return result;
}

LIBRARY(edit, work)
