/* SPDX-License-Identifier: Apache-2.0 */
/* making_amd64.S - the frame below code that makes things for its libset. An exception that passes it ends the making, as a
 * return does (gotcha_making_personality()). */

	.text
	.hidden gotcha_making_personality

/* void gotcha_making_call(void *function, long a, long b, long c): function(a, b, c) */
	.globl	gotcha_making_call
	.hidden	gotcha_making_call
	.type	gotcha_making_call, @function
	.p2align 4
gotcha_making_call:
	.cfi_startproc
	.cfi_personality 0x1b, gotcha_making_personality	/* DW_EH_PE_pcrel | sdata4 */
	subq	$8, %rsp
	.cfi_adjust_cfa_offset 8
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movq	%rcx, %rdx
	call	*%rax
	addq	$8, %rsp
	.cfi_adjust_cfa_offset -8
	ret
	.cfi_endproc
	.size	gotcha_making_call, .-gotcha_making_call

	.section .note.GNU-stack, "", @progbits
