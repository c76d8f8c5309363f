/* SPDX-License-Identifier: Apache-2.0 */
/* stubs_amd64.S - wrappers of libc functions that need no prototype: any arguments, any result.
 *
 * A wrapper runs its function as a *deferred section* of the call: a pause that becomes due meanwhile waits until the
 * end. The section keeps its return address in the call instead of on the stack, so that the function finds its stack
 * arguments where it expects them. Outside of a call the wrapper is two loads and a jump.
 *
 * Stack at a wrapper's entry and while its function runs:
 *     entry    rsp -> return address, stack arguments …
 *     running  rsp -> (pushed by our call) return address into the wrapper, stack arguments …
 *     call.defer_ret = the caller's return address, call.defer_rbx = the caller's rbx, rbx = call
 *
 * defer_rsp is set first and cleared last: a handler of the program that runs in between and comes through here sees a
 * section that encloses it and does not touch the slots. A section nested in another only jumps on.
 *
 * Clobbers r10, r11 besides what the function does. Argument registers, rax (variadic calls) and vectors are kept. */
#include "macros_amd64.h"
#include "offsets.h"

	.hidden shim_tls
	.hidden shim_errno_offset
	.hidden shim_cpu
	.hidden shim_pause_here
	.hidden shim_resolve_all
	.hidden shim_stream_in
	.hidden shim_stream_out
	.hidden shim_stream_flush
	.hidden shim_stream_any
	.hidden shim_streams_held
	.hidden shim_section_personality
	.hidden shim_own_personality
	.hidden shim_exec_begin
	.hidden shim_exec_failed

#define CPU_FSGSBASE 0

/* The wrapper's slot: the real function, or until resolve.c has run, code that makes it run. By the slot's section
 * own_here() knows the functions whose blocks are their caller's. */
.macro slot name, section=.data.shim_real
	.ifdef owns_\name
	.section shim_own_slots, "aw", @progbits
	.else
	.section \section, "aw", @progbits
	.endif
	.p2align 3
.Lreal_\name:
	.quad	.Lunresolved_\name
	.section .rodata.shim_names, "aMS", @progbits, 1
.Lname_\name:
	.string	"\name"
	.section shim_slots, "aw", @progbits
	.p2align 3
	.quad	.Lname_\name, .Lreal_\name, 0
	.text
.Lunresolved_\name:
	leaq	.Lreal_\name(%rip), %r10
	jmp	shim_unresolved
.endm

.macro begin name
	slot	\name
	.globl	\name
	.type	\name, @function
	.p2align 4
\name:
	.cfi_startproc
	endbr64
	movq	shim_tls@gottpoff(%rip), %r11
	movq	%fs:(%r11), %r11
	testq	%r11, %r11
	jne	1f
	jmp	*.Lreal_\name(%rip)
1:	leaq	.Lreal_\name(%rip), %r10
.endm

.macro end name
	.cfi_endproc
	.size	\name, .-\name
.endm

.macro defer name
	begin	\name
	jmp	shim_defer
	end	\name
.endm

/* In the running libset's own libc: its slot is as far from ours as shim_tls says. */
.macro defer_set name
	slot	\name, shim_set_slots
	.globl	\name
	.type	\name, @function
	.p2align 4
\name:
	.cfi_startproc
	endbr64
	movq	shim_tls@gottpoff(%rip), %r11
	leaq	.Lreal_\name(%rip), %r10
	addq	%fs:TLS_SLOTS(%r11), %r10
	movq	%fs:(%r11), %r11
	testq	%r11, %r11
	jne	shim_defer
	jmp	*(%r10)
	end	\name
.endm

/* A function of a stream, which is handed to the hook on the stack. The hook runs also outside of a call once a call has had a
 * stream's lock: see wrap_stream.c. */
.macro defer_hooked name, operand, to
	slot	\name
	.globl	\name
	.type	\name, @function
	.p2align 4
