/* SPDX-License-Identifier: Apache-2.0 */
/* own_request.c - requests that libc's helper threads work on: aio_read() and its kin, getaddrinfo_a().
 *
 * Such a thread reads and writes the request and what it leads to, which is the function's memory as a rule, until the request is
 * over. So a call that ends takes its requests back: those that no thread has begun are cancelled, and the others are waited for,
 * for as long as threads that the call has started have. What is then still under way keeps the call whole (unreleased.c), until another
 * end finds it over. The request says itself whether it is: aio_error() looks under the lock that libc has until it is through
 * with it, and a lookup's result is the last word that is written there.
 *
 * A request that is over, and whose memory is something else by now, may look as if it was under way: that only costs the wait. */
#include "shim.h"
#include "loader.h"
#include <aio.h>
#include <errno.h>
#include <netdb.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#define OWNER(tag) ((tag) & 0x7fffffffu) /* the log's compaction changes the highest bit */
#define NAP_NS 100000
#define PATIENCE_NS 100000000ull

struct request {
	struct request *next;
	void *place; /* struct aiocb or gaicb */
	uint32_t owner;
	bool lookup;
};

SHIM_SLOT(aio_read);
SHIM_SLOT(aio_read64);
SHIM_SLOT(aio_write);
SHIM_SLOT(aio_write64);
SHIM_SLOT(aio_fsync);
SHIM_SLOT(aio_fsync64);
SHIM_SLOT(lio_listio);
SHIM_SLOT(lio_listio64);
SHIM_SLOT(getaddrinfo_a);
extern void *shim_real_malloc, *shim_real_free;

/* libc's, found with the first request. */
static int (*error_of)(const struct aiocb *);
static int (*cancel_io)(int, struct aiocb *);
static int (*cancel_lookup)(struct gaicb *);

static struct request *list;
static atomic_flag lock = ATOMIC_FLAG_INIT;

/* Its memory may be gone: it need not be the function's. */
static bool is_readable(const void *place, size_t bytes)
{
	char copy[sizeof(struct aiocb) + sizeof(struct gaicb)];
	struct iovec to = {copy, bytes}, from = {(void *)place, bytes};

	return shim_syscall6(SYS_process_vm_readv, shim_pid, (long)&to, 1, (long)&from, 1, 0) == (long)bytes;
}

static bool is_under_way(const struct request *r)
{
	if (!is_readable(r->place, r->lookup ? sizeof(struct gaicb) : sizeof(struct aiocb)))
		return false;
	if (r->lookup)
		return __atomic_load_n(&((struct gaicb *)r->place)->__return, __ATOMIC_ACQUIRE) == EAI_INPROGRESS;
	return error_of(r->place) == EINPROGRESS;
}

static void ask_to_stop(const struct request *r)
{
	if (r->lookup)
		(void)cancel_lookup(r->place);
	else
		(void)cancel_io(((struct aiocb *)r->place)->aio_fildes, r->place);
}

static void add(struct request *r)
{
	shim_spin_take(&lock);
	r->next = list;
	list = r;
	shim_spin_drop(&lock);
}

/* All of an owner's, for who looks at them: libc's lock is not taken under ours. */
static struct request *take_out(uint32_t owner)
{
	struct request *taken = NULL;

	shim_spin_take(&lock);
	for (struct request **link = &list; *link;) {
		struct request *r = *link;
		if (r->owner != owner) {
			link = &r->next;
			continue;
		}
		*link = r->next;
		r->next = taken;
		taken = r;
	}
	shim_spin_drop(&lock);
	return taken;
}

/* Those that are over are forgotten. Returns how many are not. */
static uint32_t sweep(uint32_t owner, bool stop)
{
	struct request *r = take_out(owner), *next;
	uint32_t left = 0;

	for (; r; r = next) {
		next = r->next;
		if (stop && is_under_way(r))
			ask_to_stop(r);
		if (is_under_way(r)) {
			add(r);
			left++;
		} else {
			((void (*)(void *))shim_real_free)(r);
		}
	}
	return left;
}

bool own_requests_end(struct shim_owner *owner, bool wait)
{
	uint64_t end = shim_monotonic_ns() + (wait ? PATIENCE_NS : 0);
	struct timespec nap = {0, NAP_NS};

	if (SHIM_LIKELY(!(owner->registered & REG_REQUESTS)))
		return true;
	while (sweep(OWNER(owner->tag), true)) {
		if (shim_monotonic_ns() >= end)
			return false;
		shim_syscall2(SYS_nanosleep, &nap, NULL);
	}
	owner->registered &= ~(uint32_t)REG_REQUESTS;
	return true;
}

