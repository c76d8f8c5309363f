/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_dlopen: libraries that are opened later belong to every libset; what the loader's functions answer inside. */
#include <dlfcn.h>
#include <link.h>
#include "helpers.h"
#include "isolate_lib.h"

static char library[4096];
static void *opened; /* by the program */

struct view {
	int (*next)(void);
	void (*start)(int);
	const void *place;
	int first, second;
	bool dladdr_right, found_by_next, handle_same;
};

static void count(struct view *v)
{
	v->start(10);
	v->first = v->next();
	inger_pause();
	v->second = v->next();
}

/* Inside: open, look up, count, pause, count. */
static void open_inside(void *arg)
{
	struct view *v = arg;
	Dl_info info;
	void *handle = dlopen(library, RTLD_NOW);
	if (!handle)
		return;
	v->handle_same = !opened || handle == opened;
	v->next = (int (*)(void))dlsym(handle, "lib_next");
	v->start = (void (*)(int))dlsym(handle, "lib_start");
	v->place = ((const void *(*)(void))dlsym(handle, "lib_place"))();
	v->dladdr_right = dladdr((void *)v->next, &info) && info.dli_sname && !strcmp(info.dli_sname, "lib_next") &&
		info.dli_saddr == (void *)v->next;
	v->found_by_next = dlsym(RTLD_NEXT, "qsort") == dlsym(RTLD_DEFAULT, "qsort");
	count(v);
	dlclose(handle);
}

static void wait_once(void *arg)
{
	inger_pause();
	open_inside(arg);
}

static void (*original_start)(int);

int main(void)
{
	struct view early = { 0 }, late = { 0 };
	plan(14);
	beside_program(library, sizeof library, "libisolate_lib.so");

	/* Paused before the library is there at all. */
	linger_t call = launch(wait_once, TO_COMPLETION, &early);
	ok(call.continuation, "a function is paused before the library is loaded");

	opened = dlopen(library, RTLD_NOW);
	if (!opened)
		bail(dlerror());
	original_start = (void (*)(int))dlsym(opened, "lib_start");
	int (*next)(void) = (int (*)(void))dlsym(opened, "lib_next");
	const void *place = ((const void *(*)(void))dlsym(opened, "lib_place"))();
	original_start(500);

	linger_t other = launch(open_inside, TO_COMPLETION, &late);
	ok(other.continuation && late.first == 11, "a function launched afterwards has it");
	ok(resume(&call, TO_COMPLETION) == 0 && early.first == 11, "the one that was paused opens it, too");
	is_int(next(), 501, "the program's own is not touched");
	ok(early.place != late.place && early.place != place && late.place != place, "there are three instances");
	ok(resume(&other, TO_COMPLETION) == 0 && other.is_complete && late.second == 12, "the first goes on in its own");
	ok(resume(&call, TO_COMPLETION) == 0 && call.is_complete && early.second == 12, "so does the other");
	is_int(next(), 502, "the program's own is not touched");
	ok(early.handle_same && late.handle_same, "the handle is the same inside");
	ok(early.dladdr_right && late.dladdr_right, "dladdr() inside knows the functions of the copy");
	ok(early.found_by_next && late.found_by_next, "RTLD_NEXT works inside");

	/* launch() of a function of the library: it runs as the libset has it. */
	call = launch((void (*)(void *))(uintptr_t)original_start, TO_COMPLETION, (void *)7L);
	ok(call.is_complete, "a library's function as preemptible function");
	is_int(next(), 503, "works on its libset's variable, not on the program's");

	/* A library stays as long as copies of it do. */
	dlclose(opened);
	call = launch(open_inside, TO_COMPLETION, &late);
	ok(call.continuation && resume(&call, TO_COMPLETION) == 0 && late.second == 12, "after dlclose() it can be opened again");
	return done();
}
