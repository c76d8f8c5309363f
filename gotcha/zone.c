/* SPDX-License-Identifier: Apache-2.0 */
/* zone.c - tzset(). The rules of the time zone are each libset's; TZ, tzname, timezone and daylight are the process's.
 *
 * localtime() and mktime() look at TZ each time, localtime_r() only the first time and when tzset() was called. So a
 * tzset() of the program reaches a libset before its next function, and one inside a libset also sets the variables. */
#include "libset.h"
#include <time.h>

typedef void set_zone_function(void);

SHIM_SLOT(tzset);
uint32_t gotcha_zone_age;

static void set_copy(struct gotcha_set *set)
{
	((set_zone_function *)gotcha_copy_of_libc(set, (uint64_t)SHIM_REAL(set_zone_function *, tzset)))();
	set->zone_age = gotcha_zone_age;
}

SHIM_EXPORT void tzset(void)
{
	struct shim_call *call = shim_tls.call;
	struct gotcha_set *set = gotcha_here();
	bool deferred = shim_defer_begin(call, SHIM_FRAME);

	SHIM_REAL(set_zone_function *, tzset)();
	__atomic_fetch_add(&gotcha_zone_age, 1, __ATOMIC_RELAXED);
	if (set)
		set_copy(set);
	shim_defer_end(call, deferred);
}

/* What a pooled libset has missed. Where libraries can't be copied, they are the starting libset's. */
void gotcha_refresh(struct gotcha_set *set)
{
	if (set->batch_count != gotcha_program.batch_count)
		(void)gotcha_extend(set);
	if (set->zone_age != gotcha_zone_age)
		set_copy(set);
}
