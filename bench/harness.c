/* SPDX-License-Identifier: Apache-2.0 */
/* harness.c - samples and percentiles. */
#include "harness.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void die(const char *what, const char *object, int reason) {
	if (reason)
		fprintf(stderr, "bench: %s: %s: %s\n", what, object, strerror(reason));
	else
		fprintf(stderr, "bench: %s: %s\n", what, object);
	exit(1);
}

void samples_add(struct samples *s, double value) {
	if (s->count == s->capacity) {
		size_t capacity = s->capacity ? s->capacity * 2 : 1024;
		double *grown = realloc(s->value, capacity * sizeof(*grown));
		if (!grown)
			die("keep a sample", "realloc", errno);
		s->value = grown;
		s->capacity = capacity;
	}
	s->value[s->count++] = value;
	s->sorted = false;
}

void samples_free(struct samples *s) {
	free(s->value);
	memset(s, 0, sizeof(*s));
}

static int by_value(const void *a, const void *b) {
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

double percentile(struct samples *s, double q) {
	if (!s->count)
		die("take a percentile", "no samples", 0);
	if (!s->sorted) {
		qsort(s->value, s->count, sizeof(*s->value), by_value);
		s->sorted = true;
	}
	double rank = ceil(q * (double)s->count);
	return s->value[rank < 1 ? 0 : (size_t)rank - 1];
}

double median(struct samples *s) { return percentile(s, 0.5); }

size_t count_beyond(const struct samples *s, double limit) {
	size_t n = 0;
	for (size_t i = 0; i < s->count; i++)
		n += s->value[i] > limit;
	return n;
}

void less_own_median(struct samples *s) {
	double m = median(s);
	for (size_t i = 0; i < s->count; i++)
		s->value[i] -= m;
}

const char *in_directory_of_exe(const char *relative) {
	static char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (n < 0)
		die("find the benchmark's folder", "/proc/self/exe", errno);
	path[n] = '\0';
	char *slash = strrchr(path, '/');
	size_t room = sizeof(path) - (size_t)(slash + 1 - path);
	if (strlen(relative) >= room)
		die("find the benchmark's folder", path, ENAMETOOLONG);
	strcpy(slash + 1, relative);
	return path;
}
