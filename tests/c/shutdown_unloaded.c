/* SPDX-License-Identifier: Apache-2.0 */
/* shutdown_unloaded: inger_shutdown() leaves the place of a part of the program alone that was unloaded meanwhile. */
#include <dlfcn.h>
#include <link.h>
#include <sys/mman.h>
#include "helpers.h"

struct place {
	uintptr_t base, low, high;
};

static int measure(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct place *p = arg;
	(void)size;
	if (info->dlpi_addr != p->base)
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD)
			p->high = p->base + info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;
	return 1;
}

static void nothing(void *arg) { (void)arg; }

/* Loads a library, calls it, unloads it, and says where it was. */
static struct place pass(const char *name)
{
	char path[4096];
	beside_program(path, sizeof path, name);
	void *library = dlopen(path, RTLD_NOW);
	unsigned long (*sum)(void) = library ? (unsigned long (*)(void))dlsym(library, "unloaded_sum") : NULL;
	Dl_info info;
	if (!sum || !dladdr((void *)sum, &info))
		bail(dlerror());
	struct place place = {.base = (uintptr_t)info.dli_fbase};
	is_int(sum(), 0xcbf43926, "%s works", name);
	dl_iterate_phdr(measure, &place);
	linger_t call = launch(nothing, TO_COMPLETION, NULL); /* it becomes a part of the plan */
	if (!call.is_complete)
		bail("launch");
	dlclose(library);
	ok(place.high && !dlopen(path, RTLD_NOW | RTLD_NOLOAD), "it is gone");
	return place;
}

int main(void)
{
	plan(8);
	linger_t call = launch(nothing, TO_COMPLETION, NULL);
	ok(call.is_complete, "launched");
	(void)pass("libshutdown_norelro.so");
	struct place place = pass("libshutdown_relro.so");
	size_t bytes = (place.high - place.base + 4095) & ~(size_t)4095;
	char *mine = mmap((void *)place.base, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	ok(mine == (void *)place.base, "its place is taken by something else");
	is_int(inger_shutdown(), 0, "shutdown");
	memset(mine, 1, bytes);
	call = launch(nothing, TO_COMPLETION, NULL);
	memset(mine, 2, bytes);
	ok(call.is_complete, "which can be written still, also after the next launch");
	return done();
}
