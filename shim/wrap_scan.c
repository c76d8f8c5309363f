/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_scan.c - scandir() and glob() in a call: what they have open and have allocated at any moment is noted as the call's
 * own (own.h), since libc's go through no wrapper when they open a directory. They may be paused anywhere.
 *
 * scandir() is made again; glob() is libc's, with our functions for directories in place of its own. */
#include "shim.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

SHIM_SLOT(scandir);
SHIM_SLOT(scandir64);
SHIM_SLOT(scandirat);
SHIM_SLOT(scandirat64);
SHIM_SLOT(glob);
SHIM_SLOT(glob64);

_Static_assert(sizeof(struct dirent) == sizeof(struct dirent64), "one scandir() for both names");
_Static_assert(sizeof(glob_t) == sizeof(glob64_t), "one glob() for both names");

/* Whether there is a call to note things for. */
static inline bool noted(void)
{
	return shim_tls.call && !shim_tls.call->adopted;
}

/* ---- scandir */

typedef int select_name(const struct dirent *);
typedef int compare_names(const struct dirent **, const struct dirent **);

struct names {
	struct dirent **list;
	size_t count, room;
};

static void drop(struct names *n)
{
	while (n->count)
		shim_free(n->list[--n->count]);
	shim_free(n->list);
}

static bool keep(struct names *n, const struct dirent *entry)
{
	size_t bytes = offsetof(struct dirent, d_name) + strlen(entry->d_name) + 1;

	if (n->count == n->room) {
		size_t room = n->room ? 2 * n->room : 10;
		struct dirent **list = shim_realloc(n->list, room * sizeof *list);
		if (!list)
			return false;
		n->list = list;
		n->room = room;
	}
	struct dirent *copy = shim_malloc(bytes);
	if (!copy)
		return false;
	n->list[n->count++] = memcpy(copy, entry, bytes);
	return true;
}

/* All names of the directory that are wanted; false and errno. */
static bool collect(DIR *directory, select_name *wanted, struct names *n)
{
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(directory);
		if (!entry)
			return errno == 0;
		if ((!wanted || wanted(entry)) && !keep(n, entry))
			return false;
	}
}

static int scan(DIR *directory, struct dirent ***to, select_name *wanted, compare_names *compare)
{
	struct names n = {0};
	int before = errno;

	if (!directory)
		return -1;
	if (!collect(directory, wanted, &n)) {
		int error = errno;
		drop(&n);
		closedir(directory);
		errno = error;
		return -1;
	}
	closedir(directory);
	if (compare && n.count)
		qsort(n.list, n.count, sizeof *n.list, (int (*)(const void *, const void *))compare);
	*to = n.list;
	errno = before;
	return (int)n.count;
}

typedef int scan_here(const char *, struct dirent ***, select_name *, compare_names *);
typedef int scan_at(int, const char *, struct dirent ***, select_name *, compare_names *);

static int scan_path(scan_here *real, const char *path, struct dirent ***to, select_name *wanted, compare_names *compare)
{
	return noted() ? scan(opendir(path), to, wanted, compare) : real(path, to, wanted, compare);
}

