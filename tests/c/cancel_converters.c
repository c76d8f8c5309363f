/* SPDX-License-Identifier: Apache-2.0 */
/* cancel_converters: converters of iconv_open() go with the function that is cancelled, and no others. */
#include <iconv.h>
#include <string.h>
#include "cancel.h"

#define ROUNDS 100

static iconv_t volatile made;

static bool converts(iconv_t converter)
{
	char in[] = "\xe4", out[8] = "", *from = in, *to = out;
	size_t left = 1, room = sizeof out;
	return iconv(converter, &from, &left, &to, &room) == 0 && strcmp(out, "\xc3\xa4") == 0;
}

static iconv_t open_one(void)
{
	iconv_t converter = iconv_open("UTF-8", "ISO-8859-1");
	if (converter == (iconv_t)-1)
		bail("iconv_open");
	return converter;
}

static void opens(void *arg)
{
	(void)arg;
	for (int i = 0; i < 3; i++)
		made = open_one();
	iconv_close(made);
	inger_pause();
}
static void closes_the_programs(void *arg)
{
	iconv_close(arg);
	inger_pause();
}
static void completes(void *arg)
{
	*(iconv_t *)arg = open_one();
}
static void keeps(void *arg)
{
	made = open_one();
	if (inger_keep(made) != 0)
		made = NULL;
	(void)arg;
	inger_pause();
}

static void cancelled(void (*function)(void *), void *arg, uint32_t isolation)
{
	linger_t call = start(function, arg, isolation);
	end(&call);
}

static void rounds(uint32_t isolation, const char *name)
{
	for (int i = 0; i < 20; i++)
		cancelled(opens, NULL, isolation);
	long before = heap_kib();
	for (int i = 0; i < ROUNDS; i++)
		cancelled(opens, NULL, isolation);
	/* One of them has more than ten; a libset or two may wait. */
	ok(heap_kib() - before < 200, "%s: %d cancels leave %ld KiB", name, ROUNDS, heap_kib() - before);
}

int main(void)
{
	heap_without_cache();
	plan(6);
	rounds(INGER_SHARED, "shared");
	rounds(INGER_ISOLATED, "isolated");

	iconv_t own = open_one(), closed = open_one();
	cancelled(closes_the_programs, closed, INGER_SHARED);
	ok(converts(own), "the program's own converter works");
	iconv_close(own);

	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = INGER_SHARED;
	iconv_t result = NULL;
	linger_t call = inger_launch_attr(completes, TO_COMPLETION, &result, &attr);
	cancelled(opens, NULL, INGER_SHARED);
	ok(call.is_complete && converts(result), "what a completed function has opened stays");
	iconv_close(result);

	cancelled(keeps, NULL, INGER_SHARED);
	ok(made && converts(made), "what is kept stays");
	iconv_close(made);
	is_int(further(20), 20, "further calls are right");
	return done();
}
