/* SPDX-License-Identifier: Apache-2.0 */
/* state_amd64.S - values in the registers of each kind of extended state. No stack, no argument. Clobbers rax, rcx, rdx, the
 * flags, and what it says. */

	.section .data.rel.ro, "aw", @progbits
	.globl	state_loads
	.type	state_loads, @object
	.p2align 3
state_loads:				/* by enum state_kind */
	.quad	load_none, load_sse, load_avx, load_avx512, load_amx
	.size	state_loads, .-state_loads

	.section .rodata
	.p2align 6
initial:				/* XRSTOR takes what its header does not name as initial */
	.zero	24
	.long	0x1f80			/* MXCSR */
	.zero	512 - 28
	.zero	64
	.p2align 6
tiles:					/* palette 1, eight tiles of 16 rows of 64 bytes */
	.byte	1, 0
	.zero	14
	.rept	8
	.value	64
	.endr
	.zero	16
	.rept	8
	.byte	16
	.endr
	.zero	8
	.p2align 6
row:
	.rept	64
	.byte	0x5a
	.endr

	.text
load_none:
	movl	$~(1 << 9), %eax	/* not PKRU: its initial value is not the kernel's, and gives every right */
	movl	$-1, %edx
	xrstor64 initial(%rip)
	ret

load_sse:				/* xmm0 to xmm15; not VEX: that would be the upper halves' business, too */
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	pcmpeqd	%xmm\n, %xmm\n
	.endr
	ret

load_avx:				/* ymm0 to ymm15 */
	vpcmpeqd %xmm0, %xmm0, %xmm0
	vinsertf128 $1, %xmm0, %ymm0, %ymm0
	.irp	n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	vmovaps	%ymm0, %ymm\n
	.endr
	ret

load_avx512:				/* zmm0 to zmm31, k0 to k7 */
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	vpternlogd $0xff, %zmm\n, %zmm\n, %zmm\n
	.endr
	.irp	n, 0,1,2,3,4,5,6,7
	kxnorw	%k\n, %k\n, %k\n
	.endr
	ret

load_amx:				/* tmm0 to tmm7 */
	ldtilecfg tiles(%rip)
	leaq	row(%rip), %rax
	xorl	%ecx, %ecx		/* every row from the same 64 bytes */
	.irp	n, 0,1,2,3,4,5,6,7
	tileloadd (%rax,%rcx,1), %tmm\n
	.endr
	ret

	.section .note.GNU-stack, "", @progbits
