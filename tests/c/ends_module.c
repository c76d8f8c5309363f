/* SPDX-License-Identifier: Apache-2.0 */
/* ends_module: a library is closed whose thread-local data a call has used, and one with more of it gets its module number. The
 * next calls on that TCB find the new library's initial values, and nothing is written beyond the old block. */
#include <dlfcn.h>
#include "helpers.h"

#define LARGE 100000
#define BLOCK 100000

static char *(*data)(void);
static char *block;
static long changed, wrong;

static void take(void *arg)
{
	char *mine = data();
	wrong += strcmp(mine, "initial") != 0;
	strcpy(mine, "changed");
	block = malloc(BLOCK); /* what comes behind the library's block */
	memset(block, 0x55, BLOCK);
	(void)arg;
}

static void look(void *arg)
{
	for (int i = 0; i < BLOCK; i++)
		changed += block[i] != 0x55;
	(void)arg;
}

static void use(void *arg)
{
	char *mine = data();
	wrong += strcmp(mine, "initial") != 0;
	for (int i = 8; i < LARGE; i++)
		wrong += mine[i] != 0;
	memset(mine, 'x', LARGE);
	(void)arg;
}

static void *open_module(const char *name)
{
	char path[4096];
	beside_program(path, sizeof path, name);
	void *library = dlopen(path, RTLD_NOW);
	data = library ? (char *(*)(void))dlsym(library, "module_data") : NULL;
	if (!data)
		bail(dlerror());
	return library;
}

static bool runs(void (*function)(void *))
{
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = INGER_SHARED;
	return inger_launch_attr(function, TO_COMPLETION, NULL, &attr).is_complete;
}

int main(void)
{
	plan(4);
	void *library = open_module("libends_module64.so");
	ok(runs(take), "a call uses the small library");
	dlclose(library);
	open_module("libends_module100000.so");
	bool looked = runs(look);
	ok(looked && changed == 0, "%ld bytes behind the old block are written", changed);
	ok(runs(use) && runs(use) && runs(use), "calls use the large library");
	is_int(wrong, 0, "and each finds its initial values");
	return done();
}
