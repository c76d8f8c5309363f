// SPDX-License-Identifier: Apache-2.0

#include "textflag.h"

// _rt0_amd64_linux is where the kernel starts the tool: it notes the signal actions and the signal mask that the tool
// was started with, then goes on to the Go runtime, which replaces them.
//
// The name is the runtime's own entry point. A definition marked DUPOK in package main, which the linker reads first,
// stands in for it. If the linker ever keeps the other one, startNoted stays 0, and the test of inherited signals fails.
//
//	stack at entry      0(SP) argc, 8(SP) argv…: left as it is
//	clobbers            AX BX CX DX SI DI R10 R11 R12: nothing is live in them yet
//	may not             call Go, use the g register or thread-local storage: there is no runtime yet
TEXT _rt0_amd64_linux(SB),NOSPLIT|NOFRAME|DUPOK,$0
	LEAQ	·startActions(SB), R12
	MOVQ	$1, BX
action:
	MOVQ	BX, DI
	XORL	SI, SI
	MOVQ	R12, DX
	MOVL	$8, R10		// size of the kernel's signal set
	MOVL	$13, AX		// rt_sigaction
	SYSCALL
	ADDQ	$32, R12	// size of the kernel's struct sigaction
	INCQ	BX
	CMPQ	BX, $64
	JLE	action
	XORL	DI, DI
	XORL	SI, SI
	LEAQ	·startMask(SB), DX
	MOVL	$8, R10
	MOVL	$14, AX		// rt_sigprocmask
	SYSCALL
	MOVQ	$1, ·startNoted(SB)
	JMP	_rt0_amd64(SB)
