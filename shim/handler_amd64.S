/* SPDX-License-Identifier: Apache-2.0 */
/* handler_amd64.S - the frame that calls a handler of the program, for left.c.
 *
 * void shim_call_handler(int sig, siginfo_t *info, void *context, void (*handler)(int, siginfo_t *, void *), unsigned char section)
 *
 * While the handler runs: rbx = section, whether that around it is the handler's own, see shim.h. */
	.text
	.hidden	shim_handler_personality
	.globl	shim_call_handler
	.hidden	shim_call_handler
	.type	shim_call_handler, @function
	.p2align 4
shim_call_handler:
	.cfi_startproc
	.cfi_personality 0x1b, shim_handler_personality	/* DW_EH_PE_pcrel | sdata4 */
	endbr64
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbx, 0
	movzbl	%r8b, %ebx
	call	*%rcx
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbx
	ret
	.cfi_endproc
	.size	shim_call_handler, .-shim_call_handler

	.section .note.GNU-stack, "", @progbits
