/* SPDX-License-Identifier: Apache-2.0 */
/* inger.h - call any C function with a time budget, pause it anywhere, resume it.
 *
 * A preemptible function is an ordinary C function that runs on the caller's own kernel thread, on a stack and with a
 * thread control block (TCB) of its own: its errno, its locale pointer and its __thread variables are private to the
 * call. By default it also has a libset of its own: private copies of the program's libraries (gotcha.h). When its budget
 * is used up it is paused wherever it happens to be, and the caller goes on.
 *
 * Link with -linger. Errors are errno values; nothing here calls abort() or exit() for a caller's mistake.
 * None of these functions is async-signal-safe. */
#ifndef INGER_H
#define INGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Functions that a preemptible function can be paused in are not noexcept: unwinding (INGER_UNWIND) leaves through them. */
#ifdef __cplusplus
#define INGER_NOEXCEPT_ noexcept
extern "C" {
#else
#define INGER_NOEXCEPT_
#endif

#define INGER_API __attribute__((visibility("default")))

/* The three published names are common words. An object that includes this header refers to inger_launch, inger_resume
 * and inger_cancel, so that no other library's launch(), resume() or cancel() can stand in for them or be hidden by
 * them. The plain names are exported as well, for dlsym() and for declarations written by hand. */
#define INGER_ALIAS_(name) __asm__(name)

/* The function takes an address and does not look behind it. */
#if defined __has_attribute
#if __has_attribute(access)
#define INGER_ACCESS_NONE_ __attribute__((access(none, 1)))
#endif
#endif
#ifndef INGER_ACCESS_NONE_
#define INGER_ACCESS_NONE_
#endif

/* A budget that never runs out. */
#define TO_COMPLETION UINT64_MAX

/* linger_t - what launch() returns: a call that is complete, or paused.
 * A value type; a copy names the same call. Once the call is complete or cancelled, copies made before are stale, and
 * resume() and cancel() refuse them with EINVAL. */
typedef struct {
	bool is_complete;   /* the function returned */
	bool yielded;       /* paused by inger_pause(), not by the clock */
	void *continuation; /* opaque; owned by the library; NULL once complete or cancelled, or when launch failed */
} linger_t;

/* struct inger_attr - how to launch. Start from INGER_ATTR_INIT: fields that later versions append are then zero, and
 * zero always means "the default". */
struct inger_attr {
	size_t size;        /* sizeof(struct inger_attr) as the caller was compiled */
	size_t stack_bytes; /* room for the function's frames; rounded up to pages; 0: RLIMIT_STACK or 8 MiB. ENOMEM if refused */
	const char *name;   /* for messages, such as the report of a stack overflow; must live as long as the call; may be NULL */
	uint32_t isolation; /* enum inger_isolation */
	uint32_t libsets;   /* keep at least this many ready for further launches, from now on; 0: INGER_LIBSETS, or 1 */
	uint32_t flags;       /* INGER_UNWIND, INGER_RELEASE, INGER_CONTAIN */
	uint32_t descriptors; /* most that it may have open of those it has opened; more: EMFILE inside; 0: no limit */
	uint64_t heap_bytes;  /* most that it may have allocated; more: ENOMEM inside; 0: no limit */
	uint64_t cpu_us;      /* processor time over all slices; more: it is paused for good, EDQUOT; 0: no limit */
	uint64_t grace_us;    /* how long cancel() lets it run on to release locks, and to where it can be unwound; 0: 10,000 */
	uint64_t cleanup_us;  /* budget of cleanup handlers and unwinding together; 0: 10,000 */
	struct inger_fault *fault; /* INGER_CONTAIN: filled in when it ends by a fault; must live as long as the call; may be NULL */
	linger_t *left;       /* inger_call(): gets the call that can't be cancelled (EBUSY); may be NULL */
};
#define INGER_ATTR_INIT { sizeof(struct inger_attr), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/* Flags of struct inger_attr. */
enum inger_flags {
	/* cancel() unwinds the stack: destructors of C++ objects and __attribute__((cleanup)) functions run, from where an exception
	 * may come, to which the function runs on within grace_us, up to the first frame that none may pass (noexcept). */
	INGER_UNWIND = 1,
	/* cancel() releases pthread locks of the program that the function holds, and leaves what they protect as it is. */
	INGER_RELEASE = 2,
	/* SIGSEGV, SIGBUS, SIGFPE, SIGILL and a full stack end the function instead of the program. Not a sandbox: what it
	 * has written before stays written. */
	INGER_CONTAIN = 4,
};

/* struct inger_fault - how a contained function ended. */
struct inger_fault {
	int signal;        /* SIGSEGV, SIGBUS, SIGFPE or SIGILL; a full stack is SIGSEGV with stack_overflow set */
	int code;          /* si_code of sigaction(2) */
	void *address;     /* si_addr: the address that was accessed, or the instruction's */
	void *instruction; /* where it happened */
	bool stack_overflow;
};

/* Whose static data the libraries that the function calls work on. */
enum inger_isolation {
	INGER_ISOLATION_DEFAULT = 0, /* INGER_ISOLATED, unless INGER_ISOLATION=shared is in the environment */
	INGER_ISOLATED = 1,          /* a libset of its own: private copies of the program's libraries */
	INGER_SHARED = 2,            /* the program's own libraries; only what libc locks is protected, by deferral */
};

/* launch - call func(arg) on this thread, for at most budget_us.
 * budget_us  microseconds of wall clock; 0 prepares without running, TO_COMPLETION never preempts.
 * Returns    a paused or completed call by value; a paused one belongs to the caller until resume() completes it or
 *            cancel() gives it up. On failure continuation is NULL and is_complete false, with errno:
 *            EINVAL  func is NULL
 *            EAGAIN  too many calls exist (about a million), or memory for another libset was refused (said once on stderr), or
 *                    the budget could not be kept: the kernel gives no clock (see limits.md, Time); or libraries have come
 *                    that can't be copied now, as another thread has been in dlopen() for 3 s
 *            ENOMEM  no memory for a stack or a TCB
 *            ENOSYS  the processor or libc lacks something needed, or nothing can be isolated here (said once on stderr)
 *            ENOTSUP the program has a malloc() of its own or ThreadSanitizer: inger_strerror() says which
 *            EDEADLK in a signal handler that has interrupted a function of this library on its own thread, as from resume() and cancel()
 *            EFAULT  with INGER_CONTAIN: the function faulted, and was cancelled
 * Nesting    may be called inside a preemptible function: the inner call is paused at the earlier of both deadlines.
 * Threads    any, also one that existed before the library was loaded.
 * Fork       works in the child of fork(). Calls paused before the fork exist in both processes, each with its own. The child of a
 *            fork inside of a call goes on in it without its budget, and launch() returns there when func does. */
INGER_API linger_t launch(void (*func)(void *), uint64_t budget_us, void *arg)
	INGER_ALIAS_("inger_launch");

/* inger_launch_attr - launch() with attributes.
 * attr       NULL for the defaults; not used after the call returns, except the name it points to.
 * Errors     as launch(); also EINVAL when attr->size is smaller than the first version's or larger than this library
 *            knows with a non-zero tail, or stack_bytes is beyond 1 TiB, isolation none of the above, libsets beyond 10,000. */
INGER_API linger_t inger_launch_attr(void (*func)(void *), uint64_t budget_us, void *arg, const struct inger_attr *attr);

/* resume - let a paused call go on for at most budget_us more.
 * f          updated in place; a complete call is left alone and 0 is returned.
 * budget_us  as for launch(); 0 does nothing.
 * Returns    0, or -1 with errno: EINVAL (f is NULL, was cancelled, failed to launch, or is a stale copy), EBUSY (running
 *            now, on this or another thread), EDQUOT (its processor time is used up: it stays paused, to be cancelled), EFAULT
 *            (INGER_CONTAIN: the function faulted and was cancelled).
 * Threads    any thread may resume, also another one than launched; one at a time. */
INGER_API int resume(linger_t *f, uint64_t budget_us) INGER_ALIAS_("inger_resume");

/* cancel - give a paused call up: it never runs its function again, and nothing in the process refers to it any more.
 * In this order: if it holds locks of the program it first runs on until it has let go of them, for at most
 * inger_attr.grace_us; cleanup handlers run, newest first, and with INGER_UNWIND the stack is unwound; paused calls that
 * it launched are cancelled; what it has is released: heap blocks, descriptors, mappings, FILE and DIR streams (what
 * it has not flushed is lost, as with kill(2)). What it freed, closed or gave away (inger_keep()) is left alone, and so
 * are processes that it started. Its threads end where they are at rest; else what they use is kept until they are gone.
 * Its libset goes, without destructors, and what that has registered: pointers into it are void.
 * An object of the caller's that a library let grow inside (a context, a match data, a string) is left with freed memory: make
 * it inside, let it grow before, or inger_keep() its new blocks. cancel(3) says more.
 * Returns    0, or -1 with errno: EINVAL (f is NULL, complete, cancelled already, or stale), EBUSY (running now; or it
 *            still holds a lock after the grace: inger_strerror() names both; f stays paused, to be resumed or cancelled
 *            again; or its threads go on, and 64 cancelled calls are kept for such threads already).
 * Threads    any. */
INGER_API int cancel(linger_t *f) INGER_ALIAS_("inger_cancel");

/* inger_call - func(arg) with a deadline: launch, and cancel when the budget is used up.
 * budget_us, attr  as for inger_launch_attr(); attr may be NULL.
 * Returns    an errno value: 0 (the function returned), ETIMEDOUT (it was cancelled), EFAULT (it was ended by a contained
 *            fault), EDQUOT (it was cancelled for its processor time), EBUSY (its budget is used up and it holds a lock: it
 *            is left paused in attr->left, or for good when that is NULL), or why it was not launched (launch()).
 * Threads    as launch(). inger_pause() inside is a pause: the call goes on at once. */
INGER_API int inger_call(void (*func)(void *), void *arg, uint64_t budget_us, const struct inger_attr *attr);

/* inger_keep - a heap block, FILE, DIR or mapping (its first byte) outlives the function that made it, also when that is
 * cancelled: it has been handed over. Functions that return keep everything they made.
 * Returns    0, or -1 with errno EINVAL when it belongs to no call (any more).
 * Threads    any, inside and outside of calls. */
INGER_API int inger_keep(const void *resource) INGER_NOEXCEPT_ INGER_ACCESS_NONE_;

/* inger_keep_fd - the same for a descriptor. */
INGER_API int inger_keep_fd(int fd) INGER_NOEXCEPT_;

/* inger_cleanup_push - inside a preemptible function: when it is cancelled, handler(arg) is to be called, on its stack, in
 * its libset, with a budget of its own (inger_attr.cleanup_us). Newest first. A function that returns drops its handlers.
 * Returns    0, or -1 with errno: EINVAL (handler is NULL, or no call is running), ENOMEM. */
INGER_API int inger_cleanup_push(void (*handler)(void *), void *arg) INGER_NOEXCEPT_;

/* inger_cleanup_pop - take the newest handler away, and call it if `execute` is not 0.
 * Returns    0, or -1 with errno EINVAL: there is none. */
INGER_API int inger_cleanup_pop(int execute) INGER_NOEXCEPT_;

/* struct inger_stats - counters of the process since the first launch; a fork()ed child goes on with its parent's.
 * Each is right in itself; two of them need not be of the same moment. */
struct inger_stats {
	size_t size;          /* sizeof(struct inger_stats) as the caller was compiled; set it before the call */
	uint64_t launched;    /* calls that were launched */
	uint64_t completed;   /* functions that returned */
	uint64_t cancelled;   /* by cancel() or inger_call() */
	uint64_t faulted;     /* ended by a contained fault */
	uint64_t abandoned;   /* left by longjmp() or pthread_exit() */
	uint64_t live;        /* launched and not ended: running or paused */
	uint64_t running;     /* on a thread now */
	uint64_t paused;      /* waiting for resume() or cancel() */
	uint64_t slices;      /* times a call was run by launch() or resume() */
	uint64_t deferrals;   /* pauses put off because a deferred section was under way */
	uint64_t spurious;    /* preemption signals that found nothing to pause */
	uint64_t libsets_made, libsets_retired, libsets_ready; /* ready: for the next launch; the others since the start */
	uint64_t stacks;      /* stacks with a TCB each that exist, in use or pooled */
	uint64_t stack_bytes; /* their address space */
	uint64_t threads;     /* kernel threads that have launched and live */
};

/* inger_stats - read the counters. Takes no lock. Async-signal-safe.
 * Returns    0, or -1 with errno EINVAL when stats is NULL or its size is none. */
INGER_API int inger_stats(struct inger_stats *stats) INGER_NOEXCEPT_;

/* inger_pause - inside a preemptible function: give the rest of the budget back.
 * launch() or resume() returns with yielded set; the next resume() goes on here. Outside of one it does nothing.
 * Threads    may return on another thread than it was called on. */
INGER_API void inger_pause(void);

/* inger_shutdown - take everything back that was changed in the program: each word of a global-offset table holds again what
 * it held, pooled libsets and their memory are given back. Threads of the library stay. A later launch begins anew.
 * Returns    0, or -1 with errno: EBUSY (an isolated call is paused or running, or this is called inside of a call), ENOSYS
 *            (in the child of a fork() of a process that had isolated calls), ENOMEM.
 * Threads    any, while no other thread launches or resumes. Libsets of gotcha.h stay open. */
INGER_API int inger_shutdown(void) INGER_NOEXCEPT_;

/* inger_strerror - what an errno of this library was about: "object: reason".
 * error      the errno value.
 * Returns    the reason of this thread's last failure when that was `error`, else the plain description of `error`; valid
 *            until this thread's next failure. Never NULL. */
INGER_API const char *inger_strerror(int error) INGER_NOEXCEPT_;

/* inger_version - the library's version, such as "0.1.0"; static storage. Async-signal-safe. */
INGER_API const char *inger_version(void) INGER_NOEXCEPT_;

#ifdef __cplusplus
}
#endif
#endif
