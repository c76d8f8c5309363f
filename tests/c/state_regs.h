/* SPDX-License-Identifier: Apache-2.0 */
/* state_regs.h - the machine state that state_survives loads, spins with, and stores: offsets for state_regs.S. */
#ifndef STATE_REGS_H
#define STATE_REGS_H

/* What the processor has; state_features holds these bits. */
#define HAS_AVX    1
#define HAS_AVX512 2
#define HAS_PKU    4
#define HAS_AMX    8

#define OF_GPR     0            /* rax rcx rdx rbx rsp rbp rsi rdi r8..r15; rsp is not loaded */
#define OF_FLAGS   128
#define OF_MXCSR   136
#define OF_PKRU    140
#define OF_RED     144          /* the 128 bytes below rsp */
#define OF_X87     272          /* an image of fnsave, 108 bytes */
#define OF_K       384
#define OF_TILECFG 448
#define OF_VECTOR  512          /* 32 registers of 64 bytes */
#define OF_TILE    2560         /* 8 tiles of 1 KiB */
#define OF_END     10752

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct machine {
	uint64_t gpr[16];
	uint64_t flags;
	uint32_t mxcsr, pkru;
	uint8_t red[128];
	uint8_t x87[112];
	uint64_t k[8];
	uint8_t tilecfg[64];
	uint8_t vector[32][64];
	uint8_t tile[8][1024];
} __attribute__((aligned(64)));

#define SAME(field, constant) _Static_assert(offsetof(struct machine, field) == constant, "state_regs.S and struct machine disagree")
SAME(flags, OF_FLAGS);
SAME(mxcsr, OF_MXCSR);
SAME(pkru, OF_PKRU);
SAME(red, OF_RED);
SAME(x87, OF_X87);
SAME(k, OF_K);
SAME(tilecfg, OF_TILECFG);
SAME(vector, OF_VECTOR);
SAME(tile, OF_TILE);
_Static_assert(sizeof(struct machine) == OF_END, "state_regs.S and struct machine disagree");

extern struct machine state_out;   /* what state_run() found at its end */
extern void *volatile state_next;  /* where state_run() jumps at the end of each turn */
extern uint32_t state_features;
extern char state_turn[], state_exit[];

void state_run(void *machine);                            /* loads all, turns until state_next is state_exit, stores all */
void state_scramble(const struct machine *machine);       /* loads all but what a C caller relies on */
#endif
#endif
