/* SPDX-License-Identifier: Apache-2.0 */
/* A library that is opened with RTLD_DEEPBIND: the linker asks it, what it needs and libc before the program and libinger. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "deepbind_lib.h"

/* By pointers in initialised data, as sqlite keeps them. */
static int (*volatile sleeper)(useconds_t) = usleep;
static void *(*volatile getter)(size_t) = malloc;

int deep_sleep(unsigned us)
{
	return usleep(us);
}

int deep_sleep_by_pointer(unsigned us)
{
	return sleeper(us);
}

void deep_allocate(void *unused)
{
	(void)unused;
	for (;;) {
		char *words[64];
		for (int i = 0; i < 64; i++) {
			words[i] = i & 1 ? malloc((size_t)(i * 37 % 900 + 1)) : getter(100);
			memset(words[i], 0x5a, 1);
		}
		for (int i = 0; i < 63; i++)
			free(words[i]);
	}
}

void deep_print(void *unused)
{
	char text[100];
	(void)unused;
	for (int i = 0;; i++) {
		snprintf(text, sizeof text, "%d %f", i, i * 1.5);
		fprintf((FILE *)deep_stream, "%s\n", text);
	}
}

FILE *deep_stream;

/* Its own library's, or rather that one's; volatile, so that the compiler makes no constant of it. */
long deep_labs(long value)
{
	return labs(value);
}

unsigned deep_alarm(unsigned seconds)
{
	return alarm(seconds);
}
