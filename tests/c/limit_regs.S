/* SPDX-License-Identifier: Apache-2.0 */
/* limit_regs.S - the caller's side of a call, register by register.
 *
 * Stack of limit_regs_call while the function runs:
 *     rsp -> return address | stack arguments | in, out, control words | r15..r12, rbp, rbx | return address
 *                             ^ limit_frame, of the thread: rsp is not to be trusted at the return */
#include "limit_regs.h"

#define OF_IN      (8 * STACK_WORDS)
#define OF_OUT     (OF_IN + 8)
#define OF_CONTROL (OF_OUT + 8)
#define FRAME      (OF_CONTROL + 8)

	.text

	.globl	limit_regs_call
	.hidden	limit_regs_call
	.type	limit_regs_call, @function
limit_regs_call:
	.cfi_startproc
	.irp	r, rbx, rbp, r12, r13, r14, r15
	pushq	%\r
	.cfi_adjust_cfa_offset 8
	.endr
	subq	$FRAME, %rsp
	.cfi_adjust_cfa_offset FRAME
	movq	%rdi, OF_IN(%rsp)
	movq	%rsi, OF_OUT(%rsp)
	stmxcsr	OF_CONTROL(%rsp)
	fnstcw	OF_CONTROL+4(%rsp)
	movq	limit_frame@gottpoff(%rip), %rax
	movq	%rsp, %fs:(%rax)
	movq	limit_function@gottpoff(%rip), %rax
	movq	%rdx, %fs:(%rax)
	.set	n, 0
	.rept	STACK_WORDS
	movq	OF_STACK+n(%rdi), %rax
	movq	%rax, n(%rsp)
	.set	n, n + 8
	.endr
	EACH_VECTOR 0, %rdi
	ldmxcsr	OF_MXCSR(%rdi)
	fldcw	OF_X87(%rdi)
	.set	at, 0
	.irp	r, rax, rcx, rdx, rbx, none, rbp, rsi, none, r8, r9, r10, r11, r12, r13, r14, r15
	.ifnc	\r, none
	movq	OF_GPR+at(%rdi), %\r
	.endif
	.set	at, at + 8
	.endr
	movq	OF_GPR+56(%rdi), %rdi
	movq	limit_function@gottpoff(%rip), %r11
	call	*%fs:(%r11)

	movq	limit_frame@gottpoff(%rip), %r11
	movq	%fs:(%r11), %r11
	movq	OF_OUT(%r11), %r11
	STORE_GENERAL %r11
	movq	limit_frame@gottpoff(%rip), %rdx
	movq	%fs:(%rdx), %rdx
	subq	%rdx, OF_GPR+32(%r11)
	movq	%rdx, %rsp
	EACH_VECTOR 1, %r11
	STORE_CONTROL %r11
	movq	OF_IN(%rsp), %rdx
	movzwl	OF_X87+2(%rdx), %ecx	/* how many x87 results there are to be */
	testl	%ecx, %ecx
	jz	1f
	fstpt	OF_ST(%r11)
	cmpl	$1, %ecx
	je	1f
	fstpt	OF_ST+16(%r11)
1:	fninit
	fldcw	OF_CONTROL+4(%rsp)
	ldmxcsr	OF_CONTROL(%rsp)
	testl	$HAS_AVX, limit_features(%rip)
	jz	2f
	vzeroupper
2:	addq	$FRAME, %rsp
	.cfi_adjust_cfa_offset -FRAME
	.irp	r, r15, r14, r13, r12, rbp, rbx
	popq	%\r
	.cfi_adjust_cfa_offset -8
	.endr
	ret
	.cfi_endproc
	.size	limit_regs_call, . - limit_regs_call

	.section .tbss, "awT", @nobits
	.balign	8
limit_frame:    .zero 8
limit_function: .zero 8

	.bss
	.globl	limit_features
	.hidden	limit_features
	.balign	4
limit_features: .zero 4
	.section .note.GNU-stack,"",@progbits
