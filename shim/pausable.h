/* SPDX-License-Identifier: Apache-2.0 */
/* pausable.h - system calls that may block and whose result has to be recorded before any pause. */
#ifndef SHIM_PAUSABLE_H
#define SHIM_PAUSABLE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct shim_call;

#define SHIM_PAUSE_DUE LONG_MIN

/* pausable_amd64.S */
long shim_pausable_syscall(struct shim_call *call, uint64_t section, long number, const long arguments[6]);
extern char shim_pausable_begin[] __attribute__((visibility("hidden")));
extern char shim_pausable_at[] __attribute__((visibility("hidden")));

/* In a deferred section that `call` has begun: made again after our signals. The result, or a negative errno. */
long shim_pausable(struct shim_call *call, long number, const long arguments[6]);
/* The same on a socket (the first argument) that SO_RCVTIMEO may give a timeout. */
long shim_pausable_receive(struct shim_call *call, long number, const long arguments[6]);

/* recvmmsg(`many`) or recvmsg(`one`) with room for descriptors; false: the call owns nothing here, nothing is received. */
struct msghdr;
struct mmsghdr;
struct timespec;
bool shim_receive_owned(long number, int fd, struct mmsghdr *many, struct msghdr *one, unsigned count, int flags,
			struct timespec *timeout, long *result);

/* wrap_number.c: a system call by number that makes or ends what a call owns; false: it is none, and has not been made. */
bool shim_number_owned(long number, const long a[6], long *result, const void *caller);

#endif
