/* SPDX-License-Identifier: Apache-2.0 */
/* publish_amd64.S - the plain names launch, resume and cancel; see publish.c. Whatever arguments the caller passes to a
 * function of its own by that name are kept. */

	.hidden shim_names_clash
	.hidden shim_publish_target

.macro publish name, place
	.globl	\name
	.type	\name, @function
	.p2align 4
\name:
	.cfi_startproc
	endbr64
	cmpb	$0, shim_names_clash(%rip)
	jne	1f
	jmp	inger_\name
1:	movl	$\place, %r10d
	jmp	shim_publish_slow
	.cfi_endproc
	.size	\name, .-\name
.endm

	.text
	publish	launch, 0
	publish	resume, 1
	publish	cancel, 2

	.p2align 4
shim_publish_slow:
	.cfi_startproc
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbp, 0
	movq	%rsp, %rbp
	.cfi_def_cfa_register rbp
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%rcx
	pushq	%r8
	pushq	%r9
	pushq	%rax
	subq	$136, %rsp
	movups	%xmm0, 0(%rsp)
	movups	%xmm1, 16(%rsp)
	movups	%xmm2, 32(%rsp)
	movups	%xmm3, 48(%rsp)
	movups	%xmm4, 64(%rsp)
	movups	%xmm5, 80(%rsp)
	movups	%xmm6, 96(%rsp)
	movups	%xmm7, 112(%rsp)
	movl	%r10d, %edi
	movq	8(%rbp), %rsi
	call	shim_publish_target
	movq	%rax, %r11
	movups	0(%rsp), %xmm0
	movups	16(%rsp), %xmm1
	movups	32(%rsp), %xmm2
	movups	48(%rsp), %xmm3
	movups	64(%rsp), %xmm4
	movups	80(%rsp), %xmm5
	movups	96(%rsp), %xmm6
	movups	112(%rsp), %xmm7
	addq	$136, %rsp
	popq	%rax
	popq	%r9
	popq	%r8
	popq	%rcx
	popq	%rdx
	popq	%rsi
	popq	%rdi
	popq	%rbp
	.cfi_def_cfa rsp, 8
	jmp	*%r11
	.cfi_endproc

	.section .note.GNU-stack, "", @progbits
