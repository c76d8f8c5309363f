/* SPDX-License-Identifier: Apache-2.0 */
/* start.c - from being loaded to the first launch.
 *
 * Loading does little: find the real functions, note the time. The first launch (or a sliced main()) does the rest. The
 * Go runtime starts only when something asks for it; options in their plainest spelling do not (plain.c). */
#include "shim.h"
#include "../gotcha/libset.h"
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void shim_go_configure(struct shim_config *config); /* shim.go */

struct shim_config shim_config = {.follow = 1, .fsgsbase = 1, .libsets = 1, .isolate = 1,
				  .trace_events = TRACE_EVENTS_DEFAULT};

__attribute__((constructor)) static void loaded(void)
{
	shim_resolve_all();
	shim_missing_hide();
	shim_publish_check();
	shim_pid = (pid_t)shim_syscall0(SYS_getpid);
	shim_cpu_init();
	shim_clock_init();
}

__attribute__((destructor)) static void unloaded(void)
{
	shim_stats_print();
}

void shim_configure(void)
{
	static bool configured;
	struct shim_config plain = shim_config;

	if (configured)
		return;
	configured = true;
	if (shim_plain_options(environ, &plain))
		shim_config = plain;
	else if (shim_go_start())
		shim_go_configure(&shim_config);
	shim_trace_configure();
}

static int find_linker(struct dl_phdr_info *info, size_t size, void *in_linker)
{
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uint64_t start = info->dlpi_addr + p->p_vaddr;
		if (p->p_type == PT_LOAD && (p->p_flags & PF_X) && (uint64_t)in_linker - start < p->p_memsz) {
			shim_ldso_low = start;
			shim_ldso_high = start + p->p_memsz;
			return 1;
		}
	}
	return 0;
}

static void fork_child(void)
{
	shim_config.stats = 0;
	shim_trace_forked();
	shim_pool_forked();
	own_map_forked();
	shim_regex_forked();
	shim_tcb_forked();
	shim_objects_forked();
	own_threads_forked();
	shim_unreleased_forked();
	gotcha_forked();
	(void)shim_several_threads();
	shim_kept_forked();
	shim_clock_forked();
	shim_threads_forked();
	gotcha_forks_finish(true);
}

/* The library's own handlers are inside those of libsets: they are the last before the fork. */
static void fork_begins(void)
{
	gotcha_forks_prepare();
	gotcha_fork_begins();
}

static void fork_is_over(void)
{
	gotcha_fork_is_over();
	gotcha_forks_finish(false);
}

static int start_once(void)
{
	if (!shim_cpu.usable) {
		shim_message("preemptible functions are not available", "processor", "XSAVE is missing");
		errno = ENOSYS;
		return -1;
	}
	if (shim_libc_check() != 0)
		return -1;
	shim_configure();
	if (!shim_config.fsgsbase)
		shim_cpu.fsgsbase = 0;
	if (shim_tcb_init() != 0)
		return -1;
	dl_iterate_phdr(find_linker, shim_resolve_in("ld-linux-x86-64.so.2", "_dl_allocate_tls"));
	shim_clock_calibrate();
	shim_threads_init();
	if (pthread_atfork(fork_begins, fork_is_over, fork_child) != 0) {
		errno = ENOMEM;
		return -1;
	}
	shim_bind_late();
	shim_actions_init();
	if (shim_config.clock == SHIM_CLOCK_AUTO)
		shim_config.clock = shim_clock_choose();
	if (shim_config.clock == SHIM_CLOCK_TIMEKEEPER && !shim_timekeeper_ensure())
		shim_config.clock = SHIM_CLOCK_TIMER;
	shim_trace_open();
	return 0;
}

int shim_start(void)
{
	static _Atomic int state; /* 0 not yet, 1 under way, 2 done, 3 failed */
	static int error;
	int expected = 0;

	if (SHIM_LIKELY(atomic_load_explicit(&state, memory_order_acquire) == 2))
		return 0;
	if (atomic_compare_exchange_strong(&state, &expected, 1)) {
		int result = start_once();
		error = errno;
		atomic_store_explicit(&state, result == 0 ? 2 : 3, memory_order_release);
	}
	while (atomic_load_explicit(&state, memory_order_acquire) == 1)
		sched_yield();
	if (state == 2)
		return 0;
	errno = error;
	return -1;
}
