/* SPDX-License-Identifier: Apache-2.0 */
/* table.c - the works and the ways of this program. Compiled twice: the library that is measured must not be in the program
 * of the others. */
#include <stdlib.h>
#include <string.h>

#include "../harness.h"
#include "ways.h"

extern const struct work work_png, work_sqlite, work_pcre2, work_zlib, work_lua;

const struct work *const instead_works[] = { &work_png, &work_sqlite, &work_pcre2, &work_zlib, &work_lua, NULL };

#ifdef WITH_INGER
const struct way *const instead_ways[] = { &way_inger_isolated, &way_inger_shared, NULL };

void pool_serve(const struct work *work) { die("serve a pool", work->name, 0); }
#else
const struct way *const instead_ways[] = {
	&way_direct, &way_pthread_cancel, &way_pthread_cancel_deferred, &way_thread_leak, &way_fork,
	&way_setitimer_siglongjmp, &way_posix_spawn_pool, &way_ucontext,
#ifdef WITH_PTH
	&way_pth,
#endif
	NULL,
};
#endif

const struct work *work_named(const char *name) {
	for (size_t i = 0; instead_works[i]; i++)
		if (!strcmp(instead_works[i]->name, name))
			return instead_works[i];
	die("choose a work", name, 0);
}

const char *work_directory(void) {
	const char *directory = getenv("INSTEAD_DIRECTORY");
	return directory ? directory : ".";
}
