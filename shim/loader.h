/* SPDX-License-Identifier: Apache-2.0 */
/* loader.h - the dynamic linker's locks and ours: in which order they are taken, and by whom.
 *
 * THE ORDER OF LOCKS. Who has one of these takes only later ones:
 *
 *   1. the linker's load lock (dl_load_lock). dlopen(), dlclose() and dlsym() have it; dlopen() through the constructors and
 *      dlclose() through the destructors of the program, which do anything: launch, fork, wait for a thread that launches.
 *      So its holder may keep it for any time. We take it (shim_loader_enter) where Go reads the loaded objects, which must
 *      neither come nor go, with a bound on the wait, and with no lock of ours.
 *   2. ours: *looking* (shim_look_begin). A start, a look at the loaded objects or a change of what was read from them is under
 *      way. fork() takes it first of all our locks: its prepare handler is registered when we are loaded and so runs after those of
 *      libraries that came later. Fork therefore waits for a look; so whoever looks waits for nothing but what follows here
 *      and for Go, which needs nothing else either.
 *      Threads of ours run while their asker has 1 and 2, and can't take 1: what they call by way of the program's wrappers finds its
 *      next function without it (shim_loader_lent).
 *   3. the linker's TLS lock (dl_load_tls_lock). dlopen() has it while it maps and relocates, pthread_create() while it makes a
 *      TCB. Go's threads, the timekeeper and other threads of ours are started with at most 1 and 2 taken.
 *   4. the linker's write lock (dl_load_write_lock). dl_iterate_phdr() has it; dlclose() while it unmaps. Nothing that takes 3
 *      happens under it: no thread is started, no __tls_get_addr(), no dlopen().
 *   5. the pool's lock, gotcha/pool.c's, own_map.c's: held for a few instructions.
 *   6. libc's: of streams, of the heap. A fork() takes them after ours. The lock of atfork() is not held while handlers run.
 *
 * A launch in a callback of dl_iterate_phdr(), in a resolver of an IFUNC symbol or in an audit library has 3 or 4 already. It can't
 * look (2): where it would have to, because it is the first, it is refused with EAGAIN; else it goes on with what is known.
 *
 * fork() while another thread is in dlopen() or dlclose() is beyond us: glibc gives the child a free load lock and TLS lock whatever
 * state the list of objects is in, and the write lock as it was.
 *
 * Built with -DSHIM_CHECK_LOCKS (make CHECK_LOCKS=1) an order that is not kept ends the process, with a message. */
#ifndef SHIM_LOADER_H
#define SHIM_LOADER_H

#include <stdbool.h>
#include <stdint.h>

struct link_map;
struct dl_phdr_info;

/* Finds the linker's locks, once; when we are loaded, since that does not wait for anybody then. False: not a known glibc. */
bool shim_loader_find(void);

/* The load lock: false when another thread has kept it for `patience_ns`, or when the order does not allow it. Recursive. */
bool shim_loader_enter(uint64_t patience_ns);
void shim_loader_leave(void);
#define SHIM_LOADER_PATIENCE_NS 3000000000ull
/* The load lock is taken for a thread of ours that works meanwhile (gotcha/order.c). That one, and those that it starts, must wait for
 * nobody in the linker; but functions of the program's stand before libc's (malloc(), pthread_create()), and look for the next
 * one with dlsym() when they are first called, perhaps there. They are answered without the lock (wrap_load.c). */
extern _Atomic bool shim_loader_lent;
/* dlclose(handle), with a note of it. */
int shim_loader_close(int (*real)(void *), void *handle);
/* Under the load lock: dlclose() is running destructors further up this stack. What it unloads is still in the list. */
extern uint32_t shim_loader_closing;

/* False: the order does not allow it. Recursive. */
bool shim_look_begin(void);
void shim_look_end(void);

/* look(arg) while objects neither come nor go. False: not done, the order does not allow it. */
bool shim_loader_look(void (*look)(void *arg), void *arg);
/* Within: whether the linker is through with relocating the object. Notes that one is not. */
bool shim_loader_is_complete(const struct link_map *map);
/* Within: whether any object that was asked about was not. */
bool shim_loader_saw_incomplete(void);
/* The linker's own dl_iterate_phdr(), without copies, for reading; also where a look is not allowed. */
void shim_loader_iterate(int (*callback)(struct dl_phdr_info *, size_t, void *), void *arg);
/* As shim_find_symbol(), at any time. */
void *shim_loader_symbol(const char *symbol);

/* fork()'s handlers */
void shim_loader_fork_begins(void);
void shim_loader_fork_is_over(void);
void shim_loader_forked(void);

#ifdef SHIM_CHECK_LOCKS
/* A thread is about to be started: the write lock must not be taken. */
void shim_loader_check_thread_start(void);
#else
static inline void shim_loader_check_thread_start(void) {}
#endif

#endif
