/* SPDX-License-Identifier: Apache-2.0 */
/* pausable_amd64.S - a blocking system call of a deferred section that a pause need not wait for.
 *
 * long shim_pausable_syscall(struct shim_call *call, uint64_t section, long number, const long arguments[6])
 *
 * Returns what the kernel returns, or SHIM_PAUSE_DUE without a call when a pause has become due in the section. Between
 * shim_pausable_begin and shim_pausable_at, both included, nothing has been done that would have to be recorded: the
 * preemption handler pauses there although the section is open (preempt_sig.c), also when the kernel is about to make the
 * call again after our signal. Behind it the section's end pauses.
 *
 * While in there: rbx = call, r12 = section, its call->defer_rsp. Other sections, such as a signal handler's inside of this
 * one, have another. */
#include "offsets.h"

	.text
	.globl	shim_pausable_syscall
	.hidden	shim_pausable_syscall
	.type	shim_pausable_syscall, @function
	.p2align 4
shim_pausable_syscall:
	.cfi_startproc
	endbr64
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbx, 0
	pushq	%r12
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r12, 0
	movq	%rdi, %rbx
	movq	%rsi, %r12
	movq	%rdx, %rax
	movq	%rcx, %r11
	movq	0(%r11), %rdi
	movq	8(%r11), %rsi
	movq	16(%r11), %rdx
	movq	24(%r11), %r10
	movq	32(%r11), %r8
	movq	40(%r11), %r9
	.globl	shim_pausable_begin
	.hidden	shim_pausable_begin
shim_pausable_begin:
	cmpl	$0, CALL_PENDING(%rbx)
	jne	1f
	.globl	shim_pausable_at
	.hidden	shim_pausable_at
shim_pausable_at:
	syscall
	jmp	2f
1:	movabsq	$1 << 63, %rax		/* SHIM_PAUSE_DUE */
2:	popq	%r12
	.cfi_adjust_cfa_offset -8
	.cfi_restore r12
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbx
	ret
	.cfi_endproc
	.size	shim_pausable_syscall, .-shim_pausable_syscall

	.section .note.GNU-stack, "", @progbits
