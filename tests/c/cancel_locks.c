/* SPDX-License-Identifier: Apache-2.0 */
/* cancel_locks: a function that holds a lock of the program is cancelled when it has let go of it, or not at all; one that
 * waits for a lock leaves it as it is. */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <threads.h>
#include "helpers.h"

#define SLICE_US 100
#define LONG_GRACE_US 20000000 /* only an error uses it up */
#define SHORT_GRACE_US 2000

static pthread_mutex_t plain_mutex = PTHREAD_MUTEX_INITIALIZER, other_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t recursive_mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t checked_mutex = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
static pthread_mutex_t robust_mutex, heir_mutex;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spinlock;
static mtx_t c11_mutex;
static FILE *stream;
static __thread pthread_mutex_t private_mutex = PTHREAD_MUTEX_INITIALIZER;

static void lock_mutex(void *m) { pthread_mutex_lock(m); }
static void unlock_mutex(void *m) { pthread_mutex_unlock(m); }
static int free_mutex(void *m) { return pthread_mutex_trylock(m) == 0 && pthread_mutex_unlock(m) == 0; }
static void lock_timed(void *m)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 1000;
	pthread_mutex_timedlock(m, &until);
}
static void lock_twice(void *m) { pthread_mutex_lock(m); pthread_mutex_trylock(m); }
static void unlock_twice(void *m) { pthread_mutex_unlock(m); pthread_mutex_unlock(m); }
static void lock_read(void *l) { pthread_rwlock_rdlock(l); }
static void lock_read_twice(void *l) { pthread_rwlock_rdlock(l); pthread_rwlock_tryrdlock(l); }
static void lock_write(void *l) { pthread_rwlock_wrlock(l); }
static void unlock_rwlock(void *l) { pthread_rwlock_unlock(l); }
static void unlock_rwlock_twice(void *l) { pthread_rwlock_unlock(l); pthread_rwlock_unlock(l); }
static int free_rwlock(void *l) { return pthread_rwlock_trywrlock(l) == 0 && pthread_rwlock_unlock(l) == 0; }
static void lock_spin(void *l) { pthread_spin_lock(l); }
static void unlock_spin(void *l) { pthread_spin_unlock(l); }
static int free_spin(void *l) { return pthread_spin_trylock(l) == 0 && pthread_spin_unlock(l) == 0; }
static void lock_c11(void *l) { mtx_lock(l); }
static void unlock_c11(void *l) { mtx_unlock(l); }
static int free_c11(void *l) { return mtx_trylock(l) == thrd_success && mtx_unlock(l) == thrd_success; }
static void lock_stream(void *f) { flockfile(f); flockfile(f); }
static void unlock_stream(void *f) { funlockfile(f); funlockfile(f); }
static int free_stream(void *f)
{
	if (ftrylockfile(f) != 0)
		return 0;
	funlockfile(f);
	return 1;
}

struct kind {
	const char *what, *named; /* in the message */
	void *lock;
	void (*take)(void *), (*let_go)(void *);
	int (*is_free)(void *);
};

static struct kind kinds[] = {
	{"a mutex", "mutex plain_mutex", &plain_mutex, lock_mutex, unlock_mutex, free_mutex},
	{"a mutex taken with a timeout", "mutex plain_mutex", &plain_mutex, lock_timed, unlock_mutex, free_mutex},
	{"a recursive mutex, twice", "mutex recursive_mutex", &recursive_mutex, lock_twice, unlock_twice, free_mutex},
	{"an error-checking mutex", "mutex checked_mutex", &checked_mutex, lock_mutex, unlock_mutex, free_mutex},
	{"a robust mutex", "mutex robust_mutex", &robust_mutex, lock_mutex, unlock_mutex, free_mutex},
	{"a mutex with priority inheritance", "mutex heir_mutex", &heir_mutex, lock_mutex, unlock_mutex, free_mutex},
	{"a C11 mutex", "mutex c11_mutex", &c11_mutex, lock_c11, unlock_c11, free_c11},
	{"a reader's lock", "rwlock rwlock", &rwlock, lock_read, unlock_rwlock, free_rwlock},
	{"a reader's lock, twice", "rwlock rwlock", &rwlock, lock_read_twice, unlock_rwlock_twice, free_rwlock},
	{"a writer's lock", "rwlock rwlock", &rwlock, lock_write, unlock_rwlock, free_rwlock},
	{"a spinlock", "spinlock spinlock", (void *)&spinlock, lock_spin, unlock_spin, free_spin},
	{"a stream, twice", "stream ", NULL, lock_stream, unlock_stream, free_stream},
};
#define KINDS (int)(sizeof kinds / sizeof *kinds)

