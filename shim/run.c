/* SPDX-License-Identifier: Apache-2.0 */
/* run.c - `inger run --slice`: the program's main() as a preemptible function.
 *
 * main() keeps the thread's own stack and TCB, with all that constructors left there (thread-local variables, key
 * values, the identity that fork(), pthread_self() and getrlimit() know). It is the *resuming* side that runs on a
 * stack and TCB of ours: the supervisor. So a paused main() is exactly the main() that the program would have had.
 *
 * All signals are blocked while the supervisor runs: the handlers of the program belong to main(), on main()'s stack. */
#include "shim.h"
#include "limit.h"
#include "torture.h"
#include "../gotcha/libset.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SMALLEST_ADDRESS_SPACE ((rlim_t)2 << 30)

typedef int main_function(int, char **, char **);
typedef int start_function(main_function *, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

SHIM_SLOT(__libc_start_main);

static main_function *program_main;
static struct shim_call main_call;

static void begin_slice(struct shim_thread *t, struct shim_call *call)
{
	call->slice_start = shim_now();
	SHIM_TRACE(TRACE_SLICE_BEGIN, call, call->slice_start + shim_us_to_ticks(shim_config.slice_ns / 1000), 0);
	shim_run_until(t, call, call->slice_start + shim_us_to_ticks(shim_config.slice_ns / 1000));
}

_Noreturn static void supervise(void)
{
	for (;;) {
		struct shim_call *call = &main_call;
		struct shim_thread *t = call->thread;
		uint64_t now = shim_now();

		struct shim_call *innermost = t->current; /* main(), or a limited call in it */

		shim_limits_pause(innermost);
		SHIM_TRACE(TRACE_SLICE_END, call, TRACE_CLOCK, call->deadline);
		t->current = NULL;
		t->counts.slices++;
		atomic_store_explicit(&t->deadline, SHIM_NEVER, memory_order_relaxed);
		shim_stats_slice(now - call->slice_start, (int64_t)(now - call->deadline));
		if (shim_config.torture)
			shim_torture_once();
		call->state = SHIM_RESUMING;
		begin_slice(t, call);
		if (SHIM_UNLIKELY(innermost != call))
			shim_limits_resume(t, innermost);
		shim_switch_in(call);
	}
}

/* Lay the frame that switch_amd64.S leaves when it switches away from a resumer, as if supervise() had called it. */
static uint64_t prepare_stack(uint64_t top)
{
	uint64_t *frame = (uint64_t *)(top & ~(uint64_t)15) - 9; /* at the entry rsp is 8 below a multiple of 16 */
	uint32_t *control = (uint32_t *)frame;

	memset(frame, 0, 9 * sizeof *frame);
	__asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(control[0]), "=m"(control[1]));
	frame[7] = (uint64_t)supervise;
	return (uint64_t)frame;
}

/* main() keeps the starting libset; the other side gets one of its own, in which it can do what main() must not see. */
static enum shim_torture_kind separate(struct shim_tls *tls)
{
	uint32_t ahead = shim_config.libsets;
	struct rlimit limit;

	if (!shim_config.isolate)
		return SHIM_TORTURE_MIXED;
	/* The Go runtime ends a process that refuses its reservations. */
	if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur < SMALLEST_ADDRESS_SPACE) {
		shim_message("torture without functions that keep state", "libset", "the limit of address space is below 2 GiB");
		return SHIM_TORTURE_STATELESS;
	}
	shim_config.libsets = 0; /* main() may never launch */
	struct gotcha_set *set = gotcha_take(); /* says why not */
	shim_config.libsets = ahead;
	gotcha_switch(tls, set);
	return set ? SHIM_TORTURE_SEPARATE : SHIM_TORTURE_STATELESS;
}

