/* SPDX-License-Identifier: Apache-2.0 */
/* syscall.h - raw system calls: no errno, no cancellation, no interposition. A result of -4095 to -1 is an errno. */
#ifndef SHIM_SYSCALL_H
#define SHIM_SYSCALL_H

static inline long shim_syscall6(long n, long a, long b, long c, long d, long e, long f)
{
	long r;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	__asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return r;
}
#define shim_syscall4(n, a, b, c, d) shim_syscall6(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define shim_syscall3(n, a, b, c) shim_syscall6(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define shim_syscall2(n, a, b) shim_syscall6(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define shim_syscall1(n, a) shim_syscall6(n, (long)(a), 0, 0, 0, 0, 0)
#define shim_syscall0(n) shim_syscall6(n, 0, 0, 0, 0, 0, 0)

#endif
