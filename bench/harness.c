/* SPDX-License-Identifier: Apache-2.0 */
/* harness.c - samples, percentiles and report lines. */
#include "harness.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
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

/* write_time - three significant decimals at most, in the unit that keeps the figure readable. */
static void write_time(double ns) {
	double size = fabs(ns);
	if (size < 1e3)
		printf("%.1fns", ns);
	else if (size < 1e6)
		printf("%.2fus", ns / NS_PER_US);
	else if (size < 1e9)
		printf("%.2fms", ns / NS_PER_MS);
	else
		printf("%.3fs", ns / NS_PER_S);
}

void line_begin(const char *name, size_t count, size_t batch) {
	printf("%-26s ", name);
	if (batch > 1)
		printf("n=%zux%zu", count, batch);
	else
		printf("n=%zu", count);
}

void line_time(const char *field, double ns) {
	printf(" %s=", field);
	write_time(ns);
}

void line_text(const char *format, ...) {
	va_list args;
	va_start(args, format);
	putchar(' ');
	vprintf(format, args);
	va_end(args);
}

void line_base(const char *base, double base_ns, double own_ns) {
	printf(" base=%s ", base);
	write_time(base_ns);
	printf(" ratio=%.4g", own_ns / base_ns);
}

void line_goal(bool reached, const char *format, ...) {
	va_list args;
	va_start(args, format);
	printf(" goal=");
	vprintf(format, args);
	va_end(args);
	printf(reached ? " ok" : " MISSED"); /* the driver counts lines by this last word */
	line_end();
}

void line_end(void) {
	putchar('\n');
	fflush(stdout);
}

static void curve_begin(const struct curve *curve, const char *series, double x) {
	printf("%s[%s] %s=%g", curve->name, series, curve->parameter, x);
}

void curve_point(const struct curve *curve, const char *series, double x, struct samples *samples) {
	curve_begin(curve, series, x);
	printf(" n=%zu median=%.6g p1=%.6g p99=%.6g %s", samples->count, median(samples), percentile(samples, 0.01),
	       percentile(samples, 0.99), curve->unit);
	line_end();
}

void curve_value(const struct curve *curve, const char *series, double x, double value) {
	curve_begin(curve, series, x);
	printf(" value=%.6g %s", value, curve->unit);
	line_end();
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
