/* SPDX-License-Identifier: Apache-2.0 */
/* shim.h - the data plane: what runs on the program's own threads from launch() on.
 *
 * A *call* is one preemptible function: a stack, a TCB and the saved registers, pooled as one block.
 * A *thread* is a kernel thread of the program that has launched a call. *Own TCB* is the one libc gave the thread.
 * The *resumer* is the code that called launch() or resume(); it may itself be a call (nesting).
 *
 * Nothing here calls Go, except start.c before anything has been launched. */
#ifndef SHIM_H
#define SHIM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "libc.h"
#include <sys/syscall.h>
#include "call.h"
#include "config.h"
#include "syscall.h"
#include "trace.h"
#include "../include/inger.h"

/* Locks that are held for a few instructions, in deferred sections: the holder can't be paused, but the kernel may preempt it. */
static inline void shim_spin_take(atomic_flag *lock)
{
	while (atomic_flag_test_and_set_explicit(lock, memory_order_acquire))
		shim_syscall0(SYS_sched_yield);
}
static inline void shim_spin_drop(atomic_flag *lock)
{
	atomic_flag_clear_explicit(lock, memory_order_release);
}

/* ---- switch_amd64.S */
void shim_switch_in(struct shim_call *call); /* returns when the call pauses, completes or is left */
void shim_pause_here(void);                  /* pause the calling call with all registers kept; due pauses only */
extern char shim_preempt_stub[], shim_entry_start[], shim_entry_full[], shim_entry_voluntary[];
extern char shim_fault_leave[];
extern char shim_switch_begin[], shim_switch_end[];
_Noreturn void shim_leave(struct shim_call *call); /* back to the resumer for good; the state says why */

/* ---- left.c, handler_amd64.S and wrap_jump.c: what is left without returning */
/* `section`: the one around the handler is its own; or it is, in the place of one on another stack that is covered. */
enum { SHIM_BEGAN = 1, SHIM_COVERS = 2 };
void shim_call_handler(int sig, siginfo_t *info, void *context, void (*handler)(int, siginfo_t *, void *), unsigned char section);
long shim_call_noticed(void (*left)(void *), void *arg, void *function, long a, long b, long c); /* noticed_amd64.S */
void shim_leave_handlers(struct shim_thread *t, struct shim_call *call);

/* ---- cookie.c, for left.c */
void shim_cookie_back(void *interlude);
void shim_cookie_look(void *interlude);

/* ---- iterate.c */
struct dl_phdr_info;
bool shim_iterate(int (*real)(int (*)(struct dl_phdr_info *, size_t, void *), void *),
		  int (*callback)(struct dl_phdr_info *, size_t, void *), void *arg, int *result);
bool shim_close_postponed(void *handle); /* true: dlclose() is made later */
void shim_iterations_end(struct shim_call *call);
void shim_iterate_forked(void);

/* ---- cpu.c: what the processor offers, found once */
struct shim_cpu {
	uint32_t fsgsbase; /* user-space FS base */
	uint32_t xgetbv1;  /* XINUSE can be read */
	uint32_t avx;
	uint32_t amx;
	uint32_t xsavec;
	uint32_t xsave_bytes; /* all components; compacted where there is XSAVEC */
	uint32_t usable;
	uint32_t invariant_tsc;
};
extern struct shim_cpu shim_cpu;
void shim_cpu_init(void);
void shim_set_fs(uint64_t fs);

