/* SPDX-License-Identifier: Apache-2.0 */
/* own_timer.c - timers of timer_create(): whose a timer is. It goes as a thread-specific key does, with the place where its
 * number is kept, and with the code that it would start a thread of. The timer of a variable of the program stays.
 *
 * libc starts a thread for an expiration some time after it, maybe when the timer is gone: for a libset's timer that thread
 * begins here, and goes on only while the timer is known. Then it is a thread of the libset. */
#include "own_thread.h"
#include "../gotcha/libset.h"
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#define OWNER(tag) ((tag) & 0x7fffffffu) /* the log's compaction changes the highest bit */

struct record {
	struct record *next;
	timer_t timer;
	uint32_t owner;
	const void *kept_at;
	uint64_t serial;         /* 0: no libset's that starts threads */
	struct shim_owner *set;
	union sigval value;
	void (*function)(union sigval);
};

SHIM_SLOT(timer_create);
SHIM_SLOT(timer_delete);
extern void *shim_real_malloc, *shim_real_free;

static struct record *list;
static atomic_flag lock = ATOMIC_FLAG_INIT;

/* A child of fork() has none of its parent's timers. */
void own_timers_forked(void)
{
	list = NULL;
	shim_spin_drop(&lock);
}

static struct shim_owner *owner_of(struct shim_call *call, bool began, const timer_t *place, const struct sigevent *event, const void *caller)
{
	struct gotcha_set *set = gotcha_set_at((uint64_t)place);

	if (!set && event && event->sigev_notify == SIGEV_THREAD)
		set = gotcha_set_at((uint64_t)event->sigev_notify_function);
	if (!set)
		set = gotcha_set_at((uint64_t)caller);
	return set ? &set->owner : own_here(call, began);
}

/* A pointer is as large as the union. */
_Static_assert(sizeof(union sigval) == sizeof(void *), "union sigval is not passed as a pointer");

static void begin(union sigval value)
{
	struct shim_started *s = NULL;

	shim_spin_take(&lock);
	for (struct record *r = list; r && !s; r = r->next)
		if (r->serial == (uint64_t)value.sival_ptr)
			s = shim_started_enter(r->set, (void *(*)(void *))(void *)r->function, r->value.sival_ptr);
	shim_spin_drop(&lock);
	if (s)
		(void)shim_started_begin(s);
}

SHIM_EXPORT int timer_create(clockid_t clock, struct sigevent *event, timer_t *timer)
{
	int (*real)(clockid_t, struct sigevent *, timer_t *) = SHIM_REAL(int (*)(clockid_t, struct sigevent *, timer_t *), timer_create);
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = owner_of(call, deferred, timer, event, __builtin_return_address(0));
	struct record *r = NULL;
	struct sigevent ours;
	static _Atomic uint64_t serials;
	int result = -1;

	if (owner)
		r = ((void *(*)(size_t))shim_real_malloc)(sizeof *r);
	if (r) {
		*r = (struct record){.owner = OWNER(owner->tag), .kept_at = timer, .set = owner};
		if (r->owner >= SHIM_SET_TAG && event && event->sigev_notify == SIGEV_THREAD) {
			r->serial = ++serials;
			r->value = event->sigev_value;
			r->function = event->sigev_notify_function;
			ours = *event;
			ours.sigev_value.sival_ptr = (void *)r->serial;
			ours.sigev_notify_function = begin;
			event = &ours;
		}
	}
	if (owner && !r)
		errno = EAGAIN;
	else /* it may start libc's helper thread */
		result = call ? (int)shim_on_own_tcb(call, (void *)real, clock, (long)event, (long)timer, 0) : real(clock, event, timer);
	if (r && result == 0) {
		r->timer = *timer;
		owner->registered |= REG_TIMERS;
		shim_spin_take(&lock);
		r->next = list;
		list = r;
		shim_spin_drop(&lock);
	} else if (r) {
		((void (*)(void *))shim_real_free)(r);
	}
	shim_defer_end(call, deferred);
	return result;
}

static void forget(timer_t timer)
{
	struct record *gone = NULL;

	shim_spin_take(&lock);
	for (struct record **link = &list; *link; link = &(*link)->next)
		if ((*link)->timer == timer) {
			gone = *link;
			*link = gone->next;
			break;
		}
	shim_spin_drop(&lock);
	((void (*)(void *))shim_real_free)(gone);
}

SHIM_EXPORT int timer_delete(timer_t timer)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, SHIM_FRAME);

	if (list)
		forget(timer);
	int result = SHIM_REAL(int (*)(timer_t), timer_delete)(timer);
	shim_defer_end(call, deferred);
	return result;
}

void own_timers_release(struct shim_owner *owner)
{
	uint32_t tag = OWNER(owner->tag);
	struct record *gone = NULL;

	shim_spin_take(&lock);
	for (struct record **link = &list; *link;) {
		struct record *r = *link;
		if (r->owner != tag) {
			link = &r->next;
			continue;
		}
		*link = r->next;
		r->next = gone;
		gone = r;
	}
	shim_spin_drop(&lock);
	while (gone) {
		struct record *r = gone;
		gone = r->next;
		if (tag >= SHIM_SET_TAG || own_dies(owner, r->kept_at))
			(void)SHIM_REAL(int (*)(timer_t), timer_delete)(r->timer);
		((void (*)(void *))shim_real_free)(r);
	}
}

/* A completed call's are somebody else's, or (0) nobody's. */
void own_timers_move(const struct shim_owner *from, uint32_t to_tag)
{
	shim_spin_take(&lock);
	for (struct record *r = list; r; r = r->next)
		if (r->owner == OWNER(from->tag))
			r->owner = OWNER(to_tag);
	shim_spin_drop(&lock);
}
