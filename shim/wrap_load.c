/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_load.c - dlopen, dlmopen, dlclose, dlsym, dlvsym: the linker's lock is held, so they are deferred sections.
 *
 * All but dlclose look at their return address: for the caller's search path, namespace, and RTLD_NEXT. They are entered
 * through caller_amd64.S, which hands that address over, and call the real function so that it sees an address in the
 * same object: that of some `ret` instruction of the caller's object, which leads back here.
 *
 * A load is made known twice: before the linker begins, so that who looks in the middle of it looks again, and when it is over,
 * so that what it has brought is known to all calls before its caller can use it. */
#include "shim.h"
#include "limit.h"
#include "loader.h"
#include "../gotcha/libset.h"
#include <dlfcn.h>
#include <link.h>
#include <string.h>

SHIM_SLOT(dlclose);
extern void *shim_real_dlopen, *shim_real_dlmopen, *shim_real_dlsym, *shim_real_dlvsym;

/* caller_amd64.S: function(a, b, c) with `ret_instruction` as its return address */
void *shim_call_as(const void *ret_instruction, void *function, long a, long b, long c);

/* The end of _init(), which crti.o and crtn.o bring into nearly every object: add $8, %rsp; ret. It has no unwind table, so that who
 * walks the stack from a constructor stops there instead of going astray. */
static const void *ret_of_init(const struct link_map *map, const unsigned char *end)
{
	static const unsigned char tail[] = {0x48, 0x83, 0xc4, 0x08, 0xc3};
	const unsigned char *init = NULL;

	for (const ElfW(Dyn) *d = map->l_ld; d && d->d_tag != DT_NULL; d++)
		if (d->d_tag == DT_INIT)
			init = (const unsigned char *)map->l_addr + d->d_un.d_ptr;
	for (unsigned i = 0; init && i < 64 && init + i + sizeof tail <= end; i++)
		if (memcmp(init + i, tail, sizeof tail) == 0)
			return init + i + 4;
	return NULL;
}

/* A `ret` at or after the place that the caller goes on at. Its function has one; the page bounds the search. */
static const void *ret_after(const unsigned char *place)
{
	const unsigned char *end = (const unsigned char *)(((uint64_t)place | 4095) + 1);

	for (; place < end; place++)
		if (*place == 0xc3)
			return place;
	/* None up to the end of the page: look back on the same page. */
	for (place = end - 4096; place < end; place++)
		if (*place == 0xc3)
			return place;
	return NULL;
}

extern void *shim_real__dl_find_object;

static const void *ret_near(const unsigned char *place)
{
	struct dl_find_object object;
	const void *ret = NULL;

	if (SHIM_REAL(int (*)(const void *, struct dl_find_object *), _dl_find_object)(place, &object) == 0)
		ret = ret_of_init(object.dlfo_link_map, object.dlfo_map_end);
	return ret ? ret : ret_after(place);
}

static void *call_as(const void *caller, void *function, long a, long b, long c)
{
	/* The linker knows no copies: a caller in one counts as its original. */
	const void *ret = ret_near((const unsigned char *)gotcha_original_of((uint64_t)caller, NULL));

	if (!ret)
		return ((void *(*)(long, long, long))function)(a, b, c);
	return shim_call_as(ret, function, a, b, c);
}

/* What a handle of libc gives is the function behind our wrapper. Who calls it instead of the wrapper is paused in the middle of the
 * heap, or sees EINTR. RTLD_NEXT is for those who stand before a function themselves: what they find is what comes next. */
static void *wrapped(void *handle, const char *symbol, void *found)
{
	void *wrapper = found && handle != RTLD_NEXT ? shim_wrapper_of(symbol, found) : NULL;

	if (!wrapper && found && handle != RTLD_NEXT)
		wrapper = shim_old_wrapper(found);
	return wrapper ? wrapper : found;
}

void *shim_dlopen_in_call(const char *path, int mode, long unused, const void *caller);
void *shim_dlmopen_in_call(Lmid_t space, const char *path, int mode, const void *caller);
void *shim_dlsym_in_call(void *handle, const char *symbol, long unused, const void *caller);
void *shim_dlvsym_in_call(void *handle, const char *symbol, const char *version, const void *caller);

/* A function of the heap is called through our wrapper, but for who looks for it to stand before it. */
static void *outside(void *found, const void *caller)
{
	return SHIM_LIKELY(!shim_heap.bound) || shim_heap_has(caller) ? found : (void *)shim_heap_way_to((uint64_t)found);
}

