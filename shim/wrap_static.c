/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_static.c - functions of libc whose static result or state is all that keeps two callers apart: inside a libset they
 * get the libset's, and run in the starting libset's libc like their reentrant forms, as deferred sections.
 *
 * A copy of libc would serve as well for the result, but not for what these functions do besides: conversions hang their
 * tables on the locale's data, which all libsets share, and a time zone's name must not point into a copy. */
#include "shim.h"
#include "../gotcha/libset.h"
#include <time.h>
#include <uchar.h>
#include <wchar.h>

SHIM_SLOT(localtime);
SHIM_SLOT(localtime_r);
SHIM_SLOT(gmtime);
SHIM_SLOT(gmtime_r);
SHIM_SLOT(ctime);
SHIM_SLOT(ctime_r);
SHIM_SLOT(tzset);

typedef struct tm *split(const time_t *);
typedef struct tm *split_into(const time_t *, struct tm *);

/* The functions without a buffer look at TZ each time, those with one only the first time. */
static void read_zone(void)
{
	SHIM_REAL(void (*)(void), tzset)();
}

SHIM_EXPORT struct tm *localtime(const time_t *t)
{
	struct shim_call *call = shim_tls.call;
	struct gotcha_set *set = gotcha_here();
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	struct tm *result;

	if (set) {
		read_zone();
		result = SHIM_REAL(split_into *, localtime_r)(t, &set->tm);
	} else {
		result = SHIM_REAL(split *, localtime)(t);
	}
	shim_defer_end(call, deferred);
	return result;
}

SHIM_EXPORT struct tm *gmtime(const time_t *t)
{
	struct shim_call *call = shim_tls.call;
	struct gotcha_set *set = gotcha_here();
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	struct tm *result = set ? SHIM_REAL(split_into *, gmtime_r)(t, &set->tm) : SHIM_REAL(split *, gmtime)(t);

	shim_defer_end(call, deferred);
	return result;
}

SHIM_EXPORT char *ctime(const time_t *t)
{
	struct shim_call *call = shim_tls.call;
	struct gotcha_set *set = gotcha_here();
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	char *result;

	if (set) {
		read_zone();
		result = SHIM_REAL(char *(*)(const time_t *, char *), ctime_r)(t, set->ctime);
	} else {
		result = SHIM_REAL(char *(*)(const time_t *), ctime)(t);
	}
	shim_defer_end(call, deferred);
	return result;
}

/* Conversions of one character after another: without a state of the caller's each function has one of its own. */
enum { LENGTH, TO_WIDE, FROM_WIDE, TO_WIDES, TO_WIDES_N, FROM_WIDES, FROM_WIDES_N, TO_8, FROM_8, TO_16, FROM_16, TO_32, FROM_32, STATES };
_Static_assert(STATES <= GOTCHA_STATES, "room for the states of conversions");

static mbstate_t *state_of(mbstate_t *given, int which)
{
	struct gotcha_set *set = gotcha_here();

	return given || !set ? given : &set->states[which];
}

#define UNPACK(...) __VA_ARGS__
#define CONVERSION(name, which, parameters, arguments) \
	SHIM_SLOT(name); \
	SHIM_EXPORT size_t name(UNPACK parameters); \
	SHIM_EXPORT size_t name(UNPACK parameters) \
	{ \
		struct shim_call *call = shim_tls.call; \
		bool deferred = shim_defer_begin(call, SHIM_FRAME); \
		ps = state_of(ps, which); \
		size_t result = SHIM_REAL(size_t (*)(UNPACK parameters), name)(UNPACK arguments); \
		shim_defer_end(call, deferred); \
		return result; \
	}

CONVERSION(mbrlen, LENGTH, (const char *s, size_t n, mbstate_t *ps), (s, n, ps))
CONVERSION(__mbrlen, LENGTH, (const char *s, size_t n, mbstate_t *ps), (s, n, ps))
CONVERSION(mbrtowc, TO_WIDE, (wchar_t *wc, const char *s, size_t n, mbstate_t *ps), (wc, s, n, ps))
CONVERSION(__mbrtowc, TO_WIDE, (wchar_t *wc, const char *s, size_t n, mbstate_t *ps), (wc, s, n, ps))
CONVERSION(wcrtomb, FROM_WIDE, (char *s, wchar_t wc, mbstate_t *ps), (s, wc, ps))
CONVERSION(__wcrtomb_chk, FROM_WIDE, (char *s, wchar_t wc, mbstate_t *ps, size_t room), (s, wc, ps, room))
CONVERSION(mbsrtowcs, TO_WIDES, (wchar_t *to, const char **from, size_t n, mbstate_t *ps), (to, from, n, ps))
CONVERSION(__mbsrtowcs_chk, TO_WIDES, (wchar_t *to, const char **from, size_t n, mbstate_t *ps, size_t room), (to, from, n, ps, room))
CONVERSION(mbsnrtowcs, TO_WIDES_N, (wchar_t *to, const char **from, size_t bytes, size_t n, mbstate_t *ps), (to, from, bytes, n, ps))
CONVERSION(__mbsnrtowcs_chk, TO_WIDES_N, (wchar_t *to, const char **from, size_t bytes, size_t n, mbstate_t *ps, size_t room),
	   (to, from, bytes, n, ps, room))
CONVERSION(wcsrtombs, FROM_WIDES, (char *to, const wchar_t **from, size_t n, mbstate_t *ps), (to, from, n, ps))
CONVERSION(__wcsrtombs_chk, FROM_WIDES, (char *to, const wchar_t **from, size_t n, mbstate_t *ps, size_t room), (to, from, n, ps, room))
CONVERSION(wcsnrtombs, FROM_WIDES_N, (char *to, const wchar_t **from, size_t chars, size_t n, mbstate_t *ps), (to, from, chars, n, ps))
CONVERSION(__wcsnrtombs_chk, FROM_WIDES_N, (char *to, const wchar_t **from, size_t chars, size_t n, mbstate_t *ps, size_t room),
	   (to, from, chars, n, ps, room))
CONVERSION(mbrtoc8, TO_8, (unsigned char *c, const char *s, size_t n, mbstate_t *ps), (c, s, n, ps))
CONVERSION(c8rtomb, FROM_8, (char *s, unsigned char c, mbstate_t *ps), (s, c, ps))
CONVERSION(mbrtoc16, TO_16, (char16_t *c, const char *s, size_t n, mbstate_t *ps), (c, s, n, ps))
CONVERSION(c16rtomb, FROM_16, (char *s, char16_t c, mbstate_t *ps), (s, c, ps))
CONVERSION(mbrtoc32, TO_32, (char32_t *c, const char *s, size_t n, mbstate_t *ps), (c, s, n, ps))
CONVERSION(c32rtomb, FROM_32, (char *s, char32_t c, mbstate_t *ps), (s, c, ps))
