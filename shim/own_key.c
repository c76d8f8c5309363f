/* SPDX-License-Identifier: Apache-2.0 */
/* own_key.c - thread-specific keys: whose a key is. A process has 1,024.
 *
 * A key goes when the place goes where its number is kept, since nobody can use or delete it afterwards: with a libset, when
 * that is in a copy, or the code that has made it is; with a cancelled call, when it is on the call's stack or in one of its
 * blocks. The key of a variable of the program is the program's, whoever has made it. A deleted key takes its values along:
 * libc compares a key's age with that of a value before it uses either, in every TCB. */
#include "shim.h"
#include "../gotcha/libset.h"
#include <limits.h>
#include <pthread.h>
#include <threads.h>

#define OWNER(tag) ((tag) & 0x7fffffffu) /* the log's compaction changes the highest bit */

static struct key {
	void (*_Atomic destructor)(void *);
	_Atomic uint32_t owner; /* tag; 0: nobody's */
	const void *kept_at;    /* a call's: where its number is */
} keys[PTHREAD_KEYS_MAX];

SHIM_SLOT(pthread_key_create);
SHIM_SLOT(__pthread_key_create);
SHIM_SLOT(pthread_key_delete);
SHIM_SLOT(pthread_setspecific);
SHIM_SLOT(tss_create);
SHIM_SLOT(tss_delete);
SHIM_SLOT(tss_set);

typedef int create_function(pthread_key_t *, void (*)(void *));

static struct shim_owner *owner_of(struct shim_call *call, bool began, const void *place, const void *destructor, const void *caller)
{
	struct gotcha_set *set = gotcha_set_at((uint64_t)place);

	if (shim_heap_has((const void *)destructor))
		return NULL;
	if (!set && destructor)
		set = gotcha_set_at((uint64_t)destructor);
	if (!set)
		set = gotcha_set_at((uint64_t)caller);
	return set ? &set->owner : own_here(call, began);
}

static int create(pthread_key_t *key, void (*destructor)(void *), const void *caller)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	int error = SHIM_REAL(create_function *, pthread_key_create)(key, destructor);

	if (!error && *key < PTHREAD_KEYS_MAX) {
		struct shim_owner *owner = owner_of(call, deferred, key, (const void *)destructor, caller);
		atomic_store_explicit(&keys[*key].destructor, destructor, memory_order_release);
		keys[*key].kept_at = key;
		keys[*key].owner = owner ? OWNER(owner->tag) : 0;
		if (owner)
			owner->registered |= REG_KEYS;
	}
	shim_defer_end(call, deferred);
	return error;
}

SHIM_EXPORT int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
	return create(key, destructor, __builtin_return_address(0));
}

SHIM_EXPORT int __pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
	return create(key, destructor, __builtin_return_address(0));
}

SHIM_EXPORT int pthread_key_delete(pthread_key_t key)
{
	if (key < PTHREAD_KEYS_MAX) {
		keys[key].owner = 0;
		atomic_store_explicit(&keys[key].destructor, NULL, memory_order_release);
	}
	return SHIM_REAL(int (*)(pthread_key_t), pthread_key_delete)(key);
}

SHIM_EXPORT int pthread_setspecific(pthread_key_t key, const void *value)
{
	struct shim_call *call = shim_tls.call;

	if (call && value)
		call->finish_work |= FINISH_KEYS;
	/* Deferred, because the table of many keys is the TCB's, and not the call's. */
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	int error = SHIM_REAL(int (*)(pthread_key_t, const void *), pthread_setspecific)(key, value);
	shim_defer_end(call, deferred);
	return error;
}

SHIM_EXPORT int tss_create(tss_t *key, tss_dtor_t destructor)
{
	return create(key, destructor, __builtin_return_address(0)) == 0 ? thrd_success : thrd_error;
}
SHIM_EXPORT void tss_delete(tss_t key)
{
	pthread_key_delete(key);
}
SHIM_EXPORT int tss_set(tss_t key, void *value)
{
	return pthread_setspecific(key, value) == 0 ? thrd_success : thrd_error;
}

/* ---- the end of a call, on its TCB */

static void set_null(pthread_key_t key)
{
	SHIM_REAL(int (*)(pthread_key_t, const void *), pthread_setspecific)(key, NULL);
}

void own_keys_run_destructors(void)
{
	for (int round = 0; round < PTHREAD_DESTRUCTOR_ITERATIONS; round++) {
		bool found = false;
		for (pthread_key_t k = 0; k < PTHREAD_KEYS_MAX; k++) {
			void *value = pthread_getspecific(k);
			void (*destructor)(void *) = atomic_load_explicit(&keys[k].destructor, memory_order_acquire);
			if (!value || shim_heap_has((const void *)destructor))
				continue; /* an allocator's cache is the TCB's */
			set_null(k);
			if (destructor) {
				found = true;
				destructor(value);
			}
		}
		if (!found)
			return;
	}
}

void own_keys_drop_values(void)
{
	for (pthread_key_t k = 0; k < PTHREAD_KEYS_MAX; k++)
		if (pthread_getspecific(k) && !shim_heap_has((const void *)keys[k].destructor))
			set_null(k);
}

/* ---- the end of an owner */

void own_keys_release(struct shim_owner *owner)
{
	uint32_t tag = OWNER(owner->tag);

	for (pthread_key_t k = 0; k < PTHREAD_KEYS_MAX; k++) {
		if (keys[k].owner != tag)
			continue;
		if (tag < SHIM_SET_TAG && !own_dies(owner, keys[k].kept_at))
			keys[k].owner = 0; /* the number may be in use */
		else
			(void)pthread_key_delete(k);
	}
}

void own_keys_move(const struct shim_owner *from, uint32_t to_tag)
{
	for (pthread_key_t k = 0; k < PTHREAD_KEYS_MAX; k++)
		if (keys[k].owner == OWNER(from->tag))
			keys[k].owner = OWNER(to_tag);
}
