/* SPDX-License-Identifier: Apache-2.0 */
/* popt (libpopt-dev: popt): takes command lines apart */
#include "library.h"
#include <popt.h>

static uint64_t work(int number)
{
	uint64_t result = 0;
	for (int i = 0; i < 100; i++) {
		char count[20];
		int value = 0, c;
		char *text = NULL;
		snprintf(count, sizeof count, "--number=%d", i * number);
		const char *arguments[] = { "program", count, "--text", "word", "rest", NULL };
		struct poptOption options[] = { { "number", 'n', POPT_ARG_INT, &value, 0, NULL, NULL }, { "text", 't', POPT_ARG_STRING, &text, 0, NULL, NULL }, POPT_TABLEEND };
		poptContext context = poptGetContext("program", 5, arguments, options, 0);
		while ((c = poptGetNextOpt(context)) > 0)
			;
		result = digest_text(digest_number(result, value), text);
		result = digest_text(result, poptGetArg(context));
		poptFreeContext(context);
		free(text);
	}
	return result;
}

LIBRARY(popt, work)