struct holder {
	const struct kind *kind;
	volatile int has, let_go, gone, ticks;
};

static void run_until(linger_t *call, volatile int *flag)
{
	while (!*flag && resume(call, SLICE_US) == 0 && !call->is_complete)
		;
}

static void hold_it(void *arg)
{
	struct holder *h = arg;
	h->kind->take(h->kind->lock);
	h->has = 1;
	while (!h->let_go)
		h->ticks = h->ticks + 1;
	h->kind->let_go(h->kind->lock);
	h->gone = 1;
	for (;;)
		;
}

static linger_t begin(struct holder *h, const struct kind *kind, uint32_t flags, uint64_t grace_us)
{
	struct inger_attr attr = INGER_ATTR_INIT;
	*h = (struct holder){.kind = kind};
	attr.flags = flags;
	attr.grace_us = grace_us;
	attr.name = "the holder";
	attr.isolation = INGER_SHARED;
	linger_t call = inger_launch_attr(hold_it, SLICE_US, h, &attr);
	run_until(&call, &h->has);
	return call;
}

static void test_kind(const struct kind *kind)
{
	struct holder h;
	linger_t call = begin(&h, kind, 0, LONG_GRACE_US);
	ok(!kind->is_free(kind->lock), "a paused function holds %s", kind->what);
	h.let_go = 1;
	int result = cancel(&call);
	ok(result == 0 && !h.gone, "cancel() lets it run until it has let go of %s, and no further", kind->what);
	ok(kind->is_free(kind->lock), "%s is free then", kind->what);

	call = begin(&h, kind, 0, SHORT_GRACE_US);
	errno = 0;
	result = cancel(&call);
	ok(result == -1 && errno == EBUSY && call.continuation,
	   "cancel() gives up on a function that does not let go of %s", kind->what);
	const char *text = inger_strerror(EBUSY);
	if (!ok(text && strstr(text, kind->named) && strstr(text, "the holder"), "and names it and %s", kind->what))
		diag("%s", text ? text : "(null)");
	int before = h.ticks;
	ok(resume(&call, 1000) == 0 && h.ticks != before && !kind->is_free(kind->lock), "which goes on as before");
	h.let_go = 1;
	run_until(&call, &h.gone);
	ok(kind->is_free(kind->lock) && cancel(&call) == 0, "and can be cancelled once it holds nothing");

	call = begin(&h, kind, INGER_RELEASE, SHORT_GRACE_US);
	result = cancel(&call);
	ok(result == 0 && !h.gone, "with INGER_RELEASE it is cancelled at once");
	ok(kind->is_free(kind->lock), "and %s is released", kind->what);
}
#define KIND_TESTS 9

/* ---- locks that go with the function */

static void hold_forever(pthread_mutex_t *m, volatile int *has)
{
	pthread_mutex_lock(m);
	*has = 1;
	for (;;)
		;
}

static void hold_on_stack(void *has)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	hold_forever(&m, has);
}

static void hold_in_block(void *has)
{
	struct { char before[100]; pthread_mutex_t m; } *block = malloc(sizeof *block);
	block->m = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	hold_forever(&block->m, has);
}

static void hold_in_thread(void *has)
{
	hold_forever(&private_mutex, has);
}

static void hold_own_stream(void *has)
{
	FILE *own = fopen("/dev/null", "w");
	flockfile(own);
	fputs("not flushed", own);
	*(volatile int *)has = 1;
	for (;;)
		;
}

static void test_own(void (*function)(void *), const char *where)
{
	volatile int has = 0;
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.grace_us = SHORT_GRACE_US;
	attr.isolation = INGER_SHARED;
	linger_t call = inger_launch_attr(function, SLICE_US, (void *)&has, &attr);
	run_until(&call, &has);
	is_int(cancel(&call), 0, "a lock %s does not keep a function from being cancelled", where);
}

/* A lock in a library's static data: the function's own when it is isolated. */
#define STATIC_APP1 8 /* SQLITE_MUTEX_STATIC_APP1 */
static void *library;

static void hold_in_library(void *has)
{
	void *(*alloc)(int) = (void *(*)(int))dlsym(library, "sqlite3_mutex_alloc");
	void (*enter)(void *) = (void (*)(void *))dlsym(library, "sqlite3_mutex_enter");
	void *mutex = alloc(STATIC_APP1);
	enter(mutex);
	*(volatile int *)has = 1;
	for (;;)
		;
}

