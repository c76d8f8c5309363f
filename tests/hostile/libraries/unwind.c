/* SPDX-License-Identifier: Apache-2.0 */
/* unwind (libunwind-dev: libunwind): walks its own stack and names the functions */
#include "library.h"
#define UNW_LOCAL_ONLY
#include <libunwind.h>

static __attribute__((noinline)) uint64_t walk(int depth, uint64_t result)
{
	if (depth > 0)
		return walk(depth - 1, result) + 1;
	unw_context_t context;
	unw_cursor_t cursor;
	char name[100];
	unw_word_t offset;
	int frames = 0, named = 0;
	unw_getcontext(&context);
	unw_init_local(&cursor, &context);
	/* Who called work() differs; the frames of its own do not. */
	do
		named += unw_get_proc_name(&cursor, name, sizeof name, &offset) >= 0 ? 1 : 0;
	while (++frames < 8 && unw_step(&cursor) > 0);
	return digest_number(digest_number(result, frames), named > 0);
}

static uint64_t work(int number)
{
	uint64_t result = 0;
	for (int i = 0; i < 10; i++)
		result = walk(10 + number, result);
	return result;
}

LIBRARY(unwind, work)