/* A completed call's are somebody else's, or (0) nobody's. */
void own_requests_move(const struct shim_owner *from, uint32_t to_tag)
{
	struct request *r = take_out(OWNER(from->tag)), *next;

	for (; r; r = next) {
		next = r->next;
		r->owner = OWNER(to_tag);
		if (to_tag)
			add(r);
		else
			((void (*)(void *))shim_real_free)(r);
	}
}

/* The child of a fork has no helper threads. */
void own_requests_forked(void)
{
	list = NULL;
	shim_spin_drop(&lock);
}

static bool find_functions(void)
{
	if (SHIM_LIKELY(__atomic_load_n(&error_of, __ATOMIC_ACQUIRE) != NULL))
		return true;
	cancel_io = (__typeof__(cancel_io))shim_loader_symbol("aio_cancel");
	cancel_lookup = (__typeof__(cancel_lookup))shim_loader_symbol("gai_cancel");
	__atomic_store_n(&error_of, (__typeof__(error_of))shim_loader_symbol("aio_error"), __ATOMIC_RELEASE);
	return error_of && cancel_io && cancel_lookup;
}

/* False: no memory, or libc lacks what says when they are over. */
static bool note(struct shim_owner *owner, void *const *places, int count, bool lookup)
{
	if (!find_functions())
		return false;
	(void)sweep(OWNER(owner->tag), false);
	for (int i = 0; i < count; i++) {
		struct request *r = places[i] ? ((void *(*)(size_t))shim_real_malloc)(sizeof *r) : NULL;
		if (!r && places[i])
			return false;
		if (!r)
			continue;
		*r = (struct request){.place = places[i], .owner = OWNER(owner->tag), .lookup = lookup};
		owner->registered |= REG_REQUESTS;
		add(r);
	}
	return true;
}

typedef int any_function(long, long, long, long);

static int start(void *real, long a, long b, long c, long d, void *const *places, int count, bool lookup, void *frame)
{
	struct shim_call *call = shim_tls.call;
	bool deferred = shim_defer_begin(call, frame), noted = true;
	struct shim_owner *owner = own_here(call, deferred);
	int result = lookup ? EAI_MEMORY : -1;

	/* Before it is under way: what is not yet says that it is over. A call ends in no section. */
	if (call && owner && owner->tag < SHIM_SET_TAG)
		noted = note(owner, places, count, lookup);
	if (noted)
		result = call ? (int)shim_on_own_tcb(call, real, a, b, c, d) : ((any_function *)real)(a, b, c, d);
	else if (!lookup)
		errno = EAGAIN;
	shim_defer_end(call, deferred);
	return result;
}

#define ONE(name, type)                                                                                               \
	SHIM_EXPORT int name(struct type *request)                                                                    \
	{                                                                                                             \
		void *places[] = {request};                                                                           \
		return start(SHIM_REAL(void *, name), (long)request, 0, 0, 0, places, 1, false, SHIM_FRAME);          \
	}
ONE(aio_read, aiocb)
ONE(aio_read64, aiocb64)
ONE(aio_write, aiocb)
ONE(aio_write64, aiocb64)

#define SYNC(name, type)                                                                                              \
	SHIM_EXPORT int name(int operation, struct type *request)                                                     \
	{                                                                                                             \
		void *places[] = {request};                                                                           \
		return start(SHIM_REAL(void *, name), operation, (long)request, 0, 0, places, 1, false, SHIM_FRAME);  \
	}
SYNC(aio_fsync, aiocb)
SYNC(aio_fsync64, aiocb64)

#define SEVERAL(name, type)                                                                                           \
	SHIM_EXPORT int name(int mode, struct type *const requests[], int count, struct sigevent *event)              \
	{                                                                                                             \
		return start(SHIM_REAL(void *, name), mode, (long)requests, count, (long)event, (void *const *)requests, count, false, \
			     SHIM_FRAME);                                                                             \
	}
SEVERAL(lio_listio, aiocb)
SEVERAL(lio_listio64, aiocb64)

SHIM_EXPORT int getaddrinfo_a(int mode, struct gaicb *requests[], int count, struct sigevent *event)
{
	return start(SHIM_REAL(void *, getaddrinfo_a), mode, (long)requests, count, (long)event, (void *const *)requests, count, true,
		     SHIM_FRAME);
}