\name:
	.cfi_startproc
	endbr64
	movq	shim_tls@gottpoff(%rip), %r11
	movq	%fs:(%r11), %r11
	leaq	.Lreal_\name(%rip), %r10
	testq	%r11, %r11
	jne	1f
	cmpl	$0, shim_streams_held(%rip)
	jne	1f
	jmp	*(%r10)
1:	pushq	\operand
	jmp	\to
	end	\name
.endm

.macro defer_in name, operand
	defer_hooked \name, \operand, shim_defer_in
.endm

.macro defer_stream name, operand
	defer_hooked \name, \operand, shim_defer_stream
.endm

.macro defer_out name, operand
	.ifc \name, fflush
	defer_hooked \name, \operand, shim_defer_flush
	.else
	defer_hooked \name, \operand, shim_defer_out
	.endif
.endm

.macro own name
	begin	\name
	jmp	shim_own
	end	\name
.endm

.macro exec name
	slot	\name
	.globl	\name
	.type	\name, @function
	.p2align 4
\name:
	.cfi_startproc
	endbr64
	leaq	.Lreal_\name(%rip), %r10
	jmp	shim_exec
	end	\name
.endm

/* r10 = slot. Find all real functions, then go on. Vector registers hold arguments: save them whole. */
	.p2align 4
shim_unresolved:
	pushq	%rbp
	movq	%rsp, %rbp
	save_arguments
	subq	$128, %rsp
	andq	$-16, %rsp
	save_vectors
	call	shim_resolve_all
	restore_vectors
	leaq	-72(%rbp), %rsp
	restore_arguments
	popq	%rbp
	jmp	*(%r10)

/* r11 = call, r10 = slot */
	.p2align 4
shim_defer:
	.cfi_startproc
	.cfi_personality 0x1b, shim_section_personality	/* DW_EH_PE_pcrel | sdata4; left.c */
	cmpq	$0, CALL_DEFER_RSP(%r11)
	jne	3f
1:	movq	%r10, CALL_DEFER_SLOT(%r11)
	movq	%rsp, CALL_DEFER_RSP(%r11)
	addq	$8, CALL_DEFER_RSP(%r11)
	movq	%rbx, CALL_DEFER_RBX(%r11)
	movq	%r11, %rbx
	popq	CALL_DEFER_RET(%r11)
	/* While the function runs: the caller's rsp is ours, return address and rbx in the call that rbx points to. */
	frame_of_its_own 1
	.cfi_escape 0x10, 16, 2, 0x73, CALL_DEFER_RET	/* rip: DW_OP_breg3 (rbx) + defer_ret */
	.cfi_escape 0x16, 3, 3, 0x73, CALL_DEFER_RBX, 0x06	/* rbx, by value: DW_OP_breg3 (rbx) + CALL_DEFER_RBX, DW_OP_deref */
	call	*(%r10)
	movq	%rbx, %r11
	pushq	CALL_DEFER_RET(%r11)
	movq	CALL_DEFER_RBX(%r11), %rbx
	.cfi_def_cfa rsp, 8
	.cfi_restore rsp
	.cfi_offset rip, -8
	.cfi_restore rbx
	movq	$0, CALL_DEFER_RSP(%r11)
	cmpl	$0, CALL_PENDING(%r11)
	jne	2f
	ret
2:	jmp	shim_pause_here
3:	/* A section is open. Deeper on the same stack: it encloses us. Otherwise it was left, by a way that nobody has noticed. */
	cmpq	%rsp, CALL_DEFER_RSP(%r11)
	jb	1b
	jmp	*(%r10)
	.cfi_endproc

/* r11 = call or 0, r10 = slot, (rsp) = FILE pointer: wait preemptibly until the stream can be used, then as shim_defer. When the
 * hook does not give 0 the function is not called: 1, it returns -1; 2, it returns 0. */
.macro defer_after_wait name, hook
	.p2align 4
