/* SPDX-License-Identifier: Apache-2.0 */
/* once_amd64.S - the frame that calls an initialiser, for wrap_once.c: an exception that passes it makes the word free again.
 *
 * void shim_once_run(uint32_t *control, void (*run)(void)). While it runs: rbx = control. */
	.text
	.hidden	shim_once_personality
	.globl	shim_once_run
	.hidden	shim_once_run
	.type	shim_once_run, @function
	.p2align 4
shim_once_run:
	.cfi_startproc
	.cfi_personality 0x1b, shim_once_personality	/* DW_EH_PE_pcrel | sdata4 */
	endbr64
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbx, 0
	movq	%rdi, %rbx
	call	*%rsi
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbx
	ret
	.cfi_endproc
	.size	shim_once_run, .-shim_once_run

	.section .note.GNU-stack, "", @progbits
