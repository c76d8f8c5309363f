/* SPDX-License-Identifier: Apache-2.0 */
/* cancel_results: what libc makes for its caller in one step, printed text, lines, lists of names, addresses, words, goes with
 * a cancelled function, wherever it was; what libc keeps for itself or makes larger for the program stays. */
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <glob.h>
#include <ifaddrs.h>
#include <malloc.h>
#include <net/if.h>
#include <netdb.h>
#include <obstack.h>
#include <sys/stat.h>
#include <wordexp.h>
#include "helpers.h"

#define FILES 40
#define CANCELS 300
#define SLACK (16 << 10) /* bytes that caches of the allocator and of libc may differ by; CANCELS results are more */
#define obstack_chunk_alloc malloc
#define obstack_chunk_free free

static char folder[] = "/tmp/cancel_results.XXXXXX";
static char pattern[64], lines_path[64];
static FILE *lines; /* the program's; the first function to read makes its buffer */
static volatile long sum;

/* ---- one result each: made, and given back when `back` says so */

static void print_text(bool back)
{
	char *text;
	if (asprintf(&text, "%5000d", 1) == 5000 && back)
		free(text);
}

static void read_line(bool back)
{
	char *line = NULL;
	size_t room = 0;
	rewind(lines);
	if (getline(&line, &room, lines) != 5000)
		bail("getline");
	if (back)
		free(line);
}

static int every(const struct dirent *entry)
{
	sum += entry->d_name[0];
	return 1;
}

static void scan_folder(bool back)
{
	struct dirent **names;
	int n = scandir(folder, &names, every, alphasort);
	if (n != FILES + 3)
		bail("scandir");
	for (int i = 0; back && i < n; i++)
		free(names[i]);
	if (back)
		free(names);
}

static void scan_folder_at(bool back)
{
	struct dirent **names;
	int n = scandirat(AT_FDCWD, folder, &names, NULL, NULL);
	if (n != FILES + 3)
		bail("scandirat");
	for (int i = 0; back && i < n; i++)
		free(names[i]);
	if (back)
		free(names);
}

static void match_names(bool back)
{
	glob_t g;
	if (glob(pattern, 0, NULL, &g) != 0 || g.gl_pathc != FILES)
		bail("glob");
	if (back)
		globfree(&g);
}

static void match_in_home(bool back)
{
	glob_t g;
	if (glob("~root", GLOB_TILDE | GLOB_NOCHECK, NULL, &g) != 0 || g.gl_pathc != 1)
		bail("glob");
	if (back)
		globfree(&g);
}

static void find_address(bool back)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_CANONNAME }, *list;
	if (getaddrinfo("127.0.0.1", "80", &hints, &list) != 0)
		bail("getaddrinfo");
	if (back)
		freeaddrinfo(list);
}

static void expand_words(bool back)
{
	wordexp_t words;
	if (wordexp("one two $((1 + 2)) \"a b\"", &words, 0) != 0 || words.we_wordc != 4 || strcmp(words.we_wordv[2], "3") != 0)
		bail("wordexp");
	if (back)
		wordfree(&words);
}

static void list_interfaces(bool back)
{
	struct ifaddrs *list;
	struct if_nameindex *names = if_nameindex();
	if (!names || getifaddrs(&list) != 0)
		bail("getifaddrs");
	if (back) {
		if_freenameindex(names);
		freeifaddrs(list);
	}
}

static void name_frames(bool back)
{
	void *frames[4] = { (void *)name_frames, (void *)bail, (void *)plan, (void *)spin };
	char **names = backtrace_symbols(frames, 4);
	if (!names)
		bail("backtrace_symbols");
	if (back)
		free(names);
}

static void print_on_obstack(bool back)
{
	struct obstack stack;
	obstack_init(&stack);
	if (obstack_printf(&stack, "%9000d", 1) != 9000)
		bail("obstack_printf");
	if (back)
		obstack_free(&stack, NULL);
}

static struct made {
	const char *name;
	void (*make)(bool back);
} all[] = {
	{ "asprintf", print_text }, { "getline", read_line }, { "scandir", scan_folder }, { "scandirat", scan_folder_at },
	{ "glob", match_names }, { "glob of a home directory", match_in_home }, { "getaddrinfo", find_address },
	{ "wordexp", expand_words }, { "getifaddrs and if_nameindex", list_interfaces },
	{ "backtrace_symbols", name_frames }, { "obstack_printf", print_on_obstack },
};
#define ALL ((int)(sizeof all / sizeof *all))

static const struct inger_attr shared = { .size = sizeof shared, .isolation = INGER_SHARED };

