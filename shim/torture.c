/* SPDX-License-Identifier: Apache-2.0 */
/* torture.c - what the resuming side does between slices under --torture: use the libraries that the paused main() may be
 * in the middle of. Whatever is not safe to interrupt shows as a wrong result, a crash or a hang.
 *
 * Here are functions whose results do not depend on state kept from call to call, so that they can use main()'s libset;
 * torture_state.c has the others. */
#include "shim.h"
#include "torture.h"
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KEPT 32

static uint64_t random_state;
static void *kept[KEPT];
static size_t kept_bytes[KEPT];

uint32_t shim_torture_any(uint32_t limit)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % limit;
}

void shim_torture_wrong(const char *what)
{
	char number[24], *at = number;

	shim_write_number(&at, number + sizeof number - 1, shim_config.seed);
	*at = 0;
	shim_message("torture: wrong result", what, number);
}

static bool filled(const unsigned char *p, size_t bytes, unsigned char with)
{
	for (size_t i = 0; i < bytes; i++)
		if (p[i] != with)
			return false;
	return true;
}

static void heap(void)
{
	unsigned i = shim_torture_any(KEPT);
	size_t bytes = 1 + shim_torture_any(shim_torture_any(8) ? 400 : 200000);
	unsigned char pattern = (unsigned char)(i + 1);

	if (kept[i] && !filled(kept[i], kept_bytes[i], pattern))
		shim_torture_wrong("a block changed");
	if (kept[i] && shim_torture_any(2)) {
		shim_free(kept[i]);
		kept[i] = NULL;
		return;
	}
	void *p = kept[i] ? shim_realloc(kept[i], bytes) : shim_malloc(bytes);
	if (!p)
		return;
	memset(p, pattern, bytes);
	kept[i] = p;
	kept_bytes[i] = bytes;
}

static void streams(void)
{
	char *text = NULL, line[64];
	size_t bytes;
	FILE *f = open_memstream(&text, &bytes);

	if (f) {
		fprintf(f, "%d %s %.3f", 42, "answer", 2.5);
		fclose(f);
		if (strncmp(text, "42 answer 2", 11) != 0)
			shim_torture_wrong("printf into memory");
		shim_free(text);
	}
	f = fopen("/dev/null", "w");
	if (f) {
		fprintf(f, "%s %d\n", "to a file", (int)shim_torture_any(1000));
		fclose(f);
	}
	f = fopen("/proc/self/stat", "r");
	if (f) {
		if (!fgets(line, sizeof line, f))
			shim_torture_wrong("fgets");
		fclose(f);
	}
}

static int by_value(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;
	return (x > y) - (x < y);
}

static void sorting(void)
{
	int numbers[400];

	for (int i = 0; i < 400; i++)
		numbers[i] = (int)shim_torture_any(1000);
	qsort(numbers, 400, sizeof *numbers, by_value);
	for (int i = 1; i < 400; i++)
		if (numbers[i - 1] > numbers[i])
			shim_torture_wrong("qsort");
}

static void matching(void)
{
	regex_t expression;

	if (regcomp(&expression, "^([a-z]+)=([0-9]*)$", REG_EXTENDED) != 0) {
		shim_torture_wrong("regcomp");
		return;
	}
	if (regexec(&expression, "slice=100", 0, NULL, 0) != 0 || regexec(&expression, "slice", 0, NULL, 0) != REG_NOMATCH)
		shim_torture_wrong("regexec");
	regfree(&expression);
}

static void directory(void)
{
	DIR *d = opendir("/proc/self/task");

	if (!d)
		return;
	while (readdir(d))
		;
	closedir(d);
}

static void symbols(void)
{
	void *p = dlsym(RTLD_DEFAULT, "qsort");

	if (!p)
		shim_torture_wrong("dlsym");
}

void shim_torture_once(void)
{
	static void (*const acts[])(void) = {heap, heap, heap, streams, sorting, matching, directory, symbols};
	int saved = errno;

	acts[shim_torture_any(sizeof acts / sizeof *acts)]();
	shim_torture_state_once();
	heap();
	errno = saved;
}

/* Before main(): let every function load what it loads once, so that a paused main() is not in the middle of it. */
void shim_torture_prepare(uint64_t seed)
{
	if (!seed)
		seed = shim_now() ^ (uint64_t)getpid() << 32;
	shim_config.seed = random_state = seed;
	streams();
	sorting();
	matching();
	directory();
	symbols();
	if (shim_config.stats) {
		char line[64], *at = line, *end = line + sizeof line - 1;
		shim_write_text(&at, end, "libinger: torture seed ");
		shim_write_number(&at, end, seed);
		*at++ = '\n';
		shim_syscall3(SYS_write, 2, line, at - line);
	}
}
