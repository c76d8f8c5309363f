/* SPDX-License-Identifier: Apache-2.0 */
/* limit_amd64.S - into and out of a limited function, whatever its prototype.
 *
 * As a deferred section's wrapper (stubs_amd64.S), this keeps the return address aside, so that the function finds its
 * stack arguments where it expects them, and its result passes through untouched. What the caller must find again when the
 * function is given up is kept in struct shim_limited. Nothing between shim_limit_begin_text and shim_limit_end_text is
 * interrupted for a pause or for giving up. */
#include "macros_amd64.h"
#include "offsets.h"

	.hidden shim_tls
	.hidden shim_limit_open
	.hidden shim_limit_prepare
	.hidden shim_limit_close
	.hidden shim_limit_drop
	.hidden shim_cpu
	.hidden shim_limit_personality

#define CPU_AVX 8
#define CPU_AMX 12

/* SSE, AVX and the three parts of AVX-512 in the standard form of XSAVE, whose offsets are the processor's for good (SDM
 * vol. 1, 13.4): the last, registers 16 to 31, ends at 1664 + 1024. */
#define XSAVE_VECTORS 0xe6
#define XSAVE_VECTOR_BYTES 2688
#define XSAVE_HEADER 512

	.section .text.shim_limit, "ax", @progbits
	.globl	shim_limit_begin_text
	.hidden	shim_limit_begin_text
shim_limit_begin_text:

/* r11 = limit. Arguments of any function are in place. */
	.globl	shim_limit_enter
	.hidden	shim_limit_enter
	.type	shim_limit_enter, @function
	.p2align 4
shim_limit_enter:
	.cfi_startproc
	.cfi_personality 0x1b, shim_limit_personality	/* DW_EH_PE_pcrel | sdata4 */
	endbr64
	/* Inside launch() the function's own budget counts. */
	movq	shim_tls@gottpoff(%rip), %r10
	movq	%fs:(%r10), %r10
	testq	%r10, %r10
	je	1f
	cmpl	$0, CALL_ADOPTED(%r10)
	je	9f
1:	save_arguments
	.cfi_adjust_cfa_offset 72
	movq	%r11, %rdi
	leaq	72(%rsp), %rsi
	call	shim_limit_open		/* general registers only */
	cmpq	$1, %rax
	je	3f
2:	movq	%rax, 8(%rsp)		/* as r10 */
	restore_arguments
	.cfi_adjust_cfa_offset -72
	testq	%r10, %r10
	je	9f
	movq	%rbx, LIMITED_RBX(%r10)
	movq	%rbp, LIMITED_RBP(%r10)
	movq	%r12, LIMITED_R12(%r10)
	movq	%r13, LIMITED_R13(%r10)
	movq	%r14, LIMITED_R14(%r10)
	movq	%r15, LIMITED_R15(%r10)
	movq	%rsp, LIMITED_RSP(%r10)
	stmxcsr	LIMITED_MXCSR(%r10)
	fnstcw	LIMITED_X87(%r10)
	movq	%r10, %rbx
	popq	LIMITED_RET(%rbx)
	movq	LIMIT_TARGET(%r11), %r11
	movl	$STATE_RUNNING, LIMITED_CALL+CALL_STATE(%rbx)
	/* While the function runs: the caller's rsp is ours, return address and rbx in the record that rbx points to. Read at once by
	 * an unwinder, since the record is free for others when it has gone by (shim_limit_personality()). */
	frame_of_its_own 2
	.cfi_escape 0x10, 16, 2, 0x73, LIMITED_RET	/* rip: DW_OP_breg3 (rbx) + LIMITED_RET */
	.cfi_escape 0x16, 3, 3, 0x73, LIMITED_RBX, 0x06	/* rbx, by value: DW_OP_breg3 (rbx) + LIMITED_RBX, DW_OP_deref */
	call	*%r11
	/* At the record's rsp for as long as the function runs: shows that it has not been left. */
	.globl	shim_limit_returned
	.hidden	shim_limit_returned