static void make_and_pause(void *arg)
{
	((struct made *)arg)->make(false);
	inger_pause();
	bail("a cancelled function went on");
}

static void make_for_ever(void *arg)
{
	for (;;)
		((struct made *)arg)->make(true);
}

static void cancel_after(void (*function)(void *), struct made *made, uint64_t budget_us)
{
	linger_t call = inger_launch_attr(function, budget_us, made, &shared);
	if (!call.continuation || cancel(&call) != 0)
		bail("cancel");
}

static size_t heap_in_use(void)
{
	struct mallinfo2 info = mallinfo2();
	return info.uordblks + info.hblkhd;
}

static void test_left_behind(struct made *made, uint64_t *seed)
{
	for (int i = 0; i < 20; i++) { /* caches fill up */
		cancel_after(make_and_pause, made, TO_COMPLETION);
		cancel_after(make_for_ever, made, random_range(seed, 20, 400));
	}
	long descriptors = count_descriptors();
	size_t before = heap_in_use();
	for (int i = 0; i < CANCELS; i++)
		cancel_after(make_and_pause, made, TO_COMPLETION);
	size_t after = heap_in_use();
	ok(after < before + SLACK && count_descriptors() == descriptors, "%s: %d results go with their functions (%zd bytes left)",
	   made->name, CANCELS, (ssize_t)(after - before));

	before = heap_in_use();
	for (int i = 0; i < CANCELS; i++)
		cancel_after(make_for_ever, made, random_range(seed, 20, 400));
	after = heap_in_use();
	ok(after < before + SLACK && count_descriptors() == descriptors, "%s: and from %d random places (%zd bytes left)",
	   made->name, CANCELS, (ssize_t)(after - before));
}

/* ---- what stays */

static FILE *stream;
static char *program_line;
static size_t program_room;
static char *kept;

static void read_for_program(void *arg)
{
	(void)arg;
	if (getline(&program_line, &program_room, stream) != 5000)
		bail("getline");
	if (asprintf(&kept, "%s", "handed over") < 0 || inger_keep(kept) != 0)
		bail("inger_keep");
	inger_pause();
}

static void test_program_keeps(void)
{
	stream = fopen(lines_path, "r");
	program_room = 8;
	program_line = malloc(program_room);
	linger_t call = inger_launch_attr(read_for_program, TO_COMPLETION, NULL, &shared);
	ok(call.yielded && cancel(&call) == 0, "a function that read into a block of the program's is cancelled");
	ok(strlen(program_line) == 5000 && inger_keep(program_line) == -1 && errno == EINVAL, "which is there, and is the program's");
	ok(strcmp(kept, "handed over") == 0 && inger_keep(kept) == -1, "a text that it handed over is there");
	ok(getline(&program_line, &program_room, stream) == 9 && strcmp(program_line, "line two\n") == 0,
	   "the stream goes on with its next line: the buffer is its own");
	fclose(stream);
	free(program_line);
	free(kept);
}

static void complete(void *arg)
{
	kept = NULL;
	if (asprintf(&kept, "complete") < 0 || inger_keep(kept) != 0)
		kept = NULL;
	*(int *)arg = 1;
}

/* ---- the same results as outside */

struct found {
	glob_t names, both, offs, none;
	int status[4], error, missing, count;
	struct dirent **entries;
};

static void find_all(void *arg)
{
	struct found *f = arg;
	struct dirent **none;
	char second[160];
	memset(&f->names, 0x5a, sizeof f->names);
	memset(&f->offs, 0, sizeof f->offs);
	f->offs.gl_offs = 3;
	snprintf(second, sizeof second, "{%s,%s/*/x?}", pattern, folder);
	f->status[0] = glob(pattern, 0, NULL, &f->names);
	f->status[1] = glob(second, GLOB_BRACE | GLOB_MARK, NULL, &f->both);
	f->status[2] = glob(pattern, GLOB_DOOFFS, NULL, &f->offs);
	snprintf(second, sizeof second, "%s/not*", folder);
	f->status[3] = glob(second, 0, NULL, &f->none);
	f->count = scandir(folder, &f->entries, every, alphasort);
	errno = 0;
	f->missing = scandir("/nonexistent", &none, NULL, NULL);
	f->error = errno;
}

static bool same_names(const glob_t *a, const glob_t *b)
{
	if (a->gl_pathc != b->gl_pathc || a->gl_flags != b->gl_flags || a->gl_offs != b->gl_offs)
		return false;
	for (size_t i = 0; i < a->gl_pathc; i++)
		if (strcmp(a->gl_pathv[a->gl_offs + i], b->gl_pathv[b->gl_offs + i]) != 0)
			return false;
	return true;
}