\name:
	.cfi_startproc
	.cfi_def_cfa_offset 16
	save_arguments
	.cfi_adjust_cfa_offset 72
	movq	%r11, %rdi
	movq	72(%rsp), %rsi
	leaq	80(%rsp), %rdx
	movq	%r10, %rcx
	call	\hook
	testq	%rax, %rax
	jne	1f
	.cfi_remember_state
	restore_arguments
	.cfi_adjust_cfa_offset -72
	leaq	8(%rsp), %rsp
	.cfi_adjust_cfa_offset -8
	testq	%r11, %r11
	jne	shim_defer
	jmp	*(%r10)
1:	.cfi_restore_state
	subq	$2, %rax
	addq	$80, %rsp
	.cfi_adjust_cfa_offset -80
	ret
	.cfi_endproc
.endm
	defer_after_wait shim_defer_in, shim_stream_in
	defer_after_wait shim_defer_out, shim_stream_out
	defer_after_wait shim_defer_flush, shim_stream_flush
	defer_after_wait shim_defer_stream, shim_stream_any

/* long shim_with_vectors(long (*function)(long, long), long a, long b): function(a, b) from a hook, whose caller's vectors are
 * arguments and whose stack is not aligned. */
	.globl	shim_with_vectors
	.hidden	shim_with_vectors
	.type	shim_with_vectors, @function
	.p2align 4
shim_with_vectors:
	.cfi_startproc
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbp, 0
	movq	%rsp, %rbp
	.cfi_def_cfa rbp, 16
	subq	$128, %rsp
	andq	$-16, %rsp
	save_vectors
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	call	*%rax
	restore_vectors
	leave
	.cfi_def_cfa rsp, 8
	.cfi_restore rbp
	ret
	.cfi_endproc
	.size	shim_with_vectors, .-shim_with_vectors

/* FS base := \from; keeps everything but r11 and, without FSGSBASE, nothing else either. */
.macro switch_fs from
	cmpl	$0, CPU_FSGSBASE+shim_cpu(%rip)
	je	.Lslow\@
	movq	\from, %r11
	wrfsbase %r11
	jmp	.Ldone\@
.Lslow\@:
	pushq	%rax
	pushq	%rdi
	pushq	%rsi
	pushq	%rcx
	movq	\from, %rsi
	movl	$0x1002, %edi		/* ARCH_SET_FS */
	movl	$158, %eax		/* arch_prctl */
	syscall
	popq	%rcx
	popq	%rsi
	popq	%rdi
	popq	%rax
.Ldone\@:
.endm

/* rbx = call. Keeps everything but r11. The thread's cancellation is disabled meanwhile (CANCELSTATE_BIT of nptl/descr.h): libc would
 * unwind to the thread's start by way of the call's stack, and leave the call in the middle. */
.macro to_own_tcb
	pushq	%rax
	pushq	%r10
	movq	shim_errno_offset(%rip), %r11
	movl	%fs:(%r11), %eax		/* the call's errno */
	movq	CALL_THREAD(%rbx), %r10
	addq	THREAD_FS(%r10), %r11
	movl	(%r11), %r10d
	movl	%r10d, CALL_OWN_ERRNO(%rbx)
	movl	%eax, (%r11)
	movq	CALL_THREAD(%rbx), %r10
	switch_fs THREAD_FS(%r10)
	movq	shim_cancel_offset(%rip), %r11
	lock btsl $0, %fs:(%r11)
	setc	CALL_OWN_DISABLED(%rbx)
	popq	%r10
	popq	%rax
.endm

/* rbx = call. Keeps everything but r10 and r11. */
.macro from_own_tcb
	pushq	%rax
	cmpb	$0, CALL_OWN_DISABLED(%rbx)
	jne	.Lenabled\@
	movq	shim_cancel_offset(%rip), %r11
	lock btrl $0, %fs:(%r11)
.Lenabled\@:
	movq	shim_errno_offset(%rip), %r11
	movl	%fs:(%r11), %r10d
	movl	CALL_OWN_ERRNO(%rbx), %eax
	movl	%eax, %fs:(%r11)
	switch_fs CALL_FS(%rbx)
	movq	shim_errno_offset(%rip), %r11
	movl	%r10d, %fs:(%r11)
	popq	%rax
