/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - the table and the summary on stdout, the progress bar on stderr. */
#include "thumbnails.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NAME_COLUMNS 40

/* Copies a file name for showing: at most limit characters of UTF-8, no control bytes. Returns the number of columns. */
static size_t printable(const char *name, char *to, size_t size, size_t limit)
{
	size_t columns = 0, used = 0;
	for (; *name && used + 1 < size; name++) {
		unsigned char byte = (unsigned char)*name;
		bool continues = (byte & 0xc0) == 0x80;
		if (!continues && columns == limit)
			break;
		to[used++] = byte < 0x20 || byte == 0x7f ? '?' : (char)byte;
		columns += !continues;
	}
	to[used] = '\0';
	return columns;
}

/* The width to draw in, or 0 where nothing is to be drawn. */
static size_t terminal_columns(void)
{
	struct winsize size;
	const char *term = getenv("TERM");
	if (!isatty(STDERR_FILENO) || !term || strcmp(term, "dumb") == 0)
		return 0;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return 80;
	return size.ws_col;
}

void report_progress(const struct job_list *list, size_t at, const char *verb)
{
	char name[4 * NAME_COLUMNS + 1], count[64];
	enum { bar = 24 };
	size_t columns = terminal_columns();
	const char *no_color = getenv("NO_COLOR");
	bool colour = !no_color || !*no_color;
	size_t settled = 0, room;
	int length = 0;
	for (size_t i = 0; i < list->count; i++)
		settled += list->jobs[i].outcome != OUTCOME_PENDING;
	length = snprintf(count, sizeof count, " %zu/%zu %s ", settled, list->count, verb);
	if (columns < bar + 3 + (size_t)length)
		return;
	room = columns - bar - 3 - (size_t)length;
	printable(list->jobs[at].name, name, sizeof name, room < NAME_COLUMNS ? room : NAME_COLUMNS);
	fprintf(stderr, "\r[%s%.*s%s%.*s]%s%s\033[K", colour ? "\033[32m" : "", (int)(settled * bar / list->count),
		"########################", colour ? "\033[0m" : "", (int)(bar - settled * bar / list->count),
		"........................", count, name);
	fflush(stderr);
}

void report_progress_end(void)
{
	if (terminal_columns())
		fputs("\r\033[K", stderr);
}

static void print_outcome(const struct job *job)
{
	switch (job->outcome) {
	case OUTCOME_DONE:
		printf("done %ux%u\n", job->width, job->height);
		break;
	case OUTCOME_RESUMED:
		printf("done after resume %ux%u\n", job->width, job->height);
		break;
	case OUTCOME_GIVEN_UP:
		printf("given up after %.1f ms\n", (double)job->time_us / 1000);
		break;
	default:
		printf("error: %s\n", job->error);
	}
}

void report_table(const struct job_list *list)
{
	char name[4 * NAME_COLUMNS + 1];
	size_t widest = strlen("FILE");
	for (size_t i = 0; i < list->count; i++) {
		size_t columns = printable(list->jobs[i].name, name, sizeof name, NAME_COLUMNS);
		widest = columns > widest ? columns : widest;
	}
	printf("%-*s  %10s  %6s  OUTCOME\n", (int)widest, "FILE", "TIME", "SLICES");
	for (size_t i = 0; i < list->count; i++) {
		const struct job *job = list->jobs + i;
		size_t columns = printable(job->name, name, sizeof name, NAME_COLUMNS);
		printf("%s%*s  ", name, (int)(widest - columns), "");
		if (job->slices)
			printf("%7.1f ms  %6u  ", (double)job->time_us / 1000, job->slices);
		else
			printf("%10s  %6s  ", "-", "-");
		print_outcome(job);
	}
}

void report_summary(const struct job_list *list, const struct settings *settings)
{
	size_t by_outcome[OUTCOME_ERROR + 1] = {0};
	for (size_t i = 0; i < list->count; i++)
		by_outcome[list->jobs[i].outcome]++;
	printf("%zu files: %zu done, %zu done after resume, %zu given up, %zu errors", list->count,
	       by_outcome[OUTCOME_DONE], by_outcome[OUTCOME_RESUMED], by_outcome[OUTCOME_GIVEN_UP],
	       by_outcome[OUTCOME_ERROR]);
	if (list->left_out)
		printf("; %zu left out (not named .png, .jpg or .jpeg)", list->left_out);
	printf("\ncontact sheet: %s\n", settings->out);
}
