/* SPDX-License-Identifier: Apache-2.0 */
/* moving_handles: copies of a linger_t on several threads. One of two that resume or cancel at the same time has the call, the other
 * gets EBUSY, or EINVAL when it is over, whatever has become of the call's memory meanwhile. */
#include "helpers.h"

static volatile int done_with;
static linger_t copy; /* of the newest call */
static long stale, busy, other, had;

static void count(long *what) { __atomic_add_fetch(what, 1, __ATOMIC_RELAXED); }

/* Uses what makes its TCB unusable afterwards, so that a cancelled one is unmapped. */
static pthread_key_t key;
static void destroys(void *object) { (void)object; }
extern int __cxa_thread_atexit_impl(void (*)(void *), void *, void *);
extern void *__dso_handle;
static void short_work(void *arg)
{
	pthread_setspecific(key, arg);
	__cxa_thread_atexit_impl(destroys, arg, &__dso_handle);
	for (;;)
		inger_pause();
}

static void *meddle(void *arg)
{
	(void)arg;
	while (!done_with) {
		linger_t mine;
		__atomic_load(&copy.continuation, &mine.continuation, __ATOMIC_RELAXED);
		mine.is_complete = mine.yielded = false;
		if (!mine.continuation)
			continue;
		if (resume(&mine, 20) == 0)
			count(&had);
		else
			count(errno == EINVAL ? &stale : errno == EBUSY ? &busy : &other);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[2];
	struct inger_attr attr = INGER_ATTR_INIT;
	long cancelled = 0, lost = 0;
	plan(11);

	linger_t first = launch(spin, 0, (void *)&done_with), second = first;
	ok(cancel(&first) == 0, "a call that has not begun is cancelled");
	ok(resume(&second, 10) == -1 && errno == EINVAL, "a copy of its handle is stale");
	ok(cancel(&second) == -1 && errno == EINVAL, "for cancel() as well");
	linger_t made_up = { .continuation = (void *)0x12345 }, beyond = { .continuation = (void *)(uintptr_t)0xffffffffu };
	ok(resume(&made_up, 10) == -1 && errno == EINVAL && resume(&beyond, 10) == -1 && errno == EINVAL, "no handle was ever this one");
	int one = 1;
	linger_t complete = launch(spin, 0, &one), before = complete;
	ok(resume(&complete, TO_COMPLETION) == 0 && complete.is_complete, "a complete one");
	ok(resume(&before, 10) == -1 && errno == EINVAL, "leaves a stale copy");

	pthread_key_create(&key, NULL);
	attr.isolation = INGER_SHARED;
	attr.stack_bytes = 64 << 10;
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, meddle, NULL);
	uint64_t end = now_ns() + 1500000000u;
	while (now_ns() < end) {
		linger_t call = inger_launch_attr(short_work, TO_COMPLETION, &attr, &attr);
		if (!call.continuation) {
			lost++;
			continue;
		}
		__atomic_store(&copy.continuation, &call.continuation, __ATOMIC_RELAXED);
		for (int i = 0; i < 20; i++)
			if (resume(&call, 20) != 0 && errno != EBUSY)
				lost++;
		while (cancel(&call) != 0)
			if (errno != EBUSY) {
				lost++;
				break;
			}
		cancelled++;
	}
	done_with = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	diag("%ld cancelled; copies: %ld had the call, %ld stale, %ld busy", cancelled, had, stale, busy);
	ok(cancelled > 0, "calls are cancelled while others resume them");
	is_int(lost, 0, "none is lost to its owner");
	is_int(other, 0, "copies are stale or busy");
	ok(stale + busy + had > 0, "and are tried");
	linger_t last = launch(spin, 0, (void *)&done_with);
	ok(resume(&last, TO_COMPLETION) == 0 && last.is_complete, "launching goes on");
	return done();
}
