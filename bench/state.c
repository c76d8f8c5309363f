/* SPDX-License-Identifier: Apache-2.0 */
/* state.c - which components there are, and how large. */
#include "state.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness.h"

#pragma GCC target("general-regs-only")

/* Numbers of components: Intel SDM 1, 13.1. */
enum { X87 = 0, SSE = 1, AVX = 2, OPMASK = 5, ZMM_HIGH = 6, ZMM_MORE = 7, TILE_CONFIG = 17, TILE_DATA = 18, LARGEST = 63 };
enum { LEGACY_BYTES = 512, HEADER_BYTES = 64, XSTATE_LEAF = 0xd, REQUEST_COMPONENT = 0x1023 /* ARCH_REQ_XCOMP_PERM */ };

#define BIT(n) (1ull << (n))

static const uint64_t needed[STATE_KINDS] = {
	[STATE_NONE] = 0,
	[STATE_SSE] = BIT(SSE),
	[STATE_AVX] = BIT(AVX),
	[STATE_AVX512] = BIT(OPMASK) | BIT(ZMM_HIGH) | BIT(ZMM_MORE),
	[STATE_AMX] = BIT(TILE_CONFIG) | BIT(TILE_DATA) | BIT(OPMASK),
};

/* state_amd64.S */
extern void (*const state_loads[STATE_KINDS])(void);

const char *state_name(enum state_kind kind) {
	static const char *const names[STATE_KINDS] = { "none", "sse", "avx", "avx512", "amx" };
	return names[kind];
}

static uint64_t xgetbv(uint32_t which) {
	uint32_t low, high;
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(which));
	return (uint64_t)high << 32 | low;
}

static bool has_xsavec_and_xinuse(void) {
	unsigned a, b, c, d;
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || !__get_cpuid_count(XSTATE_LEAF, 1, &a, &b, &c, &d))
		return false;
	return (a & 6) == 6;
}

bool state_available(enum state_kind kind) {
	if (!has_xsavec_and_xinuse() || (xgetbv(0) & needed[kind]) != needed[kind])
		return false;
	return kind != STATE_AMX || syscall(SYS_arch_prctl, REQUEST_COMPONENT, TILE_DATA) == 0;
}

void state_load(enum state_kind kind) {
	for (int k = 0; k <= (int)kind; k++)
		state_loads[k]();
}

uint32_t state_bytes(void) {
	uint64_t in_use = xgetbv(1);
	uint32_t bytes = LEGACY_BYTES + HEADER_BYTES;
	for (unsigned i = SSE + 1; i < LARGEST; i++) {
		unsigned size, offset, flags, d;
		if (!(in_use & BIT(i)))
			continue;
		__cpuid_count(XSTATE_LEAF, i, size, offset, flags, d);
		if (flags & 2)
			bytes = (bytes + 63) & ~63u;
		bytes += size;
	}
	return bytes;
}
