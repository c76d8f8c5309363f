/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_loader_unique: variables of C++ of which there is one for all libraries (STB_GNU_UNIQUE), also for libraries that
 * are opened for themselves; and objects of a library's class that the program makes. */
#include <dlfcn.h>
#include <initializer_list>
#include <unistd.h>
#include "helpers.h"
#include "isolate_loader_class.h"

static void *libraries[2];
typedef int *where();

static bool open_libraries()
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 64);
	if (n < 0)
		bail("readlink");
	path[n] = 0;
	char *slash = strrchr(path, '/');
	for (int i = 0; i < 2; i++) {
		snprintf(slash, 64, "/loader/libloader_unique_%d.so", i + 1);
		libraries[i] = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	}
	return libraries[0] && libraries[1];
}

struct Places {
	int *at;
	int same, value;
};

static void look(void *arg)
{
	Places *p = static_cast<Places *>(arg);
	p->at = reinterpret_cast<where *>(dlsym(libraries[0], "unique_by_reference"))();
	p->value = *p->at;
	*p->at = 100;
	for (void *library : libraries)
		for (const char *by : { "unique_by_reference", "unique_by_constant", "unique_by_data" }) {
			int *place = reinterpret_cast<where *>(dlsym(library, by))();
			p->same += place == p->at;
			if (place != p->at)
				diag("%s: of library %d: elsewhere", by, library == libraries[1] ? 2 : 1);
		}
}

static void moved_away()
{
	static int elsewhere;
	for (void *library : libraries)
		reinterpret_cast<void (*)(int *)>(dlsym(library, "unique_move"))(&elsewhere);
}

/* The constructor is inline, so it is the program that says which table of virtual functions the object has. */
static void count_virtual(void *arg)
{
	int *counts = static_cast<int *>(arg);
	Base *made_here = new Base, *made_there = one_make();
	counts[0] = made_here->count();
	counts[1] = made_there->count();
	inger_pause();
	counts[2] = made_here->count();
	delete made_here;
	delete made_there;
}

int main()
{
	plan(11);
	ok(open_libraries(), "two libraries with one variable");
	Places mine = {}, one = {}, other = {}, late = {};
	linger_t calls[] = { launch(look, TO_COMPLETION, &one), launch(look, TO_COMPLETION, &other) };
	ok(calls[0].is_complete && calls[1].is_complete, "functions look at it");
	is_int(one.same, 6, "inside, it is one for both libraries");
	is_int(one.value, 5, "with its initial value");
	look(&mine);
	is_int(mine.same, 6, "so it is outside");
	ok(mine.at != one.at && mine.value == 5, "but another one");
	moved_away();
	calls[0] = launch(look, TO_COMPLETION, &late);
	ok(calls[0].is_complete && late.same == 6, "what the program does to its pointers does not matter");

	int first[3] = {}, second[3] = {};
	Base *base = one_make();
	base->count();
	calls[0] = launch(count_virtual, TO_COMPLETION, first);
	calls[1] = launch(count_virtual, TO_COMPLETION, second);
	is_int(base->count(), 2, "virtual functions of the program's library count the program's");
	ok(finish(&calls[0], TO_COMPLETION) == 1 && finish(&calls[1], TO_COMPLETION) == 1, "functions make objects of the library's class");
	ok(first[0] == 1 && first[1] == 2 && first[2] == 3, "whose virtual functions count the first's (%d %d %d)", first[0], first[1], first[2]);
	ok(second[0] == 1 && second[1] == 2 && second[2] == 3, "and the second's");
	delete base;
	return done();
}
