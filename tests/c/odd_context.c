/* SPDX-License-Identifier: Apache-2.0 */
/* odd_context.c - what a handler's context shows of a function that is paused and resumed all the time, and that what the handler
 * changes there takes effect: a general register, MXCSR, and RIP, as profilers, debuggers and JITs do. */
#include "helpers.h"
#include <signal.h>
#include <ucontext.h>
#include <xmmintrin.h>

#define SIGNALS 2000
#define MARK 0x1234567
#define ROUNDS 0x6000u

static volatile int stop, started;
static uintptr_t low, high, elsewhere;
static volatile uint64_t function_rsp;
static volatile unsigned mxcsr;
static volatile long seen, rip_wrong, register_wrong, mxcsr_wrong, moved;
static long counted, moved_counted;

static void handler(int sig, siginfo_t *info, void *context)
{
	ucontext_t *frame = context;
	greg_t *regs = frame->uc_mcontext.gregs;

	(void)sig;
	(void)info;
	/* On the function's stack, in the loop or where the library has left it. */
	if (!started || (uint64_t)regs[REG_RSP] != function_rsp)
		return;
	if ((uintptr_t)regs[REG_RIP] >= elsewhere && (uintptr_t)regs[REG_RIP] < elsewhere + 64)
		return; /* it has not come back yet */
	seen++;
	if ((uintptr_t)regs[REG_RIP] < low || (uintptr_t)regs[REG_RIP] >= high)
		rip_wrong++;
	register_wrong += regs[REG_R15] != MARK;
	mxcsr_wrong += frame->uc_mcontext.fpregs->mxcsr != mxcsr;
	mxcsr = (mxcsr & ~ROUNDS) | ((mxcsr + 0x2000) & ROUNDS);
	frame->uc_mcontext.fpregs->mxcsr = mxcsr;
	regs[REG_R14]++;
	if (seen % 16 == 0 && (uintptr_t)regs[REG_RIP] >= low && (uintptr_t)regs[REG_RIP] < high) {
		regs[REG_RIP] = (greg_t)elsewhere;
		moved++;
	}
}

static void function(void *unused)
{
	long r14, r13;

	(void)unused;
	_mm_setcsr(mxcsr = 0x1f80);
	__asm__ volatile(
		"leaq 1f(%%rip), %%rax\n\tmovq %%rax, %[low]\n\t"
		"leaq 2f(%%rip), %%rax\n\tmovq %%rax, %[high]\n\t"
		"leaq 3f(%%rip), %%rax\n\tmovq %%rax, %[other]\n\t"
		"movq %%rsp, %[rsp]\n\t"
		"movq %[mark], %%r15\n\txorl %%r14d, %%r14d\n\txorl %%r13d, %%r13d\n\t"
		"movl $1, %[started]\n"
		"1:\tcmpl $0, %[stop]\n\tje 1b\n\tjmp 2f\n"
		"3:\tincq %%r13\n\tjmp 1b\n"
		"2:\tmovl $0, %[started]\n\tmovq %%r14, %[r14]\n\tmovq %%r13, %[r13]\n"
		: [low] "=m"(low), [high] "=m"(high), [other] "=m"(elsewhere), [rsp] "=m"(function_rsp), [started] "=m"(started),
		  [r14] "=m"(r14), [r13] "=m"(r13)
		: [mark] "i"(MARK), [stop] "m"(stop)
		: "rax", "r13", "r14", "r15", "cc", "memory");
	_mm_setcsr(0x1f80);
	counted = r14;
	moved_counted = r13;
}

static void *sender(void *target)
{
	uint64_t state = random_seed(), end = now_ns() + 30000000000u;

	while (seen < SIGNALS && now_ns() < end) {
		pthread_kill(*(pthread_t *)target, SIGUSR1);
		for (uint64_t n = random_range(&state, 1, 400); n > 0; n--)
			__builtin_ia32_pause();
	}
	stop = 1;
	return NULL;
}

int main(void)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};
	pthread_t thread, self = pthread_self();

	plan(7);
	sigaction(SIGUSR1, &action, NULL);
	if (pthread_create(&thread, NULL, sender, &self) != 0)
		bail("pthread_create");
	long pauses = run_sliced(function, NULL, 20);
	pthread_join(thread, NULL);
	diag("%ld signals met the function, %ld moved it, %ld pauses", seen, moved, pauses);
	ok(seen > 100 && pauses > 100, "the function was paused, and signals came");
	is_int(rip_wrong, 0, "RIP is the function's");
	is_int(register_wrong, 0, "a register of its is there");
	is_int(mxcsr_wrong, 0, "MXCSR is what it was, or what the last handler made of it");
	is_int(counted, seen, "a changed register reaches the function");
	is_int(moved_counted, moved, "a changed RIP does");
	ok(_mm_getcsr() == 0x1f80, "the resumer's MXCSR is its own");
	return done();
}
