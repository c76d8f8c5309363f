/* SPDX-License-Identifier: Apache-2.0 */
/* tsd: thread-specific data is private to a call, and its destructors run when the call completes. */
#include "helpers.h"

#define KEYS 100 /* beyond the 32 that fit a TCB itself */
static pthread_key_t keys[KEYS];
static int destroyed, destroyed_with_value;

static void destroy(void *value)
{
	destroyed++;
	destroyed_with_value += *(int *)value == 11;
	*(int *)value = 0;
}

static int values[KEYS];
static int empty_at_start, kept;
static void use(void *arg)
{
	int count = *(int *)arg;
	for (int i = 0; i < KEYS; i++)
		empty_at_start += pthread_getspecific(keys[i]) == NULL;
	for (int i = 0; i < count; i++) {
		values[i] = 11;
		pthread_setspecific(keys[i], &values[i]);
	}
	inger_pause();
	for (int i = 0; i < count; i++)
		kept += pthread_getspecific(keys[i]) == &values[i];
}

/* A destructor that sets its key again is called again, up to PTHREAD_DESTRUCTOR_ITERATIONS times. */
static pthread_key_t stubborn;
static int stubborn_calls;
static void set_again(void *value)
{
	if (++stubborn_calls < 3)
		pthread_setspecific(stubborn, value);
}
static void use_stubborn(void *arg) { pthread_setspecific(stubborn, arg); }

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int once_calls;
static void once_only(void) { once_calls++; }
static void use_once(void *arg)
{
	(void)arg;
	pthread_once(&once, once_only);
}

int main(void)
{
	int mine = 5, few = 3, all = KEYS;
	plan(14);
	for (int i = 0; i < KEYS; i++)
		if (pthread_key_create(&keys[i], destroy) != 0)
			bail("pthread_key_create");
	pthread_setspecific(keys[0], &mine);
	pthread_setspecific(keys[50], &mine);

	linger_t call = launch(use, TO_COMPLETION, &few);
	is_int(empty_at_start, KEYS, "a call begins without thread-specific data");
	is_int(destroyed, 0, "no destructor runs while it is paused");
	resume(&call, TO_COMPLETION);
	is_int(kept, 3, "the data is kept across a pause");
	is_int(destroyed, 3, "the destructors run at completion");
	is_int(destroyed_with_value, 3, "with the call's values");
	ok(pthread_getspecific(keys[0]) == &mine, "the caller's own data is untouched");
	is_int(mine, 5, "and was not destroyed");

	empty_at_start = destroyed = kept = 0;
	call = launch(use, TO_COMPLETION, &all);
	resume(&call, TO_COMPLETION);
	ok(empty_at_start == KEYS && kept == KEYS && destroyed == KEYS, "the same with %d keys", KEYS);
	ok(pthread_getspecific(keys[50]) == &mine, "the caller's own data is untouched");

	empty_at_start = destroyed = 0;
	for (int i = 0; i < 500; i++) {
		call = launch(use, TO_COMPLETION, &few);
		resume(&call, TO_COMPLETION);
	}
	ok(empty_at_start == 500 * KEYS && destroyed == 1500, "500 calls: each is empty at first, and cleaned up");

	pthread_key_create(&stubborn, set_again);
	run_sliced(use_stubborn, &mine, TO_COMPLETION);
	is_int(stubborn_calls, 3, "a destructor that sets its key again is called again");
	run_sliced(use_once, NULL, TO_COMPLETION);
	run_sliced(use_once, NULL, TO_COMPLETION);
	use_once(NULL);
	is_int(once_calls, 1, "pthread_once() inside and outside runs once");

	destroyed = 0;
	call = launch(use, TO_COMPLETION, &few);
	is_int(cancel(&call), 0, "a call with data can be cancelled");
	is_int(destroyed, 0, "a cancelled call is not unwound");
	return done();
}
