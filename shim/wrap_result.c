/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_result.c - functions that must run deferred, since they touch what libc keeps for everybody, and that allocate for
 * their caller besides. libc's part is nobody's (own.h); the result is noted as the calling function's, in the same
 * deferred section, so that no pause comes between. */
#include "stream.h"
#include <errno.h>
#include <malloc.h>
#include <netdb.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <wordexp.h>

SHIM_SLOT(asprintf);
SHIM_SLOT(__asprintf);
SHIM_SLOT(vasprintf);
SHIM_SLOT(__asprintf_chk);
SHIM_SLOT(__vasprintf_chk);
SHIM_SLOT(getline);
SHIM_SLOT(getdelim);
SHIM_SLOT(__getdelim);
SHIM_SLOT(getaddrinfo);
SHIM_SLOT(wordexp);
SHIM_SLOT(pidfd_getfd);
SHIM_SLOT(pidfd_spawn);
SHIM_SLOT(pidfd_spawnp);
SHIM_SLOT(rresvport);
SHIM_SLOT(rresvport_af);


static inline bool plain(void)
{
	return SHIM_LIKELY(!shim_tls.call && !shim_tls.maker);
}

/* A block that libc made is the owner's; false: no memory to note it, or beyond the owner's limit. */
static bool note(struct shim_owner *owner, void *block)
{
	if (!owner || !block)
		return true;
	if (!own_add(owner, OWN_BLOCK, block))
		return false;
	if (SHIM_LIKELY(!owner->heap_limit))
		return true;
	owner->heap_bytes += malloc_usable_size(block);
	return owner->heap_bytes <= owner->heap_limit || own_heap_count(owner) <= owner->heap_limit;
}

static bool is_owners(struct shim_owner *owner, const void *block)
{
	uint32_t *word = owner && block ? own_word(block) : NULL;

	return word && *word == owner->tag;
}

/* `block` may have become `now`, which is still whose `block` was. */
static bool note_grown(struct shim_owner *owner, bool was_owners, size_t bytes_before, void *block, void *now)
{
	if (!was_owners && block)
		return true;
	if (owner && owner->heap_limit)
		owner->heap_bytes -= bytes_before < owner->heap_bytes ? bytes_before : owner->heap_bytes;
	return note(owner, now);
}

/* ---- printing into a new block */

typedef int print_into(char **, const char *, va_list);
typedef int print_checked(char **, int, const char *, va_list);

/* flag: of the fortified functions, which refuse %n in memory that can be written; -1: none. */
static int print(char **to, int flag, const char *format, va_list arguments)
{
	struct shim_call *call = shim_tls.call;
	bool began = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = plain() ? NULL : own_here(call, began);
	int length = flag < 0 ? SHIM_REAL(print_into *, vasprintf)(to, format, arguments)
			      : SHIM_REAL(print_checked *, __vasprintf_chk)(to, flag, format, arguments);

	if (length >= 0 && !note(owner, *to)) {
		free(*to);
		*to = NULL;
		errno = ENOMEM;
		length = -1;
	}
	shim_defer_end(call, began);
	return length;
}

#define PRINT(flag)                                         \
	do {                                                \
		va_list arguments;                          \
		va_start(arguments, format);                \
		int length = print(to, flag, format, arguments); \
		va_end(arguments);                          \
		return length;                              \
	} while (0)

int __asprintf(char **to, const char *format, ...);
int __asprintf_chk(char **to, int flag, const char *format, ...);
int __vasprintf_chk(char **to, int flag, const char *format, va_list arguments);

SHIM_EXPORT int asprintf(char **to, const char *format, ...)
{
	PRINT(-1);
}
SHIM_EXPORT int __asprintf(char **to, const char *format, ...)
{
	PRINT(-1);
}
SHIM_EXPORT int __asprintf_chk(char **to, int flag, const char *format, ...)
{
	PRINT(flag);
}
SHIM_EXPORT int vasprintf(char **to, const char *format, va_list arguments)
{
	return print(to, -1, format, arguments);
}
SHIM_EXPORT int __vasprintf_chk(char **to, int flag, const char *format, va_list arguments)
{
	return print(to, flag, format, arguments);
}

/* ---- lines */

typedef ssize_t read_line(char **, size_t *, int, FILE *);

/* The stream's buffer is the stream's, the line is the function's. */
static ssize_t line(read_line *real, char **to, size_t *room, int delimiter, FILE *f)
{
	struct shim_call *call = shim_tls.call;

	if (f && (call || shim_streams_held) && shim_stream_in(call, f, (uint64_t)SHIM_FRAME, __func__))
		return -1;
	if (plain())
		return real(to, room, delimiter, f);
	bool began = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = own_here(call, began);
	char *before = to ? *to : NULL;
	bool was_owners = is_owners(owner, before);
	size_t bytes = was_owners && owner->heap_limit ? malloc_usable_size(before) : 0;
	ssize_t length = real(to, room, delimiter, f);

	/* The block is there after an error and at the end of the file, too. */
	if (to && room && *to && !note_grown(owner, was_owners, bytes, before, *to)) {
		free(*to);
		*to = NULL;
		*room = 0;
		errno = ENOMEM;
		length = -1;
	}
	shim_defer_end(call, began);
	return length;
}

SHIM_EXPORT ssize_t getdelim(char **to, size_t *room, int delimiter, FILE *f)
{
	return line(SHIM_REAL(read_line *, getdelim), to, room, delimiter, f);
}
SHIM_EXPORT ssize_t __getdelim(char **to, size_t *room, int delimiter, FILE *f)
{
	return line(SHIM_REAL(read_line *, __getdelim), to, room, delimiter, f);
}
SHIM_EXPORT ssize_t getline(char **to, size_t *room, FILE *f)
{
	return line(SHIM_REAL(read_line *, getdelim), to, room, '\n', f);
}

