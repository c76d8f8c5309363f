/* SPDX-License-Identifier: Apache-2.0 */
/* guard_amd64.S - a blocking system call that is not entered once a handler of the program has run.
 *
 * long shim_guarded_syscall(const uint64_t *programs, uint64_t before, long number, const long arguments[6])
 *
 * Returns what the kernel returns, or -EINTR without a call when *programs is no longer `before`. A handler that comes
 * between the comparison and the system call finds RIP between shim_guard_begin and shim_guard_end and moves it to the
 * end with -EINTR (wrap_signal.c): so no interruption is lost when a wait is taken up again after a pause. */

	.text
	.globl	shim_guarded_syscall
	.hidden	shim_guarded_syscall
	.type	shim_guarded_syscall, @function
	.p2align 4
shim_guarded_syscall:
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
	.globl	shim_guard_begin
	.hidden	shim_guard_begin
shim_guard_begin:
	cmpq	%r12, (%rbx)
	jne	1f
	syscall
	.globl	shim_guard_end
	.hidden	shim_guard_end
shim_guard_end:
	jmp	2f
1:	movq	$-4, %rax		/* -EINTR */
2:	popq	%r12
	.cfi_adjust_cfa_offset -8
	.cfi_restore r12
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbx
	ret
	.cfi_endproc
	.size	shim_guarded_syscall, .-shim_guarded_syscall

	.section .note.GNU-stack, "", @progbits
