/* SPDX-License-Identifier: Apache-2.0 */
/* own_thread.c - threads that calls and libsets have started, and what becomes of them at the end of who did.
 *
 * A thread belongs to the libset that its function is in, else to the call that started it; one that such a thread starts, to
 * the same. Memory of an owner goes only when its threads are gone: libraries' pools (OpenMP's, GLib's) wait for words in it.
 * So at the end they are asked to leave. A thread does so where that harms nobody else: in the text of the libset that goes, or
 * while it waits, in nobody's lock, for a word that goes, which nobody could ever change again. Those that do not leave in time
 * keep their owner: a libset stays mapped, a call's stack and blocks stay as they are, until another end finds them gone.
 *
 * Whether a thread is gone is what the kernel says: it holds a robust mutex to its last instruction. */
#include "own_thread.h"
#include "libc.h"
#include "../gotcha/libset.h"
#include <errno.h>
#include <sys/syscall.h>
#include <threads.h>

#define OWNER(tag) ((tag) & 0x7fffffffu)
#define NAP_NS 100000
#define ASK_NS 100000000ull /* how long they have */

_Static_assert(offsetof(struct shim_started, base_rsp) == STARTED_BASE_RSP && offsetof(struct shim_started, start) == STARTED_START &&
	       offsetof(struct shim_started, arg) == STARTED_ARG, "offsets.h and struct shim_started disagree");

SHIM_SLOT(pthread_create);
SHIM_SLOT(thrd_create);
extern void *shim_real_malloc, *shim_real_free, *shim_real_pthread_mutex_lock, *shim_real_pthread_mutex_trylock;
extern void *shim_real_pthread_mutex_unlock, *shim_real_pthread_detach, *shim_real_syscall;
extern void *shim_real_poll, *shim_real_epoll_wait, *shim_real_select, *shim_real_nanosleep, *shim_real_clock_nanosleep;
extern void *shim_real_read, *shim_real_recv, *shim_real_accept, *shim_real_pause;

static struct shim_started *list;
static atomic_flag lock = ATOMIC_FLAG_INIT;
static const struct link_map *libc;

/* ---- where a thread may leave, asked by itself in a signal handler */

static bool is_in(uint64_t rip, void *function)
{
	return rip - (uint64_t)function < 256; /* they are small, and what is behind them waits for nothing */
}

/* libc's functions that wait with nothing in hand. */
static bool waits_freely(uint64_t rip)
{
	return is_in(rip, shim_real_poll) || is_in(rip, shim_real_epoll_wait) || is_in(rip, shim_real_select) ||
	       is_in(rip, shim_real_nanosleep) || is_in(rip, shim_real_clock_nanosleep) || is_in(rip, shim_real_read) ||
	       is_in(rip, shim_real_recv) || is_in(rip, shim_real_accept) || is_in(rip, shim_real_pause);
}

static bool goes(const struct shim_owner *owner, uint64_t address)
{
	if (!owner)
		return false;
	if (owner->tag < SHIM_SET_TAG)
		return own_dies(owner, (const void *)address);
	const struct gotcha_set *set = (const void *)((const char *)owner - offsetof(struct gotcha_set, owner));
	return gotcha_set_at(address) == set || own_has(owner, (const void *)address);
}

/* From glibc 2.41 on these functions make their system call in one place (nptl/cancellation.c), a few frames below their own: the
 * address they go on at is among the first words of the stack. */
#define COMMON_WORDS 32
#define CALL_BYTE 0xe8

static bool waits_freely_above(uint64_t rsp, uint64_t base_rsp)
{
	const uint64_t *words = (const uint64_t *)rsp;

	if (!shim_libc_waits_in_common)
		return false;
	for (int i = 0; i < COMMON_WORDS && (uint64_t)(words + i) < base_rsp; i++)
		if (waits_freely(words[i]) && ((const uint8_t *)words[i])[-5] == CALL_BYTE)
			return true;
	return false;
}

bool shim_started_may_leave(const struct shim_started *s, uint64_t rip, bool in_kernel, uint64_t word, uint64_t rsp)
{
	const struct shim_owner *first = s->leaves[0], *second = s->leaves[1];

	if (!first && !second)
		return false;
	const struct gotcha_set *set = gotcha_set_at(rip);
	if (set)
		return (first && first == &set->owner) || (second && second == &set->owner);
	if (!in_kernel || rip - shim_ldso_low < shim_ldso_high - shim_ldso_low)
		return false;
	const struct link_map *map = shim_object_at((const void *)rip);
	if (!map || shim_is_ours(map))
		return false;
	if (map == libc && s->owner >= SHIM_SET_TAG && (waits_freely(rip) || waits_freely_above(rsp, s->base_rsp)))
		return true;
	if (map == libc && !is_in(rip, shim_real_syscall) && !shim_tls.waits)
		return false;
	return goes(first, word) || goes(second, word);
}

/* ---- a thread's life */

void *shim_started_begin(void *arg)
{
	struct shim_started *s = arg;

	((int (*)(pthread_mutex_t *))shim_real_pthread_mutex_lock)(&s->alive);
	shim_tls.started = s;
	s->tid = (pid_t)shim_syscall0(SYS_gettid);
	void *result = shim_started_run(s);
	s->base_rsp = 0;
	if (s->left)
		(void)((int (*)(pthread_t))shim_real_pthread_detach)(pthread_self()); /* who could join it is gone */
	return result;
}

/* Whether it is gone. The lock is held. */
static bool is_gone(struct shim_started *s)
{
	int error = ((int (*)(pthread_mutex_t *))shim_real_pthread_mutex_trylock)(&s->alive);

	if (error == 0 || error == EOWNERDEAD)
		((int (*)(pthread_mutex_t *))shim_real_pthread_mutex_unlock)(&s->alive);
	return error == EOWNERDEAD;
}

