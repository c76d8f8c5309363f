/* SPDX-License-Identifier: Apache-2.0 */
/* late.h - the library opened by dlopen() long after main() began, by the names it exports. */
#ifndef LATE_H
#define LATE_H

#include <dlfcn.h>
#include "helpers.h"

static linger_t (*late_launch)(void (*)(void *), uint64_t, void *);
static int (*late_resume)(linger_t *, uint64_t);
static int (*late_cancel)(linger_t *);
static void (*late_pause)(void);

static void late_load(void)
{
	char path[4096];
	const char *build = getenv("BUILD");
	snprintf(path, sizeof path, "%s/libinger.so", build ? build : "build");
	void *library = dlopen(path, RTLD_NOW);
	if (!library) {
		diag("%s", dlerror());
		bail("dlopen");
	}
	late_launch = (linger_t (*)(void (*)(void *), uint64_t, void *))dlsym(library, "launch");
	late_resume = (int (*)(linger_t *, uint64_t))dlsym(library, "resume");
	late_cancel = (int (*)(linger_t *))dlsym(library, "cancel");
	late_pause = (void (*)(void))dlsym(library, "inger_pause");
	if (!late_launch || !late_resume || !late_cancel || !late_pause)
		bail("dlsym");
}

#endif
