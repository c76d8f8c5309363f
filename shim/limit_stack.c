/* SPDX-License-Identifier: Apache-2.0 */
/* limit_stack.c - which memory is a thread's own stack, from /proc/self/maps.
 *
 * pthread_getattr_np() says it, too, but allocates and locks, and the first limited call of a thread may be in a handler that
 * has interrupted the allocator. */
#include "limit.h"
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#pragma GCC target("general-regs-only")

#define MAIN_STACK_MOST ((uint64_t)1 << 30)

uint64_t shim_limit_main_fs;

struct reader {
	int fd;
	long have, at;
	char bytes[1024];
};

static int next_byte(struct reader *r)
{
	if (r->at == r->have) {
		r->have = shim_syscall3(SYS_read, r->fd, r->bytes, sizeof r->bytes);
		r->at = 0;
	}
	return r->have > 0 ? (unsigned char)r->bytes[r->at++] : -1;
}

/* A hexadecimal number up to `end`, which is skipped; false: there is none. */
static bool number(struct reader *r, char end, uint64_t *value)
{
	int c;

	for (*value = 0; (c = next_byte(r)) >= 0 && c != end;) {
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
		*value = *value << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return c == end;
}

static bool mapping_of(uint64_t address, uint64_t *low, uint64_t *high)
{
	struct reader r = {.fd = (int)shim_syscall3(SYS_open, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0)};
	bool found = false;

	while (r.fd >= 0 && number(&r, '-', low) && number(&r, ' ', high)) {
		int c;
		found = address - *low < *high - *low;
		if (found)
			break;
		while ((c = next_byte(&r)) >= 0 && c != '\n')
			;
	}
	if (r.fd >= 0)
		shim_syscall1(SYS_close, r.fd);
	return found;
}

/* A thread's TCB is at the top of its stack's mapping (allocate_stack() in glibc's nptl); the first thread's stack grows, and
 * holds the program's arguments. */
bool shim_limit_find_stack(struct shim_limits *l, uint64_t fs)
{
	uint64_t low, high;
	struct rlimit limit = {MAIN_STACK_MOST, 0};

	if (fs != shim_limit_main_fs || !shim_argv) {
		if (!mapping_of(fs, &low, &high))
			return false;
		l->stack_low = low;
		l->stack_high = fs;
		return true;
	}
	if (!mapping_of((uint64_t)shim_argv, &low, &high))
		return false;
	(void)shim_syscall2(SYS_getrlimit, RLIMIT_STACK, &limit);
	uint64_t most = limit.rlim_cur < MAIN_STACK_MOST ? limit.rlim_cur : MAIN_STACK_MOST;
	l->stack_high = high;
	l->stack_low = high - most < low ? high - most : low;
	return true;
}
