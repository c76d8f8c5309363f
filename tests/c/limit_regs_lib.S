/* SPDX-License-Identifier: Apache-2.0 */
/* limit_regs_lib.S - the function's side of a call, in liblimit_abi.so. r11 = struct limit_talk, from the first word of stack
 * arguments. */
#include "limit_regs.h"

	.text

	.macro LISTEN
	movq	8(%rsp), %r11
	STORE_GENERAL %r11
	EACH_VECTOR 1, %r11
	STORE_CONTROL %r11
	.set	n, 0
	.rept	STACK_WORDS
	movq	8+n(%rsp), %rax
	movq	%rax, OF_STACK+n(%r11)
	.set	n, n + 8
	.endr
	.endm

	.globl	limit_regs_listen
	.type	limit_regs_listen, @function
limit_regs_listen:
	.cfi_startproc
	LISTEN
	movq	OF_TURNS(%r11), %rcx
	.set	n, 8
	.rept	16
	leaq	n(%rcx), %rax
	movq	%rax, -n(%rsp)
	.set	n, n + 8
	.endr
1:	decq	%rcx
	jg	1b
	movq	OF_TURNS(%r11), %rcx
	xorl	%edx, %edx
	.set	n, 8
	.rept	16
	leaq	n(%rcx), %rax
	xorq	-n(%rsp), %rax
	negq	%rax			/* carry: it is another */
	adcl	$0, %edx
	.set	n, n + 8
	.endr
	movl	%edx, OF_RED(%r11)
	movl	OF_X87S(%r11), %ecx
	testl	%ecx, %ecx
	jz	3f
	cmpl	$1, %ecx
	je	2f
	fldt	OF_GIVE+OF_ST+16(%r11)
2:	fldt	OF_GIVE+OF_ST(%r11)
3:	addq	$OF_GIVE, %r11
	EACH_VECTOR 0, %r11
	movq	OF_GPR+0(%r11), %rax
	movq	OF_GPR+8(%r11), %rcx
	movq	OF_GPR+16(%r11), %rdx
	movq	OF_GPR+48(%r11), %rsi
	movq	OF_GPR+56(%r11), %rdi
	movq	OF_GPR+64(%r11), %r8
	movq	OF_GPR+72(%r11), %r9
	movq	OF_GPR+80(%r11), %r10
	ret
	.cfi_endproc
	.size	limit_regs_listen, . - limit_regs_listen

/* It never returns: no frame description is needed, and none would be true. */
	.globl	limit_regs_mess
	.type	limit_regs_mess, @function
limit_regs_mess:
	LISTEN
	addq	$OF_GIVE, %r11
	ldmxcsr	OF_MXCSR(%r11)
	fldcw	OF_X87(%r11)
	.rept	8
	fldpi
	.endr
	EACH_VECTOR 0, %r11
	subq	OF_GPR+32(%r11), %rsp
	.set	at, 0
	.irp	r, rax, rcx, rdx, rbx, none, rbp, rsi, rdi, r8, r9, r10, none, r12, r13, r14, r15
	.ifnc	\r, none
	movq	OF_GPR+at(%r11), %\r
	.endif
	.set	at, at + 8
	.endr
	std
1:	leaq	1(%r11), %r11
	notq	-8(%rsp)
	jmp	1b
	.size	limit_regs_mess, . - limit_regs_mess

	.bss
	.globl	limit_features
	.hidden	limit_features
	.balign	4
limit_features: .zero 4
	.section .note.GNU-stack,"",@progbits
