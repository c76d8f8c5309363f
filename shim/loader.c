/* SPDX-License-Identifier: Apache-2.0 */
/* loader.c - the dynamic linker's locks, and our own that comes with them. The order is in loader.h.
 *
 * The linker lends its locks to nobody, but who wants to read its list while nothing comes or goes needs them: without the load
 * lock an object may be half relocated, and without the write lock it may be unmapped. Where they are is found out by
 * taking them in the ways there are, and looking what has changed in the linker's variables: dlsym() has the load lock while it
 * calls an IFUNC symbol's resolver, which is ours, and dl_iterate_phdr() has the write lock in its callback. */
#include "shim.h"
#include "loader.h"
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>

extern void *shim_real_dlsym, *shim_real_dl_iterate_phdr, *shim_real__dl_find_object;
extern void *shim_real_pthread_mutex_lock, *shim_real_pthread_mutex_trylock, *shim_real_pthread_mutex_clocklock;
extern void *shim_real_pthread_mutex_unlock;

/* ---- where the linker's locks are */

#define MOST_LOCKS 32

/* Locks of the linker that a thread has, with how often. */
struct taken {
	uint32_t count;
	struct {
		pthread_mutex_t *lock;
		uint32_t times;
	} list[MOST_LOCKS];
};

static pthread_mutex_t *load_lock, *write_lock, *tls_lock;
static char *variables, *variables_end; /* the linker's */
static uint64_t tid_offset;
static _Atomic bool found;
uint32_t shim_loader_closing;
static uint64_t closing_fs;

static void find_taken(struct taken *taken, int tid)
{
	taken->count = 0;
	for (char *at = variables; at + sizeof(pthread_mutex_t) <= variables_end; at += 8) {
		pthread_mutex_t *m = (pthread_mutex_t *)at;
		if (m->__data.__kind != PTHREAD_MUTEX_RECURSIVE || m->__data.__owner != tid || !m->__data.__count || m->__data.__lock == 0)
			continue;
		if (taken->count < MOST_LOCKS) {
			taken->list[taken->count].lock = m;
			taken->list[taken->count++].times = m->__data.__count;
		}
	}
}

/* The one that is taken once more; NULL: none, or more than one. */
static pthread_mutex_t *taken_since(const struct taken *before)
{
	pthread_mutex_t *one = NULL;
	struct taken now;

	find_taken(&now, (int)shim_syscall0(SYS_gettid));
	for (uint32_t i = 0; i < now.count; i++) {
		uint32_t times = 0;
		for (uint32_t k = 0; k < before->count; k++)
			if (before->list[k].lock == now.list[i].lock)
				times = before->list[k].times;
		if (now.list[i].times == times)
			continue;
		if (one || now.list[i].times != times + 1)
			return NULL;
		one = now.list[i].lock;
	}
	return one;
}

static const struct taken *taken_before; /* only while shim_loader_find() is at work */

typedef int probe_function(void);

static int probe(void)
{
	return 0;
}

/* dlsym() asks for the address of a function whose resolver this is, with the load lock taken. */
static probe_function *under_load_lock(void)
{
	if (taken_before)
		load_lock = taken_since(taken_before);
	return probe;
}
SHIM_EXPORT int inger_loader_probe(void) __attribute__((ifunc("under_load_lock")));

static int under_write_lock(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)info;
	(void)size;
	write_lock = taken_since(arg);
	return 1;
}

struct range {
	uint64_t inside, end;
};

static int find_end(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct range *r = arg;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uint64_t start = info->dlpi_addr + p->p_vaddr;
		if (p->p_type == PT_LOAD && r->inside - start < p->p_memsz)
			r->end = start + p->p_memsz;
	}
	return r->end != 0;
}

typedef int iterate_function(int (*)(struct dl_phdr_info *, size_t, void *), void *);

static void iterate(int (*callback)(struct dl_phdr_info *, size_t, void *), void *arg)
{
	((iterate_function *)shim_real_dl_iterate_phdr)(callback, arg);
}

static bool is_lock(const pthread_mutex_t *m)
{
	return (char *)m >= variables && (char *)(m + 1) <= variables_end && m->__data.__kind == PTHREAD_MUTEX_RECURSIVE &&
		m->__data.__nusers <= 1;
}

