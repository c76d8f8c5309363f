/* SPDX-License-Identifier: Apache-2.0 */
/* relink.c - what it takes to follow references into libsets: how much longer opening an object takes that calls a hundred
 * functions of a library, than one that calls none.
 *
 * Both need libinger.so, and so belong to the program, whose GOT is rewritten. That is done by the next launch after
 * dlopen(), so the launch of an empty function is timed with it. Half of the objects are opened before the first isolated
 * launch, when nothing is rewritten: what the linker itself needs for a hundred references is known from them. Prints
 * nanoseconds: the hundred before, none before, the hundred after, none after; medians. */
#include <errno.h>
#include <stdio.h>

#include "cases.h"
#include "harness.h"
#include "libraries.h"

enum { PAIRS = 16 }; /* also in bench.mk */

static void nothing(void *argument) { (void)argument; }

static void launch_nothing(enum inger_isolation isolation) {
	linger_t call = launch_as(isolation, nothing, TO_COMPLETION, NULL);
	if (!call.is_complete)
		die("launch an empty function", "not complete", call.continuation ? 0 : errno);
}

static double open_and_launch(const char *what, int number, enum inger_isolation isolation) {
	char name[32];
	snprintf(name, sizeof(name), "%s_%d.so", what, number);
	double start = now_ns();
	libraries_open_one(name);
	launch_nothing(isolation);
	return now_ns() - start;
}

/* In turn the one or the other first: the second finds more in the caches. */
static void open_pair(int number, enum inger_isolation isolation, struct samples *refs, struct samples *none) {
	open_and_launch("hundred", number, isolation);
	if (number & 1)
		samples_add(refs, open_and_launch("refs", number, isolation));
	samples_add(none, open_and_launch("zero", number, isolation));
	if (!(number & 1))
		samples_add(refs, open_and_launch("refs", number, isolation));
}

int main(void) {
	struct samples before[2] = { 0 }, after[2] = { 0 };
	for (int i = 0; i < PAIRS / 2; i++)
		open_pair(i, INGER_SHARED, &before[0], &before[1]);
	launch_nothing(INGER_ISOLATED);
	for (int i = PAIRS / 2; i < PAIRS; i++)
		open_pair(i, INGER_ISOLATED, &after[0], &after[1]);
	printf("%.0f %.0f %.0f %.0f\n", median(&before[0]), median(&before[1]), median(&after[0]), median(&after[1]));
	return 0;
}
