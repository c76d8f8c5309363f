/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_thread.c - functions that take a pthread_t.
 *
 * pthread_self() in a call is the address of the call's TCB, which libc has on none of its lists. Asked about it, we
 * answer for the kernel thread that runs the call; its stack is the call's own. */
#include "lock.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <threads.h>
#include <time.h>

SHIM_SLOT(pthread_kill);
SHIM_SLOT(pthread_sigqueue);
SHIM_SLOT(pthread_getattr_np);
SHIM_SLOT(pthread_setname_np);
SHIM_SLOT(pthread_getname_np);
SHIM_SLOT(pthread_setaffinity_np);
SHIM_SLOT(pthread_getaffinity_np);
SHIM_SLOT(pthread_setschedparam);
SHIM_SLOT(pthread_getschedparam);
SHIM_SLOT(pthread_setschedprio);
SHIM_SLOT(pthread_getcpuclockid);
SHIM_SLOT(pthread_gettid_np);
SHIM_SLOT(pthread_join);
SHIM_SLOT(pthread_tryjoin_np);
SHIM_SLOT(pthread_clockjoin_np);
SHIM_SLOT(pthread_detach);
SHIM_SLOT(pthread_cancel);
SHIM_SLOT(pthread_exit);

/* Only a thread that is in a call can have got hold of a call's pthread_t without passing through here. */
static pthread_t carrier(pthread_t thread)
{
	uint64_t own = thread ? shim_carrier_of((const void *)thread) : 0;

	return own ? (pthread_t)own : thread;
}

#define FORWARD(name, parameters, type, arguments)                       \
	SHIM_EXPORT int name parameters                                  \
	{                                                                \
		struct shim_call *call = shim_tls.call;                  \
		bool deferred = shim_defer_begin(call, SHIM_FRAME);      \
		int result = SHIM_REAL(int(*) type, name) arguments;     \
		shim_defer_end(call, deferred);                          \
		return result;                                           \
	}

FORWARD(pthread_kill, (pthread_t thread, int sig), (pthread_t, int), (carrier(thread), sig))
FORWARD(pthread_sigqueue, (pthread_t thread, int sig, const union sigval value), (pthread_t, int, const union sigval),
	(carrier(thread), sig, value))
FORWARD(pthread_setname_np, (pthread_t thread, const char *name), (pthread_t, const char *), (carrier(thread), name))
FORWARD(pthread_getname_np, (pthread_t thread, char *name, size_t bytes), (pthread_t, char *, size_t), (carrier(thread), name, bytes))
FORWARD(pthread_setaffinity_np, (pthread_t thread, size_t bytes, const cpu_set_t *set), (pthread_t, size_t, const cpu_set_t *),
	(carrier(thread), bytes, set))
FORWARD(pthread_getaffinity_np, (pthread_t thread, size_t bytes, cpu_set_t *set), (pthread_t, size_t, cpu_set_t *),
	(carrier(thread), bytes, set))
FORWARD(pthread_setschedparam, (pthread_t thread, int policy, const struct sched_param *param), (pthread_t, int, const struct sched_param *),
	(carrier(thread), policy, param))
FORWARD(pthread_getschedparam, (pthread_t thread, int *policy, struct sched_param *param), (pthread_t, int *, struct sched_param *),
	(carrier(thread), policy, param))
FORWARD(pthread_setschedprio, (pthread_t thread, int priority), (pthread_t, int), (carrier(thread), priority))
FORWARD(pthread_getcpuclockid, (pthread_t thread, clockid_t *clock), (pthread_t, clockid_t *), (carrier(thread), clock))
pid_t pthread_gettid_np(pthread_t thread); /* since glibc 2.42 */
FORWARD(pthread_gettid_np, (pthread_t thread), (pthread_t), (carrier(thread)))
FORWARD(pthread_detach, (pthread_t thread), (pthread_t), (carrier(thread)))
FORWARD(pthread_cancel, (pthread_t thread), (pthread_t), (carrier(thread)))
FORWARD(pthread_tryjoin_np, (pthread_t thread, void **value), (pthread_t, void **), (carrier(thread), value))

