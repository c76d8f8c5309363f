/* SPDX-License-Identifier: Apache-2.0 */
/* unwind_amd64.S - a frame that was paused, made to look like the caller of shim_unwind_run().
 *
 * In: rbx = call. Its stack from the paused frame down is free but for the red zone. Stack at the call:
 *     +0 rip  +8 rsp  +16 rbx  +24 rbp  +32 r12  +40 r13  +48 r14  +56 r15    copied from shim_call.unwind.from
 * The frame's description (.cfi_escape) reads the paused frame's registers there. There are two: RIP is that of an
 * instruction that was interrupted (a "signal frame"), or a return address. */
#include "offsets.h"

#define RED_ZONE 128
#define RECORD_BYTES 64

/* CFA := *(rsp + 8); registers 16 (rip), 3 (rbx), 6 (rbp), 12 to 15 at rsp + …; breg7 is rsp. */
.macro paused_frame
	.cfi_escape 0x0f, 3, 0x77, 8, 0x06
	.cfi_escape 0x10, 16, 2, 0x77, 0
	.cfi_escape 0x10, 3, 2, 0x77, 16
	.cfi_escape 0x10, 6, 2, 0x77, 24
	.cfi_escape 0x10, 12, 2, 0x77, 32
	.cfi_escape 0x10, 13, 2, 0x77, 40
	.cfi_escape 0x10, 14, 2, 0x77, 48
	.cfi_escape 0x10, 15, 2, 0x77, 56
.endm

	.text
	.globl	shim_unwind_entry
	.hidden	shim_unwind_entry
	.type	shim_unwind_entry, @function
	.p2align 4
/* From shim_switch_in(). */
shim_unwind_entry:
	.cfi_startproc
	.cfi_undefined rip
	endbr64
	movq	CALL_UNWIND+UNWIND_RSP(%rbx), %rsp
	subq	$RED_ZONE+RECORD_BYTES, %rsp
	andq	$-16, %rsp
	.irp	place, 0, 8, 16, 24, 32, 40, 48, 56
	movq	CALL_UNWIND+\place(%rbx), %rax
	movq	%rax, \place(%rsp)
	.endr
	movl	$STATE_RUNNING, CALL_STATE(%rbx)
	movq	%rbx, %rdi
	cmpq	$0, CALL_UNWIND+UNWIND_INTERRUPTED(%rbx)
	jne	shim_unwind_interrupted
	jmp	shim_unwind_returning
	.cfi_endproc
	.size	shim_unwind_entry, .-shim_unwind_entry

	.type	shim_unwind_interrupted, @function
	.p2align 4
shim_unwind_interrupted:
	.cfi_startproc
	.cfi_signal_frame
	paused_frame
	nop				/* the unwinder looks for the place before a return address */
	call	shim_unwind_run
	ud2
	.cfi_endproc
	.size	shim_unwind_interrupted, .-shim_unwind_interrupted

	.type	shim_unwind_returning, @function
	.p2align 4
shim_unwind_returning:
	.cfi_startproc
	paused_frame
	call	shim_unwind_run
	ud2
	.cfi_endproc
	.size	shim_unwind_returning, .-shim_unwind_returning

/* void shim_unwind_look(struct shim_call *call): shim_unwind_walk(call) with the paused frame as its caller, on the stack of who asks.
 * Nothing of the call's is written. */
	.globl	shim_unwind_look
	.hidden	shim_unwind_look
	.type	shim_unwind_look, @function
	.p2align 4
shim_unwind_look:
	.cfi_startproc
	endbr64
	cmpq	$0, CALL_UNWIND+UNWIND_INTERRUPTED(%rdi)
	jne	shim_look_interrupted
	jmp	shim_look_returning
	.cfi_endproc
	.size	shim_unwind_look, .-shim_unwind_look

.macro look name signal_frame
	.type	\name, @function
	.p2align 4
\name:
	.cfi_startproc
	\signal_frame
	subq	$RECORD_BYTES+8, %rsp
	.cfi_adjust_cfa_offset RECORD_BYTES+8
	.irp	place, 0, 8, 16, 24, 32, 40, 48, 56
	movq	CALL_UNWIND+\place(%rdi), %rax
	movq	%rax, \place(%rsp)
	.endr
	.cfi_remember_state
	paused_frame
	nop				/* as above */
	call	shim_unwind_walk
	.cfi_restore_state
	addq	$RECORD_BYTES+8, %rsp
	.cfi_adjust_cfa_offset -(RECORD_BYTES+8)
	ret
	.cfi_endproc
	.size	\name, .-\name
.endm
	look	shim_look_interrupted, .cfi_signal_frame
	look	shim_look_returning

	.hidden	shim_unwind_run
	.hidden	shim_unwind_walk
	.section .note.GNU-stack, "", @progbits
