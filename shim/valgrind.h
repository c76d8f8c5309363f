/* SPDX-License-Identifier: Apache-2.0 */
/* valgrind.h - tells valgrind where the stacks of calls are, so that it takes a switch for one and not for a very large
 * frame, whatever the distance. It has no header of its own where it is not installed; what it looks for is this sequence
 * of instructions, which does nothing on a processor. */
#ifndef SHIM_VALGRIND_H
#define SHIM_VALGRIND_H

#include <stdint.h>

#define SHIM_VALGRIND_STACK_REGISTER 0x1501
#define SHIM_VALGRIND_STACK_DEREGISTER 0x1502

static inline uint64_t shim_valgrind(uint64_t request, uint64_t a, uint64_t b)
{
	volatile uint64_t arguments[6] = {request, a, b, 0, 0, 0};
	uint64_t result = 0;

	__asm__ volatile("rolq $3, %%rdi\n\trolq $13, %%rdi\n\trolq $61, %%rdi\n\trolq $51, %%rdi\n\txchgq %%rbx, %%rbx"
			 : "+d"(result) : "a"(arguments) : "cc", "memory");
	return result;
}

#endif
