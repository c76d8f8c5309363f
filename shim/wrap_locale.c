/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_locale.c - locales. A context outside of libsets sets the process's, as ever. Inside, setlocale() makes one of the
 * libset's own, which begins as the program's; the running TCB's locale pointer leads there. It is an object of the one libc, as
 * newlocale() makes them: what is loaded is loaded once, and counted by libc, so that nothing of it is left with the libset. */
#include "shim.h"
#include "../gotcha/libset.h"
#include <errno.h>
#include <locale.h>
#include <string.h>
#include <wchar.h>

SHIM_SLOT(setlocale);
SHIM_SLOT(uselocale);
SHIM_SLOT(__uselocale);
SHIM_SLOT(newlocale);
SHIM_SLOT(__newlocale);
extern void *shim_real_calloc, *shim_real_free;

typedef locale_t use_locale_function(locale_t);
typedef char *set_locale_function(int, const char *);

#define CATEGORIES 13 /* LC_ALL is one of the numbers, and has no place in a locale */
#define NAMES_BYTES 1024

/* A libset's own. TCBs point at `in_force`, which stays where it is when another locale is set, as the process's does. */
struct gotcha_locale {
	struct __locale_struct in_force; /* a copy of *made */
	locale_t made;
	char names[NAMES_BYTES]; /* what setlocale() says of all categories */
};

static locale_t use(locale_t locale)
{
	return SHIM_REAL(use_locale_function *, uselocale)(locale);
}

/* Whether the running context has set a locale of its own. A call notes it; a TCB that is in a libset without being a
 * call's points at that libset's locale. */
static bool has_own_locale(const struct shim_call *call, const struct gotcha_set *set)
{
	if (call && call->set == set)
		return call->finish_work & FINISH_OWN_LOCALE;
	return set->locale && use(NULL) == &set->locale->in_force;
}

/* Sets categories of the libset's own locale; false: there is no such. The running TCB follows. */
static bool change(struct gotcha_locale *own, int mask, const char *name)
{
	locale_t before = own->made, base = before ? duplocale(before) : NULL, made = NULL;

	if (base || !before)
		made = ((locale_t(*)(int, const char *, locale_t))shim_real_newlocale)(mask, name, base);
	if (!made) {
		if (base)
			freelocale(base);
		return false;
	}
	own->made = made;
	own->in_force = *made;
	use(&own->in_force);
	if (before)
		freelocale(before);
	return true;
}

/* The libset's own begins as the process's; the running TCB has it from now on. */
static bool begin(struct gotcha_set *set)
{
	const char *now = SHIM_REAL(set_locale_function *, setlocale)(LC_ALL, NULL);

	if (!set->locale)
		set->locale = ((void *(*)(size_t, size_t))shim_real_calloc)(1, sizeof *set->locale);
	return set->locale && change(set->locale, LC_ALL_MASK, now);
}

void gotcha_end_locale(struct gotcha_set *set)
{
	if (!set->locale)
		return;
	if (set->locale->made)
		freelocale(set->locale->made);
	((void (*)(void *))shim_real_free)(set->locale);
	set->locale = NULL;
}

/* As setlocale() names it. */
static char *name_of(struct gotcha_locale *own, int category)
{
	static const char *const labels[CATEGORIES] = {
		"LC_CTYPE", "LC_NUMERIC", "LC_TIME", "LC_COLLATE", "LC_MONETARY", "LC_MESSAGES", NULL, "LC_PAPER", "LC_NAME", "LC_ADDRESS",
		"LC_TELEPHONE", "LC_MEASUREMENT", "LC_IDENTIFICATION",
	};
	const char *const *names = own->in_force.__names;
	char *at = own->names, *end = own->names + sizeof own->names - 1;
	bool same = true;

	if (category != LC_ALL)
		return (char *)names[category];
	for (int c = 1; c < CATEGORIES; c++)
		same &= c == LC_ALL || strcmp(names[c], names[0]) == 0;
	if (same)
		return (char *)names[0];
	for (int c = 0; c < CATEGORIES; c++) {
		if (c == LC_ALL)
			continue;
		if (c)
			shim_write_text(&at, end, ";");
		shim_write_text(&at, end, labels[c]);
		shim_write_text(&at, end, "=");
		shim_write_text(&at, end, names[c]);
	}
	*at = 0;
	return own->names;
}

/* The first conversion in a locale loads its converter, under a lock that setlocale() wants, too; the functions that convert
 * are not deferred. So whoever puts a locale in force loads it, in the same deferred section. */
static void load_converter(void)
{
	(void)btowc(0x80); /* for ASCII it does not look */
}

