/* SPDX-License-Identifier: Apache-2.0 */
/* gotcha.h - libsets: private instances of libraries that are loaded already.
 *
 * A libset is one more instance of a shared library and of everything that it needs: its own static variables, its own
 * locks, its constructors run once more. Text and read-only data are shared with the original's page cache. The heap, the
 * standard streams, the environment and open files stay the process's; errno and thread-local variables are the thread's.
 *
 * This is what preemptible functions (inger.h) run in. By itself it serves programs that need several independent
 * instances of a library with global state and would otherwise load renamed copies of its file.
 *
 * What can't be reached in a libset: the program itself (it is not copied, and a variable of the library that the
 * program's linker copied into the program, R_X86_64_COPY, stays one), libm, the unwinder and allocators. docs/limits.md
 * has the whole list. Objects made by one instance belong to that instance.
 *
 * Errors are errno values; inger_strerror() names the object and the reason. Nothing here is async-signal-safe. */
#ifndef GOTCHA_H
#define GOTCHA_H

#include "inger.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An open libset; opaque, owned by the library. */
typedef struct gotcha_set gotcha_t;

/* gotcha_open - make an instance.
 * library    a name or path as for dlopen(), which loads it first where it is not loaded yet (and keeps it loaded); copied
 *            are it and the libraries it needs. NULL: every library of the program.
 * Returns    the libset; it belongs to the caller until gotcha_close(). NULL with errno:
 *            ENOENT  dlopen() does not find or load the library
 *            ENOTSUP it can't be copied (text relocations, brings its own malloc, its file was replaced since …)
 *            EAGAIN  memory or mappings for another instance were refused (vm.max_map_count is a limit, too); or another
 *                    thread has been in dlopen() or dlclose() for 3 s, or a destructor that dlclose() runs asks
 *            ENOMEM  no memory for the description of the library
 *            ENOSYS  this process allows no libsets
 * Cost       the first of a library reads its symbols (milliseconds); each further one takes some 100 microseconds and
 *            the memory of the library's data that differs, typically 20 to 200 KiB.
 * Threads    any. */
INGER_API gotcha_t *gotcha_open(const char *library) INGER_NOEXCEPT_;

/* gotcha_sym - the address of a symbol in a libset.
 * set        as gotcha_open() gave it.
 * symbol     an exported function or variable of the library or of one that it needs; default version.
 * Returns    an address for any thread to use until gotcha_close(); NULL with errno ENOENT when no library of the libset
 *            has it, EINVAL for a wrong argument. A function of libc, and what is not copied, is the program's own.
 * Calls      through the address need no gotcha_enter(): the instance's libraries call each other directly. */
INGER_API void *gotcha_sym(gotcha_t *set, const char *symbol) INGER_NOEXCEPT_;

/* gotcha_enter - let this thread's calls out of the program, and libc functions that keep state from call to call
 * (strtok(), localtime(), rand() …), go to the libset, until gotcha_leave(). Calls that go through the program's own
 * references follow only a libset of the whole program. Nests up to 8 deep.
 * Returns    0, or -1 with errno: EINVAL (set is NULL or closed), EOVERFLOW (too deep).
 * Inside a preemptible function it holds for that function, which has to leave before it returns: a libset that a function
 * was in when it was cancelled can't be closed. */
INGER_API int gotcha_enter(gotcha_t *set) INGER_NOEXCEPT_;

/* gotcha_leave - back to what this thread was in before gotcha_enter(). Returns 0, or -1 with errno EINVAL: not entered. */
INGER_API int gotcha_leave(void) INGER_NOEXCEPT_;

/* gotcha_close - run the instance's destructors and unmap it. Pointers into it are void, and its objects must be gone.
 * Returns    0, or -1 with errno: EINVAL (NULL or closed already), EBUSY (some thread is inside). */
INGER_API int gotcha_close(gotcha_t *set) INGER_NOEXCEPT_;

#ifdef __cplusplus
}
#endif
#endif
