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
};
#define INGER_ATTR_INIT { sizeof(struct inger_attr), 0, 0, 0, 0 }

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
 *            EAGAIN  too many calls exist (about a million), or memory for another libset was refused (said once on stderr)
 *            ENOMEM  no memory for a stack or a TCB
 *            ENOSYS  the processor or libc lacks something needed, or nothing can be isolated here (said once on stderr)
 * Nesting    may be called inside a preemptible function: the inner call is paused at the earlier of both deadlines.
 * Threads    any, also one that existed before the library was loaded.
 * Fork       works in the child of fork(). Calls paused before the fork exist in both processes, each with its own. */
INGER_API linger_t launch(void (*func)(void *), uint64_t budget_us, void *arg) INGER_NOEXCEPT_
	INGER_ALIAS_("inger_launch");

/* inger_launch_attr - launch() with attributes.
 * attr       NULL for the defaults; not used after the call returns, except the name it points to.
 * Errors     as launch(); also EINVAL when attr->size is smaller than the first version's or larger than this library
 *            knows with a non-zero tail, or stack_bytes is beyond 1 TiB, isolation none of the above, libsets beyond 10,000. */
INGER_API linger_t inger_launch_attr(void (*func)(void *), uint64_t budget_us, void *arg, const struct inger_attr *attr)
	INGER_NOEXCEPT_;

/* resume - let a paused call go on for at most budget_us more.
 * f          updated in place; a complete call is left alone and 0 is returned.
 * budget_us  as for launch(); 0 does nothing.
 * Returns    0, or -1 with errno: EINVAL (f is NULL, was cancelled, failed to launch, or is a stale copy), EBUSY (running
 *            now, on this or another thread).
 * Threads    any thread may resume, also another one than launched; one at a time. */
INGER_API int resume(linger_t *f, uint64_t budget_us) INGER_NOEXCEPT_ INGER_ALIAS_("inger_resume");

/* cancel - give a paused call up: it never runs again, and its stack and TCB are reused.
 * What the function allocated or locked in the program stays as it is: nothing of it is unwound. Its libset goes, without
 * destructors, since nobody knows in what state its libraries are: pointers into them are void.
 * Returns    0, or -1 with errno: EINVAL (f is NULL, complete, cancelled already, or stale), EBUSY (running now).
 * Threads    any. */
INGER_API int cancel(linger_t *f) INGER_NOEXCEPT_ INGER_ALIAS_("inger_cancel");

/* inger_pause - inside a preemptible function: give the rest of the budget back.
 * launch() or resume() returns with yielded set; the next resume() goes on here. Outside of one it does nothing.
 * Threads    may return on another thread than it was called on. */
INGER_API void inger_pause(void) INGER_NOEXCEPT_;

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
