/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_loader: libraries with every kind of relocation, linked in many ways. In each instance every word that the
 * dynamic linker would write leads to the right place, whatever the program did to its own instance before. */
#include <dlfcn.h>
#include <unistd.h>
#include "helpers.h"
#include "isolate_loader_lib.h"

static const char *const variants[] = { "plain", "now", "relr", "gnu2", "symbolic", "norelro", "nosep", "page64k", "page2m",
	"bss", "gold", "begin", "nosoname", "sysv" }; /* as in isolate_loader.mk */
#define VARIANTS ((int)(sizeof variants / sizeof *variants))

int loader_program_variable = 31;
int loader_program_function(int value) { return value + loader_program_variable; }

struct variant {
	const char *name;
	bool absent;
	void *handle;
	const char *(*look)(void);
	void (*where)(struct loader_place *);
	void (*spoil)(void);
	int (*count)(void);
	struct loader_place mine; /* the program's instance */
};

static struct variant opened[VARIANTS];

static bool open_variant(struct variant *v, const char *name, int flags)
{
	char path[4096], *slash;
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 64);
	if (n < 0)
		bail("readlink");
	path[n] = 0;
	slash = strrchr(path, '/');
	sprintf(slash, "/loader/libloader_%s.so", name);
	v->name = name;
	v->absent = !strcmp(name, "gold") && access(path, F_OK) != 0;
	if (v->absent)
		return false;
	v->handle = dlopen(path, flags);
	if (!v->handle) {
		diag("%s", dlerror());
		return false;
	}
	v->look = (const char *(*)(void))dlsym(v->handle, "loader_look");
	v->where = (void (*)(struct loader_place *))dlsym(v->handle, "loader_where");
	v->spoil = (void (*)(void))dlsym(v->handle, "loader_spoil");
	v->count = (int (*)(void))dlsym(v->handle, "loader_count");
	return v->look && v->where && v->spoil && v->count;
}

struct answer {
	struct variant *v;
	bool found;
	char wrong[600], again[600];
	struct loader_place place;
	int first, second;
};

/* Looks the functions up anew: an address that was looked up outside is the program's instance. */
static void look_inside(void *arg)
{
	struct answer *a = arg;
	const char *(*look)(void) = (const char *(*)(void))dlsym(a->v->handle, "loader_look");
	void (*where)(struct loader_place *) = (void (*)(struct loader_place *))dlsym(a->v->handle, "loader_where");
	int (*count)(void) = (int (*)(void))dlsym(a->v->handle, "loader_count");
	a->found = look && look != a->v->look && where && count;
	if (!a->found)
		return;
	strcpy(a->wrong, look());
	where(&a->place);
	a->first = count();
	inger_pause();
	a->second = count();
	strcpy(a->again, look());
}

static void test_variant(struct variant *v)
{
	struct answer one = { .v = v }, other = { .v = v };
	v->where(&v->mine);
	v->spoil();
	linger_t calls[] = { launch(look_inside, TO_COMPLETION, &one), launch(look_inside, TO_COMPLETION, &other) };
	ok(one.found && !one.wrong[0], "%s: each word of a copy is right %s", v->name, one.wrong);
	ok(other.found && !other.wrong[0], "%s: and of another copy %s", v->name, other.wrong);
	ok(one.place.variable != other.place.variable && one.place.variable != v->mine.variable &&
		other.place.variable != v->mine.variable, "%s: there are three instances", v->name);
	ok(one.place.program_variable == &loader_program_variable && one.place.program_function == loader_program_function,
	   "%s: of the program there is one", v->name);
	ok(finish(&calls[0], TO_COMPLETION) == 1 && finish(&calls[1], TO_COMPLETION) == 1 && one.first == 1 && one.second == 2 &&
		other.first == 1 && other.second == 2 && !one.again[0] && !other.again[0],
		"%s: they count separately %s%s", v->name, one.again, other.again);
	is_int(v->count(), 1001, "%s: the program's counts on where it was", v->name);
}

#define TESTS_EACH 7
#define AT_FIRST (VARIANTS - 3) /* the rest is opened when functions have been isolated already */

int main(void)
{
	plan(VARIANTS * TESTS_EACH);
	for (int i = 0; i < VARIANTS; i++) {
		/* Some are bound lazily, and one of these has been called before. */
		if (i == 0 || i == AT_FIRST)
			for (int j = i; j < (i ? VARIANTS : AT_FIRST); j++) {
				bool there = open_variant(&opened[j], variants[j], j % 2 ? RTLD_NOW : RTLD_LAZY) &&
					(j % 3 || !*opened[j].look());
				if (opened[j].absent)
					skip(TESTS_EACH, "this machine has no ld.gold");
				else
					ok(there, "%s: is there", variants[j]);
			}
		if (!opened[i].absent)
			test_variant(&opened[i]);
	}
	return done();
}
