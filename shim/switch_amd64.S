/* SPDX-License-Identifier: Apache-2.0 */
/* switch_amd64.S - between the resumer's stack and TCB and the call's.
 *
 * Nothing between shim_switch_begin and shim_switch_end may be preempted: the handler looks at RIP, leaves the state
 * alone and comes back a little later. Program signals may arrive anywhere here: context_sig.c shows their handlers the
 * program's registers, and knows the parts of shim_preempt_stub and shim_entry_full by the names of places in them.
 *
 * Resumer's stack while a call runs (caller_rsp points at the bottom):
 *     +56 return address   +48 rbp  +40 rbx  +32 r12  +24 r13  +16 r14  +8 r15   +4 x87 control word   +0 MXCSR
 * The same frame is left on the call's stack by inger_pause() (voluntary_rsp).
 *
 * A preempted call leaves nothing on its stack: general registers and flags are in shim_call.regs (copied by the
 * handler from the signal frame, or by shim_pause_here), the extended state in shim_call.xsave. */
#include "offsets.h"

	.hidden shim_cpu
	.hidden shim_tls
	.hidden shim_tcb_finish
	.hidden shim_arm_current
	.hidden shim_ldso_low
	.hidden shim_ldso_high

#define CPU_FSGSBASE 0
#define CPU_XGETBV1  4
#define CPU_AVX      8
#define CPU_AMX      12
#define CPU_XSAVEC   16

/* FS base := \from. Clobbers rax, rcx, rsi, rdi, r11. */
.macro set_fs from
	movq	\from, %rsi
	cmpl	$0, CPU_FSGSBASE+shim_cpu(%rip)
	je	.Lslow\@
	wrfsbase %rsi
	jmp	.Ldone\@
.Lslow\@:
	movl	$0x1002, %edi		/* ARCH_SET_FS */
	movl	$158, %eax		/* arch_prctl */
	syscall
.Ldone\@:
.endm

.macro push_callee_saved
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbp, 0
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbx, 0
	pushq	%r12
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r12, 0
	pushq	%r13
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r13, 0
	pushq	%r14
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r14, 0
	pushq	%r15
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r15, 0
	subq	$8, %rsp
	.cfi_adjust_cfa_offset 8
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
.endm

.macro pop_callee_saved_and_return
	addq	$8, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret
.endm

.macro function name
	.globl	\name
	.hidden	\name
	.type	\name, @function
	.p2align 4
\name:
	endbr64
.endm

.macro label name
	.globl	\name
	.hidden	\name
	.type	\name, @function
	.p2align 4
\name:
.endm

/* A place that context_sig.c compares RIP with. */
.macro place name
	.globl	\name
	.hidden	\name
\name:
.endm

	.section .text.shim_switch, "ax", @progbits
	.globl	shim_switch_begin
	.hidden	shim_switch_begin
shim_switch_begin:

/* void shim_switch_in(struct shim_call *call) */
function shim_switch_in
	.cfi_startproc
	push_callee_saved
	movq	%rdi, %rbx
	movq	%rsp, CALL_CALLER_RSP(%rbx)
	set_fs	CALL_FS(%rbx)
	jmp	*CALL_RESUME_ENTRY(%rbx)
	.cfi_endproc
	.size	shim_switch_in, .-shim_switch_in

/* First run: func(arg) on an empty stack. The bottom frame: unwinders stop here. rbx = call throughout. */
label shim_entry_start
	.cfi_startproc
	.cfi_undefined rip
	movq	CALL_ENTRY_RSP(%rbx), %rsp
	xorl	%ebp, %ebp
	movq	CALL_ARG(%rbx), %rdi
	movl	$STATE_RUNNING, CALL_STATE(%rbx)
	call	*CALL_FUNC(%rbx)
	cmpl	$0, CALL_FINISH_WORK(%rbx)
	je	1f
	movq	%rbx, %rdi
	call	shim_tcb_finish
1:	movl	$STATE_DONE, CALL_STATE(%rbx)
.Lleave:
	set_fs	CALL_CALLER_FS(%rbx)
	movq	CALL_CALLER_RSP(%rbx), %rsp
	pop_callee_saved_and_return
	.cfi_endproc

/* void shim_leave(struct shim_call *call): the call is over; its stack is abandoned. */
function shim_leave
	.cfi_startproc
	.cfi_undefined rip
	movq	%rdi, %rbx
	jmp	.Lleave
	.cfi_endproc

