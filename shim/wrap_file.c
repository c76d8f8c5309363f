/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_file.c - streams and directories: opened and closed deferred, because of libc's list of all streams, and noted as the
 * call's own. Descriptor and buffer are part of a stream. */
#include "stream.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <wchar.h>
#include <sys/syscall.h>
#include <unistd.h>


static inline bool plain(void)
{
	return SHIM_LIKELY(!shim_tls.call && !shim_tls.maker);
}

/* Log and tag, with one word more if it is not 0; both or neither. */
static bool note(struct shim_owner *owner, enum own_kind kind, const void *stream, uint64_t extra)
{
	if (extra) {
		if (owner->count + 2 > owner->room && (!own_make_room(owner) || owner->count + 2 > owner->room))
			return false;
		(void)own_log(owner, own_entry(OWN_EXTRA, extra));
	}
	if (!own_add(owner, kind, stream)) {
		owner->count -= extra != 0;
		return false;
	}
	owner->fd_count++;
	return true;
}

static void *noted(struct shim_owner *owner, enum own_kind kind, FILE *f, uint64_t extra)
{
	if (!f || !owner || note(owner, kind, f, extra))
		return f;
	own_close_stream(kind, f, extra);
	errno = ENOMEM;
	return NULL;
}

/* What it was to `owner`, whom it does not belong to any more, nor to anybody else. */
static bool take(struct shim_owner *owner, const void *stream, enum own_kind *kind, uint64_t *extra)
{
	uint32_t *word = own_word(stream), tag = word ? __atomic_exchange_n(word, 0, __ATOMIC_ACQ_REL) : 0;

	if (!tag || !owner)
		return false;
	for (*kind = OWN_STREAM; tag != own_tag(owner->tag, *kind); ++*kind)
		if (*kind == OWN_DIRECTORY)
			return false;
	uint64_t entry = own_entry(*kind, (uint64_t)stream);
	*extra = 0;
	/* Only a stream in memory needs to know, and only its buffer's owner has to look for it. */
	for (uint32_t i = owner->count; *kind == OWN_TEXT_STREAM && i-- > 0;)
		if (owner->log[i] == entry) {
			if (i > 0 && owner->log[i - 1] >> 56 == OWN_EXTRA)
				*extra = owner->log[i - 1] & (((uint64_t)1 << 56) - 1);
			break;
		}
	own_fd_dropped(owner, entry);
	return true;
}

/* ---- opening */

#define UNPACK(...) __VA_ARGS__
#define OPENS(name, kind, extra, parameters, arguments)                                           \
	SHIM_SLOT(name);                                                                          \
	FILE *name(UNPACK parameters);                                                            \
	SHIM_EXPORT FILE *name(UNPACK parameters)                                                 \
	{                                                                                         \
		FILE *(*real)(UNPACK parameters) = SHIM_REAL(FILE * (*)(UNPACK parameters), name); \
		struct shim_call *call = shim_tls.call;                                           \
		FILE *f = NULL;                                                                   \
		if (plain())                                                                      \
			return real arguments;                                                    \
		bool began = shim_defer_begin(call, SHIM_FRAME);                                  \
		struct shim_owner *owner = own_here(call, began);                                 \
		if (!owner || own_fd_allowed(owner))                                              \
			f = noted(owner, kind, real arguments, extra);                            \
		shim_defer_end(call, began);                                                      \
		return f;                                                                         \
	}

OPENS(fopen, OWN_STREAM, 0, (const char *path, const char *mode), (path, mode))
OPENS(fopen64, OWN_STREAM, 0, (const char *path, const char *mode), (path, mode))
OPENS(_IO_fopen, OWN_STREAM, 0, (const char *path, const char *mode), (path, mode))
OPENS(setmntent, OWN_STREAM, 0, (const char *path, const char *mode), (path, mode))
OPENS(__setmntent, OWN_STREAM, 0, (const char *path, const char *mode), (path, mode))
OPENS(tmpfile, OWN_STREAM, 0, (void), ())
OPENS(tmpfile64, OWN_STREAM, 0, (void), ())
OPENS(fmemopen, OWN_STREAM, 0, (void *memory, size_t bytes, const char *mode), (memory, bytes, mode))
OPENS(open_memstream, OWN_TEXT_STREAM, (uint64_t)text, (char **text, size_t *bytes), (text, bytes))
OPENS(open_wmemstream, OWN_TEXT_STREAM, (uint64_t)text, (wchar_t **text, size_t *length), (text, length))

