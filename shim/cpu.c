/* SPDX-License-Identifier: Apache-2.0 */
/* cpu.c - what the processor and the kernel offer, found once before the first launch. */
#include "shim.h"
#include <cpuid.h>
#include <sys/auxv.h>
#include <asm/prctl.h>
#include <sys/syscall.h>

/* switch_amd64.S reads these by offset. */
_Static_assert(offsetof(struct shim_cpu, fsgsbase) == 0, "CPU_FSGSBASE");
_Static_assert(offsetof(struct shim_cpu, xgetbv1) == 4, "CPU_XGETBV1");
_Static_assert(offsetof(struct shim_cpu, avx) == 8, "CPU_AVX");
_Static_assert(offsetof(struct shim_cpu, amx) == 12, "CPU_AMX");
_Static_assert(offsetof(struct shim_cpu, xsavec) == 16, "CPU_XSAVEC");

/* Valgrind's processor and those before Skylake have only XSAVE. SHIM_ONLY_XSAVE makes any processor one of these. */
#ifndef SHIM_ONLY_XSAVE
#define SHIM_ONLY_XSAVE 0
#endif

struct shim_cpu shim_cpu;

void shim_cpu_init(void)
{
	unsigned a, b, c, d;

	/* AT_HWCAP2 bit 1: the kernel has enabled RDFSBASE and WRFSBASE (Documentation/arch/x86/elf_auxvec.rst). */
	shim_cpu.fsgsbase = (getauxval(AT_HWCAP2) >> 1) & 1;
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
		return;
	uint32_t low, high;
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	shim_cpu.avx = (low & 4) != 0;
	shim_cpu.amx = (low & 0x60000) == 0x60000;
	__cpuid_count(0xd, 1, a, b, c, d);
	shim_cpu.xsavec = !SHIM_ONLY_XSAVE && (a & 2);
	/* Without XSAVEC all components have their fixed places, and XINUSE saves nothing. */
	shim_cpu.xgetbv1 = shim_cpu.xsavec && (a & 4);
	/* EBX of subleaf 1 also counts supervisor components, which we never save: an upper bound. */
	if (!shim_cpu.xsavec)
		__cpuid_count(0xd, 0, a, b, c, d);
	shim_cpu.xsave_bytes = b > 1024 ? b : 1024;
	if (__get_cpuid(0x80000007, &a, &b, &c, &d))
		shim_cpu.invariant_tsc = (d >> 8) & 1;
	shim_cpu.usable = 1;
}

void shim_set_fs(uint64_t fs)
{
	if (SHIM_LIKELY(shim_cpu.fsgsbase))
		__asm__ volatile(".byte 0xf3, 0x48, 0x0f, 0xae, 0xd0" : : "a"(fs) : "memory"); /* wrfsbase %rax */
	else
		shim_syscall2(SYS_arch_prctl, ARCH_SET_FS, fs);
}
