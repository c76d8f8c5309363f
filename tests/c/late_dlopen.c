/* SPDX-License-Identifier: Apache-2.0 */
/* late_dlopen: a program that opens the library late pauses functions that are in the middle of malloc and printf, while
 * it uses both itself between the slices. */
#include "late.h"

#define SLICES 2000

struct storm {
	volatile int stop;
	uint64_t rounds, wrong;
	FILE *stream;
};

static void heap(void *arg)
{
	struct storm *s = arg;
	uint64_t state = 1;
	while (!s->stop) {
		size_t size = random_range(&state, 1, 3000);
		unsigned char *block = malloc(size), fill = (unsigned char)state;
		memset(block, fill, size);
		unsigned char *grown = realloc(block, size + 1000);
		s->wrong += grown[0] != fill || grown[size - 1] != fill;
		free(grown);
		s->rounds++;
	}
}

static void print(void *arg)
{
	struct storm *s = arg;
	while (!s->stop)
		fprintf(s->stream, "%llu %s %.3f\n", (unsigned long long)s->rounds++, "inside", 0.5);
	fflush(s->stream);
}

/* The lines of a file written by print(): consecutive and whole. */
static uint64_t lines_in_order(const char *path)
{
	char line[256];
	uint64_t expected = 0;
	unsigned long long number;
	FILE *file = fopen(path, "r");
	while (file && fgets(line, sizeof line, file)) {
		char want[256];
		if (sscanf(line, "%llu", &number) != 1 || number != expected)
			break;
		snprintf(want, sizeof want, "%llu inside 0.500\n", number);
		if (strcmp(line, want) != 0)
			break;
		expected++;
	}
	if (file)
		fclose(file);
	return expected;
}

static long slices(void (*function)(void *), struct storm *s)
{
	long wrong = 0;
	uint64_t state = 2;
	linger_t call = late_launch(function, 50, s);
	for (int i = 0; i < SLICES; i++) {
		if (call.is_complete || late_resume(&call, random_range(&state, 5, 60)) != 0)
			return -1;
		size_t size = random_range(&state, 1, 5000);
		char *block = malloc(size), text[64];
		memset(block, i, size);
		snprintf(text, sizeof text, "%d %.2f", i, 1.5);
		wrong += block[size - 1] != (char)i || atoi(text) != i;
		free(block);
	}
	s->stop = 1;
	while (!call.is_complete)
		if (late_resume(&call, 1000000) != 0)
			return -1;
	return wrong;
}

int main(void)
{
	char path[] = "/tmp/late_dlopen.XXXXXX";
	static volatile int stop;
	plan(9);
	void *before = malloc(100); /* the program has used the heap and the streams before */
	free(before);
	late_load();
	linger_t call = late_launch(spin, 1000, (void *)&stop);
	ok(call.continuation && !call.is_complete, "a spinning function is paused");
	stop = 1;
	ok(late_resume(&call, TO_COMPLETION) == 0 && call.is_complete, "and completes");

	struct storm s = { 0 };
	is_int(slices(heap, &s), 0, "malloc on both sides, %d slices", SLICES);
	ok(s.rounds > 0, "the function has run");
	is_int(s.wrong, 0, "each block was its own");

	int fd = mkstemp(path);
	if (fd < 0)
		bail("mkstemp");
	s = (struct storm){ .stream = fdopen(fd, "w") };
	is_int(slices(print, &s), 0, "printf on both sides, %d slices", SLICES);
	fclose(s.stream);
	ok(s.rounds > 0, "the function has printed");
	is_int(lines_in_order(path), s.rounds, "each line is in the file, whole and in order");
	unlink(path);
	before = malloc(100);
	ok(before != NULL, "the heap works afterwards");
	free(before);
	return done();
}
