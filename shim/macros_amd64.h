/* SPDX-License-Identifier: Apache-2.0 */
/* macros_amd64.h - for stubs that call C between a function's caller and the function: what may hold arguments.
 *
 * save_arguments pushes 72 bytes: the integer argument registers, rax (the number of vectors of a variadic call), and
 * r10 and r11, which stubs use. save_vectors fills 128 bytes at rsp. */

/* The frame of a stub that has popped its return address: the caller goes on with the rsp that is now. By its CFA an
 * unwinder tells a frame from others, so it is not that rsp, which is the CFA of the function that the stub calls: an
 * exception that the caller catches would be taken to have arrived in the stub. \nth: 1, or 2 where the function may be such a
 * stub itself. No real frame's CFA is odd, or 2 from that of another. */
.macro frame_of_its_own nth
	.cfi_def_cfa rsp, \nth
	.cfi_escape 0x16, 7, 2, 0x77, 0		/* rsp = DW_OP_breg7 (rsp) + 0, by value */
.endm

.macro save_arguments
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%rcx
	pushq	%r8
	pushq	%r9
	pushq	%rax
	pushq	%r10
	pushq	%r11
.endm

.macro restore_arguments
	popq	%r11
	popq	%r10
	popq	%rax
	popq	%r9
	popq	%r8
	popq	%rcx
	popq	%rdx
	popq	%rsi
	popq	%rdi
.endm

.macro save_vectors
	movups	%xmm0, 0(%rsp)
	movups	%xmm1, 16(%rsp)
	movups	%xmm2, 32(%rsp)
	movups	%xmm3, 48(%rsp)
	movups	%xmm4, 64(%rsp)
	movups	%xmm5, 80(%rsp)
	movups	%xmm6, 96(%rsp)
	movups	%xmm7, 112(%rsp)
.endm

.macro restore_vectors
	movups	0(%rsp), %xmm0
	movups	16(%rsp), %xmm1
	movups	32(%rsp), %xmm2
	movups	48(%rsp), %xmm3
	movups	64(%rsp), %xmm4
	movups	80(%rsp), %xmm5
	movups	96(%rsp), %xmm6
	movups	112(%rsp), %xmm7
.endm
