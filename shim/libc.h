/* SPDX-License-Identifier: Apache-2.0 */
/* libc.h - which C libraries this is for. */
#ifndef SHIM_LIBC_H
#define SHIM_LIBC_H

#include <features.h>
#include <stdbool.h>

/* The first release with _dl_find_object(), by which exceptions find their way through calls; interpose/releases.go. */
#define SHIM_GLIBC_OLDEST 35

#if !defined __GLIBC__ || __GLIBC__ != 2 || __GLIBC_MINOR__ < SHIM_GLIBC_OLDEST
#error "libinger needs glibc 2.35 or later: this C library is older, or another one."
#include "shim/ends-the-compilation-here.h" /* lest dozens of errors about what such a libc has not follow */
#endif

/* A wrapper for a function that has none by its name: `real` and `name` are filled in when there is one (stubs_amd64.S). */
struct shim_spare {
	void *real;
	void *wrapper;
	const char *name;
};
extern struct shim_spare __start_shim_spares[] __attribute__((visibility("hidden")));
extern struct shim_spare __stop_shim_spares[] __attribute__((visibility("hidden")));

/* What is known of the running libc; 0, or -1 and ENOSYS with a message. libc.c */
int shim_libc_check(void);
extern bool shim_libc_waits_in_common; /* its cancellable functions make their system call in one place (2.41 and later) */

#endif
