/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_locale.c - locales. A context outside of libsets sets the process's, as ever. Inside, setlocale() makes one of the
 * context's own: that of its libset's libc, which begins as the program's; the running TCB's locale pointer leads there. */
#include "shim.h"
#include "../gotcha/libset.h"
#include <locale.h>
#include <wchar.h>

SHIM_SLOT(setlocale);
SHIM_SLOT(uselocale);
SHIM_SLOT(__uselocale);

typedef locale_t use_locale_function(locale_t);
typedef char *set_locale_function(int, const char *);

static use_locale_function *own_use_locale(const struct gotcha_set *set)
{
	return (use_locale_function *)gotcha_copy_of_libc(set, (uint64_t)SHIM_REAL(use_locale_function *, uselocale));
}

/* Whether the running context has set a locale of its own. A call notes it; a TCB that is in a libset without being a
 * call's points at that libset's locale. */
static bool has_own_locale(const struct shim_call *call, const struct gotcha_set *set)
{
	if (call && call->set == set)
		return call->finish_work & FINISH_OWN_LOCALE;
	return own_use_locale(set)(NULL) == LC_GLOBAL_LOCALE;
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
	use_locale_function *use = SHIM_REAL(use_locale_function *, uselocale);

	bool deferred = locale && shim_defer_begin(call, SHIM_FRAME);
	if (call && locale)
		call->finish_work |= FINISH_LOCALE;
	/* LC_GLOBAL_LOCALE is then the own one. */
	if (set && has_own_locale(call, set))
		use = own_use_locale(set);
	locale_t before = use(locale);
	if (call && locale)
		load_converter();
	shim_defer_end(call, deferred);
	return before;
}
SHIM_EXPORT locale_t __uselocale(locale_t locale)
{
	return uselocale(locale);
}

/* Whoever sets the locale in a libset gets one of its own: that of the libset's libc, which begins as the program's.
 * Whatever code runs on the TCB then finds it through the TCB's locale pointer. */
static char *own_locale(struct shim_call *call, struct gotcha_set *set, int category, const char *locale)
{
	set_locale_function *real = SHIM_REAL(set_locale_function *, setlocale);
	set_locale_function *own = (set_locale_function *)gotcha_copy_of_libc(set, (uint64_t)real);

	if (!has_own_locale(call, set)) {
		if (!locale)
			return real(category, NULL);
		if (!own(LC_ALL, real(LC_ALL, NULL)))
			return NULL;
		own_use_locale(set)(LC_GLOBAL_LOCALE);
		if (call)
			call->finish_work |= FINISH_LOCALE | (call->set == set ? FINISH_OWN_LOCALE : 0);
	}
	return own(category, locale);
}

/* A paused isolated function goes on in the locale that it began in: before the program sets another, each that has none of
 * its own gets one. Those that run on other threads just now see the change, as other threads do. */
static void keep_locales(void)
{
	set_locale_function *real = SHIM_REAL(set_locale_function *, setlocale);
	const char *now = real(LC_ALL, NULL);
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
		shim_set_fs(call->fs);
		if (((set_locale_function *)gotcha_copy_of_libc(call->set, (uint64_t)real))(LC_ALL, now)) {
			own_use_locale(call->set)(LC_GLOBAL_LOCALE);
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

	if ((call && call->set == set) || own_use_locale(set)(NULL) != LC_GLOBAL_LOCALE)
		return;
	if (call && call->finish_work & FINISH_OWN_LOCALE)
		own_use_locale(call->set)(LC_GLOBAL_LOCALE);
	else
		SHIM_REAL(use_locale_function *, uselocale)(LC_GLOBAL_LOCALE);
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
	SHIM_REAL(use_locale_function *, uselocale)(LC_GLOBAL_LOCALE);
}

SHIM_SLOT(newlocale);
SHIM_SLOT(__newlocale);

static locale_t ready(locale_t made)
{
	use_locale_function *use = SHIM_REAL(use_locale_function *, uselocale);

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
