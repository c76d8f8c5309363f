/* SPDX-License-Identifier: Apache-2.0 */
/* callbacks_inside: functions of libc that call the program back inside a preemptible function: the program's function is paused like
 * any other, may leave by an exception, and what libc works on is whole afterwards. */
#include <algorithm>
#include <dirent.h>
#include <dlfcn.h>
#include <ftw.h>
#include <glob.h>
#include <link.h>
#include <mutex>
#include <search.h>
#include <string>
#include "helpers.h"

static volatile int stop;
static int throws;

/* Busy until told otherwise; leaves as told. */
static void busy()
{
	while (!stop)
		;
	if (throws == 1)
		throw 1;
}

struct memory { std::string text; size_t at; int closed; };
static ssize_t cookie_write(void *c, const char *from, size_t n) { busy(); ((memory *)c)->text.append(from, n); return (ssize_t)n; }
static ssize_t cookie_read(void *c, char *to, size_t n)
{
	memory *m = (memory *)c;
	busy();
	n = std::min(n, m->text.size() - m->at);
	memcpy(to, m->text.data() + m->at, n);
	m->at += n;
	return (ssize_t)n;
}
static int cookie_seek(void *c, off64_t *to, int) { busy(); ((memory *)c)->at = (size_t)*to; return 0; }
static int cookie_close(void *c) { busy(); ((memory *)c)->closed++; return 0; }

static FILE *open_cookie(memory *m, const char *mode)
{
	cookie_io_functions_t f = {cookie_read, cookie_write, cookie_seek, cookie_close};
	FILE *s = fopencookie(m, mode, f);
	setvbuf(s, NULL, _IOFBF, 64);
	return s;
}

static memory shared;
static FILE *stream; /* the program's, of `shared` */
static int compare(const void *a, const void *b) { busy(); return *(const int *)a - *(const int *)b; }
static int compare_names(const struct dirent **a, const struct dirent **b) { busy(); return strcmp((*a)->d_name, (*b)->d_name); }
static int wanted(const struct dirent *) { busy(); return 1; }
static int each_object(struct dl_phdr_info *, size_t, void *) { busy(); return 1; }
static int each_file(const char *, const struct stat *, int) { busy(); return 1; }
static int each_error(const char *, int) { busy(); return 0; }
static void each_node(const void *, VISIT, int) { busy(); }
static std::once_flag *flag;

static void prints(void *) { fprintf(stream, "%d %s %.2f", 12, "text", 1.5); fflush(stream); }
static void prints_much(void *) { for (int i = 0; i < 20; i++) fputs("0123456789", stream); fflush(stream); }
static void reads(void *) { char line[100]; rewind(stream); (void)!fgets(line, sizeof line, stream); }
static void seeks(void *) { fseek(stream, 0, SEEK_SET); }
static void own_stream(void *) { memory *m = new memory(); FILE *f = open_cookie(m, "w"); fputs("own", f); fclose(f); delete m; }
static void own_flush(void *) { memory *m = new memory(); FILE *f = open_cookie(m, "w"); fputs("own", f); fflush(f); }
static void sorts(void *) { int v[] = {3, 1, 2}; qsort(v, 3, sizeof *v, compare); }
static void searches(void *) { int v[] = {1, 2, 3}, key = 2; (void)!bsearch(&key, v, 3, sizeof *v, compare); }
static void finds(void *) { int v[] = {1, 2, 3}, key = 2; size_t n = 3; (void)!lfind(&key, v, &n, sizeof *v, compare); }
static void trees(void *) { void *root = NULL; static int key = 1, other = 2; tsearch(&key, &root, compare); tsearch(&other, &root, compare); twalk(root, each_node); }
static void scans(void *) { struct dirent **names; (void)scandir("/proc/self", &names, wanted, compare_names); }
static void globs(void *) { glob_t g; glob("/root/nothing*/none", GLOB_ERR, each_error, &g); busy(); }
static void walks(void *) { ftw("/proc/self/task", each_file, 5); }
static void iterates(void *) { dl_iterate_phdr(each_object, NULL); }
static void calls_once(void *) { std::call_once(*flag, [] { busy(); }); }

