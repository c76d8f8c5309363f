// SPDX-License-Identifier: Apache-2.0
// storm_callbacks.cc - the program's own functions that libc calls in the middle of its work: they allocate, pause, throw
// and jump out.
#include <glob.h>
#include <search.h>
#include <setjmp.h>
#include <ftw.h>
#include "storm.h"

static __thread sigjmp_buf *way_out;

static int by_value(const void *a, const void *b)
{
	free(malloc(20));
	return *static_cast<const int *>(a) - *static_cast<const int *>(b);
}
static int throws(const void *a, const void *b)
{
	if (*static_cast<const int *>(a) == 50)
		throw *static_cast<const int *>(a);
	return by_value(a, b);
}
static int jumps(const void *a, const void *b)
{
	if (*static_cast<const int *>(a) == 50 && way_out)
		siglongjmp(*way_out, 1);
	return by_value(a, b);
}
static void fill(int (&values)[100])
{
	for (int i = 0; i < 100; i++)
		values[i] = (i * 37) % 101;
}

WORK(compare, 0)
{
	int values[100];
	fill(values);
	qsort(values, 100, sizeof *values, by_value);
	for (int i = 1; i < 100; i++)
		right(values[i - 1] < values[i]);
}

WORK(throw_out, 0)
{
	int values[100], caught = 0;
	fill(values);
	try {
		qsort(values, 100, sizeof *values, throws);
	} catch (int value) {
		caught = value;
	}
	right(caught == 50);
	free(malloc(100));
}

WORK(jump_out, 0)
{
	int values[100];
	sigjmp_buf here;
	fill(values);
	if (sigsetjmp(here, 0) == 0) {
		way_out = &here;
		qsort(values, 100, sizeof *values, jumps);
		right(!"qsort() came back");
	}
	way_out = nullptr;
	free(malloc(100));
}

static void once_each(void) { free(malloc(64)); }
WORK(once, 0)
{
	pthread_once_t mine = PTHREAD_ONCE_INIT;
	right(pthread_once(&mine, once_each) == 0);
	right(pthread_once(&mine, once_each) == 0);
}

static void nothing(void *) {}
WORK(trees, 0)
{
	void *root = nullptr;
	static const int values[] = { 5, 2, 9, 1, 7, 3 };
	for (const int &value : values)
		tsearch(&value, &root, by_value);
	for (const int &value : values)
		right(tfind(&value, &root, by_value) != nullptr);
	tdestroy(root, nothing);
}

static ssize_t cookie_write(void *, const char *, size_t size)
{
	free(malloc(size));
	return static_cast<ssize_t>(size);
}
WORK(cookie, 0)
{
	cookie_io_functions_t functions = {};
	functions.write = cookie_write;
	FILE *file = fopencookie(nullptr, "w", functions);
	right(file != nullptr);
	if (!file)
		return;
	for (int i = 0; i < 50; i++)
		right(fprintf(file, "%d\n", i) > 0);
	right(fclose(file) == 0);
}

static int not_hidden(const dirent *entry) { return entry->d_name[0] != '.'; }
WORK(folders, 0)
{
	dirent **entries = nullptr;
	int count = scandir("/proc/self/task", &entries, not_hidden, alphasort);
	right(count >= 1);
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	glob_t found = {};
	right(glob("/etc/host*", 0, nullptr, &found) == 0 && found.gl_pathc >= 1);
	globfree(&found);
}
