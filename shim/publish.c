/* SPDX-License-Identifier: Apache-2.0 */
/* publish.c - keeps out of the way of programs that have a launch(), resume() or cancel() of their own.
 *
 * A preloaded library comes first in the linker's search, so a library's call to its own resume() arrives at ours. As
 * soon as another object defines one of the names, the references of every object that does not need libinger.so are
 * pointed at the definition it would have found without us (bind.c). Calls that come earlier, from constructors, are
 * looked at one by one. */
#include "shim.h"
#include "loader.h"
#include "../include/inger.h"
#include <elf.h>
#include <link.h>
#include <string.h>

bool shim_names_clash;
void *shim_publish_target(unsigned place, const void *caller) __attribute__((visibility("hidden")));

static const char *const names[] = {"launch", "resume", "cancel"};
static unsigned objects_at_start;

/* Whether some object besides ours defines one of the names. After every load, in a look (loader.h). */
void shim_publish_check(void)
{
	unsigned count = 0;
	bool clash = false;

	for (const struct link_map *m = _r_debug.r_map; m; m = m->l_next, count++)
		for (unsigned i = 0; i < 3 && !clash; i++)
			clash = (!objects_at_start || shim_loader_is_complete(m)) && shim_lookup_in(m, names[i]) != NULL;
	if (!objects_at_start)
		objects_at_start = count;
	shim_names_clash = clash;
	if (clash)
		shim_bind_names(names, 3);
}

static bool needs_us(const struct link_map *m)
{
	const char *strings = NULL;

	for (const Elf64_Dyn *d = m->l_ld; d && d->d_tag != DT_NULL; d++)
		if (d->d_tag == DT_STRTAB)
			strings = (const char *)shim_dynamic_address(m, d->d_un.d_ptr);
	for (const Elf64_Dyn *d = m->l_ld; d && strings && d->d_tag != DT_NULL; d++)
		if (d->d_tag == DT_NEEDED && strncmp(strings + d->d_un.d_val, "libinger.so", 11) == 0)
			return true;
	return false;
}

/* The definition that `object` would have found without us; NULL when the name is ours for it. */
void *shim_published_elsewhere(const char *name, const struct link_map *object)
{
	unsigned count = 0;
	void *found = NULL;

	if (!object || shim_is_ours(object) || needs_us(object))
		return NULL;
	/* The global scope, then the object itself, then the rest. */
	for (const struct link_map *m = _r_debug.r_map; m && count < objects_at_start && !found; m = m->l_next, count++)
		found = shim_lookup_in(m, name);
	if (!found)
		found = shim_lookup_in(object, name);
	for (const struct link_map *m = _r_debug.r_map; m && !found; m = m->l_next)
		found = shim_lookup_in(m, name);
	return found;
}

/* Where a call from `caller` to one of the plain names goes: for calls that came before their GOT entry was put right. */
struct call {
	const char *name;
	const void *caller;
	void *found;
};

static void find_target(void *arg)
{
	struct call *c = arg;

	c->found = shim_published_elsewhere(c->name, shim_object_at(c->caller));
}

void *shim_publish_target(unsigned place, const void *caller)
{
	void *const ours[] = {(void *)launch, (void *)resume, (void *)cancel};
	struct call c = {names[place], caller, NULL};

	if (!shim_loader_look(find_target, &c))
		find_target(&c);
	return c.found ? c.found : ours[place];
}
