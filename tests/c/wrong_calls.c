/* SPDX-License-Identifier: Apache-2.0 */
/* wrong_calls: a caller's mistake gives the errno that inger.h names, and never a crash. */
#include <sys/mman.h>
#include "helpers.h"

static int stop;
static void nothing(void *arg) { (void)arg; }

/* The whole contract of a failed call, in one test. */
#define fails_with(error, expression, what) do { \
		errno = 0; \
		int result_ = (expression); \
		int errno_ = errno; \
		if (result_ != -1 || errno_ != (error)) \
			diag("result %d, errno %d (%s)", result_, errno_, strerror(errno_)); \
		ok(result_ == -1 && errno_ == (error), "%s gives " #error, what); \
	} while (0)

static int launched(linger_t call) { return call.continuation || call.is_complete ? 0 : -1; }
static int launch_attr(struct inger_attr *attr) { return launched(inger_launch_attr(nothing, 1000, NULL, attr)); }

/* A later version's struct: known fields, then a tail this library does not know. */
struct later_attr {
	struct inger_attr known;
	char tail[64];
};

int main(void)
{
	plan(31);
	fails_with(EINVAL, launched(launch(NULL, 1000, NULL)), "launch of a null function");
	fails_with(EINVAL, launched(launch(NULL, 0, NULL)), "launch of a null function with a budget of 0");
	fails_with(EINVAL, launched(inger_launch_attr(NULL, 1000, NULL, NULL)), "inger_launch_attr of a null function");
	fails_with(EINVAL, resume(NULL, 1000), "resume of NULL");
	fails_with(EINVAL, cancel(NULL), "cancel of NULL");

	linger_t failed = launch(NULL, 1000, NULL);
	fails_with(EINVAL, resume(&failed, 1000), "resume of a call that failed to launch");
	fails_with(EINVAL, cancel(&failed), "cancel of a call that failed to launch");

	linger_t call = launch(spin, 100, &stop), copy = call;
	ok(call.continuation && !call.is_complete, "a paused call to try on");
	is_int(cancel(&call), 0, "cancel of a paused call succeeds");
	ok(!call.continuation && !call.is_complete, "cancel leaves no continuation");
	fails_with(EINVAL, cancel(&call), "cancel twice");
	fails_with(EINVAL, resume(&call, 1000), "resume of a cancelled call");
	fails_with(EINVAL, resume(&copy, 1000), "resume of a stale copy of a cancelled call");
	fails_with(EINVAL, cancel(&copy), "cancel of a stale copy of a cancelled call");

	/* The stack and TCB of the cancelled call are likely those of the next one: the copy must not name that. */
	call = launch(spin, 100, &stop);
	fails_with(EINVAL, resume(&copy, 100), "resume of a stale copy after the call's place was taken again");
	fails_with(EINVAL, cancel(&copy), "cancel of a stale copy after the call's place was taken again");
	copy = call;
	stop = 1;
	is_int(resume(&call, TO_COMPLETION), 0, "the new call is not touched by that");
	fails_with(EINVAL, resume(&copy, 1000), "resume of a stale copy of a complete call");
	fails_with(EINVAL, cancel(&copy), "cancel of a stale copy of a complete call");

	static char readable[4096];
	linger_t foreign = { .continuation = readable };
	fails_with(EINVAL, resume(&foreign, 1000), "resume of a foreign continuation");
	fails_with(EINVAL, cancel(&foreign), "cancel of a foreign continuation");
	void *gone = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(gone, 4096);
	const uintptr_t wild[] = { 1, 8, (uintptr_t)gone, UINTPTR_MAX, 0xdead000000000000u, (uintptr_t)1 << 47, 0xfffffff0u };
	int refused = 0;
	for (size_t i = 0; i < sizeof wild / sizeof *wild; i++) {
		foreign = (linger_t){ .continuation = (void *)wild[i] };
		refused += resume(&foreign, 1000) == -1 && errno == EINVAL;
		foreign = (linger_t){ .continuation = (void *)wild[i] };
		refused += cancel(&foreign) == -1 && errno == EINVAL;
	}
	is_int(refused, 2 * sizeof wild / sizeof *wild, "wild pointers are refused, not followed");

	struct inger_attr attr = INGER_ATTR_INIT;
	attr.size = 0;
	fails_with(EINVAL, launch_attr(&attr), "an attribute size of 0");
	attr.size = 4;
	fails_with(EINVAL, launch_attr(&attr), "an attribute size below the first version's");
	struct later_attr later = { .known = { .size = sizeof later } };
	is_int(launch_attr(&later.known), 0, "a later, longer struct with a zero tail is accepted");
	later.tail[63] = 1;
	fails_with(EINVAL, launch_attr(&later.known), "a later, longer struct with a non-zero tail");
	attr = (struct inger_attr)INGER_ATTR_INIT;
	attr.stack_bytes = ((size_t)1 << 40) + 1;
	fails_with(EINVAL, launch_attr(&attr), "a stack beyond 1 TiB");
	attr.stack_bytes = SIZE_MAX;
	fails_with(EINVAL, launch_attr(&attr), "a stack of SIZE_MAX");
	attr.stack_bytes = 1;
	is_int(launch_attr(&attr), 0, "a stack of 1 byte is rounded up");
	call = launch(nothing, TO_COMPLETION, NULL);
	ok(call.is_complete, "launch works after all these");
	ok(inger_version() && inger_version()[0] >= '0' && inger_version()[0] <= '9', "inger_version() is a version");
	return done();
}
