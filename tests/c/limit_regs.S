/* SPDX-License-Identifier: Apache-2.0 */
/* limit_regs.S - both sides of a call, register by register; in the program and in the library.
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

	.macro EACH_VECTOR to_memory, base
	testl	$HAS_AVX512, limit_features(%rip)
	jz	101f
	.irp	n, 0,1,2,3,4,5,6,7
	.if	\to_memory
	vmovdqu64 %zmm\n, OF_VECTOR+64*\n(\base)
	.else
	vmovdqu64 OF_VECTOR+64*\n(\base), %zmm\n
	.endif
	.endr
	jmp	103f
101:	testl	$HAS_AVX, limit_features(%rip)
	jz	102f
	.irp	n, 0,1,2,3,4,5,6,7
	.if	\to_memory
	vmovdqu	%ymm\n, OF_VECTOR+64*\n(\base)
	.else
	vmovdqu	OF_VECTOR+64*\n(\base), %ymm\n
	.endif
	.endr
	jmp	103f
102:
	.irp	n, 0,1,2,3,4,5,6,7
	.if	\to_memory
	movdqu	%xmm\n, OF_VECTOR+64*\n(\base)
	.else
	movdqu	OF_VECTOR+64*\n(\base), %xmm\n
	.endif
	.endr
103:
	.endm

/* Everything but rsp and the base. */
	.macro STORE_GENERAL base
	.set	at, 0
	.irp	r, rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
	movq	%\r, OF_GPR+at(\base)
	.set	at, at + 8
	.endr
	pushfq
	popq	OF_FLAGS(\base)
	cld
	.endm

/* Control words and the x87 tag word, by rax. */
	.macro STORE_CONTROL base
	stmxcsr	OF_MXCSR(\base)
	subq	$64, %rsp
	fnstenv	(%rsp)
	fldenv	(%rsp)
	movw	(%rsp), %ax
	movw	%ax, OF_X87(\base)
	movw	8(%rsp), %ax
	movw	%ax, OF_X87+2(\base)
	addq	$64, %rsp
	.endm

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

/* The other side. r11 = struct limit_talk, from the first word of stack arguments. */
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
