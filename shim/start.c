/* SPDX-License-Identifier: Apache-2.0 */
/* start.c - from being loaded to the first launch.
 *
 * Loading does little: find the real functions, note the time. The first launch (or a sliced main()) does the rest. The
 * Go runtime starts only when something asks for it; options in their plainest spelling do not (plain.c). */
#include "shim.h"
#include "loader.h"
#include "../gotcha/libset.h"
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void shim_go_configure(struct shim_config *config); /* shim.go */

struct shim_config shim_config = {.follow = 1, .fsgsbase = 1, .libsets = 1, .isolate = 1, .signal = SHIM_SIGNAL_DEFAULT,
				  .trace_events = TRACE_EVENTS_DEFAULT};

static char always = 1;
const volatile char *shim_libc_single_threaded = &always;

static void fork_child(void);

/* The library's own handlers are inside those of libsets: they are the last before the fork. */
static void fork_begins(void)
{
	gotcha_forks_prepare();
	shim_loader_fork_begins();
}

static void fork_is_over(void)
{
	shim_loader_fork_is_over();
	gotcha_forks_finish(false);
}

/* Before handlers of libraries that come later, so that theirs run first: loader.h. */
static bool register_fork(void)
{
	static bool done;

	return done || (done = pthread_atfork(fork_begins, fork_is_over, fork_child) == 0);
}

__attribute__((constructor)) static void loaded(void)
{
	shim_resolve_all();
	shim_missing_hide();
	shim_publish_check();
	shim_old_versions();
	shim_pid = (pid_t)shim_syscall0(SYS_getpid);
	const char *single = shim_resolve_in("libc.so.6", "__libc_single_threaded");
	if (single)
		shim_libc_single_threaded = single;
	(void)shim_loader_find();
	(void)register_fork();
	shim_cpu_init();
	shim_clock_init();
	/* Before main() can take the address of a function of the heap. A program that asks for nothing is left alone. */
	if (!shim_late && shim_wanted()) {
		shim_heap_look();
		shim_bind_late();
	}
}

__attribute__((destructor)) static void unloaded(void)
{
	shim_stats_print();
}

bool shim_secure(void)
{
	return getauxval(AT_SECURE) != 0;
}

void shim_configure(void)
{
	static bool configured;
	struct shim_config plain = shim_config;

	if (configured)
		return;
	configured = true;
	/* Whoever runs a set-uid program chooses its environment: a limit that gives up a check, or a file to be written, would be his. */
	if (shim_secure())
		return;
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

/* In the child of a fork, whose other threads are not there. The order matters only in that nothing looks before the lock is free. */
static void fork_child(void)
{
	shim_pid = (pid_t)shim_syscall0(SYS_getpid);
	shim_loader_forked();
	if (!shim_is_started()) {
		gotcha_forks_finish(true);
		return;
	}
	shim_config.stats = 0;
	shim_trace_forked();
	shim_pool_forked();
	own_map_forked();
	shim_regex_forked();
	shim_once_forked();
	shim_iterate_forked();
	shim_objects_forked();
	own_threads_forked();
	own_timers_forked();
	own_requests_forked();
	shim_unreleased_forked();
	gotcha_forked();
	(void)shim_several_threads();
	shim_kept_forked();
	shim_clock_forked();
	shim_threads_forked();
	gotcha_forks_finish(true);
}

static void bind_late(void *unused)
{
	(void)unused;
	shim_bind_late();
}

/* Before TCBs are looked at. */
static void look_at_heap(void *suits)
{
	*(bool *)suits = shim_heap_suits();
	if (*(bool *)suits)
		shim_heap_look();
}

static int start_once(void)
{
	bool suits = false;


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
	/* Where the order of locks does not allow a look, this thread itself keeps objects from coming and going. */
	if (!shim_loader_look(look_at_heap, &suits))
		look_at_heap(&suits);
	if (!suits || shim_tcb_init() != 0)
		return -1;
	shim_loader_iterate(find_linker, shim_resolve_in("ld-linux-x86-64.so.2", "_dl_allocate_tls"));
	shim_clock_calibrate();
	shim_threads_init();
	if (!register_fork()) {
		errno = ENOMEM;
		return -1;
	}
	shim_loader_look(bind_late, NULL);
	if (!shim_actions_init()) {
		gotcha_fail(ENOSYS, "signals", "the system refuses a handler of signal %d (a filter of system calls)", SHIM_SIGNAL);
		shim_message("preemptible functions are not available", "signals", "the system refuses a handler of our own");
		return -1;
	}
	if (shim_config.clock == SHIM_CLOCK_AUTO)
		shim_config.clock = shim_clock_choose();
	if (shim_config.clock == SHIM_CLOCK_TIMEKEEPER && !shim_timekeeper_ensure())
		shim_config.clock = SHIM_CLOCK_TIMER;
	shim_trace_open();
	/* What is being loaded by another thread is not known yet. */
	shim_modules_changed = true;
	return 0;
}

/* Written under *looking*, so that a fork() waits for a start that is under way. */
static _Atomic int state; /* 0 not yet, 1 under way, 2 done, 3 failed */

bool shim_is_started(void)
{
	return atomic_load_explicit(&state, memory_order_acquire) == 2;
}

__attribute__((noinline, cold)) static int start(void)
{
	static int error;

	if (!shim_pid)
		shim_pid = (pid_t)shim_syscall0(SYS_getpid); /* another object's constructor came before ours */
	if (state == 3) {
		errno = error;
		return -1;
	}
	if (!shim_loader_find()) {
		shim_message("preemptible functions are not available", "the dynamic linker", "its locks are not where they were: not a known glibc");
		errno = ENOSYS;
		return -1;
	}
	if (!shim_look_begin()) {
		gotcha_fail(EAGAIN, "launch", "the first of a process can't be made in a callback of the dynamic linker's");
		return -1;
	}
	if (state == 1) {
		/* This thread is in the middle of it, and in a signal handler now. */
		gotcha_fail(EAGAIN, "launch", "the first of a process was interrupted by this handler");
		shim_look_end();
		return -1;
	}
	if (state == 0) {
		state = 1;
		int result = start_once();
		error = errno;
		atomic_store_explicit(&state, result == 0 ? 2 : 3, memory_order_release);
	}
	shim_look_end();
	errno = error;
	return state == 2 ? 0 : -1;
}

int shim_start(void)
{
	return SHIM_LIKELY(atomic_load_explicit(&state, memory_order_acquire) == 2) ? 0 : start();
}
