/* SPDX-License-Identifier: Apache-2.0 */
/* own_file.c - closing what streams and directories a cancelled call has left open.
 *
 * Runs on the call's TCB. Nothing is written, nothing of the program is called, and nothing waits: a stream that the call has
 * locked is closed in spite of it, and the child of popen() is waited for by a thread of its own. */
#include "stream.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <sys/syscall.h>

#define WAITER_STACK_BYTES ((size_t)64 << 10)

extern void *shim_real_fclose, *shim_real_pclose, *shim_real_closedir;

static void close_now(FILE *f)
{
	(void)((int (*)(FILE *))shim_real_fclose)(f);
}

static void *wait_for_child(void *stream)
{
	(void)((int (*)(FILE *))shim_real_pclose)(stream); /* closes the pipe first */
	return NULL;
}

/* The thread is started from the kernel thread's own TCB. Not inlined, and nothing thread-local is used in between: the
 * compiler may keep the address of a thread-local variable, but not across a call. */
__attribute__((noinline)) static int start_waiter(FILE *f)
{
	return shim_thread_start_with(wait_for_child, f, WAITER_STACK_BYTES);
}

__attribute__((noinline)) static void close_pipe(FILE *f)
{
	const struct shim_thread *t = shim_tls.thread;
	uint64_t here = shim_fs();

	if (t)
		shim_set_fs(t->fs);
	int error = start_waiter(f);
	if (t)
		shim_set_fs(here);
	if (!error)
		return;
	/* The child sees the end at least. The stream is in libc's list of children. */
	long null = shim_syscall4(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0);
	if (null >= 0) {
		shim_syscall3(SYS_dup3, null, f->_fileno, O_CLOEXEC);
		shim_syscall1(SYS_close, null);
	}
}

/* libc's record of a stream goes on behind what the header shows: the word there that is `value`. */
static uint64_t *word_behind(FILE *f, uint64_t value)
{
	uint64_t *end = (uint64_t *)((char *)f + shim_usable(f));

	for (uint64_t *word = (uint64_t *)(f + 1); word + 1 < end; word++)
		if (*word == value)
			return word;
	return NULL;
}

/* As libc keeps pointers to functions (PTR_MANGLE). */
static uint64_t mangled(uint64_t value)
{
	uint64_t guard;

	__asm__("movq %%fs:0x30, %0" : "=r"(guard));
	value ^= guard;
	return value << 17 | value >> 47;
}

/* A stream in memory: text and length go to variables that may not be there any more. They follow each other. */
static void close_text(FILE *f, uint64_t to)
{
	void *text = NULL;
	size_t bytes = 0;
	uint64_t *place = word_behind(f, to);

	if (!place)
		return; /* no libc that we know: rather leave it than write to who knows what */
	place[0] = (uint64_t)&text;
	place[1] = (uint64_t)&bytes;
	close_now(f);
	((void (*)(void *))shim_outer_free)(text);
}

void own_close_stream(enum own_kind kind, void *file, uint64_t extra)
{
	FILE *f = file;

	__fsetlocking(f, FSETLOCKING_BYCALLER);
	if (kind == OWN_TEXT_STREAM) {
		close_text(f, extra);
		return;
	}
	__fpurge(f);
	if (kind == OWN_PIPE_STREAM) {
		close_pipe(f);
		return;
	}
	if (extra == OWN_FOREIGN) {
		f->_fileno = -1;
	} else if (extra) {
		/* fopencookie(): nothing of the program is called. Before the functions, of which the last closes, is the cookie. */
		uint64_t *place = word_behind(f, mangled(extra));
		if (place)
			shim_cookie_forget((void *)place[-4]);
	}
	close_now(f);
}

void own_close_directory(void *directory)
{
	(void)((int (*)(DIR *))shim_real_closedir)(directory);
}