.endm

/* long shim_on_own_tcb(struct shim_call *call, void *function, long a, long b, long c, long d): function(a, b, c, d) on its own
 * TCB, from a deferred section written in C. errno goes in and out as below. */
	.globl	shim_on_own_tcb
	.hidden	shim_on_own_tcb
	.type	shim_on_own_tcb, @function
	.p2align 4
shim_on_own_tcb:
	.cfi_startproc
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbx, 0
	movq	%rdi, %rbx
	movq	%rsi, %r10
	movq	%rdx, %rdi
	movq	%rcx, %rsi
	movq	%r8, %rdx
	movq	%r9, %rcx
	cmpl	$0, CALL_ADOPTED(%rbx)
	jne	1f
	to_own_tcb
	call	*%r10
	from_own_tcb
	jmp	2f
1:	call	*%r10
2:	popq	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbx
	ret
	.cfi_endproc
	.size	shim_on_own_tcb, .-shim_on_own_tcb

/* As shim_defer, on the thread's own TCB. errno goes in and out; the own TCB's errno is put back. In the child of a
 * fork the same code goes on: call.thread is then the child's. */
	.p2align 4
shim_own:
	.cfi_startproc
	.cfi_personality 0x1b, shim_own_personality
	cmpq	$0, CALL_DEFER_RSP(%r11)
	jne	3f
1:	cmpl	$0, CALL_ADOPTED(%r11)
	jne	shim_defer
	movq	%r10, CALL_DEFER_SLOT(%r11)
	movq	%rsp, CALL_DEFER_RSP(%r11)
	addq	$8, CALL_DEFER_RSP(%r11)
	movq	%rbx, CALL_DEFER_RBX(%r11)
	movq	%r11, %rbx
	popq	CALL_DEFER_RET(%r11)
	frame_of_its_own 1
	.cfi_escape 0x10, 16, 2, 0x73, CALL_DEFER_RET
	.cfi_escape 0x16, 3, 3, 0x73, CALL_DEFER_RBX, 0x06	/* rbx, by value: DW_OP_breg3 (rbx) + CALL_DEFER_RBX, DW_OP_deref */
	to_own_tcb
	call	*(%r10)
	from_own_tcb
	movq	%rbx, %r11
	pushq	CALL_DEFER_RET(%r11)
	movq	CALL_DEFER_RBX(%r11), %rbx
	.cfi_def_cfa rsp, 8
	.cfi_restore rsp
	.cfi_offset rip, -8
	.cfi_restore rbx
	movq	$0, CALL_DEFER_RSP(%r11)
	cmpl	$0, CALL_PENDING(%r11)
	jne	2f
	ret
2:	jmp	shim_pause_here
3:	cmpq	%rsp, CALL_DEFER_RSP(%r11)
	jb	1b
	jmp	*(%r10)
	.cfi_endproc

/* r10 = slot. exec: the clock must be quiet when the image is replaced, since a signal that is still on its way would
 * meet the new image's default action. Returns only on failure. */
	.p2align 4
shim_exec:
	.cfi_startproc
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbp, 0
	save_arguments
	movq	%rsp, %rbp
	.cfi_def_cfa rbp, 88
	andq	$-16, %rsp
	leaq	88(%rbp), %rdi		/* as it is after our return */
	call	shim_exec_begin
	movq	%rbp, %rsp
	.cfi_def_cfa rsp, 88
	restore_arguments
	popq	%rbp
	.cfi_def_cfa rsp, 8
	.cfi_restore rbp
	movq	shim_tls@gottpoff(%rip), %r11
	popq	%fs:TLS_EXEC_RET(%r11)
	.cfi_undefined rip
	call	*(%r10)
	movq	shim_tls@gottpoff(%rip), %r11
	pushq	%fs:TLS_EXEC_RET(%r11)
	pushq	%rax
	call	shim_exec_failed
	popq	%rax
	ret
	.cfi_endproc