static void sweep(void)
{
	for (struct shim_started **link = &list; *link;) {
		struct shim_started *s = *link;
		if (is_gone(s)) {
			*link = s->next;
			((void (*)(void *))shim_real_free)(s);
		} else {
			link = &s->next;
		}
	}
}

static struct shim_started *enter(struct shim_owner *owner, uint32_t tag, void *(*start)(void *), void *arg)
{
	struct shim_started *s = ((void *(*)(size_t))shim_real_malloc)(sizeof *s);
	pthread_mutexattr_t attr;

	if (!s)
		return NULL;
	*s = (struct shim_started){.start = start, .arg = arg, .owner = tag};
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&s->alive, &attr);
	shim_spin_take(&lock);
	if (!libc)
		libc = shim_object_at(shim_real_pthread_create);
	sweep();
	s->next = list;
	list = s;
	if (owner)
		owner->registered |= REG_THREADS;
	shim_spin_drop(&lock);
	return s;
}

struct shim_started *shim_started_enter(struct shim_owner *owner, void *(*start)(void *), void *arg)
{
	return enter(owner, OWNER(owner->tag), start, arg);
}

/* It was not created. */
static void leave(struct shim_started *s)
{
	shim_spin_take(&lock);
	for (struct shim_started **link = &list; *link; link = &(*link)->next)
		if (*link == s) {
			*link = s->next;
			break;
		}
	shim_spin_drop(&lock);
	((void (*)(void *))shim_real_free)(s);
}

SHIM_EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
	int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) =
		SHIM_REAL(int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *), pthread_create);
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	struct gotcha_set *set = gotcha_set_at((uint64_t)start);
	struct shim_owner *owner = set ? &set->owner : own_here(call, deferred);
	uint32_t tag = owner ? OWNER(owner->tag) : shim_tls.started ? shim_tls.started->owner : 0;
	struct shim_started *s = tag ? enter(owner, tag, start, arg) : NULL;
	int error = tag && !s ? EAGAIN : 0;
	if (s) {
		start = shim_started_begin;
		arg = s;
	}
	shim_mask_as_believed(true);
	if (!error)
		error = call ? (int)shim_on_own_tcb(call, (void *)real, (long)thread, (long)attr, (long)start, (long)arg) : real(thread, attr, start, arg);
	shim_mask_as_believed(false);
	if (error && s)
		leave(s);
	shim_defer_end(call, deferred);
	return error;
}

static void *run_c11(void *arg)
{
	struct { thrd_start_t start; void *arg; } c = *(__typeof__(c) *)arg;

	((void (*)(void *))shim_real_free)(arg);
	return (void *)(intptr_t)c.start(c.arg);
}

SHIM_EXPORT int thrd_create(thrd_t *thread, thrd_start_t start, void *arg)
{
	struct { thrd_start_t start; void *arg; } *c;

	(void)SHIM_REAL(void *, pthread_create);
	c = ((void *(*)(size_t))shim_real_malloc)(sizeof *c);
	if (!c)
		return thrd_nomem;
	c->start = start;
	c->arg = arg;
	int error = pthread_create(thread, NULL, run_c11, c);
	if (error)
		((void (*)(void *))shim_real_free)(c);
	return error == 0 ? thrd_success : error == ENOMEM ? thrd_nomem : thrd_error;
}

/* ---- the end of an owner */

static void ask(struct shim_started *s, const struct shim_owner *first, const struct shim_owner *second)
{
	siginfo_t info = {.si_signo = SHIM_SIGNAL, .si_code = SI_QUEUE};

	info.si_value.sival_ptr = (void *)SHIM_LEAVE_COOKIE;
	s->leaves[0] = first;
	s->leaves[1] = second;
	if (s->tid)
		shim_syscall4(SYS_rt_tgsigqueueinfo, shim_pid, s->tid, SHIM_SIGNAL, &info);
}

static bool belongs(const struct shim_started *s, const struct shim_owner *owner)
{
	return owner && s->owner == OWNER(owner->tag);
}

bool own_threads_end(struct shim_owner *first, struct shim_owner *second, bool wait)
{
	uint64_t end = shim_monotonic_ns() + (wait ? ASK_NS : 0);
	struct timespec nap = {0, NAP_NS};

	for (;;) {
		uint32_t left = 0;
		shim_spin_take(&lock);
		sweep();
		for (struct shim_started *s = list; s; s = s->next)
			if (belongs(s, first) || belongs(s, second)) {
				ask(s, first, second);
				left++;
			}
		shim_spin_drop(&lock);
		if (!left)
			break;
		if (shim_monotonic_ns() >= end)
			return false;
		shim_syscall2(SYS_nanosleep, &nap, NULL);
	}
	if (first)
		first->registered &= ~(uint32_t)REG_THREADS;
	if (second)
		second->registered &= ~(uint32_t)REG_THREADS;
	return true;
}

/* A completed call's go on for somebody else, or (0) for nobody. */
void own_threads_move(const struct shim_owner *from, uint32_t to_tag)
{
	shim_spin_take(&lock);
	for (struct shim_started *s = list; s; s = s->next)
		if (belongs(s, from))
			s->owner = OWNER(to_tag);
	shim_spin_drop(&lock);
}

/* In the child of a fork they are gone, but for the one that has forked. */
void own_threads_forked(void)
{
	struct shim_started *self = shim_tls.started;

	shim_spin_drop(&lock);
	list = self;
	if (self) {
		self->next = NULL;
		self->tid = (pid_t)shim_syscall0(SYS_gettid);
	}
}
