/* SPDX-License-Identifier: Apache-2.0 */
/* memory.c - reads /proc/self. */
#include "memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

static double kib_of(const char *path, const char *field) {
	char line[256];
	FILE *f = fopen(path, "re");
	if (!f)
		die("read the memory in use", path, errno);
	double kib = -1;
	while (kib < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, field, strlen(field)) && line[strlen(field)] == ':')
			kib = strtod(line + strlen(field) + 1, NULL);
	fclose(f);
	if (kib < 0)
		die("read the memory in use", field, ENOENT);
	return kib;
}

struct memory memory_now(void) {
	return (struct memory){
		.resident = kib_of("/proc/self/status", "VmRSS"),
		.own = kib_of("/proc/self/smaps_rollup", "Anonymous"),
		.tables = kib_of("/proc/self/status", "VmPTE"),
	};
}
