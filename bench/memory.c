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
		.proportional = kib_of("/proc/self/smaps_rollup", "Pss"),
		.own = kib_of("/proc/self/smaps_rollup", "Anonymous"),
		.tables = kib_of("/proc/self/status", "VmPTE"),
	};
}

size_t mappings_now(void) {
	char block[1 << 16];
	size_t lines = 0, n;
	FILE *f = fopen("/proc/self/maps", "re");
	if (!f)
		die("count mappings", "/proc/self/maps", errno);
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		for (const char *p = block; (p = memchr(p, '\n', (size_t)(block + n - p))) != NULL; p++)
			lines++;
	fclose(f);
	return lines;
}

size_t mappings_limit(void) {
	static const char path[] = "/proc/sys/vm/max_map_count";
	unsigned long limit = 0;
	FILE *f = fopen(path, "re");
	if (!f || fscanf(f, "%lu", &limit) != 1)
		die("read a limit of the kernel", path, errno);
	fclose(f);
	return limit;
}
