/* SPDX-License-Identifier: Apache-2.0 */
/* modules.h - the thread-local variables of the loaded objects: what a call's TCB has to begin with. */
#ifndef SHIM_MODULES_H
#define SHIM_MODULES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gotcha_set;
struct link_map;

struct shim_module {
	size_t id;
	const struct link_map *map;
	const char *image; /* in the object; only to tell objects and libsets' copies by: the object may be gone */
	const char *values; /* what was there when the object was complete; never freed */
	size_t image_bytes, bytes;
	int64_t offset; /* of a static block from the FS base; 0: dynamic */
	bool keep;      /* libc's in a second namespace: it holds per-thread caches, and begins once for each TCB */
};

/* Modules but for those of libc, the linker and ours in the base namespace, which hold per-thread caches and are always there. A
 * table is never changed and never freed: a launch reads it without a lock while objects come and go. */
struct shim_modules {
	struct shim_modules *older;
	uint32_t count;
	struct shim_module list[];
};
extern const struct shim_modules *_Atomic shim_modules;

bool shim_modules_init(size_t static_bytes); /* false: not a known glibc */
/* Gives a block its initial values. Those of a libset's own copy may point into that copy. */
void shim_module_begin(const struct shim_module *m, char *block, const struct gotcha_set *set);

#endif
