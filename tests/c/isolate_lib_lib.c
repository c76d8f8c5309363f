/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_lib_lib: libisolate_lib.so, see isolate_lib.h. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "isolate_lib.h"

static int counter;
static int made;
static char buffer[64];
static char *scratch; /* from the constructor */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static atomic_flag spin_lock = ATOMIC_FLAG_INIT;
static uint64_t words[64];
static int direction;

static long twice(long value) { return value * 2; }
static long square(long value) { return value * value; }
static long negative(long value) { return -value; }
/* Words that the linker relocates, and one of them that points at another. */
static long (*const operations[])(long) = { twice, square, negative };
static long (*const *chosen)(long) = &operations[0];

__attribute__((constructor)) static void make(void)
{
	made++;
	scratch = malloc(64);
}

void lib_start(int value) { counter = value; }
int lib_next(void) { return ++counter; }
const void *lib_place(void) { return &counter; }
int lib_made(void) { return scratch ? made : -1; }

const char *lib_text(const char *format, int value)
{
	snprintf(scratch, 64, format, value);
	return strcpy(buffer, scratch);
}

void lib_choose(int operation) { chosen = &operations[operation]; }
long lib_operate(long value) { return (*chosen)(value); }

static int compare(const void *left, const void *right)
{
	int a = *(const int *)left, b = *(const int *)right;
	return (a > b) - (a < b) == 0 ? 0 : ((a > b) ^ direction) ? 1 : -1;
}

void lib_sort(int *numbers, int count, int descending)
{
	direction = descending;
	qsort(numbers, (size_t)count, sizeof *numbers, compare);
}

const char *lib_word(char *text) { return strtok(text, " "); }

int lib_with_lock(void (*function)(void *), void *arg)
{
	if (pthread_mutex_trylock(&mutex) != 0)
		return EDEADLK;
	function(arg);
	pthread_mutex_unlock(&mutex);
	return 0;
}

int lib_spin(volatile int *held, volatile int *stop)
{
	if (atomic_flag_test_and_set(&spin_lock))
		return EDEADLK;
	*held = 1;
	while (!*stop)
		;
	atomic_flag_clear(&spin_lock);
	return 0;
}

int lib_chain(uint64_t seed, int steps, uint64_t *result)
{
	if (pthread_mutex_trylock(&mutex) != 0)
		return 0;
	for (int i = 0; i < 64; i++)
		words[i] = seed + (uint64_t)i;
	while (steps-- > 0)
		words[steps % 64] = words[(steps + 1) % 64] * 6364136223846793005u + words[(steps + 7) % 64];
	*result = words[0] ^ words[63];
	pthread_mutex_unlock(&mutex);
	return 1;
}
