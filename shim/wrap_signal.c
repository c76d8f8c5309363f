/* SPDX-License-Identifier: Apache-2.0 */
/* wrap_signal.c - the program's signal actions.
 *
 * A handler of the program is entered through program_entry(), which counts it (an EINTR after it is the program's own)
 * and runs it as a deferred section, with our signal blocked: a handler is never paused in the middle, since the resuming
 * side may get the same signal. What the program asks back is what it set.
 *
 * All that begins with the first launch: until then every action is as the program has set it, and nothing is kept here. Then
 * all actions are taken over, by shim_actions_init().
 *
 * SHIM_SIGNAL has a handler of ours in the kernel once a call has been launched; the program's action for it is kept here
 * and carried out for signals that are not ours. SIGSEGV and SIGBUS have one while the program's action is the default:
 * it reports stack overflows and then lets the default happen. Once a call wants its faults contained, so have SIGFPE and
 * SIGILL. A fault in such a call is contained before a handler of the program sees it. */
#include "shim.h"
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

typedef int sigaction_function(int, const struct sigaction *, struct sigaction *);
typedef void handler_function(int, siginfo_t *, void *);

SHIM_SLOT(sigaction);
SHIM_SLOT(__sigaction);

static void program_entry(int sig, siginfo_t *info, void *context);

/* As the program set it. Written by sigaction() before the kernel's copy, read by handlers. */
static struct {
	handler_function *_Atomic handler;
	int flags;
	bool mask_has_ours;
	bool entered_through_us; /* flags and mask in the kernel are ours; its handler is the default once SA_RESETHAND has done its work */
} actions[_NSIG];
static struct sigaction held; /* the program's action for SHIM_SIGNAL */
/* The program's actions that are the default, for the signals that then have a handler of ours: flags and a mask stay. */
static struct sigaction standing[SIGSEGV + 1];
_Atomic bool shim_actions_taken;

static bool is_function(const struct sigaction *a)
{
	return a->sa_handler != SIG_DFL && a->sa_handler != SIG_IGN;
}

/* System calls that block, may end with EINTR, and that the kernel restarts. */
static bool may_be_interrupted(greg_t number)
{
	static const unsigned short blocking[] = {
		SYS_read, SYS_write, SYS_pread64, SYS_pwrite64, SYS_readv, SYS_writev, SYS_preadv, SYS_pwritev, SYS_preadv2, SYS_pwritev2,
		SYS_recvfrom, SYS_recvmsg, SYS_recvmmsg, SYS_sendto, SYS_sendmsg, SYS_sendmmsg, SYS_accept, SYS_accept4, SYS_connect,
		SYS_wait4, SYS_waitid, SYS_futex, SYS_flock, SYS_fcntl, SYS_open, SYS_openat, SYS_ioctl,
		SYS_mq_timedsend, SYS_mq_timedreceive, SYS_splice, SYS_tee, SYS_vmsplice, SYS_sendfile, SYS_getrandom};

	for (unsigned i = 0; i < sizeof blocking / sizeof *blocking; i++)
		if (blocking[i] == number)
			return true;
	return false;
}

/* The program's handler has run where a blocking system call was about to be taken up again after our signal. Without
 * us the handler would have ended that call: let it return EINTR. Not with SA_RESTART, unless the call is one that is
 * never restarted, which the guard shows. */
static void interrupt_restarted(struct shim_interrupted *context, greg_t *regs, bool restarts)
{
	uint64_t rip = (uint64_t)regs[SHIM_RIP];

	if (rip - (uint64_t)shim_guard_begin < (uint64_t)(shim_guard_end - shim_guard_begin)) {
		regs[SHIM_RAX] = -EINTR;
		regs[SHIM_RIP] = (greg_t)(uint64_t)shim_guard_end;
	} else if (!restarts && rip && rip == context->restart_rip && (uint64_t)regs[SHIM_RCX] == rip + 2 &&
		   may_be_interrupted(regs[SHIM_RAX])) {
		regs[SHIM_RAX] = -EINTR;
		regs[SHIM_RIP] = (greg_t)(rip + 2);
		context->restart_rip = 0;
	}
}

