/* SPDX-License-Identifier: Apache-2.0 */
/* state.h - extended processor state in use, as much of it as a measurement asks for. */
#ifndef BENCH_STATE_H
#define BENCH_STATE_H

#include <stdbool.h>
#include <stdint.h>

enum state_kind { STATE_NONE, STATE_SSE, STATE_AVX, STATE_AVX512, STATE_AMX, STATE_KINDS };

const char *state_name(enum state_kind kind);

/* state_available - of the processor and the kernel. Asks the kernel for AMX, for this process: before the first launch. */
bool state_available(enum state_kind kind);

/* state_load - the registers of that kind and of those before it hold something, all others their initial values. They stay
 * so until code runs that uses vectors: what follows must be compiled for general registers only. */
void state_load(enum state_kind kind);

/* state_bytes - what XSAVEC writes with the present state: the legacy area, its header, and the components in use. */
uint32_t state_bytes(void);

#endif
