/* SPDX-License-Identifier: Apache-2.0 */
/* state_regs.S - fill every register, turn in a loop that needs none, and store what is found.
 *
 * Stack of state_run:  return address, rbx, rbp, r12..r15, alignment   <- rsp while it turns
 *                      128 bytes of red zone, all in use
 * The loop ends when the resuming side stores state_exit in state_next: the indirect jump reads no register and no flag,
 * so that all of them can hold known values. Some of its turns change a register or the red zone and change it back. */
#include "state_regs.h"

	.text

/* LOAD_EXTENDED base - everything but general registers and flags; rax, rcx, rdx are destroyed. */
	.macro LOAD_EXTENDED base
	frstor	OF_X87(\base)
	ldmxcsr	OF_MXCSR(\base)
	testl	$HAS_PKU, state_features(%rip)
	jz	1f
	xorl	%ecx, %ecx
	xorl	%edx, %edx
	movl	OF_PKRU(\base), %eax
	wrpkru
1:	testl	$HAS_AMX, state_features(%rip)
	jz	2f
	ldtilecfg OF_TILECFG(\base)
	movl	$64, %ecx               /* bytes from row to row */
	.irp	n, 0,1,2,3,4,5,6,7
	leaq	OF_TILE+1024*\n(\base), %rax
	tileloadd (%rax,%rcx,1), %tmm\n
	.endr
2:	testl	$HAS_AVX512, state_features(%rip)
	jz	3f
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	vmovdqu64 OF_VECTOR+64*\n(\base), %zmm\n
	.endr
	.irp	n, 0,1,2,3,4,5,6,7
	kmovq	OF_K+8*\n(\base), %k\n
	.endr
	jmp	5f
3:	testl	$HAS_AVX, state_features(%rip)
	jz	4f
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	vmovdqu	OF_VECTOR+64*\n(\base), %ymm\n
	.endr
	jmp	5f
4:	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	movdqu	OF_VECTOR+64*\n(\base), %xmm\n
	.endr
5:
	.endm

	.globl	state_run
	.type	state_run, @function
state_run:
	.cfi_startproc
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	pushq	%r12
	.cfi_adjust_cfa_offset 8
	pushq	%r13
	.cfi_adjust_cfa_offset 8
	pushq	%r14
	.cfi_adjust_cfa_offset 8
	pushq	%r15
	.cfi_adjust_cfa_offset 8
	subq	$8, %rsp
	.cfi_adjust_cfa_offset 8
	stmxcsr	saved_mxcsr(%rip)
	fnstcw	saved_x87_control(%rip)
	LOAD_EXTENDED %rdi
	pushq	OF_FLAGS(%rdi)
	popfq
	/* From here on only what leaves the flags alone: mov, lea, jmp. */
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	movq	OF_RED+8*\n(%rdi), %rax
	movq	%rax, 8*\n-128(%rsp)
	.endr
	movq	OF_GPR+0(%rdi), %rax
	movq	OF_GPR+8(%rdi), %rcx
	movq	OF_GPR+16(%rdi), %rdx
	movq	OF_GPR+24(%rdi), %rbx
	movq	OF_GPR+40(%rdi), %rbp
	movq	OF_GPR+48(%rdi), %rsi
	movq	OF_GPR+64(%rdi), %r8
	movq	OF_GPR+72(%rdi), %r9
	movq	OF_GPR+80(%rdi), %r10
	movq	OF_GPR+88(%rdi), %r11
	movq	OF_GPR+96(%rdi), %r12
	movq	OF_GPR+104(%rdi), %r13
	movq	OF_GPR+112(%rdi), %r14
	movq	OF_GPR+120(%rdi), %r15
	movq	OF_GPR+56(%rdi), %rdi
	jmp	*state_next(%rip)

	.globl	state_turn
state_turn:
	nop
	leaq	8(%r9), %r9
	notq	-64(%rsp)
	leaq	1(%rax,%rax), %rax      /* loses the top bit; undone by the exchange below */
	notq	-64(%rsp)
	leaq	-8(%r9), %r9
	xchgq	%rbp, %rsi
	movq	state_rax(%rip), %rax
	xchgq	%rbp, %rsi
	notq	%r15
	xchgq	%rcx, -128(%rsp)
	notq	%r15
	xchgq	%rcx, -128(%rsp)
	jmp	*state_next(%rip)

	.globl	state_exit