bool shim_loader_find(void)
{
	if (atomic_load_explicit(&found, memory_order_acquire))
		return true;
	shim_resolve_all();
	const uint32_t *tid = shim_resolve_in("libc.so.6", "_thread_db_pthread_tid");
	struct range range = {(uint64_t)shim_resolve_in("ld-linux-x86-64.so.2", "_rtld_global"), 0};
	struct taken before;
	if (!tid || tid[0] != 32 || tid[2] > 16384 || !range.inside || !shim_real_dlsym || !shim_real__dl_find_object)
		return false;
	tid_offset = tid[2];
	iterate(find_end, &range);
	variables = (char *)range.inside;
	variables_end = (char *)range.end;
	find_taken(&before, (int)shim_syscall0(SYS_gettid));
	iterate(under_write_lock, &before);
	taken_before = &before;
	(void)((void *(*)(void *, const char *))shim_real_dlsym)(RTLD_DEFAULT, "inger_loader_probe");
	taken_before = NULL;
	if (!load_lock || !write_lock || load_lock == write_lock)
		return false;
	/* The third, which nothing lets us see taken, is declared after these (sysdeps/generic/ldsodefs.h); older ones have none. */
	pthread_mutex_t *third = write_lock + (write_lock - load_lock);
	tls_lock = is_lock(third) ? third : NULL;
	atomic_store_explicit(&found, true, memory_order_release);
	return true;
}

/* By this thread, or by this call: libc knows a call by a number of its own. */
static bool is_mine(const pthread_mutex_t *lock)
{
	return lock && __atomic_load_n(&lock->__data.__owner, __ATOMIC_RELAXED) == *(int *)(shim_fs() + tid_offset);
}

/* ---- looking */

static _Atomic uint32_t looking; /* 0 free, 1 taken, 2 and somebody waits */
static uint64_t looking_fs;      /* whose: written by the holder */
static uint32_t looking_times;
static bool incomplete;

#ifdef SHIM_CHECK_LOCKS
static void check(bool good, const char *what)
{
	if (good)
		return;
	shim_message("the order of locks is not kept", what, "see shim/loader.h");
	abort();
}

void shim_loader_check_thread_start(void)
{
	check(!is_mine(write_lock), "a thread is started under the linker's write lock");
}
#else
#define check(good, what) (void)0
#endif

static bool looking_is_mine(void)
{
	return __atomic_load_n(&looking_fs, __ATOMIC_RELAXED) == shim_fs();
}

static void take_looking(void)
{
	uint32_t unused = 0;

	if (looking_is_mine()) {
		looking_times++;
		return;
	}
	check(!is_mine(tls_lock) && !is_mine(write_lock), "looking");
	if (!atomic_compare_exchange_strong(&looking, &unused, 1))
		while (atomic_exchange(&looking, 2) != 0)
			shim_syscall6(SYS_futex, (long)&looking, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 2, 0, 0, 0);
	__atomic_store_n(&looking_fs, shim_fs(), __ATOMIC_RELAXED);
	looking_times = 1;
}

static void drop_looking(void)
{
	if (--looking_times)
		return;
	__atomic_store_n(&looking_fs, 0, __ATOMIC_RELAXED);
	if (atomic_exchange(&looking, 0) == 2)
		shim_syscall3(SYS_futex, &looking, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
}

/* The child of a vfork() or of a raw clone() has no handlers: who has the lock may not be there. */
bool shim_look_begin(void)
{
	if (!shim_loader_find() || !shim_in_own_process())
		return false;
	if (!looking_is_mine() && (is_mine(tls_lock) || is_mine(write_lock)))
		return false;
	take_looking();
	return true;
}

void shim_look_end(void)
{
	drop_looking();
}

struct look {
	void (*look)(void *);
	void *arg;
};

static int look_once(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct look *l = arg;

	(void)info;
	(void)size;
	l->look(l->arg);
	return 1;
}

bool shim_loader_look(void (*look)(void *), void *arg)
{
	struct look l = {look, arg};

	if (!shim_look_begin())
		return false;
	incomplete = false;
	iterate(look_once, &l);
	shim_look_end();
	return true;
}

/* The linker makes an object known here when it has relocated it, and before constructors run (elf/dl-open.c,
 * _dl_find_object_update()). The vDSO is not known at all. */
bool shim_loader_is_complete(const struct link_map *map)
{
	struct dl_find_object place;

	if (map->l_ld && ((int (*)(void *, struct dl_find_object *))shim_real__dl_find_object)(map->l_ld, &place) == 0)
		return true;
	if (map->l_name[0] == '/' || map->l_name[0] == '.')
		incomplete = true;
	return false;
}

bool shim_loader_saw_incomplete(void)
{
	return incomplete;
}

void shim_loader_iterate(int (*callback)(struct dl_phdr_info *, size_t, void *), void *arg)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);

	if (!shim_real_dl_iterate_phdr)
		shim_resolve_all();
	/* A fork now would leave the write lock taken in the child. */
	bool looks = shim_look_begin();
	iterate(callback, arg);
	if (looks)
		shim_look_end();
	shim_defer_end(call, deferred);
}

