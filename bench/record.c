/* SPDX-License-Identifier: Apache-2.0 */
/* record.c - JSON, written by hand: a library for it would be in the process under test. */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { DEEPEST = 8 };

static FILE *out; /* NULL between records, and when nobody asked for any */
static char *text;
static size_t bytes;
static char closing[DEEPEST];
static unsigned depth;
static bool first;

static void quote(const char *s) {
	putc('"', out);
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20)
			fprintf(out, "\\u%04x", c);
		else
			putc(c, out);
	}
	putc('"', out);
}

static void member(const char *key) {
	if (!first)
		putc(',', out);
	first = false;
	if (!key)
		return;
	quote(key);
	putc(':', out);
}

static void descend(const char *key, char opening, char end) {
	if (!out)
		return;
	member(key);
	if (depth == DEEPEST)
		die("write a record", "too deep", 0);
	putc(opening, out);
	closing[depth++] = end;
	first = true;
}

static void write_number(double value) {
	if (isfinite(value))
		fprintf(out, "%.9g", value);
	else
		fputs("null", out);
}

void record_begin(void) {
	if (!getenv("BENCH_RECORDS"))
		return;
	if (out)
		die("write a record", "the one before has not ended", 0);
	out = open_memstream(&text, &bytes);
	if (!out)
		die("write a record", "open_memstream", errno);
	putc('{', out);
	depth = 0;
	first = true;
}

void record_end(void) {
	if (!out)
		return;
	if (depth)
		die("write a record", "a list has not ended", 0);
	fputs("}\n", out);
	if (fclose(out))
		die("write a record", "fclose", errno);
	out = NULL;
	const char *path = getenv("BENCH_RECORDS");
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		die("write a record", path, errno);
	for (char *p = text; bytes;) {
		ssize_t n = write(fd, p, bytes);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			die("write a record", path, errno);
		p += n;
		bytes -= (size_t)n;
	}
	close(fd);
	free(text);
}

void record_text(const char *key, const char *value) {
	if (!out)
		return;
	member(key);
	quote(value);
}

void record_number(const char *key, double value) {
	if (!out)
		return;
	member(key);
	write_number(value);
}

void record_flag(const char *key, bool value) {
	if (!out)
		return;
	member(key);
	fputs(value ? "true" : "false", out);
}

void record_object(const char *key) { descend(key, '{', '}'); }
void record_list(const char *key) { descend(key, '[', ']'); }

void record_close(void) {
	if (!out)
		return;
	putc(closing[--depth], out);
	first = false;
}

void record_samples(const char *key, struct samples *s) {
	if (!out)
		return;
	record_object(key);
	record_number("n", (double)s->count);
	record_number("min", percentile(s, 0));
	record_number("p1", percentile(s, 0.01));
	record_number("median", median(s));
	record_number("p99", percentile(s, 0.99));
	record_number("p99.9", percentile(s, 0.999));
	record_number("max", percentile(s, 1));
	record_list("quantiles");
	/* In the middle of equal shares; all of them where there are no more. percentile() takes the nearest rank above. */
	size_t k = s->count < RECORD_QUANTILES ? s->count : RECORD_QUANTILES;
	for (size_t i = 0; i < k; i++) {
		double at = percentile(s, ((double)i + 0.5) / (double)k);
		member(NULL);
		fprintf(out, "%.6g", at);
	}
	record_close();
	record_close();
}
