/* SPDX-License-Identifier: Apache-2.0 */
/* storm_libc.c - works with libc: the heap, streams, text, time, descriptors, mappings. */
#include <fcntl.h>
#include <poll.h>
#include <regex.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include "storm.h"

WORK(heap, 0)
{
	unsigned char *blocks[20] = { NULL };
	size_t sizes[20] = { 0 };
	for (int i = 0; i < 200; i++) {
		size_t at = random_range(&j->random, 0, 19), size = random_range(&j->random, 1, random_next(&j->random) % 30 ? 3000 : 200000), k;
		for (k = 0; k < sizes[at] && blocks[at][k] == (sizes[at] & 255); k++)
			;
		right(k == sizes[at]);
		unsigned char *block;
		if (random_next(&j->random) % 2) {
			block = realloc(blocks[at], size);
		} else {
			free(blocks[at]);
			block = random_next(&j->random) % 2 ? malloc(size) : aligned_alloc(64, (size + 63) & ~(size_t)63);
		}
		right(block != NULL);
		blocks[at] = block;
		sizes[at] = size;
		memset(block, (int)(size & 255), size);
	}
	for (int i = 0; i < 20; i++)
		free(blocks[i]);
}

WORK(streams, 0)
{
	FILE *file = tmpfile();
	uint64_t key = j->random;
	int number = 0;
	unsigned long long value = 0;
	char *line = NULL;
	size_t room = 0;
	if (!file)
		return;
	for (int i = 0; i < 200; i++)
		fprintf(file, "%d:%llu\n", i, (unsigned long long)(key ^ (uint64_t)i));
	rewind(file);
	for (int i = 0; i < 100; i++)
		right(fscanf(file, "%d:%llu\n", &number, &value) == 2 && number == i && value == (key ^ (uint64_t)i));
	for (int i = 100; i < 200; i++)
		right(getline(&line, &room, file) > 0 && sscanf(line, "%d:%llu", &number, &value) == 2 && number == i && value == (key ^ (uint64_t)i));
	free(line);
	fclose(file);
}

WORK(memstream, 0)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	for (int i = 0; i < 300; i++)
		fprintf(file, "%03d ", i);
	fclose(file);
	right(size == 1200 && memcmp(text + 1196, "299 ", 4) == 0);
	free(text);
}

WORK(strtok, WORK_ISOLATED)
{
	char text[400];
	int length = 0, number = 0;
	for (int i = 0; i < 60; i++)
		length += sprintf(text + length, "%d,", i);
	for (char *part = strtok(text, ","); part; part = strtok(NULL, ","))
		right(atoi(part) == number++);
	right(number == 60);
}

WORK(calendar, WORK_ISOLATED)
{
	time_t day = (time_t)(86400 * random_range(&j->random, 0, 20000));
	struct tm *split = gmtime(&day);
	int year = split->tm_year;
	char text[40];
	strftime(text, sizeof text, "%Y-%m-%d", split);
	right(atoi(text) == year + 1900 && timegm(split) == day);
}

WORK(pattern, 0)
{
	regex_t expression;
	regmatch_t match[3];
	char text[100];
	int before = (int)random_range(&j->random, 0, 50);
	memset(text, 'x', sizeof text);
	strcpy(text + before, "aabbbc");
	if (regcomp(&expression, "(a+)(b+)c", REG_EXTENDED) != 0)
		return;
	right(regexec(&expression, text, 3, match, 0) == 0 && match[1].rm_so == before && match[2].rm_eo - match[2].rm_so == 3);
	regfree(&expression);
}

static int by_value(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
WORK(sort, 0)
{
	int values[600], ordered = 0;
	for (int i = 0; i < 600; i++)
		values[i] = (int)random_range(&j->random, 0, 999);
	qsort(values, 600, sizeof *values, by_value);
	for (int i = 1; i < 600; i++)
		ordered += values[i - 1] <= values[i];
	right(ordered == 599);
	right(bsearch(&values[300], values, 600, sizeof *values, by_value) != NULL);
}

WORK(mappings, 0)
{
	for (int i = 0; i < 10; i++) {
		char *at = mmap(NULL, 40960, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (at == MAP_FAILED)
			return;
		at[0] = at[8192] = (char)i;
		munmap(at + 4096, 4096);
		at[0]++;
		right(at[0] == (char)(i + 1) && at[8192] == (char)i);
		munmap(at, 4096);
		munmap(at + 8192, 32768);
	}
}

WORK(sockets, 0)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return;
	for (int i = 0; i < 50; i++) {
		uint64_t sent = j->random + (uint64_t)i, got = 0;
		struct pollfd poll_for = { pair[1], POLLIN, 0 };
		right(write(pair[0], &sent, sizeof sent) == sizeof sent);
		right(poll(&poll_for, 1, 1000) == 1);
		right(read(pair[1], &got, sizeof got) == sizeof got && got == sent);
	}
	close(pair[0]);
	close(pair[1]);
}

WORK(sleeping, 0)
{
	struct timespec time = { 0, 300000 };
	uint64_t start = now_ns();
	right(clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL) == EINTR || now_ns() - start >= 300000);
}

WORK(files, 0)
{
	for (int i = 0; i < 5; i++) {
		int file = open("/etc/passwd", O_RDONLY | O_CLOEXEC), twin = dup(file);
		char a, b;
		right(file >= 0 && twin >= 0 && read(file, &a, 1) == 1 && pread(twin, &b, 1, 0) == 1 && a == b);
		close(file);
		close(twin);
		DIR *folder = opendir("/proc/self/fd");
		int entries = 0;
		while (folder && readdir(folder))
			entries++;
		right(entries > 2);
		closedir(folder);
	}
}

WORK(names, 0)
{
	char host[64], text[64];
	right(gethostname(host, sizeof host) == 0);
	right(getenv("PATH") != NULL);
	snprintf(text, sizeof text, "%.3f %s", 3.14159, strerror(ENOENT));
	right(strcmp(text, "3.142 No such file or directory") == 0);
	right(strtod("2.5e3", NULL) == 2500.0);
}

WORK(computing, 0)
{
	uint64_t seed = j->random;
	right(work(work(seed, 5000), 5000) == work(seed, 10000));
}
