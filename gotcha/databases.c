/* SPDX-License-Identifier: Apache-2.0 */
/* databases.c - the files that a libset's copy of libc has open, of users, groups, services and the like, are closed with the
 * libset: nobody else knows their descriptors.
 *
 * The copy's functions run as deferred sections, so that no cancelled function has left one of its locks taken. */
#include "libset.h"

extern struct shim_slot __start_shim_slots[] __attribute__((visibility("hidden")));
extern struct shim_slot __stop_shim_slots[] __attribute__((visibility("hidden")));
extern void *__start_shim_set_slots[] __attribute__((visibility("hidden")));

static const char *const ends[] = {
	"endpwent", "endgrent", "endspent", "endsgent", "endservent", "endprotoent", "endrpcent", "endaliasent", "endnetgrent",
	"endhostent", "endnetent", "endutent", "endfsent", "endttyent", "endusershell",
};
#define ENDS (sizeof ends / sizeof *ends)

/* The slot's place among the per-libset ones. */
static size_t place_of(const char *name)
{
	const struct shim_slot *s = __start_shim_slots;

	while (s < __stop_shim_slots && __builtin_strcmp(s->name, name) != 0)
		s++;
	return s < __stop_shim_slots ? (size_t)(s->real - __start_shim_set_slots) : SHIM_SET_SLOTS_ROOM;
}

void gotcha_end_databases(struct gotcha_set *set)
{
	if (!set->keeps)
		return;
	set->keeps = false;
	for (size_t i = 0; i < ENDS; i++) {
		size_t place = place_of(ends[i]);
		if (place < SHIM_SET_SLOTS_ROOM && set->slots[place])
			((void (*)(void))set->slots[place])();
	}
}
