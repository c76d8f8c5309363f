/* SPDX-License-Identifier: Apache-2.0 */
/* libraries.c - dlopen() of real and generated libraries. */
#include "libraries.h"

#include <dlfcn.h>
#include <stdio.h>

#include "harness.h"

static const char *const well_known[] = {
	"libpng16.so.16", "libjpeg.so.62", "libz.so.1", "libsqlite3.so.0", "libstdc++.so.6",
};

void libraries_open_one(const char *name) {
	char relative[64];
	snprintf(relative, sizeof(relative), "lib/%s", name);
	const char *path = in_directory_of_exe(relative);
	if (!dlopen(path, RTLD_NOW | RTLD_LOCAL))
		die("open a library", dlerror(), 0);
}

void libraries_open(unsigned wanted) {
	unsigned opened = 0;
	for (size_t i = 0; i < sizeof(well_known) / sizeof(*well_known) && opened < wanted; i++)
		opened += dlopen(well_known[i], RTLD_NOW | RTLD_LOCAL) != NULL;
	for (unsigned i = 0; opened < wanted; i++, opened++) {
		char name[32];
		snprintf(name, sizeof(name), "fill_%u.so", i);
		libraries_open_one(name);
	}
}
