/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_restart.c - blocking calls that only need to be made again when it was our signal that ended them.
 *
 * The kernel restarts most of them by itself (our handler has SA_RESTART) and never the rest (signal(7)). All have at
 * most six integer arguments and report EINTR by -1 and errno, so one wrapper serves them; rows of class Restarted in
 * package interpose. */
#include "shim.h"
#include <errno.h>

typedef long any_function(long, long, long, long, long, long);

__attribute__((noinline)) static long call_again(const char *name, any_function *real, long a, long b, long c, long d, long e, long f)
{
	SHIM_WAIT(name, a);
	for (;;) {
		struct shim_marks before = *shim_marks_here();
		long result = real(a, b, c, d, e, f);
		/* int functions leave the upper half open; no result of a long one has -1 in the lower half only. */
		if (SHIM_LIKELY((int)result != -1 || errno != EINTR || !shim_only_ours(&before)))
			return result;
	}
}

/* A function is resolved lazily because a constructor of another object may come first. */
__attribute__((noinline, cold)) static any_function *resolve(void *const *real)
{
	shim_resolve_all();
	return (any_function *)*real;
}

#define SHIM_RESTART(name)                                                                             \
	SHIM_SLOT(name);                                                                               \
	SHIM_EXPORT long shim_restart_##name(long, long, long, long, long, long) __asm__(#name);       \
	long shim_restart_##name(long a, long b, long c, long d, long e, long f)                       \
	{                                                                                              \
		any_function *real = (any_function *)shim_real_##name;                                 \
		if (SHIM_UNLIKELY(!real))                                                              \
			real = resolve(&shim_real_##name);                                             \
		return SHIM_LIKELY(!shim_tls.thread) ? real(a, b, c, d, e, f)                          \
						     : call_again(#name, real, a, b, c, d, e, f);             \
	}
#include "wrap_gen.h"
