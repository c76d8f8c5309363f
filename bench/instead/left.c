/* SPDX-License-Identifier: Apache-2.0 */
/* left.c - reads /proc/self into fixed buffers. */
#include "left.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DESCRIPTORS = 1024, BLOCKS = 4000 };

/* contents - of a small file, in static storage; "" when it can't be read. */
static const char *contents(const char *path) {
	static char text[8192];
	size_t have = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	for (ssize_t n; fd >= 0 && (n = read(fd, text + have, sizeof(text) - 1 - have)) > 0;)
		have += (size_t)n;
	if (fd >= 0)
		close(fd);
	text[have] = '\0';
	return text;
}

static long field(const char *name) {
	const char *line = strstr(contents("/proc/self/status"), name);
	return line ? strtol(line + strlen(name), NULL, 10) : -1;
}

double left_resident(void) {
	long kib = field("\nVmRSS:");
	return kib < 0 ? -1 : (double)kib * 1024;
}

double left_peak(void) {
	long kib = field("\nVmHWM:");
	return kib < 0 ? -1 : (double)kib * 1024;
}

void left_peak_reset(void) {
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)!write(fd, "5", 1);
	close(fd);
}

double left_heap(void) {
	struct mallinfo2 info = mallinfo2();
	return (double)(info.uordblks + info.hblkhd);
}

int32_t left_threads(void) { return (int32_t)field("\nThreads:"); }

int32_t left_processes(void) {
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	if (access(path, R_OK))
		return -1;
	int32_t children = 0;
	for (const char *at = contents(path); *at; at++)
		children += *at == ' ';
	return children;
}

int32_t left_descriptors(void) {
	int32_t open = 0;
	for (int fd = 0; fd < DESCRIPTORS; fd++)
		open += fcntl(fd, F_GETFD) >= 0;
	return open;
}

uint32_t left_heap_damaged(void) {
	static unsigned char *block[BLOCKS];
	static size_t size[BLOCKS];
	uint32_t damaged = 0;
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < BLOCKS; i++) {
			size[i] = 8 + (i * 2654435761u >> 8) % (i % 50 ? 1500 : 60000);
			block[i] = malloc(size[i]);
			if (block[i])
				memset(block[i], (int)(i % 251), size[i]);
		}
		for (unsigned i = 0; i < BLOCKS; i++) {
			unsigned char *at = block[i];
			for (size_t k = 0; at && k < size[i]; k++)
				if (at[k] != i % 251) {
					damaged++;
					break;
				}
		}
		for (unsigned i = 0; i < BLOCKS; i++)
			free(block[i * 7 % BLOCKS]); /* 7 and BLOCKS have no common divisor */
	}
	return damaged;
}
