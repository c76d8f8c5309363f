/* SPDX-License-Identifier: Apache-2.0 */
/* publish_amd64.S - the plain names launch, resume and cancel; see publish.c. Whatever arguments the caller passes to a
 * function of its own by that name are kept. */
#include "macros_amd64.h"

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
	save_arguments
	subq	$136, %rsp
	save_vectors
	movl	%r10d, %edi
	movq	8(%rbp), %rsi
	call	shim_publish_target
	movq	%rax, 136(%rsp)		/* over r11, which is not an argument */
	restore_vectors
	addq	$136, %rsp
	restore_arguments
	popq	%rbp
	.cfi_def_cfa rsp, 8
	jmp	*%r11
	.cfi_endproc

	.section .note.GNU-stack, "", @progbits
