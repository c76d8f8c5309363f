/* SPDX-License-Identifier: Apache-2.0 */
/* cancel_work.h - pieces of work that hold something at most moments: an image, a database, a pattern, a compressed stream,
 * streams, directories, descriptors, mappings, trees of heap blocks, a mutex. Each gives a digest of what came out, the same
 * each time. */
#ifndef CANCEL_WORK_H
#define CANCEL_WORK_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <dirent.h>
#include <fcntl.h>
#include <pcre2.h>
#include <png.h>
#include <regex.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <zlib.h>
#include "cancel.h"

#define NUMBERS 6 /* different inputs of each */
#define SIDE 24
#define TEXT_BYTES 2000

static char work_text[TEXT_BYTES + 1];
static unsigned char work_image[NUMBERS][SIDE * SIDE * 4 * 2];
static size_t work_image_bytes[NUMBERS];
static char work_file[] = "/tmp/cancel_work.XXXXXX"; /* some lines */
static FILE *work_null;                               /* the program's stream, which all write to */
static pthread_mutex_t work_mutex = PTHREAD_MUTEX_INITIALIZER; /* held by functions that may be paused then */
static volatile uint64_t work_guarded[2];             /* equal while nobody holds it */

static uint64_t add(uint64_t digest, uint64_t value) { return (digest ^ value) * 0x9ddfea08eb382d69u + (digest >> 29); }
static uint64_t add_bytes(uint64_t digest, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		digest = add(digest, ((const unsigned char *)bytes)[i]);
	return digest;
}

static uint64_t work_png(int number)
{
	png_image image = { .version = PNG_IMAGE_VERSION };
	uint64_t digest = (uint64_t)png_image_begin_read_from_memory(&image, work_image[number], work_image_bytes[number]);
	image.format = number % 2 ? PNG_FORMAT_RGBA : PNG_FORMAT_GA;
	unsigned char *pixels = malloc(PNG_IMAGE_SIZE(image));
	digest = add(digest, (uint64_t)png_image_finish_read(&image, NULL, pixels, 0, NULL));
	digest = add_bytes(digest, pixels, PNG_IMAGE_SIZE(image));
	free(pixels);
	return digest;
}

static int add_row(void *digest, int columns, char **values, char **names)
{
	(void)names;
	for (int i = 0; i < columns; i++)
		*(uint64_t *)digest = add_bytes(*(uint64_t *)digest, values[i], strlen(values[i]));
	return 0;
}
static uint64_t work_sqlite(int number)
{
	char statement[300];
	sqlite3 *db;
	uint64_t digest = (uint64_t)sqlite3_open(":memory:", &db);
	snprintf(statement, sizeof statement,
		 "create table t(a integer primary key, b text);"
		 "with recursive n(i) as (select 1 union all select i + 1 from n where i < 40) insert into t select i, printf('%%d', i * %d)"
		 " from n; select b, count(*), sum(a) from t group by length(b), a %% 3 order by 3", number + 7);
	digest = add(digest, (uint64_t)sqlite3_exec(db, statement, add_row, &digest, NULL));
	return add(digest, (uint64_t)sqlite3_close(db));
}

static uint64_t work_regex(int number)
{
	static const char *const patterns[NUMBERS] = {
		"([a-f]+)([g-z]+) ", "(a|b|c)*d", "[[:alpha:]]{3,7} [x-z]", "^(.*)q(.*)$", "(ab|ba)+", "([^ ]+) \\1",
	};
	regex_t expression;
	regmatch_t match[3] = { { 0, 0 } };
	if (regcomp(&expression, patterns[number], REG_EXTENDED) != 0)
		return 0;
	uint64_t digest = 1;
	for (int at = 0; at < 600; at += 150)
		if (regexec(&expression, work_text + at, 3, match, 0) == 0)
			digest = add(digest, (uint64_t)(match[0].rm_so * 1000 + match[0].rm_eo));
	regfree(&expression);
	return digest;
}

