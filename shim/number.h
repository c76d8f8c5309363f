/* SPDX-License-Identifier: Apache-2.0 */
/* number.h - the wrappers behind close(), mmap() and others, given the function that does it.
 *
 * A wrapper of a function ends in the next definition of that name. One that was reached by syscall() must end in the kernel:
 * the next definition may be another interposer's, which makes the system call by number, and would come back. */
#ifndef SHIM_NUMBER_H
#define SHIM_NUMBER_H

#include <stddef.h>
#include <sys/types.h>

typedef void *shim_map_function(void *, size_t, int, int, int, off_t);

/* wrap_map.c */
void *shim_map_by(shim_map_function *real, void *address, size_t bytes, int protection, int flags, int fd, off_t offset, const void *caller);
int shim_unmap_by(int (*real)(void *, size_t), void *address, size_t bytes);
void *shim_remap_by(void *(*real)(void *, size_t, size_t, int, ...), void *address, size_t bytes, size_t wanted, int flags, void *target,
		    const void *caller);
void *shim_attach_by(void *(*real)(int, const void *, int), int id, const void *address, int flags);
int shim_detach_by(int (*real)(const void *), const void *address);
/* wrap_fd.c; a copy's real function has three arguments */
int shim_close_by(int (*real)(int), int fd);
int shim_close_range_by(int (*real)(unsigned, unsigned, int), unsigned first, unsigned last, int flags);
int shim_copy_by(int (*real)(int, int, int), int from, int to, int flags);
int shim_pipe2_by(int (*real)(int[2], int), int pair[2], int flags);
int shim_socketpair_by(int (*real)(int, int, int, int[2]), int domain, int type, int protocol, int pair[2]);
/* wrap_process.c */
int shim_fcntl_by(int (*real)(int, int, ...), int fd, int command, void *argument);

#endif
