/* SPDX-License-Identifier: Apache-2.0 */
/* deadline.c - inger_call(): a function with a deadline, made of launch(), resume() and cancel(). */
#include "shim.h"
#include <errno.h>
#include <sys/syscall.h>
#include "../include/inger.h"

SHIM_EXPORT int inger_call(void (*func)(void *), void *arg, uint64_t budget_us, const struct inger_attr *attr)
{
	uint64_t now = shim_monotonic_ns() / 1000, deadline = budget_us < SHIM_NEVER - now ? now + budget_us : SHIM_NEVER;
	pid_t process = shim_pid ? shim_pid : (pid_t)shim_syscall0(SYS_getpid); /* before the first launch it is not known yet */
	linger_t f = inger_launch_attr(func, budget_us, arg, attr);
	int error = ETIMEDOUT;

	if (!f.continuation)
		return f.is_complete ? 0 : errno;
	/* Paused by itself, or at the end of an outer call's slice. */
	while (!f.is_complete) {
		now = shim_monotonic_ns() / 1000;
		if (shim_pid != process)
			deadline = SHIM_NEVER; /* the child of a fork in it */
		if (now >= deadline)
			break;
		if (resume(&f, deadline == SHIM_NEVER ? TO_COMPLETION : deadline - now) != 0) {
			error = errno;
			break;
		}
	}
	if (f.is_complete)
		return 0;
	if (!f.continuation)
		return error; /* it faulted */
	if (cancel(&f) == 0)
		return error;
	error = errno;
	if (attr && attr->size >= offsetof(struct inger_attr, left) + sizeof attr->left && attr->left)
		*attr->left = f;
	return error;
}