/* void shim_pause_voluntary(struct shim_call *call) */
function shim_pause_voluntary
	.cfi_startproc
	push_callee_saved
	movq	%rdi, %rbx
	movq	%rsp, CALL_VOLUNTARY_RSP(%rbx)
	leaq	shim_entry_voluntary(%rip), %rax
	movq	%rax, CALL_RESUME_ENTRY(%rbx)
	movl	$1, CALL_YIELDED(%rbx)
	movl	$STATE_PAUSING, CALL_STATE(%rbx)
	set_fs	CALL_CALLER_FS(%rbx)
	movl	(%rsp), %eax
	movl	4(%rsp), %ecx
	movq	CALL_CALLER_RSP(%rbx), %rsp
	cmpl	(%rsp), %eax
	jne	1f
	cmpw	4(%rsp), %cx
	jne	1f
	pop_callee_saved_and_return
1:	ldmxcsr	(%rsp)
	fldcw	4(%rsp)
	pop_callee_saved_and_return
	.cfi_endproc

label shim_entry_voluntary
	movl	(%rsp), %eax
	movl	4(%rsp), %ecx
	movq	CALL_VOLUNTARY_RSP(%rbx), %rsp
	movl	$STATE_RUNNING, CALL_STATE(%rbx)
	cmpl	(%rsp), %eax
	jne	1f
	cmpw	4(%rsp), %cx
	jne	1f
	pop_callee_saved_and_return
1:	ldmxcsr	(%rsp)
	fldcw	4(%rsp)
	pop_callee_saved_and_return

/* Where the handler sends a call that is due. In: rdi = call, direction flag clear; all general registers are saved,
 * the extended state is live, the stack is the interrupted one and is not touched (its red zone may be in use). */
label shim_preempt_stub
	movq	%rdi, %rbx
.Lsave_extended:
	movq	CALL_XSAVE(%rbx), %rsi
	movl	$-1, %eax
	movl	$-1, %edx
	cmpl	$0, CPU_XGETBV1+shim_cpu(%rip)
	je	4f
	movl	$1, %ecx
	xgetbv				/* XINUSE: save no more than is there */
	orl	$3, %eax		/* MXCSR lives in the SSE component */
1:	movl	%eax, %r12d
	xsavec64 (%rsi)			/* bytes 16..63 of the header are zero since the area was mapped */
	jmp	shim_stub_saved
4:	movl	%eax, %r12d
	cmpl	$0, CPU_XSAVEC+shim_cpu(%rip)
	jne	1b
	xsave64	(%rsi)			/* bytes 8..63 of the header stay zero: an area is of one format for good */
place shim_stub_saved
	cmpl	$0, CPU_AMX+shim_cpu(%rip)
	je	2f
	testl	$0x60000, %r12d
	je	2f
	.byte	0xc4, 0xe2, 0x78, 0x49, 0xc0	/* tilerelease */
2:	cmpl	$0, CPU_AVX+shim_cpu(%rip)
	je	3f
	vzeroupper
3:	fninit
	set_fs	CALL_CALLER_FS(%rbx)
	movq	CALL_CALLER_RSP(%rbx), %rsp
place shim_stub_left
	ldmxcsr	(%rsp)
	fldcw	4(%rsp)
	pop_callee_saved_and_return

/* Where a contained fault goes on. In: rdi = call, rsp = the resumer's, direction flag clear. No register is kept, and the
 * extended state is whatever it was. */
label shim_fault_leave
	movq	%rdi, %rbx
	xorl	%eax, %eax
	cmpl	$0, CPU_XGETBV1+shim_cpu(%rip)
	je	1f
	movl	$1, %ecx
	xgetbv				/* XINUSE */
1:	movl	%eax, %r12d
	jmp	shim_stub_saved

/* Resume a preempted call. An adopted call gets the program's signal mask back here, on its own stack and TCB, because a
 * handler of the program may run at once. Until the registers are loaded the state forbids another pause, wherever such
 * a handler may be: the pause would overwrite them. A handler that leaves by siglongjmp() sets the state itself.
 * Nothing is written to the call's stack, whose red zone is in use, and the last jump is no return: valgrind takes what is
 * below the stack pointer for undefined after one. From popfq on, nothing may change the flags. */
label shim_entry_full
	movq	%rbx, %rdi
	cmpl	$0, CALL_ADOPTED(%rbx)
	je	1f
	movq	SAVED_RSP(%rbx), %rsp
	subq	$256, %rsp
	andq	$-16, %rsp
	movl	$2, %edi		/* SIG_SETMASK */
	leaq	CALL_SIGMASK(%rbx), %rsi
	xorl	%edx, %edx
	movl	$8, %r10d
	movl	$14, %eax		/* rt_sigprocmask */
	syscall
	movq	%rbx, %rdi
1:
place shim_full_load
	movq	CALL_XSAVE(%rdi), %rsi
	movl	$-1, %eax
	movl	$-1, %edx
	xrstor64 (%rsi)