/* Run the program's handler on behalf of the kernel. Not inlined: the FS base may just have changed. */
__attribute__((noinline)) static void run_handler(handler_function *handler, bool restarts, int sig, siginfo_t *info, void *context)
{
	struct shim_thread *t = shim_tls.thread;
	struct shim_call *call = t ? t->current : NULL;
	ucontext_t *frame = context;
	void *slot = call ? call->defer_slot : NULL;
	struct shim_owner *maker = shim_tls.maker;
	struct shim_interrupted *interrupted = t ? shim_interrupted(t) : NULL;
	bool deferred = false, covers = false;

	if (t) {
		t->marks.programs++;
		if (!interrupted->handlers)
			interrupted->mask = *shim_mask_bits(&frame->uc_sigmask);
		interrupted->handlers++;
	}
	if (call) {
		call->marks.programs++;
		if (!shim_deferred(call, (uint64_t)frame->uc_mcontext.gregs[SHIM_RSP], &frame->uc_stack)) {
			call->defer_rsp = (uint64_t)SHIM_FRAME;
			deferred = true;
		} else if (shim_on_alternate(&frame->uc_stack, (uint64_t)SHIM_FRAME) &&
			   !shim_on_alternate(&frame->uc_stack, call->defer_rsp)) {
			/* What the handler calls must find itself inside of a section. */
			call->covered.ret = call->defer_ret;
			call->covered.rbx = call->defer_rbx;
			call->covered.rsp = call->defer_rsp;
			call->defer_rsp = (uint64_t)SHIM_FRAME;
			covers = true;
		}
		call->defer_slot = NULL;
	}
	shim_tls.maker = NULL; /* what the handler allocates is the program's */
	shim_call_handler(sig, info, context, handler, covers ? SHIM_COVERS : deferred ? SHIM_BEGAN : 0);
	shim_tls.maker = maker;
	if (call)
		call->defer_slot = slot;
	if (covers)
		shim_uncover(call);
	if (t) {
		if (interrupted->handlers)
			interrupted->handlers--;
		interrupt_restarted(interrupted, frame->uc_mcontext.gregs, restarts);
	}
	if (deferred) {
		/* The handler may have left and come back through other code (swapcontext()), and on another thread. */
		call->defer_rsp = 0;
		t = shim_tls.thread;
		if (call->pending && t->current == call) {
			int saved = errno;
			if (!shim_try_inject(call, context))
				shim_arm_backoff(t);
			errno = saved;
		}
	}
}

/* The kernel has set the action back to the default, and keeps the rest of it. */
static void reinstall(int sig)
{
	sigaction_function *real = SHIM_REAL(sigaction_function *, sigaction);
	struct sigaction now;

	if (real(sig, NULL, &now) == 0) {
		now.sa_sigaction = program_entry;
		real(sig, &now, NULL);
	}
}

/* A fault of the code that was interrupted: what it was at is looked at as it was. */
static inline bool is_fault(int sig, const siginfo_t *info)
{
	return info->si_code > 0 && (sig == SIGSEGV || sig == SIGBUS || sig == SIGFPE || sig == SIGILL);
}

SHIM_SETTLES static void program_entry(int sig, siginfo_t *info, void *context)
{
	handler_function *handler = atomic_load_explicit(&actions[sig].handler, memory_order_acquire);
	bool fault = is_fault(sig, info);
	const char *why;

	if (!fault)
		shim_context_settle(shim_tls.thread, context);
	if (shim_contain(sig, info, context, &why)) {
		if (actions[sig].flags & SA_RESETHAND)
			reinstall(sig); /* the handler has not had its one run */
		return;
	}
	if (!handler)
		return;
	if (fault)
		shim_context_settle(shim_tls.thread, context);
	run_handler(handler, (actions[sig].flags & SA_RESTART) != 0, sig, info, context);
}

/* Carry out the action that the program has for SHIM_SIGNAL. */
void shim_program_handler(int sig, siginfo_t *info, void *context)
{
	struct shim_thread *t = shim_tls.thread;
	struct sigaction action = held;

	if (shim_kept_hides(t)) {
		/* The program has it blocked and must not see that it ended a wait. */
		t->marks.ours++;
		if (t->current)
			t->current->marks.ours++;
		shim_kept_add(info);
		return;
	}
	if (action.sa_handler == SIG_IGN)
		return;
	if (is_function(&action)) {
		shim_context_settle(t, context);
		/* Ours has blocked everything; give the handler the mask that its own action would give. */
		ucontext_t *frame = context;
		uint64_t mask = *shim_mask_bits(&frame->uc_sigmask) | *shim_mask_bits(&action.sa_mask), old;
		if (action.sa_flags & SA_RESETHAND)
			held.sa_handler = SIG_DFL;
		mask &= ~SHIM_SIGNAL_BIT;
		shim_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, &old, 8);
		run_handler((handler_function *)(void *)action.sa_sigaction, (action.sa_flags & SA_RESTART) != 0, sig, info, context);
		shim_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, 8);
		return;
	}
	shim_default_action(sig);
	shim_syscall3(SYS_tgkill, shim_syscall0(SYS_getpid), shim_syscall0(SYS_gettid), sig); /* at the return */
}