static uint64_t work_pcre2(int number)
{
	static const char *const patterns[NUMBERS] = {
		"(\\w+) (?=\\w*z)", "(?<x>[aeiou])\\w*\\k<x>", "\\b[a-m]+\\b", "(?:q|x)(.{3})", "([a-z])\\1", "\\w{9,}",
	};
	int error;
	PCRE2_SIZE offset, at = 0;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)patterns[number], PCRE2_ZERO_TERMINATED, 0, &error, &offset, NULL);
	if (!code)
		return 0;
	pcre2_match_data *match = pcre2_match_data_create_from_pattern(code, NULL);
	uint64_t digest = 1;
	for (int i = 0; i < 20 && pcre2_match(code, (PCRE2_SPTR)work_text, TEXT_BYTES, at, 0, match, NULL) > 0; i++) {
		const PCRE2_SIZE *place = pcre2_get_ovector_pointer(match);
		digest = add(add(digest, place[0]), place[1]);
		at = place[1] + 1;
	}
	pcre2_match_data_free(match);
	pcre2_code_free(code);
	return digest;
}

static uint64_t work_gzip(int number)
{
	z_stream in = { 0 }, out = { 0 };
	unsigned char *packed = malloc(TEXT_BYTES), *plain = malloc(TEXT_BYTES);
	uint64_t digest = (uint64_t)deflateInit2(&in, 1 + number, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	in.next_in = (unsigned char *)work_text;
	in.next_out = packed;
	in.avail_out = TEXT_BYTES;
	for (int part = 0; part < 4; part++) {
		in.avail_in = TEXT_BYTES / 4;
		digest = add(digest, (uint64_t)deflate(&in, part == 3 ? Z_FINISH : Z_NO_FLUSH));
	}
	size_t size = in.total_out;
	deflateEnd(&in);
	digest = add(digest, (uint64_t)inflateInit2(&out, 15 + 32));
	out.next_in = packed;
	out.avail_in = (unsigned)size;
	out.next_out = plain;
	out.avail_out = TEXT_BYTES;
	digest = add(digest, (uint64_t)inflate(&out, Z_FINISH));
	inflateEnd(&out);
	digest = add(digest, (uint64_t)memcmp(plain, work_text, TEXT_BYTES));
	digest = add_bytes(digest, packed + 10, size - 10); /* past the header */
	free(packed);
	free(plain);
	return digest;
}

static uint64_t work_printf(int number)
{
	char *text = NULL;
	size_t size = 0;
	FILE *own = open_memstream(&text, &size);
	uint64_t digest = 0;
	if (!own)
		return 0;
	for (int i = 0; i < 20; i++) {
		digest = add(digest, (uint64_t)fprintf(own, "%d: %8.3f|%-12s|%#x\n", i, number * 1.37 + i, "word", i * 77));
		digest = add(digest, (uint64_t)fprintf(work_null, "%s %d\n", work_text + i * 90, i));
	}
	fclose(own);
	digest = add_bytes(digest, text, size);
	free(text);
	return digest;
}

static uint64_t work_files(int number)
{
	char line[200];
	uint64_t digest = 0;
	int ends[2];
	FILE *file = fopen(work_file, number % 2 ? "r" : "re");
	for (int i = 0; file && i < 10 + number && fgets(line, sizeof line, file); i++)
		digest = add_bytes(digest, line, strlen(line));
	if (file)
		digest = add(digest, (uint64_t)fclose(file));
	int fd = open(work_file, O_RDONLY), other = dup(fd);
	digest = add(digest, (uint64_t)read(other, line, 100));
	close(fd);
	close(other);
	if (pipe(ends) == 0) {
		digest = add(digest, (uint64_t)(write(ends[1], line, 50) + read(ends[0], line, 100)));
		close(ends[0]);
		close(ends[1]);
	}
	DIR *directory = opendir("/proc/self/task");
	digest = add(digest, directory && readdir(directory) != NULL);
	if (directory)
		closedir(directory);
	char *mapping = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mapping == MAP_FAILED)
		return 0;
	mapping[5000] = (char)number;
	munmap(mapping + 4096, 65536 - 4096);
	return add(digest, (uint64_t)munmap(mapping, 4096));
}

