/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_opener_lib: libisolate_opener.so, whose constructor opens another library beside it, as plugin hosts do. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static int (*next)(void);

__attribute__((constructor)) static void opens(void)
{
	Dl_info info;
	char path[4096];
	if (!dladdr((void *)opens, &info) || strlen(info.dli_fname) > sizeof path - 32)
		return;
	strcpy(path, info.dli_fname);
	strcpy(strrchr(path, '/') + 1, "libisolate_lib.so");
	void *library = dlopen(path, RTLD_NOW);
	if (library)
		next = (int (*)(void))dlsym(library, "lib_next");
}

int opener_next(void);
int opener_next(void) { return next ? next() : -1; }
