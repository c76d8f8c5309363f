/* SPDX-License-Identifier: Apache-2.0 */
/* loader_locks_lib - a library whose parts must all be right from the first call on: relocated words, thread-local variables that
 * begin with an address, state of its own. Its constructor and destructor do what the program says. */
#include <stddef.h>

#ifndef WORDS
#define WORDS 64 /* relocated words: how long the linker has to do */
#endif
#ifndef NAME
#define NAME(function) plugin_##function
#endif

/* Not there in a namespace of the library's own. */
extern void (*program_constructor)(void) __attribute__((weak)), (*program_destructor)(void) __attribute__((weak));

static int anchor, count;
#ifdef PLAIN
static int *first = &anchor, *second = &anchor;
#else
static __thread int *first __attribute__((tls_model("initial-exec"))) = &anchor;
static __thread int *second = &anchor;
#endif
static int *words[] = {[0 ... WORDS - 1] = &anchor};

int NAME(is_right)(void);
int NAME(is_right)(void)
{
	for (size_t i = 0; i < WORDS; i++)
		if (words[i] != &anchor)
			return 0;
	return first == &anchor && second == &anchor;
}

/* For a copy: dynamic thread-local variables begin with the original's values there (docs/limits.md). */
void NAME(ask)(void *right);
void NAME(ask)(void *right)
{
	*(int *)right = words[0] == &anchor && words[WORDS - 1] == &anchor && first == &anchor;
}

int NAME(spoil)(void);
int NAME(spoil)(void)
{
	first = second = NULL;
	return ++count;
}

int NAME(bump)(void);
int NAME(bump)(void)
{
	return ++count;
}

__attribute__((constructor)) static void begin(void)
{
	if (&program_constructor && program_constructor)
		program_constructor();
}

__attribute__((destructor)) static void end(void)
{
	if (&program_destructor && program_destructor)
		program_destructor();
}