/* ---- clock.c, clock_sig.c and timekeeper.c */
extern uint64_t shim_ns_per_tick_q32, shim_ticks_per_ns_q32; /* 32.32 fixed point */
uint64_t shim_now(void);
uint64_t shim_monotonic_ns(void);
struct timespec;
void shim_real_clock_init(void);
void shim_real_clock(clockid_t clock, struct timespec *t); /* realtime_sig.c: the kernel's, never a faked one */
uint64_t shim_ticks_to_ns(uint64_t ticks);
uint64_t shim_us_to_ticks(uint64_t us);
void shim_clock_init(void);
void shim_clock_calibrate(void);
enum shim_clock_kind shim_clock_choose(void);
void shim_arm(struct shim_thread *t, uint64_t deadline);
void shim_arm_backoff(struct shim_thread *t);
void shim_disarm(struct shim_thread *t);
void shim_clock_learn(struct shim_thread *t, uint64_t now);
extern uint64_t shim_bias_ns;
void shim_timekeeper_want(struct shim_thread *t, uint64_t wake);
bool shim_timekeeper_start(void);
int shim_thread_start(void *(*function)(void *), size_t stack_bytes);
int shim_thread_start_with(void *(*function)(void *), void *arg, size_t stack_bytes);
void shim_timekeeper_forked(void);
void shim_clock_forked(void);
bool shim_timekeeper_ensure(void);
void shim_relay_handler(int sig, siginfo_t *info, void *context);
bool shim_relay(void); /* wrap_signal.c: whether SHIM_RELAY can be used; from then on no thread blocks it */
extern _Atomic uint64_t shim_relay_bit; /* SHIM_RELAY's in masks, 0 while it is not used */
int shim_timer_make(const struct shim_thread *t); /* -1: not to be had */
bool shim_spare_fires(const struct shim_thread *t); /* false: it has none */
bool shim_clock_make(struct shim_thread *t); /* false and errno */
bool shim_clock_again(struct shim_thread *t, uint64_t deadline); /* the clock has just been lost */
/* Before a budget is given to what runs on `t`. False, errno and a reason: it could not be kept. */
static inline bool shim_clock_for(struct shim_thread *t)
{
	return SHIM_LIKELY(!t->no_clock) || shim_clock_make(t);
}

/* ---- preempt_sig.c */
void shim_preempt_handler(int sig, siginfo_t *info, void *context);
static inline bool shim_on_alternate(const stack_t *s, uint64_t sp)
{
	return !(s->ss_flags & SS_DISABLE) && sp - (uint64_t)s->ss_sp < s->ss_size;
}
bool shim_deferred(const struct shim_call *call, uint64_t rsp, const stack_t *alternate);
bool shim_try_inject(struct shim_call *call, void *context);

/* ---- context_sig.c */
void shim_context_settle(struct shim_thread *t, void *context); /* may switch FS base to the call's */
/* Code that a handler of the program begins with, until that is done. No pause in it: a pause would be resumed by way of the TCB's free
 * word, through which the resumption that was interrupted has yet to jump. */
#define SHIM_SETTLES __attribute__((section("shim_settle"), noinline))
extern char __start_shim_settle[] __attribute__((visibility("hidden")));
extern char __stop_shim_settle[] __attribute__((visibility("hidden")));

/* ---- call.c */

/* `call` is about to run on `t` until `deadline`: published first, then looked at whether a signal is on its way, so that
 * a signal in between sees it. */
