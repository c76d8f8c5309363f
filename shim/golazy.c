/* SPDX-License-Identifier: Apache-2.0 */
/* golazy.c - starts the Go runtime when it is needed, not when the library is loaded. See entry/entry.go. */
#include "shim.h"
#include <link.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define GO_ADDRESS_SPACE (2ull << 30)
#define MAGIC 0x7265676e69206f67ull
static const unsigned char move_to_r10[] = {0x49, 0xba}; /* movq $MAGIC, %r10 */

typedef void entry_function(int, char **, char **, uint64_t);

int shim_argc;
char **shim_argv;
static char **saved_envp;

__attribute__((constructor)) static void remember(int argc, char **argv, char **envp)
{
	shim_argc = argc;
	shim_argv = argv;
	saved_envp = envp;
}

/* The entry among our own initialisers. */
static entry_function *find_entry(void)
{
	const struct link_map *m = _r_debug.r_map;
	uint64_t array = 0, bytes = 0;

	while (m && !shim_is_ours(m))
		m = m->l_next;
	if (!m)
		return NULL;
	for (const ElfW(Dyn) *d = m->l_ld; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_INIT_ARRAY)
			array = m->l_addr + d->d_un.d_ptr;
		else if (d->d_tag == DT_INIT_ARRAYSZ)
			bytes = d->d_un.d_val;
	}
	for (uint64_t i = 0; i < bytes / 8; i++) {
		const unsigned char *code = ((const unsigned char **)array)[i];
		uint64_t magic;
		if (!code || memcmp(code, move_to_r10, sizeof move_to_r10) != 0)
			continue;
		memcpy(&magic, code + sizeof move_to_r10, sizeof magic);
		if (magic == MAGIC)
			return (entry_function *)(void *)code;
	}
	return NULL;
}

/* False when there is none: in the child of a fork, whose threads are not copied. Go code called afterwards waits for the
 * runtime to be up. */
bool shim_go_start(void)
{
	static bool started;
	static pid_t started_in;
	pid_t pid = (pid_t)shim_syscall0(SYS_getpid);

	if (started)
		return started_in == pid;
	/* The runtime reserves address space, and ends the process when it is refused. */
	struct rlimit limit;
	if (shim_syscall2(SYS_getrlimit, RLIMIT_AS, &limit) == 0 && limit.rlim_cur < GO_ADDRESS_SPACE) {
		shim_message("the Go runtime is not started", "RLIMIT_AS", "less than 2 GiB of address space is allowed");
		return false;
	}
	entry_function *entry = find_entry();
	if (!entry) {
		shim_message("options are not read", "Go runtime", "its entry is not among the initialisers");
		return false;
	}
	started = true;
	started_in = pid;
	entry(shim_argc, shim_argv, saved_envp, MAGIC);
	return true;
}
