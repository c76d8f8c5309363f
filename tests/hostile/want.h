/* SPDX-License-Identifier: Apache-2.0 */
/* want.h - the right results: a program without libinger, PROGRAM.plain beside this one, is run for them. */
#ifndef WANT_H
#define WANT_H

#include "library.h"
#include "helpers.h"

#define WANT_LIBRARIES 128

static uint64_t want[WANT_LIBRARIES][LIBRARY_NUMBERS];
static uint64_t want_ns[WANT_LIBRARIES]; /* how long the work takes here */

UNUSED static int want_count(void)
{
	return (int)(__stop_libraries - __start_libraries);
}

/* want_read - bails out when the results do not come, or are not those of the same libraries. */
UNUSED static void want_read(const char *plain)
{
	char path[4096], name[64];
	int number, got = 0;
	unsigned long long value;
	beside_program(path, sizeof path, plain);
	FILE *pipe = popen(path, "re");
	if (!pipe)
		bail("popen");
	while (fscanf(pipe, "%63s %d %llx", name, &number, &value) == 3 && got < want_count() * LIBRARY_NUMBERS) {
		if (number != got % LIBRARY_NUMBERS || strcmp(name, __start_libraries[got / LIBRARY_NUMBERS]->name) != 0)
			bail("the plain program has other libraries");
		want[got / LIBRARY_NUMBERS][number] = value;
		got++;
	}
	if (pclose(pipe) != 0 || got != want_count() * LIBRARY_NUMBERS)
		bail("the plain program failed");
}

/* want_here - whether this program gives the same results, without a launch. */
UNUSED static int want_here(void)
{
	int wrong = 0;
	for (int i = 0; i < want_count(); i++) {
		uint64_t start = now_ns();
		for (int number = 0; number < LIBRARY_NUMBERS; number++)
			if (__start_libraries[i]->work(number) != want[i][number]) {
				diag("%s: number %d is wrong in the program itself", __start_libraries[i]->name, number);
				wrong++;
			}
		want_ns[i] = (now_ns() - start) / LIBRARY_NUMBERS;
	}
	return wrong;
}

#endif
