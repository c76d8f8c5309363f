/* SPDX-License-Identifier: Apache-2.0 */
/* shutdown_lazy.c - words of the PLT that the linker has yet to bind when the first function is isolated, are bound between
 * inger_shutdown() and the next one: that one is in its libset all the same, with all functions of the library. */
#include "helpers.h"
#include "isolate_lib.h"

static int seen;
static void counts(void *arg)
{
	lib_start(*(int *)arg);
	inger_pause(); /* nothing else may come in between */
	seen = lib_next();
}

static int counted(int from, bool beside)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = INGER_ISOLATED;
	linger_t call = inger_launch_attr(counts, TO_COMPLETION, &from, &attr);
	if (!call.continuation)
		bail(inger_strerror(errno));
	if (beside)
		lib_start(-1000);
	if (resume(&call, TO_COMPLETION) != 0 || !call.is_complete)
		bail("resume");
	return seen;
}

int main(void)
{
	plan(4);
	is_int(counted(100, false), 101, "isolated, before the program has called the library");
	is_int(inger_shutdown(), 0, "inger_shutdown()");
	is_int(lib_next(), 1, "the program calls its own");
	is_int(counted(500, true), 501, "isolated again: both functions are the libset's");
	return done();
}