static const struct { const char *name; void (*function)(void *); bool leavable; } kinds[] = {
	{"fflush() to fopencookie()'s write", prints, true}, {"fputs() to fopencookie()'s write", prints_much, true},
	{"fgets() from fopencookie()'s read", reads, true}, {"fseek()", seeks, false}, {"fclose() of the function's own stream", own_stream, false},
	{"qsort()", sorts, true}, {"bsearch()", searches, true}, {"lfind()", finds, true}, {"tsearch() and twalk()", trees, true},
	{"scandir()", scans, true}, {"glob()", globs, true}, {"ftw()", walks, true}, {"dl_iterate_phdr()", iterates, true},
	{"std::call_once()", calls_once, true},
};
#define KINDS (int)(sizeof kinds / sizeof *kinds)

static void leaves(void *arg)
{
	int kind = *(int *)arg - 100, left = 0;
	try { kinds[kind].function(NULL); } catch (int) { left = 1; }
	*(volatile int *)arg = left;
	/* Paused here as well: nothing is open any more. */
	volatile char room[4096];
	room[0] = 0;
	while (stop != 2)
		room[1] = room[0];
}

int main()
{
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = INGER_SHARED; /* what is called back is noted for the program's own libraries */
	plan(KINDS * 2 + 8);
	stream = open_cookie(&shared, "w+");

	for (int i = 0; i < KINDS; i++) {
		std::once_flag fresh;
		flag = &fresh;
		stop = throws = 0;
		shared.text = "a line\n";
		linger_t call = inger_launch_attr(kinds[i].function, 4000, NULL, &attr);
		ok(call.continuation && !call.is_complete, "the program's function is paused in %s", kinds[i].name);
		stop = 1;
		while (!call.is_complete && resume(&call, 500) == 0)
			;
		/* By an exception, in the middle of what the next must find whole. */
		int left = 0;
		std::once_flag second;
		flag = &second;
		bool good = call.is_complete;
		if (kinds[i].leavable) {
			stop = 0;
			throws = 1;
			left = 100 + i;
			call = inger_launch_attr(leaves, 2000, &left, &attr);
			good = good && !call.is_complete;
			stop = 1;
			for (int n = 0; n < 2000 && left >= 100; n++)
				resume(&call, 3000);
			good = good && !call.is_complete && left == 1;
			stop = 2;
			resume(&call, TO_COMPLETION);
			good = good && call.is_complete;
		}
		throws = 0;
		stop = 1;
		ok(good, "and completes, or leaves it by an exception: %d", left);
	}

	fclose(stream);
	shared = memory();
	stop = throws = 0;
	stream = open_cookie(&shared, "w+");
	linger_t call = inger_launch_attr(prints, 4000, NULL, &attr);
	ok(inger_call(prints, NULL, 4000, &attr) == ETIMEDOUT, "another function waits for that stream within its budget");
	errno = 0;
	ok(fputs("x", stream) == EOF && errno == EDEADLK, "the program's side gets EDEADLK");
	ok(cancel(&call) != 0 && errno == EBUSY, "a function that is paused there holds the stream: %s", inger_strerror(errno));
	stop = 1;
	ok(fputs("x", stream) == 1, "and is helped to its end");
	ok(fflush(stream) == 0 && shared.text == "12 text 1.50x", "the text is in order: %s", shared.text.c_str());
	ok(call.is_complete || resume(&call, TO_COMPLETION) == 0, "the function completes");
	stop = 0;
	ok(inger_call(own_flush, NULL, 4000, &attr) == ETIMEDOUT, "with a stream of its own it is cancelled");
	stop = 1;

	stop = 0;
	void *library = dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL);
	call = inger_launch_attr(iterates, 4000, NULL, &attr);
	int closed = dlclose(library);
	stop = 1;
	resume(&call, TO_COMPLETION);
	ok(closed == 0 && call.is_complete, "dlclose() does not wait for who looks at the objects");
	return done();
}
