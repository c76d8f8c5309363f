/* SPDX-License-Identifier: Apache-2.0 */
/* own_malloc_inside.c - one run of own_malloc.t: own_malloc_inside refused|launched|main, without a word and with status 0
 * when it is as it says. With LIBC_MALLOC the heap is whoever's the program is built with. */
#include "inger.h"
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef LIBC_MALLOC
/* A heap under a lock that does not know its holder: who comes in again, from between two instructions of it, ends the
 * process. free() gives nothing back. */
static char pool[64 << 20] __attribute__((aligned(16)));
static size_t used;
static volatile int busy;

void *malloc(size_t bytes)
{
	if (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE))
		abort();
	size_t at = used + 16;
	used = at + ((bytes + 15) & ~(size_t)15);
	if (used > sizeof pool)
		abort();
	*(size_t *)(pool + at - 16) = bytes;
	for (volatile int i = 0; i < 300; i++)
		;
	__atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
	return pool + at;
}

void free(void *block)
{
	if (block && ((char *)block < pool || (char *)block >= pool + sizeof pool))
		abort();
}

void *calloc(size_t count, size_t bytes)
{
	return malloc(count * bytes); /* nothing is used twice */
}

void *realloc(void *block, size_t bytes)
{
	void *moved = malloc(bytes);
	if (block) {
		size_t had = ((size_t *)block)[-2];
		memcpy(moved, block, had < bytes ? had : bytes);
	}
	return moved;
}
#endif

static int wrong;

static void check(int good, const char *what)
{
	if (good)
		return;
	wrong = 1;
	fprintf(stderr, "wrong: %s (errno %d)\n", what, errno);
}
#define CHECK(...) check((__VA_ARGS__), #__VA_ARGS__)

static void some(void *arg)
{
	void *blocks[50];

	for (size_t i = 0; i < 50; i++)
		blocks[i] = malloc(i * 37 + 1);
	for (size_t i = 0; i < 50; i++)
		free(blocks[i]);
	++*(int *)arg;
}

static int ran;

static void launches(int refused, unsigned isolation)
{
	typeof(inger_launch_attr) *run = (typeof(run))dlsym(RTLD_DEFAULT, "inger_launch_attr");
	typeof(inger_strerror) *reason = (typeof(reason))dlsym(RTLD_DEFAULT, "inger_strerror");
	struct inger_attr attributes = INGER_ATTR_INIT;
	int before = ran;

	attributes.isolation = isolation;
	CHECK(run && reason);
	for (int i = 0; run && i < 3; i++) {
		errno = 0;
		linger_t call = run(some, TO_COMPLETION, &ran, &attributes);
		if (!refused) {
			CHECK(call.is_complete);
			continue;
		}
		CHECK(!call.is_complete && !call.continuation && errno == ENOTSUP);
		const char *text = reason(errno);
		CHECK(text && (strstr(text, "malloc") || strstr(text, "ThreadSanitizer")));
	}
	CHECK(ran == before + (refused ? 0 : 3));
}

/* What a slice's end may fall into. */
static void work(void)
{
	for (int i = 0; i < 2000; i++) {
		char *text = NULL;
		CHECK(asprintf(&text, "%d %s", i, "hello") > 0);
		text = realloc(text, 100);
		CHECK(atoi(text) == i);
		free(text);
		free(strdup("words"));
	}
}

int main(int count, char **arguments)
{
	if (count != 2)
		return 2;
	if (strcmp(arguments[1], "main") == 0) {
		work();
		return wrong;
	}
	for (unsigned isolation = 0; isolation < 2; isolation++)
		launches(strcmp(arguments[1], "refused") == 0, isolation ? INGER_SHARED : INGER_ISOLATED);
	return wrong;
}
