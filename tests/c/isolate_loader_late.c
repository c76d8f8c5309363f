/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_loader_late: libraries that are opened and closed inside isolated functions, in every way. */
#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>
#include "helpers.h"

#define MANY 30

typedef int count_function(void);

static char folder[4096], directory[] = "/tmp/isolate_loader_late.XXXXXX";
static int made;

/* A new library: one file under another name. It has no SONAME, so that the linker does not take it for the old one. */
static const char *new_library(void)
{
	static char path[64];
	char from[4200], buffer[1 << 16];
	snprintf(from, sizeof from, "%s/loader/libloader_many.so", folder);
	snprintf(path, sizeof path, "%s/%d.so", directory, made++);
	FILE *in = fopen(from, "re"), *out = fopen(path, "we");
	size_t n;
	if (!in || !out)
		bail(from);
	while ((n = fread(buffer, 1, sizeof buffer, in)) > 0)
		if (fwrite(buffer, 1, n, out) != n)
			bail("fwrite");
	if (fclose(in) | fclose(out) | chmod(path, 0755))
		bail(path);
	return path;
}

static void open_folder(void)
{
	ssize_t n = readlink("/proc/self/exe", folder, sizeof folder - 1);
	if (n < 0 || !mkdtemp(directory))
		bail("where the libraries are");
	folder[n] = 0;
	*strrchr(folder, '/') = 0;
}

static void remove_libraries(void)
{
	char path[64];
	while (made-- > 0) {
		snprintf(path, sizeof path, "%s/%d.so", directory, made);
		unlink(path);
	}
	rmdir(directory);
}

static count_function *look(void *handle)
{
	return handle ? (count_function *)dlsym(handle, "many_count") : NULL;
}

struct many {
	char paths[MANY][64];
	int counted, counted_again, thread;
};

static void open_many(void *arg)
{
	struct many *m = arg;
	count_function *count[MANY];
	for (int i = 0; i < MANY; i++) {
		void *handle = dlopen(m->paths[i], i % 2 ? RTLD_NOW : RTLD_LAZY);
		count[i] = look(handle);
		m->counted += count[i] && count[i]() == 1;
		m->thread += handle && *((int *(*)(void))dlsym(handle, "many_thread"))() == 7;
		if (i % 3 == 0)
			dlclose(handle);
	}
	inger_pause();
	for (int i = 0; i < MANY; i++)
		m->counted_again += count[i] && count[i]() == 2;
}

static void test_many(void)
{
	struct many one = { 0 }, other = { 0 };
	for (int i = 0; i < MANY; i++)
		strcpy(one.paths[i], new_library());
	memcpy(other.paths, one.paths, sizeof other.paths);
	linger_t call = launch(open_many, TO_COMPLETION, &one);
	is_int(one.counted, MANY, "%d libraries opened one after the other inside", MANY);
	linger_t second = launch(open_many, TO_COMPLETION, &other);
	is_int(other.counted, MANY, "another function has its own instances");
	is_int(one.thread + other.thread, 2 * MANY, "with thread-local variables that begin anew");
	int mine = 0;
	for (int i = 0; i < MANY; i++) {
		count_function *count = look(dlopen(one.paths[i], RTLD_NOW));
		mine += count && count() == 1;
	}
	is_int(mine, MANY, "and the program");
	ok(finish(&call, TO_COMPLETION) == 1 && one.counted_again == MANY, "the first goes on with its own");
	ok(finish(&second, TO_COMPLETION) == 1 && other.counted_again == MANY, "so does the other");
}

struct flags {
	const char *path;
	bool not_there, there, global, local, no_delete;
};

static void open_with_flags(void *arg)
{
	struct flags *f = arg;
	f->not_there = !dlopen(f->path, RTLD_NOW | RTLD_NOLOAD);
	void *handle = dlopen(f->path, RTLD_NOW | RTLD_LOCAL);
	f->local = handle && !dlsym(RTLD_DEFAULT, "many_count");
	f->there = dlopen(f->path, RTLD_NOW | RTLD_NOLOAD) == handle;
	dlopen(f->path, RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL);
	f->global = look(handle) && dlsym(RTLD_DEFAULT, "many_count") == (void *)look(handle);
	count_function *count = look(dlopen(f->path, RTLD_NOW | RTLD_NODELETE));
	count();
	for (int i = 0; i < 5; i++)
		dlclose(handle);
	f->no_delete = count() == 2 && look(dlopen(f->path, RTLD_NOW | RTLD_NOLOAD)) == count;
}

/* Paused inside of a library that the program closes meanwhile. */
struct inside {
	void *handle;
	int result;
};

static void call_inside(void *arg)
{
	struct inside *i = arg;
	int (*call)(void (*)(void)) = (int (*)(void (*)(void)))dlsym(i->handle, "many_call");
	i->result = call(inger_pause);
}

static void test_closing(void)
{
	struct inside in = { dlopen(new_library(), RTLD_NOW), 0 };
	linger_t call = launch(call_inside, TO_COMPLETION, &in);
	ok(call.continuation, "a function is paused inside of a library");
	ok(dlclose(in.handle) == 0, "that the program closes");
	ok(finish(&call, TO_COMPLETION) == 1 && in.result == 1, "it goes on");
	/* Opened and closed between two launches: nobody has seen it, and it may go. */
	const char *path = new_library();
	void *handle = dlopen(path, RTLD_NOW);
	ok(handle && dlclose(handle) == 0, "a library comes and goes");
	in.handle = dlopen(new_library(), RTLD_NOW);
	call = launch(call_inside, TO_COMPLETION, &in);
	ok(call.continuation && finish(&call, TO_COMPLETION) == 1 && in.result == 1, "another one in its place");
}

int main(void)
{
	plan(16);
	open_folder();
	test_many();
	struct flags f = { .path = new_library() };
	linger_t call = launch(open_with_flags, TO_COMPLETION, &f);
	ok(call.is_complete && f.not_there && f.there, "RTLD_NOLOAD inside");
	ok(f.local, "a library opened inside is not in the global scope");
	ok(f.global, "with RTLD_GLOBAL it is, as the libset's");
	ok(f.no_delete, "RTLD_NODELETE keeps it");
	ok(!dlsym(RTLD_DEFAULT, "many_nothing"), "what is nowhere is not found");
	test_closing();
	remove_libraries();
	return done();
}