struct node {
	struct node *left, *right;
	char *name;
	uint64_t value;
};
static struct node *grow(int depth, uint64_t *random)
{
	struct node *n = calloc(1, sizeof *n);
	n->value = random_next(random);
	n->name = malloc(n->value % 50 + 1);
	if (n->value % 3 == 0)
		n->name = realloc(n->name, n->value % 3000 + 1);
	n->name[0] = (char)n->value;
	if (depth > 0) {
		n->left = grow(depth - 1, random);
		n->right = grow(depth - 1 - (int)(n->value % 2), random);
	}
	return n;
}
static uint64_t fell(struct node *n)
{
	if (!n)
		return 1;
	uint64_t digest = add(add(fell(n->left), fell(n->right)), n->value + (unsigned char)n->name[0]);
	free(n->name);
	free(n);
	return digest;
}
static uint64_t work_heap(int number)
{
	uint64_t random = (uint64_t)number;
	return fell(grow(6, &random));
}

static uint64_t work_locked(int number)
{
	uint64_t digest = 0;
	for (int i = 0; i < 10; i++) {
		pthread_mutex_lock(&work_mutex);
		digest |= work_guarded[0] ^ work_guarded[1];
		work_guarded[0]++;
		digest |= work(number * 3u + 1, 500) == 0;
		work_guarded[1]++;
		pthread_mutex_unlock(&work_mutex);
		digest |= work(number * 5u + 1, 500) == 0;
	}
	return digest + 1;
}

static const struct {
	const char *name;
	uint64_t (*once)(int number);
	bool isolated; /* only: what the library has in static variables is left half done otherwise */
} works[] = {
	{ "libpng", work_png, false }, { "sqlite", work_sqlite, true }, { "regex", work_regex, false }, { "pcre2", work_pcre2, false },
	{ "gzip", work_gzip, false }, { "printf", work_printf, false }, { "fopen and fclose", work_files, false },
	{ "malloc", work_heap, false }, { "mutex", work_locked, false },
};
#define WORKS COUNT(works)
static uint64_t work_want[WORKS][NUMBERS];

/* works_right - how many of all are right, one after the other. */
UNUSED static int works_right(void)
{
	int right = 0;
	for (int w = 0; w < WORKS; w++)
		for (int number = 0; number < NUMBERS; number++) {
			bool same = works[w].once(number) == work_want[w][number];
			right += same;
			if (!same)
				diag("%s: number %d: wrong", works[w].name, number);
		}
	return right;
}

UNUSED static void works_prepare(void)
{
	uint64_t random = 1;
	for (int i = 0; i < TEXT_BYTES; i++)
		work_text[i] = random_next(&random) % 6 ? (char)random_range(&random, 'a', 'z') : ' ';
	for (int number = 0; number < NUMBERS; number++) {
		unsigned char pixels[SIDE * SIDE * 4];
		png_image image = { .version = PNG_IMAGE_VERSION, .width = SIDE, .height = SIDE, .format = PNG_FORMAT_RGBA };
		for (size_t i = 0; i < sizeof pixels; i++)
			pixels[i] = (unsigned char)(i * (size_t)(number + 1) + random_next(&random) % 4);
		work_image_bytes[number] = sizeof work_image[number];
		if (!png_image_write_to_memory(&image, work_image[number], &work_image_bytes[number], 0, pixels, 0, NULL))
			bail(image.message);
	}
	int fd = mkstemp(work_file);
	work_null = fopen("/dev/null", "w");
	if (fd < 0 || !work_null)
		bail(work_file);
	for (int i = 0; i < 100; i++)
		dprintf(fd, "line %d: %.*s\n", i, 40, work_text + i * 17);
	close(fd);
	for (int w = 0; w < WORKS; w++)
		for (int number = 0; number < NUMBERS; number++) {
			work_want[w][number] = works[w].once(number);
			if (!work_want[w][number])
				bail(works[w].name);
		}
}

UNUSED static void works_end(void)
{
	fclose(work_null);
	unlink(work_file);
}

#endif
