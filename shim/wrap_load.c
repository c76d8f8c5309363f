/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_load.c - dlopen, dlmopen, dlclose, dlsym, dlvsym: the linker's lock is held, so they are deferred sections.
 *
 * All but dlclose look at their return address: for the caller's search path, namespace, and RTLD_NEXT. They are entered
 * through caller_amd64.S, which hands that address over, and call the real function so that it sees an address in the
 * same object: that of some `ret` instruction near the caller, which leads back here. */
#include "shim.h"
#include "limit.h"
#include "../gotcha/libset.h"
#include <dlfcn.h>
#include <link.h>

SHIM_SLOT(dlclose);
extern void *shim_real_dlopen, *shim_real_dlmopen, *shim_real_dlsym, *shim_real_dlvsym;

/* caller_amd64.S: function(a, b, c) with `ret_instruction` as its return address */
void *shim_call_as(const void *ret_instruction, void *function, long a, long b, long c);

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

static void *call_as(const void *caller, void *function, long a, long b, long c)
{
	/* The linker knows no copies: a caller in one counts as its original. */
	const void *ret = ret_after((const unsigned char *)gotcha_original_of((uint64_t)caller, NULL));

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

void *shim_dlopen_in_call(const char *path, int mode, long unused, const void *caller)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	void *result = call_as(caller, shim_real_dlopen, (long)path, mode, unused);

	shim_loaded_hook();
	shim_defer_end(call, deferred);
	return result;
}

void *shim_dlmopen_in_call(Lmid_t space, const char *path, int mode, const void *caller)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	void *result = call_as(caller, shim_real_dlmopen, space, (long)path, mode);

	shim_loaded_hook();
	shim_defer_end(call, deferred);
	return result;
}

void *shim_dlsym_in_call(void *handle, const char *symbol, long unused, const void *caller)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	void *result = call_as(caller, shim_real_dlsym, (long)handle, (long)symbol, unused);

	result = shim_limits_symbol(symbol, in_libset(wrapped(handle, symbol, result)));

	shim_defer_end(call, deferred);
	return result;
}

void *shim_dlvsym_in_call(void *handle, const char *symbol, const char *version, const void *caller)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	void *result = call_as(caller, shim_real_dlvsym, (long)handle, (long)symbol, (long)version);

	result = shim_limits_symbol(symbol, in_libset(wrapped(handle, symbol, result)));

	shim_defer_end(call, deferred);
	return result;
}

SHIM_EXPORT int dlclose(void *handle)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	int result = shim_close_postponed(handle) ? 0 : SHIM_REAL(int (*)(void *), dlclose)(handle);

	shim_modules_changed = true;
	if (call)
		shim_loaded_hook();
	else
		shim_limits_loaded(); /* where it was, something else may be loaded next */
	shim_defer_end(call, deferred);
	return result;
}

/* Objects have come or gone: TCBs of calls get the new thread-local blocks. On threads outside of a call this waits
 * until the next launch or resume, because dlopen() is jumped to there. */
bool shim_modules_changed;

void shim_loaded_hook(void)
{
	shim_modules_changed = false;
	shim_publish_check();
	shim_old_versions();
	shim_bind_late();
	shim_tcb_loaded();
	shim_trace_objects();
	gotcha_loaded();
	shim_limits_loaded();
}