state_exit:
	movq	%rax, state_out+OF_GPR+0(%rip)
	movq	%rcx, state_out+OF_GPR+8(%rip)
	movq	%rdx, state_out+OF_GPR+16(%rip)
	movq	%rbx, state_out+OF_GPR+24(%rip)
	movq	%rbp, state_out+OF_GPR+40(%rip)
	movq	%rsi, state_out+OF_GPR+48(%rip)
	movq	%rdi, state_out+OF_GPR+56(%rip)
	movq	%r8, state_out+OF_GPR+64(%rip)
	movq	%r9, state_out+OF_GPR+72(%rip)
	movq	%r10, state_out+OF_GPR+80(%rip)
	movq	%r11, state_out+OF_GPR+88(%rip)
	movq	%r12, state_out+OF_GPR+96(%rip)
	movq	%r13, state_out+OF_GPR+104(%rip)
	movq	%r14, state_out+OF_GPR+112(%rip)
	movq	%r15, state_out+OF_GPR+120(%rip)
	leaq	state_out(%rip), %rdi
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	movq	8*\n-128(%rsp), %rax
	movq	%rax, OF_RED+8*\n(%rdi)
	.endr
	pushfq
	popq	OF_FLAGS(%rdi)
	cld
	fnsave	OF_X87(%rdi)
	fwait
	stmxcsr	OF_MXCSR(%rdi)
	testl	$HAS_PKU, state_features(%rip)
	jz	1f
	xorl	%ecx, %ecx
	rdpkru
	movl	%eax, OF_PKRU(%rdi)
1:	testl	$HAS_AMX, state_features(%rip)
	jz	2f
	sttilecfg OF_TILECFG(%rdi)
	movl	$64, %ecx
	.irp	n, 0,1,2,3,4,5,6,7
	leaq	OF_TILE+1024*\n(%rdi), %rax
	tilestored %tmm\n, (%rax,%rcx,1)
	.endr
	tilerelease
2:	testl	$HAS_AVX512, state_features(%rip)
	jz	3f
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	vmovdqu64 %zmm\n, OF_VECTOR+64*\n(%rdi)
	.endr
	.irp	n, 0,1,2,3,4,5,6,7
	kmovq	%k\n, OF_K+8*\n(%rdi)
	.endr
	vzeroupper
	jmp	5f
3:	testl	$HAS_AVX, state_features(%rip)
	jz	4f
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	vmovdqu	%ymm\n, OF_VECTOR+64*\n(%rdi)
	.endr
	vzeroupper
	jmp	5f
4:	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	movdqu	%xmm\n, OF_VECTOR+64*\n(%rdi)
	.endr
5:	ldmxcsr	saved_mxcsr(%rip)
	fldcw	saved_x87_control(%rip)
	addq	$8, %rsp
	.cfi_adjust_cfa_offset -8
	popq	%r15
	.cfi_adjust_cfa_offset -8
	popq	%r14
	.cfi_adjust_cfa_offset -8
	popq	%r13
	.cfi_adjust_cfa_offset -8
	popq	%r12
	.cfi_adjust_cfa_offset -8
	popq	%rbp
	.cfi_adjust_cfa_offset -8
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	ret
	.cfi_endproc
	.size	state_run, . - state_run

/* The caller's side between two slices: every register that a function may destroy gets other values. The x87 stack, the
 * control words and the tiles are put back, as the ABI wants them at a return. */
	.globl	state_scramble
	.type	state_scramble, @function
state_scramble:
	.cfi_startproc
	stmxcsr	scramble_mxcsr(%rip)
	fnstcw	scramble_x87_control(%rip)
	LOAD_EXTENDED %rdi
	testl	$HAS_AMX, state_features(%rip)
	jz	1f
	tilerelease
1:	fninit
	fldcw	scramble_x87_control(%rip)
	ldmxcsr	scramble_mxcsr(%rip)
	movq	OF_GPR+0(%rdi), %rax
	movq	OF_GPR+8(%rdi), %rcx
	movq	OF_GPR+16(%rdi), %rdx
	movq	OF_GPR+48(%rdi), %rsi
	movq	OF_GPR+64(%rdi), %r8
	movq	OF_GPR+72(%rdi), %r9
	movq	OF_GPR+80(%rdi), %r10
	movq	OF_GPR+88(%rdi), %r11
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	movq	%r11, 8*\n-128(%rsp)
	.endr
	ret
	.cfi_endproc
	.size	state_scramble, . - state_scramble

	.bss
	.globl	state_out, state_next, state_features, state_rax
	.balign	64
state_out:      .zero OF_END
state_next:     .zero 8
state_rax:      .zero 8                 /* what rax held, for the turns that change it */
state_features: .zero 4
saved_mxcsr:    .zero 4
saved_x87_control:      .zero 4
scramble_mxcsr: .zero 4
scramble_x87_control:   .zero 4
	.section .note.GNU-stack,"",@progbits