static DIR *open_at(int fd, const char *path)
{
	int opened = openat(fd, path, O_RDONLY | O_NDELAY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = opened < 0 ? NULL : fdopendir(opened);

	if (opened >= 0 && !directory) {
		int error = errno;
		close(opened);
		errno = error;
	}
	return directory;
}

static int scan_path_at(scan_at *real, int fd, const char *path, struct dirent ***to, select_name *wanted, compare_names *compare)
{
	return noted() ? scan(open_at(fd, path), to, wanted, compare) : real(fd, path, to, wanted, compare);
}

SHIM_EXPORT int scandir(const char *path, struct dirent ***to, select_name *wanted, compare_names *compare)
{
	return scan_path(SHIM_REAL(scan_here *, scandir), path, to, wanted, compare);
}
SHIM_EXPORT int scandirat(int fd, const char *path, struct dirent ***to, select_name *wanted, compare_names *compare)
{
	return scan_path_at(SHIM_REAL(scan_at *, scandirat), fd, path, to, wanted, compare);
}
SHIM_EXPORT int scandir64(const char *path, struct dirent64 ***to, int (*wanted)(const struct dirent64 *),
			  int (*compare)(const struct dirent64 **, const struct dirent64 **))
{
	return scan_path(SHIM_REAL(scan_here *, scandir64), path, (struct dirent ***)to, (select_name *)wanted,
			 (compare_names *)compare);
}
SHIM_EXPORT int scandirat64(int fd, const char *path, struct dirent64 ***to, int (*wanted)(const struct dirent64 *),
			    int (*compare)(const struct dirent64 **, const struct dirent64 **))
{
	return scan_path_at(SHIM_REAL(scan_at *, scandirat64), fd, path, (struct dirent ***)to, (select_name *)wanted,
			    (compare_names *)compare);
}

/* ---- glob */

typedef int find_names(const char *, int, int (*)(const char *, int), glob_t *);

static void *begin_directory(const char *path)
{
	return opendir(path);
}
static struct dirent *next_name(void *directory)
{
	return readdir(directory);
}
static void end_directory(void *directory)
{
	closedir(directory);
}

/* ~user, and ~ without HOME, ask the user database, under its locks. */
static bool asks_database(const char *pattern, int flags)
{
	const char *home = getenv("HOME");
	const char *tilde = strchr(pattern, '~');

	if (!tilde || !(flags & (GLOB_TILDE | GLOB_TILDE_CHECK)))
		return false;
	return tilde[1] && tilde[1] != '/' ? tilde == pattern || (flags & GLOB_BRACE) : !home || !*home;
}

static int glob_with_ours(find_names *real, const char *pattern, int flags, int (*failed)(const char *, int), glob_t *to)
{
	glob_t g = *to;

	g.gl_opendir = begin_directory;
	g.gl_readdir = next_name;
	g.gl_closedir = end_directory;
	g.gl_lstat = lstat;
	g.gl_stat = stat;
	int error = real(pattern, flags | GLOB_ALTDIRFUNC, failed, &g);
	to->gl_pathc = g.gl_pathc;
	to->gl_pathv = g.gl_pathv;
	to->gl_offs = g.gl_offs;
	to->gl_flags = g.gl_flags & ~GLOB_ALTDIRFUNC;
	return error;
}

/* The names are the call's; a list that was there before is whose it was. */
static bool note_names(struct shim_owner *owner, const glob_t *g, size_t first, bool list_too)
{
	if (!owner || !g->gl_pathv)
		return true;
	if (list_too && !own_add(owner, OWN_BLOCK, g->gl_pathv))
		return false;
	for (size_t i = first; i < g->gl_pathc; i++)
		if (!own_add(owner, OWN_BLOCK, g->gl_pathv[g->gl_offs + i]))
			return false;
	return true;
}

/* In one deferred section, with libc's own functions. */
static int glob_deferred(find_names *real, const char *pattern, int flags, int (*failed)(const char *, int), glob_t *to)
{
	struct shim_call *call = shim_tls.call;
	bool began = shim_defer_begin(call, SHIM_FRAME);
	struct shim_owner *owner = own_here(call, began);
	char **before = flags & GLOB_APPEND ? to->gl_pathv : NULL;
	size_t first = before ? to->gl_pathc : 0;
	uint32_t *word = before && owner ? own_word(before) : NULL;
	bool list_too = !before || (word && *word == owner->tag);
	int error = real(pattern, flags, failed, to);

	if (!note_names(owner, to, first, list_too)) {
		globfree(to);
		error = GLOB_NOSPACE;
	}
	shim_defer_end(call, began);
	return error;
}

static int find(find_names *real, const char *pattern, int flags, int (*failed)(const char *, int), glob_t *to)
{
	if (!noted() || !pattern || !to || (flags & GLOB_ALTDIRFUNC))
		return real(pattern, flags, failed, to);
	if (asks_database(pattern, flags))
		return glob_deferred(real, pattern, flags, failed, to);
	return glob_with_ours(real, pattern, flags, failed, to);
}

SHIM_EXPORT int glob(const char *pattern, int flags, int (*failed)(const char *, int), glob_t *to)
{
	return find(SHIM_REAL(find_names *, glob), pattern, flags, failed, to);
}
SHIM_EXPORT int glob64(const char *pattern, int flags, int (*failed)(const char *, int), glob64_t *to)
{
	return find(SHIM_REAL(find_names *, glob64), pattern, flags, failed, (glob_t *)to);
}