void shim_default_action(int sig)
{
	struct sigaction standard;

	memset(&standard, 0, sizeof standard);
	SHIM_REAL(sigaction_function *, sigaction)(sig, &standard, NULL);
}

static void install_fault_handler(int sig)
{
	struct sigaction ours, now;

	if (SHIM_REAL(sigaction_function *, sigaction)(sig, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
		standing[sig] = now;
	memset(&ours, 0, sizeof ours);
	sigfillset(&ours.sa_mask);
	ours.sa_sigaction = shim_fault_handler;
	ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
	SHIM_REAL(sigaction_function *, sigaction)(sig, &ours, NULL);
}

_Atomic uint64_t shim_relay_bit;
static _Atomic bool relay_was_used; /* one of its signals may be on its way whatever the program does */

/* It is used while the program's action is the default. The timekeeper asks too. */
bool shim_relay(void)
{
	struct sigaction ours, now;

	if (atomic_load(&shim_relay_bit))
		return true;
	if (SHIM_REAL(sigaction_function *, sigaction)(SHIM_RELAY, NULL, &now) != 0)
		return false;
	if (now.sa_sigaction != shim_relay_handler) {
		if (now.sa_handler != SIG_DFL)
			return false;
		memset(&ours, 0, sizeof ours);
		sigfillset(&ours.sa_mask);
		ours.sa_sigaction = shim_relay_handler;
		ours.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
		if (SHIM_REAL(sigaction_function *, sigaction)(SHIM_RELAY, &ours, NULL) != 0)
			return false;
	}
	atomic_store(&relay_was_used, true);
	atomic_store(&shim_relay_bit, 1ull << (SHIM_RELAY - 1));
	return true;
}

/* The program has set its action for SHIM_RELAY. */
static void relay_gives_way(const struct sigaction *act)
{
	if (!shim_in_own_process())
		return;
	atomic_store(&shim_relay_bit, 0);
	if (act->sa_handler == SIG_DFL)
		(void)shim_relay();
}

/* Signals that have a handler of ours while the program's action is the default. */
static _Atomic uint64_t fault_signals = 1ull << (SIGSEGV - 1) | 1ull << (SIGBUS - 1);

static void install_where_default(uint64_t signals)
{
	for (int sig = 1; sig < _NSIG; sig++) {
		struct sigaction now;
		if ((signals >> (sig - 1) & 1) && SHIM_REAL(sigaction_function *, sigaction)(sig, NULL, &now) == 0 &&
		    now.sa_handler == SIG_DFL)
			install_fault_handler(sig);
	}
}

void shim_contain_prepare(void)
{
	uint64_t more = 1ull << (SIGFPE - 1) | 1ull << (SIGILL - 1);

	if (SHIM_UNLIKELY((atomic_load_explicit(&fault_signals, memory_order_relaxed) & more) != more)) {
		fault_signals |= more;
		install_where_default(more);
	}
}

bool shim_actions_init(void)
{
	sigaction_function *real = SHIM_REAL(sigaction_function *, sigaction);
	struct sigaction ours;

	memset(&ours, 0, sizeof ours);
	sigfillset(&ours.sa_mask); /* no handler of the program in the middle of ours */
	ours.sa_sigaction = shim_preempt_handler;
	ours.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
	if (real(SHIM_SIGNAL, NULL, &held) != 0 || real(SHIM_SIGNAL, &ours, NULL) != 0)
		return false;
	shim_actions_taken = true;
	/* Handlers from before. */
	for (int sig = 1; sig < _NSIG; sig++) {
		struct sigaction now;
		if (sig == SHIM_SIGNAL || sig == SIGKILL || sig == SIGSTOP || real(sig, NULL, &now) != 0)
			continue;
		if (is_function(&now) && now.sa_sigaction != program_entry)
			shim_set_action(sig, &now, NULL);
	}
	install_where_default(fault_signals);
	return true;
}

static void take_again(int sig, const struct sigaction *act)
{
	if (sig == SHIM_SIGNAL)
		(void)shim_actions_init();
	else
		(void)shim_set_action(sig, act, NULL);
}

int shim_set_action(int sig, const struct sigaction *act, struct sigaction *old)
{
	sigaction_function *real = SHIM_REAL(sigaction_function *, sigaction);
	struct sigaction wrapped, before;

	if (sig <= 0 || sig >= _NSIG || sig == SIGKILL || sig == SIGSTOP || (SHIM_ALL_SIGNALS >> (sig - 1) & 1) == 0)
		return real(sig, act, old);
	if (!shim_actions_taken) {
		int result = real(sig, act, old);
		/* Another thread may just have gone through all actions, for its first launch. */
		if (result == 0 && act && shim_actions_taken && shim_in_own_process())
			take_again(sig, act);
		return result;
	}
	if (sig == SHIM_SIGNAL && shim_actions_taken) {
		/* In the child of a vfork() `held` is the parent's and must stay. */
		bool own = shim_in_own_process();
		before = held;
		if (act && own)
			held = *act;
		if (act && !own && real(sig, act, NULL) != 0)
			return -1;
		if (old)
			*old = before;
		return 0;
	}
	before.sa_handler = SIG_DFL;
	if (act)
		own_action_note(sig, act);
	handler_function *handler_before = actions[sig].handler;
	int flags_before = actions[sig].flags;
	bool mask_before = actions[sig].mask_has_ours, through_us = actions[sig].entered_through_us;
	if (act && shim_in_own_process())
		actions[sig].entered_through_us = is_function(act);
	if (act && is_function(act) && shim_in_own_process()) {
		wrapped = *act;
		actions[sig].flags = act->sa_flags;
		actions[sig].mask_has_ours = (*shim_mask_bits(&wrapped.sa_mask) & SHIM_SIGNAL_BIT) != 0;
		atomic_store_explicit(&actions[sig].handler, (handler_function *)(void *)act->sa_sigaction, memory_order_release);
		wrapped.sa_sigaction = program_entry;
		wrapped.sa_flags |= SA_SIGINFO;
		/* A pause between the handler's entry and its first act, or after its last, would leave its mask behind. */
		*shim_mask_bits(&wrapped.sa_mask) |= SHIM_SIGNAL_BIT;
		act = &wrapped;
	}
	int result = real(sig, act, &before);
	if (SHIM_UNLIKELY(sig == SHIM_RELAY) && atomic_load(&relay_was_used)) {
		if (result == 0 && before.sa_sigaction == shim_relay_handler)
			memset(&before, 0, sizeof before); /* the program has none */
		if (result == 0 && act)
			relay_gives_way(act);
	} else if (result == 0 && before.sa_sigaction == shim_fault_handler) {
		before = standing[sig];
		if (act && act->sa_handler == SIG_DFL && shim_in_own_process())
			install_fault_handler(sig);
	} else if (result == 0 && act && act->sa_handler == SIG_DFL && shim_actions_taken && (fault_signals >> (sig - 1) & 1) &&
		   shim_in_own_process()) {
		install_fault_handler(sig);
	}
	if (result == 0 && old) {
		*old = before;
		if (before.sa_sigaction == program_entry)
			old->sa_sigaction = handler_before;
		if (before.sa_sigaction == program_entry ||
		    (before.sa_handler == SIG_DFL && through_us && before.sa_flags & (int)SA_RESETHAND)) {
			old->sa_flags = (before.sa_flags & ~SA_SIGINFO) | (flags_before & SA_SIGINFO);
			if (!mask_before)
				*shim_mask_bits(&old->sa_mask) &= ~SHIM_SIGNAL_BIT;
		}
	}
	return result;
}

SHIM_EXPORT int sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	return shim_set_action(sig, act, old);
}

SHIM_EXPORT int __sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	return shim_set_action(sig, act, old);
}

/* The Go runtime of this library asks for handlers of SIGSEGV, SIGBUS, SIGFPE, SIGPIPE and SIGURG when it is loaded.
 * It needs none of them, and the program would notice each (a broken pipe would no longer end it). The linker's --wrap
 * brings the runtime's own calls here. */
int __wrap_sigaction(int sig, const struct sigaction *act, struct sigaction *old);
int __wrap_sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	(void)sig;
	(void)act;
	if (old)
		memset(old, 0, sizeof *old);
	return 0;
}