struct wanted {
	const char *symbol;
	void *found;
};

static void find_symbol(void *arg)
{
	struct wanted *w = arg;

	w->found = shim_find_symbol(w->symbol);
}

void *shim_loader_symbol(const char *symbol)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	struct wanted wanted = {symbol, NULL};

	if (!shim_loader_look(find_symbol, &wanted))
		find_symbol(&wanted); /* who is not allowed to has locks of the linker's himself */
	shim_defer_end(call, deferred);
	return wanted.found;
}

/* ---- the load lock */

/* The clock of the kernel's, whatever a preloaded library makes of clock_gettime(). */
static struct timespec after(uint64_t ns)
{
	struct timespec t;

	shim_syscall2(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
	ns += (uint64_t)t.tv_nsec;
	t.tv_sec += (time_t)(ns / 1000000000u);
	t.tv_nsec = (long)(ns % 1000000000u);
	return t;
}

bool shim_loader_enter(uint64_t patience_ns)
{
	if (!shim_loader_find())
		return false;
	check(!looking_is_mine(), "the load lock after looking");
	if (is_mine(tls_lock) || is_mine(write_lock) || looking_is_mine())
		return false;
	if (((int (*)(pthread_mutex_t *))shim_real_pthread_mutex_trylock)(load_lock) == 0)
		return true;
	if (!patience_ns)
		return false;
	struct timespec until = after(patience_ns);
	return ((int (*)(pthread_mutex_t *, clockid_t, const struct timespec *))shim_real_pthread_mutex_clocklock)(load_lock, CLOCK_MONOTONIC,
														   &until) == 0;
}

void shim_loader_leave(void)
{
	((int (*)(pthread_mutex_t *))shim_real_pthread_mutex_unlock)(load_lock);
}

/* ---- dlclose() */

/* The load lock is taken for it already, as it takes it first itself: what is said here is said under that lock. */
int shim_loader_close(int (*real)(void *), void *handle)
{
	if (!atomic_load_explicit(&found, memory_order_acquire) || is_mine(tls_lock) || is_mine(write_lock))
		return real(handle);
	uint64_t outer = closing_fs;
	((int (*)(pthread_mutex_t *))shim_real_pthread_mutex_lock)(load_lock);
	shim_loader_closing++;
	closing_fs = shim_fs();
	int result = real(handle);
	shim_loader_closing--;
	closing_fs = outer;
	shim_loader_leave();
	return result;
}

/* ---- fork() */

static __thread bool fork_took __attribute__((tls_model("initial-exec")));

/* In a callback of dl_iterate_phdr() it does not wait: the child gets the write lock as it is there in any case. */
void shim_loader_fork_begins(void)
{
	fork_took = atomic_load_explicit(&found, memory_order_acquire) && (looking_is_mine() || (!is_mine(tls_lock) && !is_mine(write_lock)));
	if (fork_took)
		take_looking();
}

void shim_loader_fork_is_over(void)
{
	if (fork_took)
		drop_looking();
}

/* The child: the lock is this thread's. glibc has made the load lock anew; the thread that was in dlclose() is not here. */
void shim_loader_forked(void)
{
	if (closing_fs != shim_fs())
		shim_loader_closing = 0;
	if (fork_took)
		drop_looking();
	else
		looking = 0;
}
