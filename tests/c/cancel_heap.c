/* SPDX-License-Identifier: Apache-2.0 */
/* cancel_heap: whatever a function has allocated, through the allocator's entry points and through functions that allocate
 * for their caller, is released when it is cancelled: exactly that. */
#include <argz.h>
#include <execinfo.h>
#include <fts.h>
#include <getopt.h>
#include <glob.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <obstack.h>
#include <pthread.h>
#include <regex.h>
#include <search.h>
#include <spawn.h>
#include <sys/socket.h>
#include <wchar.h>
#include <wordexp.h>
#include <zlib.h>
#include "cancel.h"

#define BYTES 3000 /* more than a thread's cache of free blocks holds: these are counted to the byte */
#define WARM 30
#define ROUNDS 150
#define BATCHES 8
#define SMALLEST 32 /* a heap block */

static char text[BYTES + 1];
static wchar_t wide[BYTES / 4];
static FILE *input; /* the program's, with a long line */
static void *volatile made;

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void *__libc_valloc(size_t bytes);
void *__libc_pvalloc(size_t bytes);

static void *by_malloc(void) { return malloc(BYTES); }
static void *by_calloc(void) { return calloc(3, BYTES / 3); }
static void *by_realloc(void) { return realloc(NULL, BYTES); }
static void *by_growing(void) { return realloc(realloc(malloc(40), BYTES / 2), BYTES); }
static void *by_moving(void)
{
	void *block = malloc(BYTES / 2);
	made = malloc(40); /* in the way of growing in place */
	return realloc(block, BYTES * 10);
}
static void *by_shrinking(void) { return realloc(malloc(BYTES * 40), BYTES); }
static void *by_remapping(void) { return realloc(malloc(1 << 20), 3 << 20); }
static void *by_reallocarray(void) { return reallocarray(malloc(100), 3, BYTES / 3); }
static void *by_memalign(void) { return memalign(512, BYTES); }
static void *by_aligned_alloc(void) { return aligned_alloc(64, 64 * (BYTES / 64 + 1)); }
static void *by_posix_memalign(void)
{
	void *block;
	return posix_memalign(&block, 4096, BYTES) == 0 ? block : NULL;
}
/* Declared without attributes, so that the compiler knows nothing of them. */
static void *by_valloc(void) { return valloc(BYTES); }
static void *by_pvalloc(void) { return pvalloc(BYTES); }
static void *by_libc_malloc(void) { return __libc_malloc(BYTES); }
static void *by_libc_calloc(void) { return __libc_calloc(1, BYTES); }
static void *by_libc_realloc(void) { return __libc_realloc(__libc_malloc(50), BYTES); }
static void *by_libc_memalign(void) { return __libc_memalign(128, BYTES); }
static void *by_libc_valloc(void) { return __libc_valloc(BYTES); }
static void *by_libc_pvalloc(void) { return __libc_pvalloc(BYTES); }
static void *by_mapping(void) { return malloc(5 << 20); }
static void *by_small_ones(void)
{
	for (int i = 0; i < 1000; i++)
		made = malloc((size_t)(8 + i % 900));
	return made;
}
static void *by_turns(void)
{
	void *blocks[64] = { NULL };
	for (int i = 0; i < 5000; i++) {
		free(blocks[i * 7 % 64]);
		blocks[i * 7 % 64] = malloc((size_t)(10 + i % 2000));
	}
	return blocks[0];
}