place shim_full_live
	pushq	SAVED_EFL(%rdi)
	popfq
	movq	SAVED_R8(%rdi), %r8
	movq	SAVED_R9(%rdi), %r9
	movq	SAVED_R10(%rdi), %r10
	movq	SAVED_R11(%rdi), %r11
	movq	SAVED_R12(%rdi), %r12
	movq	SAVED_R13(%rdi), %r13
	movq	SAVED_R14(%rdi), %r14
	movq	SAVED_R15(%rdi), %r15
	movq	SAVED_RSI(%rdi), %rsi
	movq	SAVED_RBP(%rdi), %rbp
	movq	SAVED_RBX(%rdi), %rbx
	movq	SAVED_RDX(%rdi), %rdx
	movq	SAVED_RCX(%rdi), %rcx
	movq	SAVED_RIP(%rdi), %rax	/* side by side: a handler may change both, see wrap_signal.c */
	movq	%rax, %fs:TCB_FREE_WORD
	movq	SAVED_RAX(%rdi), %rax
	movq	SAVED_RSP(%rdi), %rsp
	movl	$STATE_RUNNING, CALL_STATE(%rdi)
	movq	SAVED_RDI(%rdi), %rdi
place shim_full_jump
	jmp	*%fs:TCB_FREE_WORD
place shim_full_end
	.size	shim_entry_full, .-shim_entry_full

/* What a function of general registers only may change, but r11; 72 bytes. */
.macro save_scratch
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	subq	$8, %rsp
.endm
.macro restore_scratch
	addq	$8, %rsp
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rax
.endm

/* void shim_pause_here(void): pause the running call at this place, as if the handler had interrupted it at the
 * return. Keeps every register but r11. When the return address is in the dynamic linker the pause is put off: the
 * linker holds locks there. */
function shim_pause_here
	.cfi_startproc
	movq	shim_tls@gottpoff(%rip), %r11
	movq	%fs:(%r11), %r11
	testq	%r11, %r11
	je	9f
	cmpl	$ADOPTED_LIMITED, CALL_ADOPTED(%r11)
	je	7f
5:	movq	%rax, SAVED_RAX(%r11)
	movq	(%rsp), %rax
	movq	%rax, SAVED_RIP(%r11)
	cmpq	shim_ldso_low(%rip), %rax
	jb	1f
	cmpq	shim_ldso_high(%rip), %rax
	jb	8f
1:	movq	%r8, SAVED_R8(%r11)
	movq	%r9, SAVED_R9(%r11)
	movq	%r10, SAVED_R10(%r11)
	movq	%r11, SAVED_R11(%r11)
	movq	%r12, SAVED_R12(%r11)
	movq	%r13, SAVED_R13(%r11)
	movq	%r14, SAVED_R14(%r11)
	movq	%r15, SAVED_R15(%r11)
	movq	%rdi, SAVED_RDI(%r11)
	movq	%rsi, SAVED_RSI(%r11)
	movq	%rbp, SAVED_RBP(%r11)
	movq	%rbx, SAVED_RBX(%r11)
	movq	%rdx, SAVED_RDX(%r11)
	movq	%rcx, SAVED_RCX(%r11)
	leaq	8(%rsp), %rax
	movq	%rax, SAVED_RSP(%r11)
	pushfq
	popq	SAVED_EFL(%r11)
	leaq	shim_entry_full(%rip), %rax
	movq	%rax, CALL_RESUME_ENTRY(%r11)
	movl	$0, CALL_PENDING(%r11)
	movl	$1, CALL_AT_RETURN(%r11)
	movq	%r11, %rbx
	cmpl	$0, CALL_ADOPTED(%rbx)
	je	2f
	movabsq	$SHIM_ALL_SIGNALS, %rax	/* the handler does this through the signal frame */
	pushq	%rax
	movl	$2, %edi		/* SIG_SETMASK */
	movq	%rsp, %rsi
	leaq	CALL_SIGMASK(%rbx), %rdx
	movl	$8, %r10d
	movl	$14, %eax		/* rt_sigprocmask */
	syscall
2:	movl	$STATE_PAUSING, CALL_STATE(%rbx)
	jmp	.Lsave_extended
7:	save_scratch
	movq	%r11, %rdi
	leaq	80(%rsp), %rsi		/* as it is after our return */
	movq	72(%rsp), %rdx
	call	shim_limit_here		/* general registers only */
	movq	%rax, %r11
	restore_scratch
	testq	%r11, %r11
	jne	5b
	ret
8:	movq	SAVED_RAX(%r11), %rax
	save_scratch
	call	shim_arm_current
	restore_scratch
9:	ret
	.cfi_endproc
	.size	shim_pause_here, .-shim_pause_here

	.globl	shim_switch_end
	.hidden	shim_switch_end
shim_switch_end:

	.section .note.GNU-stack, "", @progbits