SHIM_SLOT(fopencookie);
SHIM_EXPORT FILE *fopencookie(void *cookie, const char *mode, cookie_io_functions_t functions)
{
	FILE *(*real)(void *, const char *, cookie_io_functions_t) = SHIM_REAL(FILE * (*)(void *, const char *, cookie_io_functions_t), fopencookie);
	struct shim_call *call = shim_tls.call;
	FILE *f = NULL;

	if (plain())
		return shim_cookie_open(real, cookie, mode, functions);
	bool began = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = own_here(call, began);
	if (!owner || own_fd_allowed(owner))
		f = noted(owner, OWN_STREAM, shim_cookie_open(real, cookie, mode, functions), (uint64_t)shim_cookie_close);
	shim_defer_end(call, began);
	return f;
}

/* A stream made of a descriptor takes it along; one that is not the call's stays open when the call is cancelled. */
static FILE *open_descriptor(FILE *(*real)(int, const char *), int fd, const char *mode)
{
	struct shim_call *call = shim_tls.call;

	bool began = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = plain() ? NULL : own_here(call, began);
	FILE *f = real(fd, mode);
	if (f) {
		uint32_t tag = own_fd_take(owner, fd);
		bool mine = owner && tag == own_tag(owner->tag, OWN_FD);
		/* Without memory for the record both stay open. */
		if (owner && shim_in_own_process())
			(void)note(owner, OWN_STREAM, f, mine ? 0 : OWN_FOREIGN);
	}
	shim_defer_end(call, began);
	return f;
}

#define OPENS_DESCRIPTOR(name)                                                                       \
	SHIM_SLOT(name);                                                                             \
	FILE *name(int fd, const char *mode);                                                        \
	SHIM_EXPORT FILE *name(int fd, const char *mode)                                             \
	{                                                                                            \
		return open_descriptor(SHIM_REAL(FILE * (*)(int, const char *), name), fd, mode);     \
	}
OPENS_DESCRIPTOR(fdopen)
OPENS_DESCRIPTOR(_IO_fdopen)

/* The same stream afterwards, whoever it belongs to. */
#define REOPENS(name)                                                                                   \
	SHIM_SLOT(name);                                                                                \
	SHIM_EXPORT FILE *name(const char *path, const char *mode, FILE *f)                             \
	{                                                                                               \
		struct shim_call *call = shim_tls.call;                                                 \
		if (f && (call || shim_streams_held) && shim_stream_any(call, f, (uint64_t)SHIM_FRAME, __func__)) \
			return NULL;                                                                    \
		bool began = shim_defer_begin(call, SHIM_FRAME);                                        \
		f = SHIM_REAL(FILE * (*)(const char *, const char *, FILE *), name)(path, mode, f);     \
		shim_defer_end(call, began);                                                            \
		return f;                                                                               \
	}
REOPENS(freopen)
REOPENS(freopen64)

/* The child is started on the thread's own TCB, with all signals blocked. */
#define OPENS_PIPE(name)                                                                                        \
	SHIM_SLOT(name);                                                                                        \
	FILE *name(const char *command, const char *mode);                                                      \
	SHIM_EXPORT FILE *name(const char *command, const char *mode)                                           \
	{                                                                                                       \
		FILE *(*real)(const char *, const char *) = SHIM_REAL(FILE * (*)(const char *, const char *), name); \
		struct shim_call *call = shim_tls.call;                                                         \
		FILE *f = NULL;                                                                                 \
		if (plain())                                                                                    \
			return real(command, mode);                                                             \
		bool began = shim_defer_begin(call, SHIM_FRAME);                                                \
		struct shim_owner *owner = own_here(call, began);                                               \
		if (!owner || own_fd_allowed(owner)) {                                                          \
			f = began ? (FILE *)shim_on_own_tcb(call, (void *)real, (long)command, (long)mode, 0, 0) \
				  : real(command, mode);                                                        \
			f = noted(owner, OWN_PIPE_STREAM, f, 0);                                                \
		}                                                                                               \
		shim_defer_end(call, began);                                                                    \
		return f;                                                                                       \
	}