static bool adopt_main(void)
{
	struct shim_thread *t = shim_thread_get();
	if (!t || !shim_clock_for(t))
		return false;
	shim_heap.adopting = true;
	struct shim_call *supervisor = shim_call_get(t, 0, false), *call = &main_call;
	shim_heap.adopting = false;
	void *xsave = mmap(NULL, shim_cpu.xsave_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (!supervisor || xsave == MAP_FAILED)
		return false;

	/* The supervisor's TCB is an ordinary thread's as far as the wrappers are concerned. */
	struct shim_tls *tls = (struct shim_tls *)(supervisor->fs + ((uint64_t)&shim_tls - t->fs));
	tls->call = NULL;
	tls->thread = t;
	/* A malloc() of the program's own may be interrupted anywhere, and nearly all of the torture allocates. What a program that
	 * is followed says stays its own: this is for who asks for numbers. */
	if (shim_config.torture && shim_heap.program && !shim_config.own_malloc) {
		if (shim_config.stats)
			shim_message("slices without torture", "malloc", "the program has one of its own, which may be interrupted anywhere "
				     "(INGER_OWN_MALLOC=1: torture all the same)");
		shim_config.torture = 0;
	}
	if (shim_config.torture) {
		shim_torture_prepare(shim_config.seed);
		shim_torture_state_begin(separate(tls));
	}

	call->fs = t->fs;
	call->thread = t;
	call->adopted = ADOPTED_MAIN;
	call->xsave = xsave;
	call->name = "main";
	call->caller_fs = supervisor->fs;
	call->caller_rsp = prepare_stack(supervisor->stack_top);
	call->state = SHIM_RUNNING;
	shim_tls.call = call;
	SHIM_TRACE(TRACE_LAUNCH, call, program_main, shim_trace_name("main"));
	begin_slice(t, call);
	return true;
}

static int sliced_main(int argc, char **argv, char **envp)
{
	if (!adopt_main())
		shim_message("main() is not sliced", argv && argv[0] ? argv[0] : "program", strerror(errno));
	exit(program_main(argc, argv, envp));
}

/* --no-follow: take ourselves out of the environment that children inherit. */
static void leave_environment(void)
{
	char **to = environ;

	for (char **from = environ; *from; from++) {
		if (strncmp(*from, "INGER_", 6) == 0)
			continue;
		if (strncmp(*from, "LD_PRELOAD=", 11) == 0) {
			char *list = *from + 11, *end = strpbrk(list, ": ");
			/* `inger run` puts the library first. */
			size_t first = end ? (size_t)(end - list) : strlen(list);
			if (memmem(list, first, "libinger.so", 11)) {
				if (!end)
					continue;
				memmove(list, end + 1, strlen(end + 1) + 1);
			}
		}
		*to++ = *from;
	}
	*to = NULL;
}

/* NULL: absent or empty. */
static const char *value_of(char **env, const char *name)
{
	size_t bytes = strlen(name);

	for (char **e = env; *e; e++)
		if (strncmp(*e, name, bytes) == 0)
			return (*e)[bytes] ? *e + bytes : NULL;
	return NULL;
}

SHIM_EXPORT int __libc_start_main(main_function *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
				  void (*linker_fini)(void), void *stack_end)
{
	start_function *real = SHIM_REAL(start_function *, __libc_start_main);
	char **env = argv + argc + 1;

	if (shim_secure())
		return real(main, argc, argv, init, fini, linker_fini, stack_end);
	/* libc has set environ already when it is a shared object. */
	const char *limits = value_of(env, "INGER_LIMITS="), *config = value_of(env, "INGER_CONFIG=");
	if (value_of(env, "INGER_SLICE=") || value_of(env, "INGER_FOLLOW=") || value_of(env, "INGER_STATS=") ||
	    value_of(env, "INGER_TRACE=")) {
		shim_configure();
		if (shim_config.stats)
			shim_stats_begin();
		if (shim_config.slice_ns) {
			program_main = main;
			main = sliced_main;
		}
		if (!shim_config.follow)
			leave_environment();
	}
	if (limits || config)
		shim_limits_begin(limits, config);
	/* One line for the program that was asked for, none for its children. */
	for (char **e = env; *e; e++)
		if (strcmp(*e, "INGER_STATS=1") == 0)
			(*e)[12] = '0';
	errno = 0; /* what constructors and the Go runtime's start left there is not the program's */
	return real(main, argc, argv, init, fini, linker_fini, stack_end);
}
