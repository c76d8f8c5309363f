/* SPDX-License-Identifier: Apache-2.0 */
/* fault_sig.c - a crash in a call ends the program as it would without us; a stack overflow is named first.
 *
 * Context      handler of SIGSEGV and SIGBUS (and of SIGFPE and SIGILL once a call wants its faults contained), on the
 *              thread's alternate stack, only while the program's own action is the default.
 * May call     raw system calls, shim_message, shim_symbol_name. */
#include "shim.h"
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>

bool shim_fault_stack_make(struct shim_thread *t)
{
	stack_t now, ours;

	shim_syscall2(SYS_sigaltstack, NULL, &now);
	if (!(now.ss_flags & SS_DISABLE))
		return false; /* the program has one */
	if (!t->fault_stack) {
		void *p = mmap(NULL, SHIM_FAULT_STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (p == MAP_FAILED)
			return false;
		t->fault_stack = p;
	}
	ours = (stack_t){.ss_sp = t->fault_stack, .ss_size = SHIM_FAULT_STACK_BYTES};
	return shim_syscall2(SYS_sigaltstack, &ours, NULL) == 0;
}

static const char *name_of(const struct shim_call *call, char *room, size_t bytes)
{
	if (call->name)
		return call->name;
	return shim_symbol_name((const void *)call->func, room, bytes) ? room : "a function without a symbol";
}

static void report_overflow(const struct shim_call *call)
{
	char name[200], reason[120], *at = reason, *end = reason + sizeof reason - 1;

	shim_write_text(&at, end, "its stack of ");
	shim_write_number(&at, end, call->stack_bytes >> 10);
	shim_write_text(&at, end, " KiB is full; inger_attr.stack_bytes or INGER_STACK gives more");
	*at = 0;
	shim_message("stack overflow", name_of(call, name, sizeof name), reason);
}

void shim_fault_handler(int sig, siginfo_t *info, void *context)
{
	const char *why;

	if (shim_contain(sig, info, context, &why))
		return;
	struct shim_thread *t = shim_tls.thread;
	struct shim_call *call = t ? t->current : NULL;
	char name[200];
	const ucontext_t *frame = context;
	SHIM_TRACE(TRACE_FAULT, call, (uint64_t)sig << 48 | (uint64_t)frame->uc_mcontext.gregs[SHIM_RIP], info->si_addr);
	if (call && shim_is_overflow(call, sig, info, context))
		report_overflow(call);
	if (why)
		shim_message("a fault is not contained", name_of(call, name, sizeof name), why);
	/* The instruction faults again, with the default action: right signal, right place in the core. */
	shim_default_action(sig);
	if (info->si_code <= 0) /* it was sent */
		shim_syscall3(SYS_tgkill, shim_syscall0(SYS_getpid), shim_syscall0(SYS_gettid), sig);
}
