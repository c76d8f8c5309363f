/* SPDX-License-Identifier: Apache-2.0 */
/* cancel.h - what the programs about cancel() have in common: calls that pause themselves, and the heap counted. */
#ifndef CANCEL_H
#define CANCEL_H

#include <unistd.h>
#include <stdlib.h>
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include "helpers.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

/* Begin again without malloc()'s cache of the thread's free blocks, which count as given out: what is taken from the cache is not
 * seen, and since glibc 2.43 it holds blocks of any size, and more of them. Before anything is printed. */
UNUSED static void heap_without_cache(void)
{
	if (getenv("GLIBC_TUNABLES"))
		return;
	setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1);
	char *arguments[] = { program_invocation_name, NULL };
	execv("/proc/self/exe", arguments);
}

/* heap_in_use - what malloc() has given out, in bytes. Small free blocks that a thread keeps for itself count as well. */
UNUSED static size_t heap_in_use(void)
{
	struct mallinfo2 info = mallinfo2();
	return info.uordblks + info.hblkhd;
}

UNUSED static long heap_kib(void) { return (long)(heap_in_use() >> 10); }

/* start - launch a function that will pause itself, up to there. */
UNUSED static linger_t start(void (*function)(void *), void *arg, uint32_t isolation)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = isolation;
	attr.cleanup_us = 10000000; /* a loaded machine takes its time for a handler */
	linger_t call = inger_launch_attr(function, TO_COMPLETION, arg, &attr);
	if (!call.continuation)
		bail(call.is_complete ? "a function that should have paused itself" : "launch");
	return call;
}

/* end - cancel() that has to succeed. */
UNUSED static void end(linger_t *call)
{
	if (cancel(call) != 0)
		bail(inger_strerror(errno));
}

/* count_up - for the calls after a case: the library goes on working. */
UNUSED static void count_up(void *number) { ++*(int *)number; }

/* further - how many of `calls` further calls are right, shared and isolated ones in turn. */
UNUSED static int further(int calls)
{
	int number = 0;
	struct inger_attr attr = INGER_ATTR_INIT;
	for (int i = 0; i < calls; i++) {
		attr.isolation = i % 2 ? INGER_SHARED : INGER_ISOLATED;
		linger_t call = inger_launch_attr(count_up, TO_COMPLETION, &number, &attr);
		if (!call.is_complete)
			bail("launch");
	}
	return number;
}

#endif
