/* SPDX-License-Identifier: Apache-2.0 */
/* cancel_databases: what a libset's own copy of libc has open and has allocated, for users, groups and protocols, goes with the
 * libset when a function that was reading them is cancelled. */
#include <grp.h>
#include <malloc.h>
#include <netdb.h>
#include <pwd.h>
#include "helpers.h"

#define CANCELS 60

static void read_databases(void *arg)
{
	(void)arg;
	setpwent();
	(void)getpwent();
	(void)getgrent();
	(void)getprotoent();
	inger_pause();
}

static void nothing(void *arg)
{
	(void)arg;
}

static size_t heap_in_use(void)
{
	struct mallinfo2 info = mallinfo2();
	return info.uordblks + info.hblkhd;
}

static bool cancel_some(int times)
{
	for (int i = 0; i < times; i++) {
		linger_t call = launch(read_databases, TO_COMPLETION, NULL);
		if (!call.yielded || cancel(&call) != 0)
			return false;
	}
	return true;
}

int main(void)
{
	setenv("INGER_LIBSETS", "0", 1);
	plan(4);
	linger_t first = launch(nothing, TO_COMPLETION, NULL);
	if (!first.is_complete)
		bail("launch");
	long without = count_descriptors(); /* with those that the library has for itself */
	linger_t reading = launch(read_databases, TO_COMPLETION, NULL);
	ok(reading.yielded && count_descriptors() > without, "a paused function has databases open");
	if (cancel(&reading) != 0 || !cancel_some(CANCELS))
		bail("cancel");
	ok(settles(count_descriptors, without), "%d cancelled ones have none", CANCELS + 1);
	size_t before = heap_in_use();
	ok(cancel_some(CANCELS) && settles(count_descriptors, without), "%d more", CANCELS);
	size_t after = heap_in_use();
	ok(after < before + CANCELS * 4096 / 2, "and what they allocated is given back (%zd bytes left)", (ssize_t)(after - before));
	return done();
}
