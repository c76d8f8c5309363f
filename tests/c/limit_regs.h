/* SPDX-License-Identifier: Apache-2.0 */
/* limit_regs.h - a call seen from both sides: offsets for limit_regs.S. */
#ifndef LIMIT_REGS_H
#define LIMIT_REGS_H

#define HAS_AVX    1
#define HAS_AVX512 2

#define OF_GPR     0            /* rax rcx rdx rbx rsp rbp rsi rdi r8..r15 */
#define OF_FLAGS   128
#define OF_MXCSR   136
#define OF_X87     140          /* the control word; above it the tag word, 0xffff when the stack is empty */
#define OF_STACK   144          /* 12 words of stack arguments */
#define OF_ST      240          /* st0, st1 */
#define OF_VECTOR  320          /* zmm0..zmm7 */
#define OF_END     832

#define STACK_WORDS 12

/* struct limit_talk, whose address is the first stack argument */
#define OF_SEEN    0
#define OF_GIVE    OF_END
#define OF_TURNS   (2 * OF_END)
#define OF_X87S    (2 * OF_END + 8)
#define OF_RED     (2 * OF_END + 12)

#ifdef __ASSEMBLER__
	.macro EACH_VECTOR to_memory, base
	testl	$HAS_AVX512, limit_features(%rip)
	jz	101f
	.irp	n, 0,1,2,3,4,5,6,7
	.if	\to_memory
	vmovdqu64 %zmm\n, OF_VECTOR+64*\n(\base)
	.else
	vmovdqu64 OF_VECTOR+64*\n(\base), %zmm\n
	.endif
	.endr
	jmp	103f
101:	testl	$HAS_AVX, limit_features(%rip)
	jz	102f
	.irp	n, 0,1,2,3,4,5,6,7
	.if	\to_memory
	vmovdqu	%ymm\n, OF_VECTOR+64*\n(\base)
	.else
	vmovdqu	OF_VECTOR+64*\n(\base), %ymm\n
	.endif
	.endr
	jmp	103f
102:
	.irp	n, 0,1,2,3,4,5,6,7
	.if	\to_memory
	movdqu	%xmm\n, OF_VECTOR+64*\n(\base)
	.else
	movdqu	OF_VECTOR+64*\n(\base), %xmm\n
	.endif
	.endr
103:
	.endm

/* Everything but rsp and the base. */
	.macro STORE_GENERAL base
	.set	at, 0
	.irp	r, rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
	movq	%\r, OF_GPR+at(\base)
	.set	at, at + 8
	.endr
	pushfq
	popq	OF_FLAGS(\base)
	cld
	.endm

/* Control words and the x87 tag word, by rax. */
	.macro STORE_CONTROL base
	stmxcsr	OF_MXCSR(\base)
	subq	$64, %rsp
	fnstenv	(%rsp)
	fldenv	(%rsp)
	movw	(%rsp), %ax
	movw	%ax, OF_X87(\base)
	movw	8(%rsp), %ax
	movw	%ax, OF_X87+2(\base)
	addq	$64, %rsp
	.endm
#else
#include <stddef.h>
#include <stdint.h>

struct limit_regs {
	uint64_t gpr[16];
	uint64_t flags;
	uint32_t mxcsr;
	uint16_t x87, tags;
	uint64_t stack[STACK_WORDS];
	uint8_t st[2][16];
	uint8_t room[48];
	uint8_t vector[8][64];
} __attribute__((aligned(64)));

/* What the function saw, what it is to return, and what it does meanwhile. */
struct limit_talk {
	struct limit_regs seen, give;
	uint64_t turns;
	uint32_t x87s; /* how many results are in the x87 stack: 0, 1, 2 */
	uint32_t red;  /* words of its red zone that were not kept */
};

#define SAME(type, field, constant) _Static_assert(offsetof(type, field) == constant, "limit_regs.S and " #type " disagree")
SAME(struct limit_regs, flags, OF_FLAGS);
SAME(struct limit_regs, mxcsr, OF_MXCSR);
SAME(struct limit_regs, x87, OF_X87);
SAME(struct limit_regs, stack, OF_STACK);
SAME(struct limit_regs, st, OF_ST);
SAME(struct limit_regs, vector, OF_VECTOR);
SAME(struct limit_talk, turns, OF_TURNS);
SAME(struct limit_talk, x87s, OF_X87S);
SAME(struct limit_talk, red, OF_RED);
_Static_assert(sizeof(struct limit_regs) == OF_END, "limit_regs.S and struct limit_regs disagree");

/* In the program and in the library, each with its own. */
extern uint32_t limit_features __attribute__((visibility("hidden")));

/* Calls function with all registers and stack words of `in` (flags, st and rsp excepted), and stores all as it finds them
 * afterwards. gpr[4] of `out` is rsp's distance from where it was. */
void limit_regs_call(const struct limit_regs *in, struct limit_regs *out, void (*function)(void)) __attribute__((visibility("hidden")));

/* In the library. limit_regs_listen: writes down what it sees, turns, and returns what talk->give says. limit_regs_mess: the
 * same, but then it leaves everything as the ABI forbids, and turns for ever. */
void limit_regs_listen(void);
void limit_regs_mess(void);

/* limit_regs_look - what the processor has. */
static inline void limit_regs_look(void)
{
	__builtin_cpu_init();
	limit_features = (__builtin_cpu_supports("avx") ? HAS_AVX : 0) | (__builtin_cpu_supports("avx512f") ? HAS_AVX512 : 0);
}
#endif
#endif