/* ---- addresses: each is one block, and the first may have a name */

typedef int find_addresses(const char *, const char *, const struct addrinfo *, struct addrinfo **);

SHIM_EXPORT int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **to)
{
	struct shim_call *call = shim_tls.call;
	find_addresses *real = SHIM_REAL(find_addresses *, getaddrinfo);

	if (plain())
		return real(node, service, hints, to);
	bool began = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = own_here(call, began);
	int error = real(node, service, hints, to);
	for (struct addrinfo *a = error ? NULL : *to; a; a = a->ai_next)
		if (!note(owner, a) || !note(owner, a->ai_canonname)) {
			freeaddrinfo(*to);
			error = EAI_MEMORY;
			break;
		}
	shim_defer_end(call, began);
	return error;
}

/* ---- words; $(command) starts a child */

typedef int expand_words(const char *, wordexp_t *, int);

static bool note_words(struct shim_owner *owner, const wordexp_t *w, size_t first)
{
	for (size_t i = first; i < w->we_wordc; i++)
		if (!note(owner, w->we_wordv[w->we_offs + i]))
			return false;
	return true;
}

SHIM_EXPORT int wordexp(const char *words, wordexp_t *to, int flags)
{
	struct shim_call *call = shim_tls.call;
	expand_words *real = SHIM_REAL(expand_words *, wordexp);

	if (plain())
		return real(words, to, flags);
	bool began = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = own_here(call, began);
	bool appends = flags & WRDE_APPEND;
	size_t first = appends ? to->we_wordc : 0;
	char **before = appends ? to->we_wordv : NULL;
	bool was_owners = is_owners(owner, before);
	size_t bytes = was_owners && owner->heap_limit ? malloc_usable_size(before) : 0;
	int error = began ? (int)shim_on_own_tcb(call, (void *)real, (long)words, (long)to, flags, 0) : real(words, to, flags);

	if ((!error || error == WRDE_NOSPACE) && to->we_wordv &&
	    !(note_grown(owner, was_owners, bytes, before, to->we_wordv) && note_words(owner, to, first))) {
		wordfree(to);
		error = WRDE_NOSPACE;
	}
	shim_defer_end(call, began);
	return error;
}

/* ---- descriptors */

static int note_descriptor(struct shim_owner *owner, int fd)
{
	if (fd >= 0 && owner && !own_fd_add(owner, fd)) {
		close(fd);
		errno = ENOMEM;
		return -1;
	}
	return fd;
}

#define UNPACK(...) __VA_ARGS__
#define DESCRIPTOR(name, parameters, arguments)                                                        \
	int name(UNPACK parameters);                                                                   \
	SHIM_EXPORT int name(UNPACK parameters)                                                        \
	{                                                                                              \
		struct shim_call *call = shim_tls.call;                                                \
		bool began = shim_defer_begin(call, SHIM_FRAME);                                       \
		struct shim_owner *owner = plain() ? NULL : own_here(call, began);                     \
		int fd = -1;                                                                           \
		if (!owner || own_fd_allowed(owner))                                                   \
			fd = note_descriptor(owner, SHIM_REAL(int (*)(UNPACK parameters), name) arguments); \
		shim_defer_end(call, began);                                                           \
		return fd;                                                                             \
	}

DESCRIPTOR(pidfd_getfd, (int pidfd, int target, unsigned flags), (pidfd, target, flags))
DESCRIPTOR(rresvport, (int *port), (port))
DESCRIPTOR(rresvport_af, (int *port, sa_family_t family), (port, family))

/* Since glibc 2.39: posix_spawn() that gives a descriptor of the child. */
typedef int spawn(int *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const *, char *const *);

struct child {
	spawn *real;
	int fd;
	const char *file;
	const posix_spawn_file_actions_t *actions;
	const posix_spawnattr_t *attributes;
	char *const *arguments, *const *environment;
};

static long start(struct child *c)
{
	return c->real(&c->fd, c->file, c->actions, c->attributes, c->arguments, c->environment);
}

/* Like theirs, an error is returned and errno left alone. Once there is a child, its descriptor is given in any case. */
static int start_noted(int *fd, struct child c)
{
	struct shim_call *call = shim_tls.call;
	int saved = errno;

	if (plain() || !fd)
		return c.real(fd, c.file, c.actions, c.attributes, c.arguments, c.environment);
	bool began = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = own_here(call, began);
	int error = EMFILE;
	if (!owner || own_fd_allowed(owner))
		error = began ? (int)shim_on_own_tcb(call, (void *)start, (long)&c, 0, 0, 0) : (int)start(&c);
	if (!error) {
		if (owner)
			(void)own_fd_add(owner, c.fd); /* without memory for the note it is nobody's */
		*fd = c.fd;
	}
	errno = saved;
	shim_defer_end(call, began);
	return error;
}

#define SPAWN(name)                                                                                                           \
	spawn name;                                                                                                           \
	SHIM_EXPORT int name(int *fd, const char *file, const posix_spawn_file_actions_t *actions,                            \
			     const posix_spawnattr_t *attributes, char *const *arguments, char *const *environment)           \
	{                                                                                                                     \
		return start_noted(fd, (struct child){SHIM_REAL(spawn *, name), -1, file, actions, attributes, arguments, environment}); \
	}

SPAWN(pidfd_spawn)
SPAWN(pidfd_spawnp)
