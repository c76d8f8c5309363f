/* SPDX-License-Identifier: Apache-2.0 */
/* number_hook_lib.c - mmap() and munmap() of a library's own that go on by syscall(), as tcmalloc's do. */
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

int number_hook_seen; /* what passed here */
static __thread int depth;

void *mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
	if (++depth > 8)
		_exit(99); /* it comes back to us for ever */
	number_hook_seen++;
	void *made = (void *)syscall(SYS_mmap, at, bytes, protection, flags, fd, offset);
	depth--;
	return made;
}

int munmap(void *at, size_t bytes)
{
	if (++depth > 8)
		_exit(99);
	number_hook_seen++;
	int result = (int)syscall(SYS_munmap, at, bytes);
	depth--;
	return result;
}