shim_limit_returned:
	movl	$STATE_DONE, LIMITED_CALL+CALL_STATE(%rbx)
	/* The record may be used again once it is closed. */
	pushq	LIMITED_RET(%rbx)
	movq	%rbx, %rdi
	movq	LIMITED_RBX(%rdi), %rbx
	.cfi_def_cfa rsp, 8
	.cfi_restore rsp
	.cfi_offset rip, -8
	.cfi_restore rbx
	pushq	%rax
	.cfi_adjust_cfa_offset 8
	pushq	%rdx
	.cfi_adjust_cfa_offset 8
	subq	$8, %rsp
	.cfi_adjust_cfa_offset 8
	call	shim_limit_close	/* general registers only */
	addq	$8, %rsp
	.cfi_adjust_cfa_offset -8
	popq	%rdx
	.cfi_adjust_cfa_offset -8
	popq	%rax
	.cfi_adjust_cfa_offset -8
	ret
9:	jmp	*LIMIT_TARGET(%r11)

	/* The thread's first: libc is called, which may use vectors; arguments may be as large as those are. */
3:	.cfi_adjust_cfa_offset 72
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	movq	%rsp, %rbp
	subq	$XSAVE_VECTOR_BYTES, %rsp
	andq	$-64, %rsp
	.cfi_remember_state
	.cfi_def_cfa rbp, 88
	xorl	%edx, %edx
	.irp	word, 0, 8, 16, 24, 32, 40, 48, 56
	movq	%rdx, XSAVE_HEADER+\word(%rsp)
	.endr
	movl	$XSAVE_VECTORS, %eax
	xsave64	(%rsp)
	call	shim_limit_prepare
	movl	%eax, %ecx
	movl	$XSAVE_VECTORS, %eax
	xorl	%edx, %edx
	xrstor64 (%rsp)
	movq	%rbp, %rsp
	.cfi_restore_state
	popq	%rbp
	.cfi_adjust_cfa_offset -8
	movq	(%rsp), %rdi		/* r11 as saved */
	leaq	72(%rsp), %rsi
	xorl	%eax, %eax
	testb	%cl, %cl
	je	2b			/* there is none: without a limit */
	call	shim_limit_open
	jmp	2b
	.cfi_endproc
	.size	shim_limit_enter, .-shim_limit_enter

/* _Noreturn void shim_limit_leave(struct shim_limited *): give it up at once, from a function that it has called. */
	.globl	shim_limit_leave
	.hidden	shim_limit_leave
	.type	shim_limit_leave, @function
	.p2align 4
shim_limit_leave:
	.cfi_startproc
	.cfi_undefined rip
	movq	LIMITED_RSP(%rdi), %rsp
	subq	$LIMIT_BELOW_SP, %rsp
	jmp	shim_limit_give_up
	.cfi_endproc
	.size	shim_limit_leave, .-shim_limit_leave

/* Where a function that is given up goes on: rdi = its record, rsp = the caller's. Returns the value of shim_limit_drop(). */
	.globl	shim_limit_give_up
	.hidden	shim_limit_give_up
	.type	shim_limit_give_up, @function
	.p2align 4
shim_limit_give_up:
	.cfi_startproc
	.cfi_undefined rip
	movq	%rdi, %rbx
	cmpl	$0, CPU_AVX+shim_cpu(%rip)
	je	1f
	vzeroupper
1:	cmpl	$0, CPU_AMX+shim_cpu(%rip)
	je	2f
	.byte	0xc4, 0xe2, 0x78, 0x49, 0xc0	/* tilerelease */
2:	fninit
	ldmxcsr	LIMITED_MXCSR(%rbx)
	fldcw	LIMITED_X87(%rbx)
	movq	LIMITED_RSP(%rbx), %rsp
	addq	$8, %rsp
	pushq	LIMITED_RET(%rbx)
	pushq	LIMITED_RBX(%rbx)
	pushq	LIMITED_RBP(%rbx)
	pushq	LIMITED_R12(%rbx)
	pushq	LIMITED_R13(%rbx)
	pushq	LIMITED_R14(%rbx)
	pushq	LIMITED_R15(%rbx)
	movq	%rsp, %rbp
	andq	$-16, %rsp
	movq	%rbx, %rdi
	call	shim_limit_drop
	movq	%rbp, %rsp
	xorl	%edx, %edx
	pxor	%xmm0, %xmm0
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret
	.cfi_endproc
	.size	shim_limit_give_up, .-shim_limit_give_up

	.globl	shim_limit_end_text
	.hidden	shim_limit_end_text
shim_limit_end_text:

	.section .note.GNU-stack, "", @progbits
