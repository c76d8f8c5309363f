// SPDX-License-Identifier: Apache-2.0

#include "textflag.h"

// The loader calls this as an initialiser: (argc, argv, envp) in DI, SI, DX. golazy.c recognises the first instruction and
// calls it with the magic number in CX. Clobbers R8, R9, R10 and flags.
TEXT libinger_entry(SB), NOSPLIT|NOFRAME, $0
	MOVQ	$0x7265676e69206f67, R10	// "go inger"
	CMPQ	CX, R10
	JEQ	start
	RET
start:
	LEAQ	runtime·sigtable(SB), R8
	MOVL	$65, R9				// entries
mark:
	CMPL	R9, $33				// 65-32: libc's own signals stay as they are
	JEQ	next
	CMPL	R9, $32				// 65-33
	JEQ	next
	ANDL	$~0x80, (R8)			// _SigUnblock
next:
	ADDQ	$24, R8				// {flags int32; name string}
	DECL	R9
	JNZ	mark
	JMP	_rt0_amd64_linux_lib(SB)