SHIM_EXPORT int pthread_getattr_np(pthread_t thread, pthread_attr_t *attr)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	int error = SHIM_REAL(int (*)(pthread_t, pthread_attr_t *), pthread_getattr_np)(carrier(thread), attr);

	if (!error && call && !call->adopted && (uint64_t)thread == call->fs)
		error = pthread_attr_setstack(attr, call->stack_low, (size_t)(call->stack_top - (uint64_t)call->stack_low));
	shim_defer_end(call, deferred);
	return error;
}

/* pthread_join() ends in libc's list of stacks, under the lock that pthread_create() takes, and while it waits it is noted in the
 * thread as the one that does. A call must be paused in neither: others could start no thread, and once it was cancelled nobody
 * could join that one. So it joins as it takes a lock (wrap_lock.c): in deferred sections that last to the end of the slice
 * at most, and that libc leaves as if nobody had come. */
static int join(pthread_t thread, void **value, clockid_t clock, const struct timespec *until)
{
	int (*plain)(pthread_t, void **) = SHIM_REAL(int (*)(pthread_t, void **), pthread_join);
	int (*timed)(pthread_t, void **, clockid_t, const struct timespec *) =
		SHIM_REAL(int (*)(pthread_t, void **, clockid_t, const struct timespec *), pthread_clockjoin_np);

	if (shim_tls.call && carrier(thread) != thread)
		return EDEADLK;
	SHIM_WAIT("pthread_join", (void *)thread);
	for (;;) {
		struct shim_call *call = shim_tls.call; /* also main() under `inger run`: the other side starts threads */
		struct timespec end;
		bool began = call && shim_defer_begin_as(call, SHIM_FRAME, "pthread_join"), slice_over = false;
		bool ends = call && hold_slice_end(call, began, &end);
		int error;

		if (until && (!ends || hold_is_earlier(clock, until, &end))) {
			error = timed(thread, value, clock, until);
		} else if (ends) {
			error = timed(thread, value, CLOCK_MONOTONIC, &end);
			slice_over = error == ETIMEDOUT;
		} else {
			error = plain(thread, value);
		}
		if (slice_over)
			call->pending = 1; /* the signal may be a little late */
		if (call)
			shim_defer_end(call, began);
		if (!slice_over)
			return error;
	}
}

SHIM_EXPORT int pthread_join(pthread_t thread, void **value)
{
	return join(thread, value, 0, NULL);
}

SHIM_EXPORT int pthread_timedjoin_np(pthread_t thread, void **value, const struct timespec *until)
{
	return join(thread, value, CLOCK_REALTIME, until);
}

SHIM_EXPORT int pthread_clockjoin_np(pthread_t thread, void **value, clockid_t clock, const struct timespec *until)
{
	return join(thread, value, clock, until);
}

/* In a call: the call's cleanup handlers run, it ends as if it had returned, and the thread exits from where it called
 * launch() or resume(), since libc keeps the thread's start on the thread's own stack. */
SHIM_EXPORT _Noreturn void pthread_exit(void *value)
{
	void (*real)(void *) = SHIM_REAL(void (*)(void *), pthread_exit);
	struct shim_call *call = shim_tls.call;

	if (call && !call->adopted)
		shim_tcb_exit(call, value, real);
	real(value);
	__builtin_unreachable();
}

/* ---- C11 */

SHIM_SLOT(thrd_exit);
SHIM_SLOT(thrd_join);

SHIM_EXPORT _Noreturn void thrd_exit(int result)
{
	pthread_exit((void *)(intptr_t)result);
}

SHIM_EXPORT int thrd_join(thrd_t thread, int *result)
{
	void *value;
	int error = pthread_join(thread, &value);

	if (!error && result)
		*result = (int)(intptr_t)value;
	return error == 0 ? thrd_success : thrd_error;
}
