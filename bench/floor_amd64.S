/* SPDX-License-Identifier: Apache-2.0 */
/* floor_amd64.S - the least that a switch of stacks can do, a step more in each variant. What is left out is everything that
 * makes it a function with a deadline: whose stack it is, whether it may run, until when.
 *
 * void floor_VARIANT(struct floor *floor): leave this stack for floor->other, keeping rbx, rbp and r12 to r15, and put there
 * where this one can be entered again. */

#define FLOOR_OTHER 0
#define FLOOR_FS    8
#define FLOOR_AREA  16

.macro begin name
	.globl	\name
	.type	\name, @function
	.p2align 4
\name:
	.cfi_startproc
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
.endm

.macro control_words		/* MXCSR and the x87 control word are callee-saved, too */
	subq	$8, %rsp
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
.endm

.macro set_fs
	movq	FLOOR_FS(%rdi), %rsi
	wrfsbase %rsi
.endm

.macro exchange
	movq	%rsp, %rdx
	movq	FLOOR_OTHER(%rdi), %rsp
	movq	%rdx, FLOOR_OTHER(%rdi)
.endm

.macro check_control_words	/* loading them costs more than finding that they are the same */
	movl	(%rdx), %eax
	movl	4(%rdx), %ecx
	cmpl	(%rsp), %eax
	jne	8f
	cmpw	4(%rsp), %cx
	je	9f
8:	ldmxcsr	(%rsp)
	fldcw	4(%rsp)
9:	addq	$8, %rsp
.endm

.macro end name
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret
	.cfi_endproc
	.size	\name, .-\name
.endm

	.text
begin floor_stack
	exchange
end floor_stack

begin floor_control
	control_words
	exchange
	check_control_words
end floor_control

begin floor_fs
	control_words
	set_fs
	exchange
	check_control_words
end floor_fs

/* The same by a jump: the processor takes a return for one to where the last call came from, which it never is here. A function
 * that is launched and returns is back where it was called; one that pauses can't be. */
begin floor_jump
	control_words
	set_fs
	exchange
	check_control_words
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	popq	%rcx
	jmp	*%rcx
	.cfi_endproc
	.size	floor_jump, .-floor_jump

/* Out and in of a function that is paused anywhere: extended state is saved on the way out and loaded on the way in. */
begin floor_save
	control_words
	movq	FLOOR_AREA(%rdi), %rsi
	movl	$1, %ecx
	xgetbv
	orl	$3, %eax
	xsavec64 (%rsi)
	set_fs
	exchange
	ldmxcsr	(%rsp)
	fldcw	4(%rsp)
	addq	$8, %rsp
end floor_save

begin floor_load
	control_words
	set_fs
	exchange
	movq	FLOOR_AREA(%rdi), %rsi
	movl	$-1, %eax
	movl	$-1, %edx
	xrstor64 (%rsi)
	addq	$8, %rsp
end floor_load

/* A stack as a switch to it for the first time expects it is laid out in C; rbx is then what to call, r12 its argument. */
	.globl	floor_enter
	.type	floor_enter, @function
	.p2align 4
floor_enter:
	.cfi_startproc
	.cfi_undefined rip
	movq	%r12, %rdi
	call	*%rbx
	ud2
	.cfi_endproc
	.size	floor_enter, .-floor_enter

	.section .note.GNU-stack, "", @progbits
