/* SPDX-License-Identifier: Apache-2.0 */
/* own_thread_amd64.S - the lowest frame of a thread that a call or a libset has started: what it leaves through. */
#include "offsets.h"

	.text
/* void *shim_started_run(struct shim_started *s): s->start(s->arg). A thread that is told to leave goes on at
 * shim_started_leave, with rsp as it is kept in s->base_rsp. */
	.globl	shim_started_run
	.hidden	shim_started_run
	.globl	shim_started_leave
	.hidden	shim_started_leave
	.type	shim_started_run, @function
	.p2align 4
shim_started_run:
	.cfi_startproc
	.irp r, rbp, rbx, r12, r13, r14, r15
	pushq	%\r
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset \r, 0
	.endr
	subq	$8, %rsp
	.cfi_adjust_cfa_offset 8
	movq	%rsp, STARTED_BASE_RSP(%rdi)
	movq	STARTED_START(%rdi), %rax
	movq	STARTED_ARG(%rdi), %rdi
	call	*%rax
shim_started_leave:
	addq	$8, %rsp
	.cfi_adjust_cfa_offset -8
	.irp r, r15, r14, r13, r12, rbx, rbp
	popq	%\r
	.cfi_adjust_cfa_offset -8
	.cfi_restore \r
	.endr
	ret
	.cfi_endproc
	.size	shim_started_run, .-shim_started_run

	.section .note.GNU-stack, "", @progbits