static inline void shim_run_until(struct shim_thread *t, struct shim_call *call, uint64_t deadline)
{
	call->deadline = deadline;
	call->pending = call->stepping;
	t->backoff_ns = 0;
	t->current = call;
	atomic_store_explicit(&t->deadline, deadline, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	if (deadline < atomic_load_explicit(&t->armed, memory_order_relaxed))
		shim_arm(t, deadline);
}

/* ---- call.c and cancel.c: the cold half */
void shim_run_slice(struct shim_thread *t, struct shim_call *call, uint64_t budget_us);
void shim_catch_up(struct shim_thread *t); /* with what happened since the last slice */
void shim_give_up(struct shim_thread *t, struct shim_call *call); /* back to the pool, without its libset */
void shim_call_over(struct shim_thread *t, struct shim_call *call); /* it has ended: what it has made stays */
int shim_call_faulted(struct shim_thread *t, struct shim_call *call); /* EFAULT */
int shim_cpu_exhausted(const struct shim_call *call);                /* EDQUOT */
uint64_t shim_thread_cpu_ns(void);
/* Whether a call that has ended leaves something to look after. */
static inline bool shim_call_has_traces(const struct shim_call *call)
{
	return (call->owner.count | call->owner.registered | (uint32_t)call->owner.maps | call->holds.count | (uint32_t)call->special | (uint32_t)call->mask_changed |
		(uint32_t)call->launches | (uint32_t)call->reason.error) != 0 || call->cleanups;
}

/* Deferred sections written in C. */
#define shim_defer_begin(call, frame) shim_defer_begin_as(call, frame, __func__)
static inline bool shim_defer_begin_as(struct shim_call *call, void *frame, const char *name)
{
	if (!call || (call->defer_rsp && call->defer_rsp >= (uint64_t)frame))
		return false;
	call->defer_slot = (void *)name;
	call->defer_rsp = (uint64_t)frame;
	__asm__ volatile("" ::: "memory");
	return true;
}
static inline void shim_defer_end(struct shim_call *call, bool began)
{
	if (!began)
		return;
	__asm__ volatile("" ::: "memory");
	call->defer_rsp = 0;
	__asm__ volatile("" ::: "memory");
	if (SHIM_UNLIKELY(call->pending))
		shim_pause_here();
}
static inline struct shim_owner *own_here(struct shim_call *call, bool began)
{
	if (SHIM_UNLIKELY(shim_tls.maker != NULL))
		return own_made(call, began);
	if (!call || SHIM_UNLIKELY(call->adopted | call->untracked))
		return NULL;
	return SHIM_LIKELY(began) ? &call->owner : own_nested(call);
}

/* ---- inside.c */
bool shim_enter_slowly(struct shim_thread *t, struct shim_interrupted *in, uint32_t *was);
void shim_inside_left(struct shim_interrupted *in);
bool shim_hold_cancel(void); /* true: until shim_let_cancel() */
void shim_let_cancel(void);
static inline struct shim_interrupted *shim_context_of(struct shim_thread *t, struct shim_call *call)
{
	return SHIM_UNLIKELY(call && !call->adopted) ? &call->interrupted : &t->interrupted;
}
/* Around what only one may be inside of on a thread; `call` is the one that asks, or NULL. False: it is a handler that has
 * interrupted such a function; errno and a reason. */
static inline bool shim_enter(struct shim_thread *t, struct shim_call *call, uint32_t *was)
{
	struct shim_interrupted *in = shim_context_of(t, call);

	*was = in->inside;
	if (SHIM_UNLIKELY(in->inside | in->handlers))
		return shim_enter_slowly(t, in, was);
	in->inside = INSIDE_NOW;
	return true;
}
/* In the section that began before. */
static inline void shim_exit(struct shim_thread *t, struct shim_call *call, uint32_t was)
{
	shim_context_of(t, call)->inside = was & ~(uint32_t)INSIDE_HELD;
}
/* After it. What was held may happen here. */
static inline void shim_exited(uint32_t was)
{
	if (SHIM_UNLIKELY(was & INSIDE_HELD))
		shim_let_cancel();
}

/* The handler on the alternate stack is over, or left. */
static inline void shim_uncover(struct shim_call *call)
{
	call->defer_ret = call->covered.ret;
	call->defer_rbx = call->covered.rbx;
	call->defer_rsp = call->covered.rsp;
	call->covered.rsp = 0;
}

/* Of a launched call: an adopted one is on its thread's. */
static inline bool shim_on_stack_of(const struct shim_call *call, uint64_t rsp)
{
	return rsp - (uint64_t)call->stack_low <= call->stack_top - (uint64_t)call->stack_low;
}

/* The stack pointer of the caller: everything this function and its callees do is below. */
#define SHIM_FRAME ((void *)((char *)__builtin_frame_address(0) + 16))

/* ---- handle.c: the call table */
int shim_handle_enter(struct shim_call *call); /* 0 or an errno */
void shim_handle_show(struct shim_call *call);
void shim_handle_leave(struct shim_call *call);
void *shim_call_handle(const struct shim_call *call);
struct shim_call *shim_call_at(uint32_t index); /* NULL: none; stays mapped */
uint32_t shim_pool_calls(void);
struct shim_call *shim_call_take(const linger_t *f); /* a paused call, for this thread alone; NULL and errno */
struct shim_call *shim_call_take_at(uint32_t index, const void *launcher); /* one that `launcher` launched */
struct shim_call *shim_call_borrow(uint32_t index); /* a paused one, given back soon; who resumes it meanwhile waits */
/* It is paused: whoever has its handle may take it from now on. */
static inline void shim_call_offer(struct shim_call *call)
{
	atomic_store_explicit(&call->state, SHIM_PAUSED, memory_order_relaxed);
	call->offered = true;
	atomic_store_explicit(&call->place->launcher, call->launcher, memory_order_relaxed);
	atomic_store_explicit(&call->place->word, (uint64_t)call->generation << 32 | SHIM_PLACE_PAUSED, memory_order_release);
}
/* It is over: its handle is stale. */
static inline void shim_call_withdraw(struct shim_call *call)
{
	call->offered = false;
	atomic_store_explicit(&call->place->word, (uint64_t)call->generation++ << 32 | SHIM_PLACE_GONE, memory_order_relaxed);
}

/* ---- pool.c */
struct shim_call *shim_call_get(struct shim_thread *t, size_t stack_bytes, bool isolated); /* NULL and errno */
void shim_call_retire_set(struct shim_call *call);
void shim_pool_drop_sets(void); /* inger_shutdown(): no isolated call is left */
void shim_call_put(struct shim_thread *t, struct shim_call *call);
bool shim_guard_open(struct shim_call *call); /* the upper half of the guard pages becomes stack; async-signal-safe */
void shim_guard_close(struct shim_call *call);
void shim_pool_thread_exit(struct shim_thread *t);
void shim_pool_each(void (*see)(struct shim_call *, void *), void *arg); /* with the pool's lock: none comes meanwhile */
extern _Atomic uint64_t shim_stacks_count, shim_stacks_bytes;
void shim_pool_sizes(uint64_t *stacks, uint64_t *bytes); /* of all calls there are */

/* ---- tcb.c */
int shim_tcb_init(void); /* 0, or -1 and errno; once */
/* libc's own thread-local variables (the thread's arena, its cache of blocks, locale, errno), of which a copy of libc has none
 * of its own: what the copy's initialiser writes there must not stay, since it leads into the copy. */
struct shim_libc_tls {
	char bytes[1024];
};
void shim_libc_tls_save(struct shim_libc_tls *saved);
void shim_libc_tls_restore(const struct shim_libc_tls *saved);
size_t shim_tcb_room(void);
int shim_tcb_make(struct shim_call *call, char *block_end); /* fills call->fs */
void shim_tcb_reset(struct shim_call *call);               /* as a new thread would find it */
bool shim_several_threads(void);           /* libc has made itself ready for threads */
void shim_setxid_install(void);            /* setxid_sig.c */
void shim_tcb_loaded(void);                                /* modules.c: after dlopen(), in a look */
/* Entry points of libc for the end of a thread; found by shim_tcb_init(). */
struct shim_libc_exit {
	void (*call_tls_dtors)(void);
	void (*register_cancel)(void *); /* __pthread_unwind_buf_t */
	void (*unregister_cancel)(void *);
	size_t cleanup_offset;        /* there, the list of cleanup handlers */
};
extern struct shim_libc_exit shim_libc_exit;
extern int64_t shim_cancel_offset __attribute__((visibility("hidden"))); /* of struct pthread's cancelhandling */
void shim_tcb_never_cancelled(const struct shim_call *call);
bool shim_cancel_is_coming(void); /* the signal that cancels this thread was sent and has not come */

/* ---- finish.c */
void shim_tcb_not_exiting(struct shim_call *call);
/* Bits of shim_call.finish_work: what a call has used that the next on its TCB must not find. */
enum { FINISH_DESTRUCTORS = 1, FINISH_KEYS = 2, FINISH_LOCALE = 4, FINISH_OWN_LOCALE = 8, FINISH_LIBSETS = 16 };
void shim_tcb_finish(struct shim_call *call);              /* thread-local and key destructors, on the call's stack */
void shim_tcb_forget(struct shim_call *call); /* cancelled: none of them */
void shim_objects_drop(struct gotcha_set *set);            /* its code goes: no destructor there is run any more */
void shim_objects_forked(void);
_Noreturn void shim_tcb_exit(struct shim_call *call, void *value, void (*real_exit)(void *)); /* pthread_exit() */
extern int64_t shim_errno_offset;                          /* of errno from the FS base */

/* ---- wrap_regex.c */
void shim_patterns_release(struct shim_call *call); /* cancelled: its copies go */
void shim_patterns_end(struct shim_call *call);
void shim_regex_forked(void);

/* ---- unwind.c: INGER_UNWIND */
/* The next slice of the call unwinds its stack and ends it. False: that can't be done, or is not safe (said once). */
bool shim_unwind_begin(struct shim_call *call);
/* Let it run to a place from which that is safe, for grace_us at most. True: it has ended. */
bool shim_unwind_approach(struct shim_thread *t, struct shim_call *call, uint64_t grace_us);

/* ---- cleanup.c */
void shim_cleanup_run_above(struct shim_call *call, uint64_t cfa); /* handlers of frames below `cfa`, on the call's stack */
void shim_cleanup_drop(struct shim_call *call);                    /* without running them */

/* ---- limit.c */
void shim_limits_thread_exit(struct shim_thread *t);

/* ---- thread.c */
struct shim_thread *shim_thread_get(void); /* NULL and errno */
/* Which thread this is. In a call the answer holds for as long as a section is open: see call.h. */
static inline struct shim_thread *shim_this_thread(void)
{
	struct shim_thread *t = shim_tls.thread;

	return SHIM_LIKELY(t != NULL) ? t : shim_thread_get();
}
extern struct shim_thread *_Atomic shim_threads;
extern pid_t shim_pid;
bool shim_in_own_process(void);

/* ---- fault_sig.c */
bool shim_fault_stack_make(struct shim_thread *t);
void shim_fault_handler(int sig, siginfo_t *info, void *context);

/* ---- contain_sig.c, wrap_jump.c and wrap_signal.c: INGER_CONTAIN */
void shim_contain_prepare(void);
/* A fault: true when it ends a call instead of the program; else `why` is set if a call wanted that. */
bool shim_contain(int sig, const siginfo_t *info, void *context, const char **why);
bool shim_is_overflow(const struct shim_call *call, int sig, const siginfo_t *info, const void *context);
void shim_regs_of_frame(struct shim_call *call, uint64_t rsp);
void shim_abandon(struct shim_thread *t, struct shim_call *call, const struct shim_call *until, enum shim_state state);

struct shim_owner *gotcha_leave_making(uint64_t rsp); /* gotcha/making.c: a jump to there; who makes things there */

/* ---- symbolize.c */
bool shim_symbol_name(const void *address, char *name, size_t bytes); /* async-signal-safe */

/* ---- unreleased.c: cancelled calls whose threads go on */
extern struct shim_call *shim_unreleased;
bool shim_threads_gone(struct shim_call *call, bool wait); /* the call's and its libset's */
void shim_keep_whole(struct shim_call *call);
struct shim_call *shim_unreleased_gone(void); /* takes those out that nobody uses any more */
bool shim_unreleased_full(struct shim_call *call, const char *name); /* EBUSY: no more */
void shim_unreleased_forked(void);

/* ---- left.c */
void shim_close_section(struct shim_call *call); /* an exception has left it */

/* ---- heap.c and wrap_heap.c: see heap.h */
struct link_map;
struct shim_heap {
	bool bound;    /* words lead to our wrappers of it */
	bool outer;    /* another malloc() comes before ours in the search order */
	bool foreign;  /* there is an allocator besides libc's */
	bool program;  /* the program itself defines malloc() */
	bool adopting; /* main() is being taken for slices */
};
_Static_assert(offsetof(struct shim_heap, bound) == HEAP_BOUND, "offsets.h and struct shim_heap disagree");
extern struct shim_heap shim_heap __attribute__((visibility("hidden")));
/* A word that leads to `real` is to lead to `ours`. */
struct shim_heap_way {
	const char *name;
	uint64_t real, ours;
};
bool shim_heap_suits(void); /* false: nothing can be launched in this process; errno */
void shim_heap_look(void); /* at the start, and after dlopen() */
const struct shim_heap_way *shim_heap_ways(uint32_t *count);
uint64_t shim_heap_way_to(uint64_t function); /* the same where there is none */
bool shim_heap_has(const void *address);      /* it is an allocator's, not the program's own */
bool shim_heap_is(const struct link_map *map);
bool shim_heap_refuses(void);                 /* functions can't be launched; errno */
/* The heap that everybody has, for ourselves: free() in this library would be our exported one. */
void *shim_malloc(size_t bytes);
void *shim_realloc(void *block, size_t bytes);
void shim_free(void *block);
size_t shim_usable(const void *block);
extern void *shim_outer_free __attribute__((visibility("hidden")));

/* ---- resolve.c: the real functions behind the wrappers */
struct shim_slot {
	const char *name;
	void **real;
	uint64_t found; /* real is final */
};
extern struct shim_slot __start_shim_slots[] __attribute__((visibility("hidden"))), __stop_shim_slots[] __attribute__((visibility("hidden")));
void shim_resolve_all(void);
long shim_missing(void); /* missing.c */
void shim_missing_hide(void);
extern bool shim_late; /* the program does not reach our wrappers by itself */
uint64_t shim_dynamic_address(const struct link_map *map, uint64_t value); /* of a d_ptr */
const struct link_map *shim_object_at(const void *address); /* async-signal-safe; NULL: in none */
void *shim_lookup_in(const struct link_map *map, const char *symbol); /* NULL for our own object */
bool shim_wanted(void); /* some object names this library as one that it needs */
void shim_functions_of(const struct link_map *map, void (*each)(const char *name, void *address, void *arg), void *arg);
bool shim_is_ours(const struct link_map *map);
void *shim_wrapper_of(const char *symbol, const void *found);
void *shim_own_symbol(const char *symbol); /* an exported symbol of this library */
void shim_publish_check(void);             /* publish.c */
void *shim_published_elsewhere(const char *name, const struct link_map *object);
void shim_bind_late(void); /* bind.c */
void shim_bind_deep(const struct link_map *opened); /* by RTLD_DEEPBIND: from the next pass on */
void shim_bind_deep_closed(const void *handle);
void shim_unbind(void);
void shim_bind_names(const char *const *names, unsigned count);
struct shim_reference {
	uint32_t symbol; /* of the object's table */
	void *target;
};
void shim_bind_symbols(const struct link_map *map, const struct shim_reference *references, unsigned count);
/* ---- versions.c */
void shim_old_versions(void);
void *shim_old_wrapper(const void *found);
void *shim_resolve_in(const char *soname, const char *symbol);
void *shim_find_symbol(const char *symbol); /* the first definition in load order */
void *shim_next_symbol(const struct link_map *before, const char *symbol); /* behind that object, or of all (NULL); ours as well */
#define SHIM_SLOT(function) \
	void *shim_real_##function __attribute__((visibility("hidden"))); \
	static struct shim_slot shim_slot_##function __attribute__((section("shim_slots"), used, aligned(8))) = { \
		#function, &shim_real_##function, 0}
/* Calls through a slot that may not be filled yet: another object's constructor can run before ours. */
#define SHIM_REAL(type, function) \
	((type)(SHIM_LIKELY(shim_real_##function != 0) ? shim_real_##function : (shim_resolve_all(), shim_real_##function)))

/* ---- wrap_locale.c */
void shim_leave_locale(const struct gotcha_set *set);
void shim_use_global_locale(void);

/* ---- stubs_amd64.S */
long shim_on_own_tcb(struct shim_call *call, void *function, long a, long b, long c, long d);

/* ---- help.c: not 0 once a call has locked a stream, or run an initialiser */
extern uint32_t shim_streams_held __attribute__((visibility("hidden"))), shim_onces_held;
/* cancel.c: let a call that has been taken run on, until `over` says so or it ends: true when it has ended. */
bool shim_run_on(struct shim_thread *t, struct shim_call *call, uint64_t budget_us, bool (*over)(const struct shim_call *));
void shim_once_forked(void);

/* ---- wrap_*.c */
static inline struct shim_marks *shim_marks_here(void)
{
	/* Where a libset's code makes things, the handlers count for what runs there besides. */
	if (SHIM_UNLIKELY(shim_tls.maker && shim_tls.thread))
		return &shim_tls.thread->marks;
	return shim_tls.call ? &shim_tls.call->marks : &shim_tls.thread->marks;
}
/* After an EINTR: true when only our signals came since `before`, so that the program must not see it. */
static inline bool shim_only_ours(const struct shim_marks *before)
{
	const volatile struct shim_marks *now = shim_marks_here();
	return now->ours != before->ours && now->programs == before->programs;
}
/* guard_amd64.S: see there. Errors are negative errno values. */
long shim_guarded_syscall(const uint64_t *programs, uint64_t before, long number, const long arguments[6]);
extern char shim_guard_begin[], shim_guard_end[];
/* Take up again, by a raw system call, a wait that our signal ended. 0 or more, or -1 and errno; EINTR is final. */
long shim_wait_again(const struct shim_marks *before, long number, long a, long b, long c, long d, long e, long f);
/* What the kernel is told of a mask that the program gives: our signal is never blocked on a thread that has launched. */
static inline uint64_t shim_mask_wanted(const sigset_t *mask)
{
	return *(const uint64_t *)mask & ~(shim_tls.thread ? SHIM_SIGNAL_BIT : 0);
}
/* kept_sig.c: the program's signals of our number */
bool shim_kept_hides(const struct shim_thread *t); /* the program believes our signal blocked on this thread */
void shim_kept_add(const siginfo_t *info);
bool shim_kept_take(siginfo_t *info);
bool shim_kept_any(void);
void shim_kept_deliver(void); /* to this thread, where it is unblocked now */
_Atomic int *shim_kept_wait_begin(void); /* NULL: too many wait */
void shim_kept_forked(void);
long shim_kept_signalfd(int flags); /* for our number alone, as libc's; a negative errno */
bool shim_kept_fd_is(void);         /* kept_fd_sig.c: there is such a descriptor, and what is kept is in there */
bool shim_kept_fd_add(const siginfo_t *info);
bool shim_kept_fd_take(siginfo_t *info);
bool shim_kept_fd_any(void);
long shim_kept_fd_open(int flags);
void shim_kept_fd_forked(void);
void shim_mask_as_believed(bool inherited); /* around what hands the mask on to a thread or program */
/* wrap_mask.c: a call's own signal mask */
void shim_mask_note(struct shim_call *call); /* before its first change */
void shim_mask_enter(struct shim_call *call);
void shim_mask_leave(struct shim_call *call);
void shim_mask_unblock(struct shim_thread *t); /* what `unblock` says */
void shim_mask_drop(struct shim_thread *t, struct shim_call *call);
extern _Atomic bool shim_actions_taken; /* something has been launched: signals are entered through us */
int shim_set_action(int sig, const struct sigaction *act, struct sigaction *old);
void shim_altstack_enter(struct shim_call *call);
void shim_altstack_leave(struct shim_call *call);
bool shim_actions_init(void);
void shim_program_handler(int sig, siginfo_t *info, void *context); /* SHIM_SIGNAL that is not ours */
void shim_default_action(int sig);
/* wrap_load.c: objects have come or gone */
void shim_loaded_hook(void);    /* everything that follows from it; outside of other locks */
bool shim_loaded_objects(void); /* all but the plan of libsets */
extern bool shim_modules_changed __attribute__((visibility("hidden")));
extern bool shim_names_clash __attribute__((visibility("hidden")));
extern _Atomic uint32_t shim_loads_done __attribute__((visibility("hidden"))); /* loads that are over, or were begun by the only thread */

/* ---- message.c */
void shim_message(const char *what, const char *object, const char *reason);
void shim_report(const char *what, const char *object, const char *reason); /* asked for: as many as there are */
void shim_write_text(char **at, char *end, const char *text);
void shim_write_number(char **at, char *end, uint64_t number);
void shim_write_tenths(char **at, char *end, uint64_t ns); /* as microseconds */

/* ---- run.c, torture.c, stats.c */
void shim_torture_prepare(uint64_t seed);
void shim_torture_once(void);
struct shim_stats {
	uint64_t pauses;
};
extern struct shim_stats shim_stats;
void shim_stats_begin(void);
void shim_stats_slice(uint64_t slice_ticks, int64_t overshoot_ticks);
void shim_stats_print(void);

/* ---- start.c */
void shim_configure(void); /* reads the options, once */
bool shim_secure(void);    /* secure execution (set-uid and its like): no option counts */
bool shim_plain_options(char *const *env, struct shim_config *c);
bool shim_go_start(void);
extern int shim_argc; /* the program's, as constructors get them */
extern char **shim_argv;
int shim_start(void);      /* everything a first launch needs; 0, or -1 and errno */
bool shim_is_started(void);
extern const volatile char *shim_libc_single_threaded __attribute__((visibility("hidden"))); /* libc's; 0: there are threads */
void shim_threads_init(void);
void shim_threads_forked(void);
void shim_pool_forked(void);
extern uint64_t shim_ldso_low, shim_ldso_high;
uint64_t shim_carrier_of(const void *pthread); /* pthread_t of the kernel thread under a call's TCB, or 0 */

#endif