/* What the linker has found, as the running libset has it. Libraries may have come since that was extended last. */
static void *in_libset(void *found)
{
	struct gotcha_set *set = gotcha_here();

	if (!set || !found)
		return found;
	if (set->batch_count != set->plan->batch_count)
		(void)gotcha_extend(set); /* where memory is refused, it is the starting libset's */
	return (void *)gotcha_copy_of(set, (uint64_t)found);
}

_Atomic uint32_t shim_loads_done;

static void begins(void)
{
	shim_names_clash = true; /* perhaps: publish.c looks when it matters */
	shim_modules_changed = true;
}

/* What is not called from a call leaves the plan of libsets to the next launch, as it did before the library was asked for anything. */
static void is_over(const struct shim_call *call, bool came)
{
	if (came)
		shim_loads_done++;
	begins();
	if (!came || !shim_is_started())
		return;
	if (call || gotcha_here())
		shim_loaded_hook();
	else
		shim_loaded_objects();
	shim_limits_loaded();
}

void *shim_dlopen_in_call(const char *path, int mode, long unused, const void *caller)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);

	begins();
	void *result = call_as(caller, shim_real_dlopen, (long)path, mode, unused);
	if (result && (mode & RTLD_DEEPBIND))
		shim_bind_deep(result);
	is_over(call, result != NULL);
	shim_defer_end(call, deferred);
	return result;
}

void *shim_dlmopen_in_call(Lmid_t space, const char *path, int mode, const void *caller)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);

	begins();
	void *result = call_as(caller, shim_real_dlmopen, space, (long)path, mode);
	is_over(call, result != NULL);
	shim_defer_end(call, deferred);
	return result;
}

_Atomic bool shim_loader_lent;

/* On a thread of ours that works for who has the linker's lock. Nothing comes or goes meanwhile. What is found by handle waits. */
static bool without_lock(const void *handle)
{
	return SHIM_UNLIKELY(shim_loader_lent) && shim_tls.ours && (handle == RTLD_DEFAULT || handle == RTLD_NEXT);
}

static void *find_without_lock(const void *handle, const char *symbol, const void *caller)
{
	return shim_next_symbol(handle == RTLD_NEXT ? shim_object_at(caller) : NULL, symbol);
}

void *shim_dlsym_in_call(void *handle, const char *symbol, long unused, const void *caller)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	void *result = without_lock(handle) ? find_without_lock(handle, symbol, caller)
					    : call_as(caller, shim_real_dlsym, (long)handle, (long)symbol, unused);

	result = shim_limits_symbol(symbol, in_libset(outside(wrapped(handle, symbol, result), caller)));

	shim_defer_end(call, deferred);
	return result;
}

void *shim_dlvsym_in_call(void *handle, const char *symbol, const char *version, const void *caller)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	void *result = without_lock(handle) ? find_without_lock(handle, symbol, caller) /* the default version: there is nothing to choose by */
					    : call_as(caller, shim_real_dlvsym, (long)handle, (long)symbol, (long)version);

	result = shim_limits_symbol(symbol, in_libset(outside(wrapped(handle, symbol, result), caller)));

	shim_defer_end(call, deferred);
	return result;
}

SHIM_EXPORT int dlclose(void *handle)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	shim_bind_deep_closed(handle);
	int result = shim_close_postponed(handle) ? 0 : shim_loader_close(SHIM_REAL(int (*)(void *), dlclose), handle);

	shim_modules_changed = true;
	if (call)
		shim_loaded_hook();
	shim_limits_loaded(); /* where it was, something else may be loaded next */
	shim_defer_end(call, deferred);
	return result;
}

/* Objects have come or gone, or are about to: set before that and after it. */
bool shim_modules_changed;

static void look(void *unused)
{
	(void)unused;
	shim_publish_check();
	shim_old_versions();
	shim_heap_look();
	shim_bind_late();
	shim_tcb_loaded();
	shim_trace_objects();
}

/* Calls of complete objects are bound, and the TCBs of calls have their thread-local variables. False: some are not complete. */
bool shim_loaded_objects(void)
{
	if (!shim_look_begin())
		return false;
	bool whole = shim_loader_look(look, NULL) && !shim_loader_saw_incomplete();
	shim_look_end();
	return whole;
}

/* What can't be done now is left to the next launch or resume. */
void shim_loaded_hook(void)
{
	(void)__atomic_exchange_n(&shim_modules_changed, false, __ATOMIC_SEQ_CST);
	bool whole = shim_loaded_objects();
	if (!gotcha_loaded() || !whole)
		shim_modules_changed = true;
}