#define SHIM_OWNS(name) .set owns_##name, 1;
#define SHIM_DEFER(name) defer name;
#define SHIM_DEFER_SET(name) defer_set name;
#define A1 %rdi
#define A2 %rsi
#define A3 %rdx
#define A4 %rcx
#define A5 %r8
#define STDIN_STREAM $0		/* the hook puts stdin or stdout in */
#define STDOUT_STREAM $0
#define STDERR_STREAM $0
#define SHIM_DEFER_IN(name, stream) defer_in name, stream;
#define SHIM_DEFER_OUT(name, stream) defer_out name, stream;
#define SHIM_DEFER_STREAM(name, stream) defer_stream name, stream;
#define SHIM_OWN(name) own name;
#define SHIM_EXEC(name) exec name;
#include "wrap_gen.h"

/* struct shim_spare: for functions of libc that nobody knows (libc.c), deferred as the shared ones are. */
.macro spare n
	.section shim_spares, "aw", @progbits
	.p2align 3
.Lspare_\n:
	.quad	0, .Lspare_code_\n, 0
	.text
	.p2align 4
.Lspare_code_\n:
	.cfi_startproc
	endbr64
	movq	shim_tls@gottpoff(%rip), %r11
	movq	%fs:(%r11), %r11
	testq	%r11, %r11
	jne	1f
	jmp	*.Lspare_\n(%rip)
1:	leaq	.Lspare_\n(%rip), %r10
	jmp	shim_defer
	.cfi_endproc
.endm
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	spare \n
	.endr

/* Old versions of functions (versions.c), which are reached by rewritten references only. */
.macro old name, how
	.section shim_old_slots, "aw", @progbits
	.p2align 3
	.globl	shim_old_real_\name
	.hidden	shim_old_real_\name
shim_old_real_\name:
	.quad	0
	.text
	.globl	shim_old_\name
	.hidden	shim_old_\name
	.type	shim_old_\name, @function
	.p2align 4
shim_old_\name:
	.cfi_startproc
	endbr64
	movq	shim_tls@gottpoff(%rip), %r11
	movq	%fs:(%r11), %r11
	leaq	shim_old_real_\name(%rip), %r10
	testq	%r11, %r11
	jne	\how
	jmp	*(%r10)
	.cfi_endproc
	.size	shim_old_\name, .-shim_old_\name
.endm
	old	fmemopen, shim_defer
	old	glob, shim_defer
	old	glob64, shim_defer
	old	lio_listio, shim_defer
	old	lio_listio64, shim_defer
	old	posix_spawn, shim_own
	old	posix_spawnp, shim_own
	old	pthread_cond_broadcast, shim_defer
	old	pthread_cond_signal, shim_defer
	old	pthread_getaffinity_np, shim_defer
	old	pthread_setaffinity_np, shim_defer
	old	pthread_kill, shim_defer
	old	quick_exit, shim_defer
	old	regexec, shim_defer
	old	timer_create, shim_own
	old	timer_delete, shim_defer

/* Wrappers whose functions are found when the process has another allocator, see heap.c. */
	.globl	shim_heap_stubs
	.hidden	shim_heap_stubs
	.globl	shim_heap_stub_real
	.hidden	shim_heap_stub_real
	.p2align 6	/* HEAP_STUB_BYTES is 64: no stub is longer */
shim_heap_stubs:
	.set	number, 0
	.rept	HEAP_STUBS
	.cfi_startproc
	endbr64
	movq	shim_tls@gottpoff(%rip), %r11
	movq	%fs:(%r11), %r11
	leaq	shim_heap_stub_real+8*number(%rip), %r10
	testq	%r11, %r11
	jne	shim_defer
	jmp	*(%r10)
	.cfi_endproc
	.p2align 6
	.set	number, number + 1
	.endr
	.section .bss.shim_heap_stub_real, "aw", @nobits
	.p2align 3
shim_heap_stub_real:
	.zero	8 * HEAP_STUBS

	.section .note.GNU-stack, "", @progbits
