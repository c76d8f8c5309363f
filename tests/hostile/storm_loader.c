/* SPDX-License-Identifier: Apache-2.0 */
/* storm_loader.c - works with the dynamic linker: libraries that come and go, with thread-local variables of several sizes. */
#include <dlfcn.h>
#include <link.h>
#include "storm.h"

#define PLUGINS 3

/* plugin - the path of one of them. */
static void plugin(char *path, size_t size, uint64_t number)
{
	char name[40];
	snprintf(name, sizeof name, "libhostile_plugin%d.so", (int)(number % PLUGINS));
	beside_program(path, size, name);
}

WORK(dlopen, 0)
{
	char path[4096];
	plugin(path, sizeof path, random_next(&j->random));
	void *handle = dlopen(path, random_next(&j->random) % 2 ? RTLD_NOW : RTLD_LAZY);
	right(handle != NULL);
	if (!handle)
		return;
	long (*add)(long) = (long (*)(long))dlsym(handle, "plugin_add");
	right(add != NULL);
	if (add) {
		long first = add(1);
		right(add(1) == first + 1);
	}
	right(dlclose(handle) == 0);
}

static int count_objects(struct dl_phdr_info *info, size_t size, void *count)
{
	(void)info, (void)size;
	++*(int *)count;
	return 0;
}
WORK(objects, 0)
{
	int count = 0;
	Dl_info info;
	dl_iterate_phdr(count_objects, &count);
	right(count > 3);
	right(dladdr((void *)&count_objects, &info) != 0 && info.dli_fname != NULL);
	right(dlsym(RTLD_DEFAULT, "malloc") != NULL);
	right(dlsym(RTLD_DEFAULT, "no_such_function_here") == NULL && dlerror() != NULL);
}