static void test_library(void)
{
	volatile int has = 0;
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.grace_us = SHORT_GRACE_US;
	attr.isolation = INGER_ISOLATED;
	library = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_LOCAL);
	ok(library != NULL, "libsqlite3.so.0 is there");
	linger_t call = inger_launch_attr(hold_in_library, SLICE_US, (void *)&has, &attr);
	run_until(&call, &has);
	is_int(cancel(&call), 0, "a lock in its libset does not keep a function from being cancelled");
	attr.isolation = INGER_SHARED;
	attr.flags = INGER_RELEASE;
	has = 0;
	call = inger_launch_attr(hold_in_library, SLICE_US, (void *)&has, &attr);
	run_until(&call, &has);
	ok(has, "the program's own was free");
	attr.flags = 0;
	linger_t other = inger_launch_attr(hold_in_library, SLICE_US, (void *)&has, &attr);
	is_int(cancel(&other), 0, "who waits for it can be cancelled");
	is_int(cancel(&call), 0, "and so can its holder, with INGER_RELEASE");
}

/* ---- waiting for another lock */

static void hold_and_wait(void *arg)
{
	struct holder *h = arg;
	pthread_mutex_lock(&plain_mutex);
	h->has = 1;
	pthread_mutex_lock(&other_mutex);
	pthread_mutex_unlock(&plain_mutex);
	h->ticks = 1;
	for (h->let_go = 1;;)
		pthread_mutex_unlock(&other_mutex), thrd_yield(), pthread_mutex_lock(&other_mutex);
}

static void test_chain(void)
{
	struct holder h = {0};
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = INGER_SHARED;
	attr.grace_us = SHORT_GRACE_US;
	pthread_mutex_lock(&other_mutex);
	linger_t call = inger_launch_attr(hold_and_wait, SLICE_US, &h, &attr);
	run_until(&call, &h.has);
	int result = cancel(&call);
	ok(result == -1 && errno == EBUSY && strstr(inger_strerror(EBUSY), "plain_mutex"),
	   "a function that waits for one lock while it holds another is not cancelled");
	is_int(pthread_mutex_unlock(&other_mutex), 0, "the one it waits for is let go of");
	for (int i = 0; i < 10000 && (result = cancel(&call)) != 0; i++)
		;
	ok(result == 0 && h.ticks, "and then it can be cancelled");
	ok(free_mutex(&plain_mutex) && free_mutex(&other_mutex), "and both are free");
}

/* ---- cancelled while it waits for a lock that is taken */

static void wait_for_it(void *arg)
{
	struct holder *h = arg;
	h->has = 1;
	h->kind->take(h->kind->lock);
	h->gone = 1;
}

static void test_waiting(const struct kind *kind)
{
	struct holder h = {.kind = kind};
	struct inger_attr attr = INGER_ATTR_INIT;
	attr.isolation = INGER_SHARED;
	bool reads = kind->is_free == free_rwlock; /* which would not wait for another reader */
	(reads ? lock_write : kind->take)(kind->lock);
	linger_t call = inger_launch_attr(wait_for_it, SLICE_US, &h, &attr);
	run_until(&call, &h.has);
	for (int i = 0; i < 5; i++)
		resume(&call, SLICE_US);
	int result = cancel(&call);
	ok(result == 0 && !h.gone, "a function that waits for %s is cancelled", kind->what);
	(reads ? unlock_rwlock : kind->let_go)(kind->lock);
	ok(kind->is_free(kind->lock), "and %s is free when its holder lets go", kind->what);
}
#define WAITING_TESTS 2

int main(void)
{
	pthread_mutexattr_t attributes;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&robust_mutex, &attributes);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_STALLED);
	pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&heir_mutex, &attributes);
	pthread_spin_init(&spinlock, PTHREAD_PROCESS_PRIVATE);
	mtx_init(&c11_mutex, mtx_plain);
	stream = fopen("/dev/null", "w");
	kinds[KINDS - 1].lock = stream;

	plan(KINDS * (KIND_TESTS + WAITING_TESTS) + 4 + 5 + 4);
	for (int i = 0; i < KINDS; i++)
		test_kind(&kinds[i]);
	for (int i = 0; i < KINDS; i++)
		test_waiting(&kinds[i]);
	test_own(hold_on_stack, "on its stack");
	test_own(hold_in_block, "in its heap block");
	test_own(hold_in_thread, "in its thread-local variable");
	test_own(hold_own_stream, "of its stream");
	test_library();
	test_chain();
	return done();
}