SHIM_EXPORT locale_t uselocale(locale_t locale)
{
	struct shim_call *call = shim_tls.call;
	struct gotcha_set *set = gotcha_here();
	locale_t own = NULL;

	bool deferred = locale && shim_defer_begin(call, SHIM_FRAME);
	if (call && locale)
		call->finish_work |= FINISH_LOCALE;
	/* LC_GLOBAL_LOCALE is then the own one. */
	if (set && has_own_locale(call, set))
		own = &set->locale->in_force;
	locale_t before = use(own && locale == LC_GLOBAL_LOCALE ? own : locale);
	if (own && before == own)
		before = LC_GLOBAL_LOCALE;
	if (call && locale)
		load_converter();
	shim_defer_end(call, deferred);
	return before;
}
SHIM_EXPORT locale_t __uselocale(locale_t locale)
{
	return uselocale(locale);
}

/* Whoever sets the locale in a libset gets one of its own. Whatever code runs on the TCB then finds it through the TCB's locale
 * pointer. */
static char *own_locale(struct shim_call *call, struct gotcha_set *set, int category, const char *locale)
{
	if (category < 0 || category >= CATEGORIES) {
		errno = EINVAL;
		return NULL;
	}
	if (!has_own_locale(call, set)) {
		if (!locale)
			return SHIM_REAL(set_locale_function *, setlocale)(category, NULL);
		if (!begin(set))
			return NULL;
		if (call)
			call->finish_work |= FINISH_LOCALE | (call->set == set ? FINISH_OWN_LOCALE : 0);
	}
	if (locale && !change(set->locale, category == LC_ALL ? LC_ALL_MASK : 1 << category, locale))
		return NULL;
	return name_of(set->locale, category);
}

/* A paused isolated function goes on in the locale that it began in: before the program sets another, each that has none of
 * its own gets one. Those that run on other threads just now see the change, as other threads do. */
static void keep_locales(void)
{
	uint64_t here = shim_fs();

	for (uint32_t i = 0; i < shim_pool_calls(); i++) {
		struct shim_call *call = shim_call_borrow(i);
		if (!call)
			continue;
		if (!call->set || call->finish_work & FINISH_LOCALE) {
			shim_call_offer(call);
			continue;
		}
		struct shim_tls *tls = (struct shim_tls *)(call->fs + ((uint64_t)&shim_tls - here));
		tls->call = NULL;
		tls->thread = shim_tls.thread;
		shim_set_fs(call->fs);
		if (begin(call->set)) {
			load_converter();
			call->finish_work |= FINISH_LOCALE | FINISH_OWN_LOCALE;
		}
		shim_set_fs(here);
		tls->call = call;
		shim_call_offer(call);
	}
}

/* gotcha_leave(): a locale that was set inside stays there. */
void shim_leave_locale(const struct gotcha_set *set)
{
	struct shim_call *call = shim_tls.call;

	if ((call && call->set == set) || !set->locale || use(NULL) != &set->locale->in_force)
		return;
	use(call && call->finish_work & FINISH_OWN_LOCALE ? &call->set->locale->in_force : LC_GLOBAL_LOCALE);
}

SHIM_EXPORT char *setlocale(int category, const char *locale)
{
	struct shim_call *call = shim_tls.call;
	struct gotcha_set *set = gotcha_here();
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	if (!set && locale)
		keep_locales();
	char *name = set ? own_locale(call, set, category, locale)
			 : SHIM_REAL(set_locale_function *, setlocale)(category, locale);

	/* Also when it was refused: what is in force may be new to this TCB, as a libset's own "C" is. */
	if (locale)
		load_converter();
	shim_defer_end(call, deferred);
	return name;
}

/* The end of a call: the next on its TCB begins in the process's locale. */
void shim_use_global_locale(void)
{
	use(LC_GLOBAL_LOCALE);
}

static locale_t ready(locale_t made)
{
	if (made) {
		locale_t before = use(made);
		load_converter();
		use(before);
	}
	return made;
}

typedef locale_t make_locale(int, const char *, locale_t);

static locale_t make(make_locale *real, int mask, const char *name, locale_t base)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	locale_t made = ready(real(mask, name, base));

	shim_defer_end(call, deferred);
	return made;
}

SHIM_EXPORT locale_t newlocale(int mask, const char *name, locale_t base)
{
	return make(SHIM_REAL(make_locale *, newlocale), mask, name, base);
}

locale_t __newlocale(int mask, const char *name, locale_t base) SHIM_EXPORT;
locale_t __newlocale(int mask, const char *name, locale_t base)
{
	return make(SHIM_REAL(make_locale *, newlocale), mask, name, base);
}