OPENS_PIPE(popen)
OPENS_PIPE(_IO_popen)

/* ---- closing */

/* The wait for room in a pipe is made first, preemptibly. */
static int close_stream(int (*real)(FILE *), FILE *f)
{
	struct shim_call *call = shim_tls.call;
	enum own_kind kind;
	uint64_t extra;

	if (f && (call || shim_streams_held) && shim_stream_flush(call, f, (uint64_t)SHIM_FRAME, __func__) && errno == EDEADLK)
		return EOF;
	bool began = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = plain() ? NULL : own_here(call, began);
	bool mine = f && take(owner, f, &kind, &extra);
	int result = real(f);
	/* The text is what the function wanted the stream for. */
	if (mine && kind == OWN_TEXT_STREAM && extra) {
		void *text = *(void **)extra;
		if (text && own_add(owner, OWN_BLOCK, text) && owner->heap_limit)
			owner->heap_bytes += shim_usable(text);
	}
	shim_defer_end(call, began);
	return result;
}

#define CLOSES(name)                                                             \
	SHIM_SLOT(name);                                                         \
	int name(FILE *f);                                                       \
	SHIM_EXPORT int name(FILE *f)                                            \
	{                                                                        \
		return close_stream(SHIM_REAL(int (*)(FILE *), name), f);        \
	}
CLOSES(fclose)
CLOSES(_IO_fclose)
CLOSES(pclose)
CLOSES(endmntent)
CLOSES(__endmntent)

/* Writes all streams out and leaves them. */
SHIM_SLOT(fcloseall);
SHIM_EXPORT int fcloseall(void)
{
	struct shim_call *call = shim_tls.call;

	bool began = shim_defer_begin(call, SHIM_FRAME);
	int result = SHIM_REAL(int (*)(void), fcloseall)();
	shim_defer_end(call, began);
	return result;
}

/* ---- directories */

SHIM_SLOT(opendir);
SHIM_SLOT(fdopendir);
SHIM_SLOT(closedir);

SHIM_EXPORT DIR *opendir(const char *path)
{
	DIR *(*real)(const char *) = SHIM_REAL(DIR * (*)(const char *), opendir);
	struct shim_call *call = shim_tls.call;
	DIR *directory = NULL;

	if (plain())
		return real(path);
	bool began = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = own_here(call, began);
	if (!owner || own_fd_allowed(owner))
		directory = real(path);
	if (directory && owner && !note(owner, OWN_DIRECTORY, directory, 0)) {
		own_close_directory(directory);
		directory = NULL;
		errno = ENOMEM;
	}
	shim_defer_end(call, began);
	return directory;
}

/* Of a descriptor that is not the call's, only the memory is: one block. */
SHIM_EXPORT DIR *fdopendir(int fd)
{
	struct shim_call *call = shim_tls.call;

	bool began = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = plain() ? NULL : own_here(call, began);
	DIR *directory = SHIM_REAL(DIR * (*)(int), fdopendir)(fd);
	if (directory) {
		uint32_t tag = own_fd_take(owner, fd);
		if (owner && tag == own_tag(owner->tag, OWN_FD))
			(void)note(owner, OWN_DIRECTORY, directory, 0);
		else if (owner && shim_in_own_process())
			(void)own_add(owner, OWN_BLOCK, directory);
	}
	shim_defer_end(call, began);
	return directory;
}

SHIM_EXPORT int closedir(DIR *directory)
{
	struct shim_call *call = shim_tls.call;
	enum own_kind kind;
	uint64_t extra;

	bool began = shim_defer_begin(call, SHIM_FRAME);
	(void)take(plain() ? NULL : own_here(call, began), directory, &kind, &extra);
	int result = SHIM_REAL(int (*)(DIR *), closedir)(directory);
	shim_defer_end(call, began);
	return result;
}