static void test_same_as_outside(void)
{
	static struct found inside, outside;
	find_all(&outside);
	linger_t call = inger_launch_attr(find_all, 20, &inside, &shared);
	ok(finish(&call, 20) >= 0, "glob and scandir in slices");
	ok(memcmp(inside.status, outside.status, sizeof inside.status) == 0 && outside.status[3] == GLOB_NOMATCH,
	   "glob's results are those of the program's glob");
	ok(same_names(&inside.names, &outside.names) && same_names(&inside.both, &outside.both) &&
	   same_names(&inside.offs, &outside.offs) && outside.both.gl_pathc == FILES + 2, "and so are its names");
	ok(memcmp(&inside.names.gl_closedir, &outside.names.gl_closedir, 5 * sizeof(void *)) == 0, "its caller's functions are not touched");
	bool same = inside.count == outside.count && outside.count == FILES + 3;
	for (int i = 0; same && i < outside.count; i++)
		same = strcmp(inside.entries[i]->d_name, outside.entries[i]->d_name) == 0 &&
		       inside.entries[i]->d_type == outside.entries[i]->d_type;
	ok(same, "scandir's entries are those of the program's scandir");
	ok(inside.missing == -1 && inside.error == ENOENT && outside.error == ENOENT, "and so is its failure");
}

/* ---- limits */

static int limited_error;
static void print_too_much(void *arg)
{
	char *text = NULL;
	*(int *)arg = asprintf(&text, "%*d", 300000, 1);
	limited_error = errno;
	free(text);
	if (asprintf(&text, "%*d", 3000, 1) != 3000)
		bail("asprintf within the limit");
	free(text);
}

static void prepare_files(void)
{
	char path[96];
	if (!mkdtemp(folder))
		bail("mkdtemp");
	snprintf(pattern, sizeof pattern, "%s/f*", folder);
	for (int i = 0; i < FILES; i++) {
		snprintf(path, sizeof path, "%s/f%02d", folder, i);
		close(open(path, O_CREAT | O_WRONLY, 0600));
	}
	snprintf(path, sizeof path, "%s/d", folder);
	mkdir(path, 0700);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/d/x%d", folder, i);
		close(open(path, O_CREAT | O_WRONLY, 0600));
	}
	snprintf(lines_path, sizeof lines_path, "%s/d/lines", folder);
	FILE *file = fopen(lines_path, "w");
	fprintf(file, "%4999d\nline two\n", 1);
	fclose(file);
	lines = fopen(lines_path, "r");
}

static void remove_files(void)
{
	char path[96];
	for (int i = 0; i < FILES; i++) {
		snprintf(path, sizeof path, "%s/f%02d", folder, i);
		unlink(path);
	}
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/d/x%d", folder, i);
		unlink(path);
	}
	unlink(lines_path);
	snprintf(path, sizeof path, "%s/d", folder);
	rmdir(path);
	rmdir(folder);
}

/* What a thread has freed it keeps at hand, and mallinfo2() takes that for blocks in use. Two threads that make and free words
 * for each other show tens of kilobytes after some thousand times, without this library, too. The allocator reads its tunables
 * before main(). */
static void without_thread_caches(char **argv)
{
	const char *set = getenv("GLIBC_TUNABLES"), *none = "glibc.malloc.tcache_count=0";
	char all_of_them[1000];
	if (set && strstr(set, none))
		return;
	snprintf(all_of_them, sizeof all_of_them, "%s%s%s", set ? set : "", set ? ":" : "", none);
	if (setenv("GLIBC_TUNABLES", all_of_them, 1) != 0)
		bail("setenv");
	execv("/proc/self/exe", argv);
	bail("execv");
}

int main(int argc, char **argv)
{
	(void)argc;
	without_thread_caches(argv);
	uint64_t seed = random_seed();
	int done_flag = 0, printed = 0;

	plan(2 * ALL + 4 + 1 + 6 + 1);
	mallopt(M_PERTURB, 0xa5); /* what is freed is not what it was */
	prepare_files();
	for (int i = 0; i < ALL; i++)
		test_left_behind(&all[i], &seed);
	test_program_keeps();
	linger_t call = inger_launch_attr(complete, TO_COMPLETION, &done_flag, &shared);
	ok(call.is_complete && done_flag && kept && strcmp(kept, "complete") == 0, "a result belongs to the function that asked for it");
	free(kept);
	test_same_as_outside();
	struct inger_attr limited = shared;
	limited.heap_bytes = 100000;
	call = inger_launch_attr(print_too_much, TO_COMPLETION, &printed, &limited);
	ok(call.is_complete && printed == -1 && limited_error == ENOMEM, "a text beyond the limit of the heap is refused");
	remove_files();
	return done();
}
