/* SPDX-License-Identifier: Apache-2.0 */
/* trace.c - the file that trace_sig.c writes to, from the option to the end of the process.
 *
 * Each program writes a file of its own: the first that finds INGER_TRACE takes the file that is named there, and those that
 * it starts find the name with ".%p" added, which stands for the process id. The child of a fork() is not recorded, as its
 * place in the ring is its parent's; what it executes is. */
#include "shim.h"
#include "loader.h"
#include "trace.h"
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATH_ROOM 4096
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif
#define POPULATED_MOST ((size_t)1 << 20) /* a page fault costs a hundred events */

extern struct trace_file *shim_trace_file __attribute__((visibility("hidden")));
static char path[PATH_ROOM];

static void number(char **at, uint64_t value, unsigned base)
{
	char digits[20];
	int n = 0;

	do
		digits[n++] = "0123456789abcdef"[value % base];
	while (value /= base);
	while (n)
		*(*at)++ = digits[--n];
}

/* The name with the process id in it; false: too long. */
static bool expand(const char *name)
{
	char *to = path;

	for (; *name; name++) {
		if (to - path > PATH_ROOM - 24)
			return false;
		if (name[0] == '%' && name[1] == 'p') {
			number(&to, (uint64_t)shim_pid, 10);
			name++;
		} else {
			*to++ = *name;
		}
	}
	*to = 0;
	return true;
}

void shim_trace_configure(void)
{
	static char rest[PATH_ROOM];
	static const char variable[] = "INGER_TRACE=";
	char **entry = environ;

	while (entry && *entry && strncmp(*entry, variable, sizeof variable - 1) != 0)
		entry++;
	/* Who has more rights than its user does not write where the user says. */
	if (!entry || !*entry || shim_secure())
		return;
	const char *name = *entry + sizeof variable - 1;
	if (!*name || strcmp(name, "none") == 0)
		return;
	if (!expand(name)) {
		shim_message("nothing is recorded", "INGER_TRACE", "the name is too long");
		return;
	}
	if (!strstr(name, "%p") && strlen(*entry) + 4 <= sizeof rest) {
		strcpy(stpcpy(rest, *entry), ".%p");
		*entry = rest;
	}
}

/* A file of an earlier run may still be mapped by somebody: it is not cut short, but replaced. */
static int create(const char **what)
{
	struct stat st;

	*what = "it is no regular file";
	if (lstat(path, &st) == 0) {
		if (!S_ISREG(st.st_mode))
			return -1;
		shim_syscall1(SYS_unlink, path);
	}
	long fd = shim_syscall4(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		*what = strerror((int)-fd);
	return (int)fd;
}

/* All of it is allocated now: a full disk would end the program by SIGBUS later. */
static struct trace_file *map(int fd, size_t bytes, const char **what)
{
	long error = shim_syscall4(SYS_fallocate, fd, 0, 0, bytes);

	if (error == -EOPNOTSUPP)
		error = shim_syscall2(SYS_ftruncate, fd, bytes);
	if (error == 0) {
		long at = shim_syscall6(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (at > 0 || at < -4095) {
			shim_syscall3(SYS_madvise, at, bytes < POPULATED_MOST ? bytes : POPULATED_MOST, MADV_POPULATE_WRITE);
			return (struct trace_file *)at;
		}
		error = at;
	}
	*what = strerror((int)-error);
	return NULL;
}

static void see_objects(void *unused)
{
	(void)unused;
	shim_trace_objects();
}

void shim_trace_open(void)
{
	uint64_t events = 1024;
	const char *what;

	if (!path[0])
		return;
	while (events < shim_config.trace_events)
		events *= 2;
	size_t bytes = sizeof(struct trace_file) + events * sizeof(struct trace_event);
	int fd = create(&what);
	struct trace_file *file = fd < 0 ? NULL : map(fd, bytes, &what);
	if (fd >= 0)
		shim_syscall1(SYS_close, fd);
	if (!file) {
		if (fd >= 0)
			shim_syscall1(SYS_unlink, path);
		shim_message("nothing is recorded", path, what);
		return;
	}
	file->version = TRACE_VERSION;
	file->header_bytes = sizeof *file;
	file->events = events;
	file->start_ns = shim_monotonic_ns();
	file->start_ticks = shim_now();
	file->ns_per_tick_q32 = shim_ns_per_tick_q32;
	file->pid = (uint32_t)shim_pid;
	file->names_at = offsetof(struct trace_file, name);
	file->names = TRACE_NAMES;
	file->objects_at = offsetof(struct trace_file, objects);
	file->objects_bytes = TRACE_OBJECTS_BYTES;
	strncpy(file->program, shim_argv && shim_argv[0] ? shim_argv[0] : program_invocation_name, sizeof file->program - 1);
	shim_trace_file = file;
	shim_loader_look(see_objects, NULL);
	/* Whoever reads it before this line reads no trace. */
	atomic_thread_fence(memory_order_release);
	memcpy(file->magic, TRACE_MAGIC, sizeof file->magic);
	shim_tracing = true;
}

/* In a look (loader.h). Objects that have gone keep their lines: functions of theirs may be among the events. */
void shim_trace_objects(void)
{
	struct trace_file *file = shim_trace_file;

	if (!file)
		return;
	char *at = file->objects + strlen(file->objects), *end = file->objects + sizeof file->objects;
	for (const struct link_map *m = _r_debug.r_map; m; m = m->l_next) {
		char line[PATH_ROOM + 32] = "", *to = line, self[PATH_ROOM];
		const char *name = m->l_name;
		if (m == _r_debug.r_map) {
			long n = shim_syscall3(SYS_readlink, "/proc/self/exe", self, sizeof self - 1);
			self[n > 0 ? n : 0] = 0;
			name = self;
		}
		if (name[0] != '/' || strlen(name) >= PATH_ROOM || strchr(name, '\n'))
			continue; /* the vDSO has no file */
		number(&to, m->l_addr, 16);
		*to++ = ' ';
		strcpy(stpcpy(to, name), "\n");
		size_t bytes = strlen(line);
		if (!strstr(file->objects, line) && bytes < (size_t)(end - at)) {
			memcpy(at, line, bytes);
			at += bytes;
		}
	}
}

void shim_trace_exit(void)
{
	if (shim_tracing && shim_in_own_process())
		SHIM_TRACE(TRACE_EXIT, shim_tls.call, 0, 0);
}

/* Nothing is unmapped: a handler may be about to write. The file is not this process's. */
void shim_trace_forked(void)
{
	shim_tracing = false;
}