static void *by_strdup(void) { return strdup(text); }
static void *by_strndup(void) { return strndup(text, BYTES - 5); }
static void *by_wcsdup(void) { return wcsdup(wide); }
static void *by_asprintf(void)
{
	char *result;
	return asprintf(&result, "%*d", BYTES, 1) == BYTES ? result : NULL;
}
static void *by_getline(void)
{
	char *line = NULL;
	size_t size = 0;
	rewind(input);
	return getline(&line, &size, input) == BYTES + 1 ? line : NULL;
}
static void *by_getdelim(void)
{
	char *line = NULL;
	size_t size = 0;
	rewind(input);
	return getdelim(&line, &size, '\n', input) == BYTES + 1 ? line : NULL;
}
static void *by_scanf(void)
{
	char *word = NULL;
	return sscanf(text, "%ms", &word) == 1 ? word : NULL;
}
static void *by_regcomp(void)
{
	regex_t *expression = malloc(sizeof *expression);
	return regcomp(expression, "^([a-z]+)=(([0-9]+,)*[0-9]+)|x{3,40}$", REG_EXTENDED) == 0 ? expression : NULL;
}
static void *by_regexec(void)
{
	regex_t *expression = by_regcomp();
	regmatch_t match[4];
	return expression && regexec(expression, "abc=1,2,3", 4, match, 0) == 0 ? expression : NULL;
}
static void *by_realpath(void) { return realpath("/proc/self/..", NULL); }
static void *by_canonicalize(void) { return canonicalize_file_name("/proc/self/.."); }
static void *by_getcwd(void) { return getcwd(NULL, 0); }
static void *by_current_dir(void) { return get_current_dir_name(); }
static void *by_tempnam(void) { return tempnam("/tmp", "ch"); }
static void *by_getaddrinfo(void)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_family = AF_UNSPEC }, *found = NULL;
	return getaddrinfo("127.0.0.1", "80", &hints, &found) == 0 ? found : NULL;
}
static void *by_getifaddrs(void)
{
	struct ifaddrs *found = NULL;
	return getifaddrs(&found) == 0 ? found : NULL;
}
static void *by_nameindex(void) { return if_nameindex(); }
static void *by_scandir(void)
{
	struct dirent **names = NULL;
	return scandir("/etc", &names, NULL, alphasort) > 0 ? names : NULL;
}
static void *by_glob(void)
{
	glob_t *found = calloc(1, sizeof *found);
	return glob("/etc/*", 0, NULL, found) == 0 ? found : NULL;
}
static void *by_wordexp(void)
{
	wordexp_t *words = calloc(1, sizeof *words);
	return wordexp("some words 'and one'", words, WRDE_NOCMD) == 0 ? words : NULL;
}
static void *by_argz(void)
{
	char *words = NULL;
	size_t length = 0;
	if (argz_create_sep(text, 'b', &words, &length) != 0)
		return NULL;
	return argz_add(&words, &length, text) == 0 ? words : NULL;
}
static void *by_backtrace(void)
{
	void *frames[8];
	return backtrace_symbols(frames, backtrace(frames, 8));
}
static int order(const void *left, const void *right) { return (left > right) - (left < right); }
static void *by_tsearch(void)
{
	void *root = NULL;
	for (int i = 0; i < 100; i++)
		made = tsearch(text + i * 7 % 100, &root, order);
	for (int i = 0; i < 50; i++)
		tdelete(text + i, &root, order);
	return root;
}
static void *by_hcreate(void)
{
	struct hsearch_data *table = calloc(1, sizeof *table);
	return hcreate_r(100, table) ? table : NULL;
}
static void *by_file_actions(void)
{
	posix_spawn_file_actions_t *actions = malloc(sizeof *actions);
	posix_spawn_file_actions_init(actions);
	return posix_spawn_file_actions_addopen(actions, 7, text, 0, 0) == 0 ? actions : NULL;
}
static void *by_attributes(void)
{
	pthread_attr_t *attributes = malloc(sizeof *attributes);
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	pthread_attr_init(attributes);
	return pthread_attr_setaffinity_np(attributes, sizeof set, &set) == 0 ? attributes : NULL;
}
#define obstack_chunk_alloc malloc
#define obstack_chunk_free free
static void *by_obstack(void)
{
	struct obstack *stack = malloc(sizeof *stack);
	obstack_init(stack);
	obstack_printf(stack, "%*d", 6000, 1);
	return obstack_finish(stack);
}
/* A library's own. */
static void *by_zlib(void)
{
	z_stream *stream = calloc(1, sizeof *stream);
	return deflateInit(stream, 6) == Z_OK ? stream : NULL;
}
static void *by_zlib_done(void)
{
	static unsigned char to[BYTES * 2];
	uLongf size = sizeof to;
	return compress(to, &size, (unsigned char *)text, BYTES) == Z_OK ? malloc(BYTES) : NULL;
}

