/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - what a case has to say: a line for people on standard output, a record for the driver. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "record.h"

enum { FIGURES = 32, WORD = 64 };

/* The record wants its figures in one list; a line may have them before and after its base. */
static struct {
	struct {
		char name[WORD], unit[16];
		double value;
	} figure[FIGURES];
	size_t figures;
	char text[512];
	char unit[16];
} line;

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

static void write_value(double value) {
	if (!strcmp(line.unit, "ns"))
		write_time(value);
	else
		printf("%.6g%s", value, line.unit);
}

static void write_figure(const char *name, double value) {
	printf(" %s=", name);
	write_value(value);
}

static void keep_figure(const char *name, double value, const char *unit) {
	if (line.figures == FIGURES)
		die("report a figure", "too many in one line", 0);
	snprintf(line.figure[line.figures].name, WORD, "%s", name);
	snprintf(line.figure[line.figures].unit, sizeof(line.unit), "%s", unit);
	line.figure[line.figures++].value = value;
}

void line_begin(const char *name, size_t count, size_t batch) {
	memset(&line, 0, sizeof(line));
	strcpy(line.unit, "ns");
	printf("%-26s ", name);
	if (batch > 1)
		printf("n=%zux%zu", count, batch);
	else
		printf("n=%zu", count);
	record_begin();
	record_text("line", name);
	record_number("count", (double)count);
	record_number("batch", (double)batch);
}

void line_unit(const char *unit) { snprintf(line.unit, sizeof(line.unit), "%s", unit); }

static void write_spread(const char *prefix, struct samples *s) {
	char name[WORD];
	snprintf(name, sizeof(name), "%sp1", prefix);
	write_figure(name, percentile(s, 0.01));
	snprintf(name, sizeof(name), "%sp99", prefix);
	write_figure(name, percentile(s, 0.99));
}

void line_samples(struct samples *own, const char *base, struct samples *base_samples) {
	write_figure("median", median(own));
	write_spread("", own);
	record_samples("own", own);
	if (!base)
		return;
	printf(" base=%s ", base);
	write_value(median(base_samples));
	write_spread("base_", base_samples);
	printf(" ratio=%.4g", median(own) / median(base_samples));
	record_text("base", base);
	record_samples("base_samples", base_samples);
}

void line_time(const char *field, double ns) {
	printf(" %s=", field);
	write_time(ns);
	keep_figure(field, ns, "ns");
}

void line_figure(const char *field, double value, const char *unit) {
	printf(" %s=%.4g%s", field, value, unit);
	keep_figure(field, value, unit);
}

void line_text(const char *format, ...) {
	size_t used = strlen(line.text);
	va_list args;
	va_start(args, format);
	/* A text that is too long is cut in the record, and whole on standard output. */
	vsnprintf(line.text + used, sizeof(line.text) - used, format, args);
	va_end(args);
	va_start(args, format);
	putchar(' ');
	vprintf(format, args);
	va_end(args);
	used = strlen(line.text);
	if (used + 1 < sizeof(line.text))
		strcpy(line.text + used, " ");
}

void line_base(const char *base, double base_ns, double own_ns) {
	printf(" base=%s ", base);
	write_time(base_ns);
	printf(" ratio=%.4g", own_ns / base_ns);
	record_text("base", base);
	record_number("base_value", base_ns);
	record_number("value", own_ns);
}

void line_goal(bool reached, const char *format, ...) {
	char goal[256];
	va_list args;
	va_start(args, format);
	vsnprintf(goal, sizeof(goal), format, args);
	va_end(args);
	printf(" goal=%s %s", goal, reached ? "ok" : "MISSED");
	record_text("goal", goal);
	record_flag("reached", reached);
	line_end();
}

void line_end(void) {
	putchar('\n');
	fflush(stdout);
	record_text("unit", line.unit);
	record_list("figures");
	for (size_t i = 0; i < line.figures; i++) {
		record_object(NULL);
		record_text("name", line.figure[i].name);
		record_number("value", line.figure[i].value);
		record_text("unit", line.figure[i].unit);
		record_close();
	}
	record_close();
	size_t length = strlen(line.text);
	if (length) {
		line.text[length - 1] = '\0';
		record_text("text", line.text);
	}
	record_end();
}

static void picture_begin(const char *kind, const char *name, const char *title, const char *unit, const char *series) {
	record_begin();
	record_text(kind, name);
	record_text("title", title);
	record_text("unit", unit);
	record_text("series", series);
}

static void curve_begin(const struct curve *curve, const char *series, double x) {
	printf("%s[%s] %s=%g", curve->name, series, curve->parameter, x);
	picture_begin("curve", curve->name, curve->title, curve->unit, series);
	record_text("parameter", curve->parameter);
	record_flag("log_x", curve->log_x);
	record_flag("log_y", curve->log_y);
	record_number("x", x);
}

static void picture_end(void) {
	putchar('\n');
	fflush(stdout);
	record_end();
}

void curve_point(const struct curve *curve, const char *series, double x, struct samples *samples) {
	curve_begin(curve, series, x);
	printf(" n=%zu median=%.6g p1=%.6g p99=%.6g %s", samples->count, median(samples), percentile(samples, 0.01),
	       percentile(samples, 0.99), curve->unit);
	record_samples("own", samples);
	picture_end();
}

void curve_value(const struct curve *curve, const char *series, double x, double value) {
	curve_begin(curve, series, x);
	printf(" value=%.6g %s", value, curve->unit);
	record_number("value", value);
	picture_end();
}

void histogram_report(const char *name, const char *title, const char *unit, const char *series, struct samples *s) {
	printf("%s[%s] n=%zu p1=%.6g median=%.6g p99=%.6g p99.9=%.6g max=%.6g %s", name, series, s->count, percentile(s, 0.01),
	       median(s), percentile(s, 0.99), percentile(s, 0.999), percentile(s, 1), unit);
	picture_begin("histogram", name, title, unit, series);
	record_samples("own", s);
	picture_end();
}
