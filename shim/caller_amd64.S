/* SPDX-License-Identifier: Apache-2.0 */
/* caller_amd64.S - wrappers of functions that look at their return address; see wrap_load.c. */
#include "offsets.h"

	.hidden shim_tls
	.hidden shim_modules_changed
	.hidden shim_limits_on
	.hidden shim_names_clash
	.hidden shim_libc_single_threaded
	.hidden shim_loads_done
	.hidden shim_resolve_all
	.hidden shim_loader_lent

/* What is found by a handle may have a wrapper (wrapped() in wrap_load.c), and no caller is needed to find it.
 * Outside of a call a jump, so that the real function sees its caller. In a call the C function gets the caller's
 * address as fourth argument. So it does for a load in a process with threads (and a launch makes it one), because another may
 * launch while this one is in the linker, and must not miss what comes. */
.macro caller_wrapper name, in_call, loads, finds
	.data
	.p2align 3
	.globl	shim_real_\name
	.hidden	shim_real_\name
shim_real_\name:
	.quad	0
	.section .rodata.shim_names, "aMS", @progbits, 1
.Lname_\name:
	.string	"\name"
	.section shim_slots, "aw", @progbits
	.p2align 3
	.quad	.Lname_\name, shim_real_\name, 0
	.text
	.hidden	\in_call
	.hidden	shim_heap
	.globl	\name
	.type	\name, @function
	.p2align 4
\name:
	.cfi_startproc
	endbr64
	cmpq	$0, shim_real_\name(%rip)
	je	3f
1:	movq	shim_tls@gottpoff(%rip), %r11
	cmpq	$0, %fs:(%r11)
	jne	2f
	cmpq	$0, %fs:TLS_SET(%r11)
	jne	2f
	cmpb	$0, shim_limits_on(%rip)
	jne	2f
	.if	!\loads
	cmpb	$0, HEAP_BOUND+shim_heap(%rip)
	jne	2f
	.endif
	.ifc	\name, dlopen
	testl	$8, %esi		/* RTLD_DEEPBIND: its handle is noted */
	jne	2f
	.endif
	.if	\loads
	movq	shim_libc_single_threaded(%rip), %rax
	cmpb	$0, (%rax)
	je	2f
	lock incl shim_loads_done(%rip)		/* or will be, before there is another thread to ask */
	movb	$1, shim_modules_changed(%rip)
	movb	$1, shim_names_clash(%rip)	/* perhaps: publish.c looks when it matters */
	.endif
	.if	\finds
	cmpb	$0, shim_loader_lent(%rip)
	jne	2f
	leaq	1(%rdi), %rax
	cmpq	$1, %rax		/* neither RTLD_DEFAULT, 0, nor RTLD_NEXT, -1 */
	ja	2f
	.endif
	jmp	*shim_real_\name(%rip)
2:	movq	(%rsp), %rcx
	jmp	\in_call
3:	pushq	%rdi
	.cfi_adjust_cfa_offset 8
	pushq	%rsi
	.cfi_adjust_cfa_offset 8
	pushq	%rdx
	.cfi_adjust_cfa_offset 8
	call	shim_resolve_all
	popq	%rdx
	.cfi_adjust_cfa_offset -8
	popq	%rsi
	.cfi_adjust_cfa_offset -8
	popq	%rdi
	.cfi_adjust_cfa_offset -8
	jmp	1b
	.cfi_endproc
	.size	\name, .-\name
.endm

	caller_wrapper dlopen, shim_dlopen_in_call, 1, 0
	caller_wrapper dlmopen, shim_dlmopen_in_call, 1, 0
	caller_wrapper dlsym, shim_dlsym_in_call, 0, 1
	caller_wrapper dlvsym, shim_dlvsym_in_call, 0, 1

/* void *shim_call_as(ret_instruction, function, a, b, c): function(a, b, c); its return address is ret_instruction,
 * which returns to us. */
	.text
	.globl	shim_call_as
	.hidden	shim_call_as
	.type	shim_call_as, @function
	.p2align 4
shim_call_as:
	.cfi_startproc
	endbr64
	movq	%rdi, %r11
	movq	%rsi, %rax
	movq	%rdx, %rdi
	movq	%rcx, %rsi
	movq	%r8, %rdx
	leaq	1f(%rip), %r10
	pushq	%r10
	.cfi_adjust_cfa_offset 8
	pushq	%r11
	.cfi_adjust_cfa_offset 8
	jmp	*%rax
1:	.cfi_adjust_cfa_offset -16
	ret
	.cfi_endproc
	.size	shim_call_as, .-shim_call_as

	.section .note.GNU-stack, "", @progbits
