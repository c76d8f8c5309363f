/* SPDX-License-Identifier: Apache-2.0 */
/* noticed_amd64.S - the frame that calls the program back, for those who have to know when it does not return.
 *
 * long shim_call_noticed(void (*left)(void *), void *arg, void *function, long a, long b, long c)
 *     function(a, b, c); left(arg) when an exception, or the end of the thread, passes (shim_noticed_personality() in left.c).
 *
 * While it runs: rbx = left, r12 = arg. */
	.text
	.hidden	shim_noticed_personality
	.globl	shim_call_noticed
	.hidden	shim_call_noticed
	.type	shim_call_noticed, @function
	.p2align 4
shim_call_noticed:
	.cfi_startproc
	.cfi_personality 0x1b, shim_noticed_personality	/* DW_EH_PE_pcrel | sdata4 */
	endbr64
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbx, 0
	pushq	%r12
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r12, 0
	subq	$8, %rsp
	.cfi_adjust_cfa_offset 8
	movq	%rdi, %rbx
	movq	%rsi, %r12
	movq	%rdx, %rax
	movq	%rcx, %rdi
	movq	%r8, %rsi
	movq	%r9, %rdx
	call	*%rax
	addq	$8, %rsp
	.cfi_adjust_cfa_offset -8
	popq	%r12
	.cfi_adjust_cfa_offset -8
	.cfi_restore r12
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbx
	ret
	.cfi_endproc
	.size	shim_call_noticed, .-shim_call_noticed

	.section .note.GNU-stack, "", @progbits
