/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_file: a library whose file is replaced or removed while the program runs, as an upgrade does, can be copied on. */
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include "helpers.h"
#include "isolate_lib.h"

static char original[4096], path[] = "/tmp/isolate_file.XXXXXX";
static void (*start)(int);
static int (*next)(void);
static int (*chain)(uint64_t, int, uint64_t *);
static char *(*text)(const char *, int);

static void copy_file(void)
{
	char buffer[8192];
	ssize_t n;
	beside_program(original, sizeof original, "libisolate_lib.so");
	int from = open(original, O_RDONLY), to = mkstemp(path);
	if (from < 0 || to < 0)
		bail(original);
	while ((n = read(from, buffer, sizeof buffer)) > 0)
		if (write(to, buffer, (size_t)n) != n)
			bail("write");
	fchmod(to, 0755);
	close(from);
	close(to);
}

struct task {
	int who, first, second;
	uint64_t result;
	char text[32];
};

/* Through the library as this libset has it. */
static void use(void *arg)
{
	struct task *t = arg;
	void *library = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
	if (!library)
		return;
	((void (*)(int))dlsym(library, "lib_start"))(100 * t->who);
	t->first = ((int (*)(void))dlsym(library, "lib_next"))();
	inger_pause();
	t->second = ((int (*)(void))dlsym(library, "lib_next"))();
	((int (*)(uint64_t, int, uint64_t *))dlsym(library, "lib_chain"))((uint64_t)t->who, 100, &t->result);
	strcpy(t->text, ((const char *(*)(const char *, int))dlsym(library, "lib_text"))("value %d", t->who));
}

static int right(linger_t *calls, struct task *tasks, int count)
{
	int good = 0;
	for (int i = 0; i < count; i++) {
		char want[32];
		uint64_t result = 0;
		snprintf(want, sizeof want, "value %d", tasks[i].who);
		if (resume(&calls[i], TO_COMPLETION) != 0 || !calls[i].is_complete)
			continue;
		chain((uint64_t)tasks[i].who, 100, &result);
		good += tasks[i].first == 100 * tasks[i].who + 1 && tasks[i].second == tasks[i].first + 1 &&
			tasks[i].result == result && !strcmp(tasks[i].text, want);
	}
	return good;
}

#define CALLS 10

int main(void)
{
	struct task tasks[CALLS] = { 0 };
	linger_t calls[CALLS];
	plan(5);
	setenv("INGER_LIBSETS", "0", 1); /* each launch makes its own */
	copy_file();
	void *library = dlopen(path, RTLD_NOW);
	if (!library)
		bail(dlerror());
	start = (void (*)(int))dlsym(library, "lib_start");
	next = (int (*)(void))dlsym(library, "lib_next");
	chain = (int (*)(uint64_t, int, uint64_t *))dlsym(library, "lib_chain");
	text = (char *(*)(const char *, int))dlsym(library, "lib_text");
	start(7000);

	for (int i = 0; i < CALLS; i++) {
		if (i == 2 && (unlink(path) != 0 || symlink("/dev/null", path) != 0)) /* replaced */
			bail("replace");
		if (i == 6 && unlink(path) != 0) /* gone */
			bail("unlink");
		tasks[i].who = i + 1;
		calls[i] = launch(use, TO_COMPLETION, &tasks[i]);
		if (!calls[i].continuation)
			diag("%d: %s", i, inger_strerror(errno));
	}
	int paused = 0;
	for (int i = 0; i < CALLS; i++)
		paused += calls[i].continuation != NULL && tasks[i].first != 0;
	is_int(paused, CALLS, "libsets are made before, after the file was replaced, and after it was removed");
	is_int(right(calls, tasks, CALLS), CALLS, "each is right");
	is_int(next(), 7001, "the program's own is not touched");
	ok(text("value %d", 5) && !strcmp(text("value %d", 5), "value 5"), "and works");
	linger_t call = launch(use, TO_COMPLETION, &tasks[0]);
	ok(call.continuation && cancel(&call) == 0, "a call can be cancelled");
	return done();
}