static const struct maker {
	const char *name;
	void *(*make)(void);
	long least; /* in use when it is paused; less than what it asks for, which may be in a cache */
} makers[] = {
	{ "malloc", by_malloc, BYTES }, { "calloc", by_calloc, BYTES }, { "realloc of nothing", by_realloc, BYTES },
	{ "realloc that grows", by_growing, BYTES }, { "realloc that moves", by_moving, BYTES * 10 },
	{ "realloc that shrinks", by_shrinking, BYTES }, { "realloc of a mapped block", by_remapping, 3 << 20 },
	{ "reallocarray", by_reallocarray, BYTES }, { "memalign", by_memalign, BYTES }, { "aligned_alloc", by_aligned_alloc, BYTES },
	{ "posix_memalign", by_posix_memalign, BYTES }, { "valloc", by_valloc, BYTES }, { "pvalloc", by_pvalloc, BYTES },
	{ "__libc_malloc", by_libc_malloc, BYTES }, { "__libc_calloc", by_libc_calloc, BYTES },
	{ "__libc_realloc", by_libc_realloc, BYTES }, { "__libc_memalign", by_libc_memalign, BYTES },
	{ "__libc_valloc", by_libc_valloc, BYTES }, { "__libc_pvalloc", by_libc_pvalloc, BYTES },
	{ "a block mapped by itself", by_mapping, 5 << 20 }, { "a thousand small ones", by_small_ones, 100000 },
	{ "5,000 in turns with free", by_turns, 20000 },
	{ "strdup", by_strdup, BYTES }, { "strndup", by_strndup, BYTES - 5 }, { "wcsdup", by_wcsdup, BYTES - 4 },
	{ "asprintf", by_asprintf, BYTES }, { "getline", by_getline, BYTES }, { "getdelim", by_getdelim, BYTES },
	{ "sscanf %ms", by_scanf, BYTES }, { "regcomp", by_regcomp, 1000 },
	{ "regexec", by_regexec, 1000 }, { "realpath", by_realpath, 0 }, { "canonicalize_file_name", by_canonicalize, 0 },
	{ "getcwd", by_getcwd, 0 }, { "get_current_dir_name", by_current_dir, 0 }, { "tempnam", by_tempnam, 0 },
	{ "getaddrinfo", by_getaddrinfo, 0 }, { "getifaddrs", by_getifaddrs, 0 }, { "if_nameindex", by_nameindex, 0 },
	{ "scandir", by_scandir, 1000 }, { "glob", by_glob, 1000 }, { "wordexp", by_wordexp, 0 }, { "argz", by_argz, BYTES },
	{ "backtrace_symbols", by_backtrace, 0 }, { "tsearch and tdelete", by_tsearch, 500 }, { "hcreate_r", by_hcreate, 1000 },
	{ "posix_spawn_file_actions", by_file_actions, BYTES }, { "pthread_attr_setaffinity_np", by_attributes, 0 },
	{ "obstack_printf", by_obstack, 6000 }, { "deflateInit", by_zlib, 200000 }, { "malloc after compress", by_zlib_done, BYTES },
};

static void make_and_pause(void *maker)
{
	made = ((const struct maker *)maker)->make();
	inger_pause();
}

/* one - make and cancel; returns what was in use more at the pause. */
static long one(const struct maker *m, uint32_t isolation)
{
	size_t before = heap_in_use();
	made = NULL;
	linger_t call = start(make_and_pause, (void *)m, isolation);
	long more = (long)(heap_in_use() - before);
	end(&call);
	return more;
}

/* Small free blocks go to a thread's cache and count as in use, and how many does vary: what is forgotten is missing in every
 * batch of rounds, of which the best is taken. Libsets are made and given back on other threads, which allocates as well:
 * only the shared calls are counted to the block. */
static void check(const struct maker *m)
{
	for (int i = 0; i < WARM; i++) {
		one(m, INGER_SHARED);
		if (!made) {
			skip(2, "it fails on this machine");
			return;
		}
	}
	long least = LONG_MAX, grown = LONG_MAX;
	for (int batch = 0; batch < BATCHES && grown >= ROUNDS * SMALLEST; batch++) {
		size_t before = heap_in_use();
		for (int i = 0; i < ROUNDS; i++) {
			long more = one(m, INGER_SHARED);
			least = more < least ? more : least;
		}
		grown = (long)(heap_in_use() - before);
	}
	ok(least >= m->least, "%s: a paused function has at least %ld bytes of it", m->name, m->least);
	ok(grown < ROUNDS * SMALLEST, "%s: %d cancelled functions leave %ld bytes", m->name, ROUNDS, grown);
}

/* All of them, isolated, five times: five of whichever is forgotten stay. */
static bool leave_nothing(void)
{
	long before = heap_kib();
	for (int i = 0; i < 5 * COUNT(makers); i++)
		one(&makers[i % COUNT(makers)], INGER_ISOLATED);
	for (int i = 0; i < 100 && heap_kib() > before + 2; i++)
		usleep(5000);
	long more = heap_kib() - before;
	if (more > 2)
		diag("isolated: %ld KiB more in use", more);
	return more <= 2;
}

int main(void)
{
	heap_without_cache();
	plan(2 * COUNT(makers) + 2);
	setenv("INGER_LIBSETS", "0", 1);
	memset(text, 'a', BYTES);
	for (int i = 0; i < COUNT(wide) - 1; i++)
		wide[i] = L'a';
	input = tmpfile();
	if (!input || fprintf(input, "%s\n", text) != BYTES + 1)
		bail("tmpfile");
	one(&makers[0], INGER_ISOLATED);
	for (int i = 0; i < COUNT(makers); i++)
		check(&makers[i]);

	leave_nothing();
	long resident = resident_kib();
	bool nothing = false;
	for (int batch = 0; batch < BATCHES && !nothing; batch++)
		nothing = leave_nothing();
	ok(nothing, "all of them isolated: nothing stays in use");
	ok(settles(resident_kib, resident + 4096), "and %ld KiB more memory", resident_kib() - resident);
	return done();
}
