/* SPDX-License-Identifier: Apache-2.0 */
/* stdio_inside: streams used on both sides in small slices: every line arrives once and in order, and a budget holds
 * while a function waits for input. */
#include <fcntl.h>
#include <sys/stat.h>
#include "helpers.h"

#define LINES 30000

static volatile int outside_lines;
static void print_lines(void *arg)
{
	FILE *stream = arg;
	for (int i = 0; i < LINES; i++) {
		while (i == LINES - 1 && !outside_lines)
			; /* on a loaded machine the clock may be late */
		if (i % 3 == 0)
			fprintf(stream, "inside %d %s\n", i, "formatted");
		else if (i % 3 == 1) {
			fputs("inside ", stream);
			fputc('0' + i % 10, stream);
			putc('\n', stream);
		} else
			fwrite("inside written\n", 1, 15, stream);
	}
}

static void print_to_stdout(void *arg)
{
	(void)arg;
	for (int i = 0; i < LINES; i++)
		printf("line %d\n", i);
}

/* How often a file has `word`, at most once in a line, and whether the numbers after it ascend by one. The function's
 * lines that are made by several calls may have another line in the middle. */
static int count_word(const char *path, const char *word, int *ordered)
{
	char line[256];
	int found = 0, number;
	size_t length = strlen(word);
	FILE *file = fopen(path, "r");
	*ordered = 1;
	while (file && fgets(line, sizeof line, file)) {
		const char *at = strstr(line, word);
		if (at) {
			if (sscanf(at + length, " %d", &number) == 1 && number != found)
				*ordered = 0;
			found++;
		}
	}
	if (file)
		fclose(file);
	return found;
}

static int to_stdout(const char *path)
{
	fflush(stdout);
	int kept = dup(STDOUT_FILENO), file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	dup2(file, STDOUT_FILENO);
	linger_t call = launch(print_to_stdout, 50, NULL);
	int outside = 0;
	while (!call.is_complete) {
		printf("main %d\n", outside++); /* the same stream, in the middle of the other's printf */
		if (resume(&call, 50) != 0)
			break;
	}
	fflush(stdout);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	close(file);
	return outside;
}

static void open_and_close(void *arg)
{
	char line[64];
	for (int i = 0; i < 1000; i++) {
		FILE *stream = fopen("/proc/self/stat", "r");
		*(int *)arg += stream && fgets(line, sizeof line, stream) && atoi(line) == getpid();
		if (stream)
			fclose(stream);
	}
}

static int pipes[2];
static char received[10][32];
static int lines_received;
static void read_lines(void *arg)
{
	FILE *stream = arg;
	while (lines_received < 10 && fgets(received[lines_received], sizeof *received, stream))
		lines_received++;
}

static void *write_slowly(void *arg)
{
	(void)arg;
	for (int i = 0; i < 10; i++) {
		char text[32];
		int n = snprintf(text, sizeof text, "slow %d\n", i);
		usleep(5000);
		if (write(pipes[1], text, 3) != 3) /* a line comes in two pieces */
			return NULL;
		usleep(5000);
		if (write(pipes[1], text + 3, (size_t)(n - 3)) != n - 3)
			return NULL;
	}
	close(pipes[1]);
	return NULL;
}

static void memory_stream(void *arg)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	for (int i = 0; i < 5000; i++)
		fprintf(stream, "%d,", i);
	fclose(stream);
	*(size_t *)arg = size;
	free(text);
}

int main(void)
{
	char path[] = "/tmp/stdio_inside.XXXXXX";
	int ordered, right = 0;
	plan(14);
	int fd = mkstemp(path);
	if (fd < 0)
		bail("mkstemp");

	FILE *shared = fdopen(fd, "w");
	linger_t call = launch(print_lines, 30, shared);
	int outside = 0;
	while (!call.is_complete) {
		fprintf(shared, "outside %d\n", outside++);
		outside_lines = outside;
		if (resume(&call, 30) != 0)
			break;
	}
	fclose(shared);
	ok(call.is_complete && outside > 0, "both sides write to one stream (%d pauses)", outside);
	is_int(count_word(path, "inside", &ordered), LINES, "each line of the function is there");
	is_int(count_word(path, "outside", &ordered), outside, "each line of the resuming side is there");
	ok(ordered, "in order");

	outside = to_stdout(path);
	is_int(count_word(path, "line", &ordered), LINES, "printf to stdout: each line of the function once");
	ok(ordered, "in order");
	is_int(count_word(path, "main", &ordered), outside, "printf to stdout: each line of the resuming side once");
	ok(ordered, "in order");
	unlink(path);

	long pauses = run_sliced(open_and_close, &right, 50);
	ok(right == 1000 && pauses > 0, "fopen, fgets and fclose in slices");

	size_t size = 0;
	run_sliced(memory_stream, &size, 50);
	is_int(size, 23890, "open_memstream in slices");

	if (pipe(pipes) != 0)
		bail("pipe");
	pthread_t thread;
	FILE *slow = fdopen(pipes[0], "r");
	pthread_create(&thread, NULL, write_slowly, NULL);
	call = launch(read_lines, 500, slow);
	ok(call.continuation && !call.is_complete, "a function that waits in fgets is paused at its budget");
	pauses = 0;
	for (; !call.is_complete && resume(&call, 500) == 0; pauses++) {
		char text[32]; /* streams of the program's own work meanwhile */
		FILE *other = fmemopen(text, sizeof text, "w");
		fprintf(other, "%ld", pauses);
		fclose(other);
	}
	pthread_join(thread, NULL);
	ok(pauses > 10, "and again, for as long as it waits (%ld pauses)", pauses);
	is_int(lines_received, 10, "all lines arrive");
	right = 0;
	for (int i = 0; i < 10; i++) {
		char want[32];
		snprintf(want, sizeof want, "slow %d\n", i);
		right += strcmp(received[i], want) == 0;
	}
	is_int(right, 10, "whole");
	fclose(slow);
	return done();
}
