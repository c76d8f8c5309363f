/* SPDX-License-Identifier: Apache-2.0 */
/* thread.c - kernel threads of the program that launch calls. */
#include "shim.h"
#include "../gotcha/libset.h"
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

__thread struct shim_tls shim_tls;
struct shim_thread *_Atomic shim_threads;
pid_t shim_pid;
static pthread_key_t exit_key;
static bool have_exit_key;

/* False in the child of a vfork(), which runs in our memory but is another process. */
bool shim_in_own_process(void)
{
	return shim_syscall0(SYS_getpid) == shim_pid;
}

/* The last act of a thread. Key destructors of the program may still launch: they find the thread registered again. */
static void thread_exit(void *arg)
{
	struct shim_thread *t = arg;

	shim_limits_thread_exit(t);
	shim_catch_up(t);
	shim_disarm(t);
	if (t->timer >= 0)
		shim_syscall1(SYS_timer_delete, t->timer);
	if (t->spare >= 0)
		shim_syscall1(SYS_timer_delete, t->spare);
	t->timer = t->spare = -1;
	shim_pool_thread_exit(t);
	if (t->fault_stack_ours) {
		stack_t none = {.ss_flags = SS_DISABLE}, now;
		shim_syscall2(SYS_sigaltstack, NULL, &now);
		if (now.ss_sp == t->fault_stack)
			shim_syscall2(SYS_sigaltstack, &none, NULL);
	}
	if (shim_tls.mask_hides_signal) {
		uint64_t ours = SHIM_SIGNAL_BIT;
		shim_syscall4(SYS_rt_sigprocmask, SIG_BLOCK, &ours, NULL, 8);
	}
	shim_tls.thread = NULL;
	atomic_thread_fence(memory_order_release);
	t->in_use = false;
}

void shim_threads_init(void)
{
	shim_pid = (pid_t)shim_syscall0(SYS_getpid);
	have_exit_key = pthread_key_create(&exit_key, thread_exit) == 0;
}

static struct shim_thread *claim(void)
{
	for (struct shim_thread *t = shim_threads; t; t = t->next) {
		bool unused = false;
		if (__atomic_compare_exchange_n(&t->in_use, &unused, true, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return t;
	}
	struct shim_thread *t = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (t == MAP_FAILED)
		return NULL;
	t->in_use = true;
	t->next = shim_threads;
	while (!atomic_compare_exchange_weak(&shim_threads, &t->next, t))
		;
	return t;
}

/* A record that another thread may have had, which may have ended anywhere: in a handler, or by a fork() that left it behind.
 * Everything is as in a new one, but what others read at any time (`next`, `in_use`), what is counted for the process
 * (`counts`) and memory that is kept (`fault_stack`). */
static void begin(struct shim_thread *t)
{
	t->fs = shim_fs();
	t->tid = (pid_t)shim_syscall0(SYS_gettid);
	t->timer = t->spare = -1;
	t->no_clock = true;
	t->bare = 0;
	t->current = NULL;
	t->deadline = t->armed = t->wake = SHIM_NEVER;
	t->target = 0;
	t->backoff_ns = 0;
	t->interrupted = (struct shim_interrupted){0};
	t->unblock = 0;
	t->marks = (struct shim_marks){0};
	t->free[0] = t->free[1] = t->abandoned = NULL;
	t->free_count[0] = t->free_count[1] = 0;
	t->limits = NULL;
	t->limits_busy = false;
	t->quiet = false;
	t->fault_stack_ours = false;
	t->reason.error = 0;
	t->reason.text[0] = 0;
	t->trace_at = 0;
}

static struct shim_thread *make(void)
{
	if (shim_start() != 0)
		return NULL;
	struct shim_thread *t = claim();
	if (!t) {
		gotcha_fail(ENOMEM, "thread", "mmap of its record");
		return NULL;
	}
	begin(t);
	shim_tls.thread = t;
	if (have_exit_key)
		(void)pthread_setspecific(exit_key, t);
	t->fault_stack_ours = shim_fault_stack_make(t);

	/* What waits for the program is kept for it, see kept_sig.c. */
	uint64_t ours = SHIM_SIGNAL_BIT, mask = 0;
	shim_syscall4(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
	shim_tls.mask_hides_signal = (mask & ours) != 0;
	shim_syscall4(SYS_rt_sigprocmask, SIG_UNBLOCK, &ours, NULL, 8);
	return t;
}

struct shim_thread *shim_thread_get(void)
{
	struct shim_thread *t = shim_tls.thread;
	int saved = errno;

	if (t)
		return t;
	bool held = shim_hold_cancel();
	t = make();
	if (held && t)
		t->interrupted.inside = INSIDE_ASYNC;
	if (t)
		errno = saved;
	if (held)
		shim_let_cancel();
	return t;
}

/* The call whose TCB `pthread` is: the kernel thread that runs it, else 0. */
uint64_t shim_carrier_of(const void *pthread)
{
	const struct shim_tls *tls = (const void *)((uint64_t)pthread + ((uint64_t)&shim_tls - shim_fs()));

	return tls->call && !tls->call->adopted && tls->call->thread ? tls->call->thread->fs : 0;
}

/* The child of a fork inside of calls goes on in them without their deadlines: a budget is that of the parent's launch(), which is
 * answered there, and would make the child a second copy of the program that returns from launch() unasked. */
static void without_deadlines(struct shim_thread *t)
{
	for (struct shim_call *call = t->current; call && !call->adopted; call = call->parent) {
		call->deadline = SHIM_NEVER;
		call->pending = 0; /* the section that fork() is does not end in a pause */
		call->cpu_limit_ns = 0;
	}
	t->deadline = t->current ? t->current->deadline : SHIM_NEVER;
}

/* In the child of a fork, on the forking thread: it is the only one left, and it has no timer. */
void shim_threads_forked(void)
{
	struct shim_thread *self = shim_tls.thread;

	shim_pid = (pid_t)shim_syscall0(SYS_getpid);
	for (struct shim_thread *t = shim_threads; t; t = t->next)
		if (t != self) {
			t->in_use = false;
			t->timer = t->spare = -1;
			t->current = NULL;
			t->wake = SHIM_NEVER;
		}
	if (!self)
		return;
	without_deadlines(self);
	self->tid = (pid_t)shim_syscall0(SYS_gettid);
	self->timer = self->spare = -1;
	self->no_clock = true;
	self->armed = self->wake = SHIM_NEVER;
	/* Limits ask for a clock when the thread is made ready for them, which it is. */
	if ((self->limits || self->deadline != SHIM_NEVER) && shim_clock_make(self) && self->deadline != SHIM_NEVER)
		shim_arm(self, self->deadline);
}
