/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_lib.h - a library as they were written before threads: all its state is static. */
#ifndef ISOLATE_LIB_H
#define ISOLATE_LIB_H

#include <stdint.h>

/* A counter: set, and count. */
void lib_start(int value);
int lib_next(void);

/* The address of that counter. */
const void *lib_place(void);

/* How often the library has been initialised: 1. */
int lib_made(void);

/* A text in the library's buffer. */
const char *lib_text(const char *format, int value);

/* An operation that stays chosen, and a value that it is done to. */
void lib_choose(int operation);
long lib_operate(long value);

/* Sorts by a comparison of the library's own, whose direction is static as well. */
void lib_sort(int *numbers, int count, int descending);

/* The next word of a text that an earlier call gave; by strtok(). */
const char *lib_word(char *text);

/* Call back with the library's mutex held. Returns EDEADLK instead of waiting for a mutex that is held: nobody could
 * give it back while one waits. */
int lib_with_lock(void (*function)(void *), void *arg);

/* Take the library's spin lock, set *held, give it back when *stop is set. Returns EDEADLK as above. */
int lib_spin(volatile int *held, volatile int *stop);

/* A chain of steps through static words, with the mutex held. Returns false instead of waiting for it. */
int lib_chain(uint64_t seed, int steps, uint64_t *result);

#endif
