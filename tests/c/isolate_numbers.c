/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_numbers: generators of random numbers, the hash table and the conversions that libc keeps one of, and printf
 * to the stdout that is one for all: two paused calls and the program each get what they would get alone. */
#include <fcntl.h>
#include <search.h>
#include "isolate.h"

static void pseudo_random(struct run *r)
{
	srand(17u + (unsigned)r->who);
	for (int i = 0; i < 8; i++) {
		step(r);
		note(r, "%d ", rand());
	}
}

static void random_in_own_array(struct run *r)
{
	static char arrays[RUNS][64];
	char *before = initstate(4u + (unsigned)r->who, arrays[r->who], 32u << r->who % 2);
	for (int i = 0; i < 8; i++) {
		step(r);
		note(r, "%ld ", random());
	}
	setstate(before);
}

static void random_fractions(struct run *r)
{
	unsigned short own[3] = { 1, 2, (unsigned short)r->who };
	srand48(99 + r->who);
	for (int i = 0; i < 6; i++) {
		step(r);
		note(r, "%d ", (int)(drand48() * 1e9));
		step(r);
		note(r, "%ld %ld ", lrand48(), mrand48());
		note(r, "%d ", (int)(erand48(own) * 1e9));
	}
}

/* Other parameters of the generator, which also count for the sequence whose state the caller keeps. */
static void other_generator(struct run *r)
{
	unsigned short own[3] = { 5, 6, 7 };
	unsigned short parameters[7] = { 1, 2, 3, (unsigned short)(0xe66d + 8 * r->who), 0xdeec, 5, (unsigned short)(11 + r->who) };
	lcong48(parameters);
	for (int i = 0; i < 6; i++) {
		step(r);
		note(r, "%ld %ld ", nrand48(own), jrand48(own));
	}
	srand48(1); /* the usual parameters again */
}

static void hash_table(struct run *r)
{
	static char *keys[RUNS][4] = { { "a", "b", "c", "d" }, { "c", "d", "e", "f" }, { "e", "f", "a", "b" } };
	char *others[] = { "a", "b", "c", "d", "e", "f" };
	note(r, "%d ", hcreate(10) != 0);
	for (int i = 0; i < 4; i++) {
		ENTRY entry = { keys[r->who][i], keys[r->who] };
		step(r);
		note(r, "%d ", hsearch(entry, ENTER) != NULL);
	}
	for (int i = 0; i < COUNT(others); i++) {
		step(r);
		ENTRY *found = hsearch((ENTRY){ others[i], NULL }, FIND);
		note(r, "%s%d ", others[i], found && found->data == (void *)keys[r->who]);
	}
	hdestroy();
}

static void digits(struct run *r)
{
	static const double numbers[RUNS] = { 3.14159265358979, -2718.281828, 0.000123456 };
	int point[2], sign[2];
	for (int i = 1; i < 8; i++) {
		const char *first = ecvt(numbers[r->who], i, &point[0], &sign[0]);
		step(r);
		note(r, "%s %d %d ", first, point[0], sign[0]);
		const char *second = fcvt(numbers[r->who], i, &point[1], &sign[1]);
		step(r);
		note(r, "%s %d %d ", second, point[1], sign[1]);
	}
}

static void long_digits(struct run *r)
{
	int point, sign;
	for (int i = 1; i < 8; i++) {
		const char *held = qecvt(1.0L / (3 + r->who), i * 2, &point, &sign);
		step(r);
		note(r, "%s %d %d ", held, point, sign);
	}
}

static void base_64(struct run *r)
{
	for (int i = 1; i < 6; i++) {
		const char *held = l64a(123456789L * i + r->who);
		step(r);
		note(r, "%s %ld ", held, a64l(held));
	}
}

static const struct isolate_case cases[] = {
	{ "rand", pseudo_random, STATEFUL },
	{ "random in an array of the caller", random_in_own_array, STATEFUL },
	{ "drand48, lrand48 and mrand48", random_fractions, STATEFUL },
	{ "lcong48", other_generator, STATEFUL },
	{ "hcreate and hsearch", hash_table, STATEFUL },
	{ "ecvt and fcvt", digits, STATEFUL },
	{ "qecvt", long_digits, STATEFUL },
	{ "l64a", base_64, STATEFUL },
};

/* printf: there is one stdout, and its lines are whole whoever writes them. */

#define LINES 2000
static int lines_wanted[RUNS];

static void print_lines(struct run *r)
{
	for (int i = 0; i < LINES; i++) {
		if (i % 3 == 0)
			printf("%d %d a line of some length, %s %.3f\n", r->who, i, "formatted", i / 8.0);
		else if (i % 3 == 1) {
			char text[64];
			snprintf(text, sizeof text, "%d %d a line that is put", r->who, i);
			puts(text);
		} else {
			char text[64];
			int n = snprintf(text, sizeof text, "%d %d a line that is written\n", r->who, i);
			fwrite(text, 1, (size_t)n, stdout);
		}
		if (i % 16 == 0)
			step(r);
	}
	lines_wanted[r->who] = LINES;
}

/* whole_lines - how many lines of the file are as they were printed and come in the order of their printer; -1 when a
 * line is anything else. */
static int whole_lines(const char *path)
{
	char line[256], want[256];
	int next[RUNS] = { 0 }, whole = 0;
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof line, file)) {
		int who = -1, i = -1;
		if (sscanf(line, "%d %d", &who, &i) != 2 || who < 0 || who >= RUNS || i != next[who]++) {
			diag("out of order or mangled: %.100s", line);
			return -1;
		}
		if (i % 3 == 0)
			snprintf(want, sizeof want, "%d %d a line of some length, formatted %.3f\n", who, i, i / 8.0);
		else
			snprintf(want, sizeof want, "%d %d a line that is %s\n", who, i, i % 3 == 1 ? "put" : "written");
		if (strcmp(line, want) != 0) {
			diag("mangled: %.100s", line);
			return -1;
		}
		whole++;
	}
	if (file)
		fclose(file);
	return whole;
}

static void print_together(const char *name, uint32_t isolation)
{
	static const struct isolate_case printing = { "printf", print_lines, SAFE };
	char path[] = "/tmp/isolate_numbers.XXXXXX";
	struct run runs[RUNS];
	int file = mkstemp(path);
	if (file < 0)
		bail("mkstemp");
	fflush(stdout);
	int kept = dup(STDOUT_FILENO);
	dup2(file, STDOUT_FILENO);
	take_turns(&printing, runs, isolation, 20);
	fflush(stdout);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	close(file);
	int total = lines_wanted[FIRST] + lines_wanted[SECOND] + lines_wanted[PROGRAM];
	is_int(total, 3 * LINES, "printf: %s: all three come to their ends", name);
	is_int(whole_lines(path), 3 * LINES, "printf: %s: each line arrives whole, once and in order", name);
	unlink(path);
	memset(lines_wanted, 0, sizeof lines_wanted);
}

int main(void)
{
	plan(COUNT(cases) * CASE_TESTS + 4);
	diag("printf to the shared stdout: safe without isolation, too");
	print_together("shared", INGER_SHARED);
	print_together("isolated", INGER_ISOLATED);
	test_cases(cases, COUNT(cases));
	return done();
}
