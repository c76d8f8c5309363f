/* SPDX-License-Identifier: Apache-2.0 */
/* offsets.h - the fields of shim.h's structs that assembly uses. Checked by static asserts in shim.h. */
#ifndef SHIM_OFFSETS_H
#define SHIM_OFFSETS_H

/* Every signal but 32 and 33, which are libc's own (SIGCANCEL, SIGSETXID): a thread that blocks them hangs whoever calls
 * setuid() or pthread_cancel(), while that holds libc's lock of threads. Nothing of ours ever blocks them. */
#define SHIM_ALL_SIGNALS 0xfffffffe7fffffff

/* A word of every TCB that libc keeps free (tcbhead_t.unused_vgetcpu_cache, sysdeps/x86_64/nptl/tls.h in glibc). */
#define TCB_FREE_WORD 0x38

/* struct shim_call */
#define CALL_DEFER_RSP     0
#define CALL_DEFER_RET     8
#define CALL_DEFER_RBX     16
#define CALL_PENDING       24
#define CALL_STATE         28
#define CALL_FS            32
#define CALL_RESUME_ENTRY  40
#define CALL_VOLUNTARY_RSP 48
#define CALL_CALLER_RSP    56
#define CALL_CALLER_FS     64
#define CALL_STACK_TOP     72
#define CALL_FUNC          80
#define CALL_ARG           88
#define CALL_THREAD        96
#define CALL_FINISH_WORK   104
#define CALL_ADOPTED       108
#define CALL_SIGMASK       112
#define CALL_XSAVE         120
#define CALL_OWN_ERRNO     128
#define CALL_YIELDED       132
#define CALL_REGS          136

/* Order of struct shim_call.regs: the kernel's gregs up to EFL, so that the handler copies them in one run. */
#define SAVED_R8  (CALL_REGS + 0)
#define SAVED_R9  (CALL_REGS + 8)
#define SAVED_R10 (CALL_REGS + 16)
#define SAVED_R11 (CALL_REGS + 24)
#define SAVED_R12 (CALL_REGS + 32)
#define SAVED_R13 (CALL_REGS + 40)
#define SAVED_R14 (CALL_REGS + 48)
#define SAVED_R15 (CALL_REGS + 56)
#define SAVED_RDI (CALL_REGS + 64)
#define SAVED_RSI (CALL_REGS + 72)
#define SAVED_RBP (CALL_REGS + 80)
#define SAVED_RBX (CALL_REGS + 88)
#define SAVED_RDX (CALL_REGS + 96)
#define SAVED_RAX (CALL_REGS + 104)
#define SAVED_RCX (CALL_REGS + 112)
#define SAVED_RSP (CALL_REGS + 120)
#define SAVED_RIP (CALL_REGS + 128)
#define SAVED_EFL (CALL_REGS + 136)
#define CALL_REGS_BYTES 144
#define CALL_DEFER_SLOT (CALL_REGS + CALL_REGS_BYTES)
#define CALL_ENTRY_RSP  (CALL_DEFER_SLOT + 8)
#define CALL_OWN_DISABLED (CALL_ENTRY_RSP + 16)
#define CALL_AT_RETURN  (CALL_OWN_DISABLED + 8)
#define CALL_UNWIND     (CALL_AT_RETURN + 8)

/* struct shim_unwind.from */
#define UNWIND_RSP 8
#define UNWIND_INTERRUPTED 64

/* struct shim_limited, limit.h */
#define LIMITED_RBX   0
#define LIMITED_RBP   8
#define LIMITED_R12   16
#define LIMITED_R13   24
#define LIMITED_R14   32
#define LIMITED_R15   40
#define LIMITED_RSP   48
#define LIMITED_RET   56
#define LIMITED_MXCSR 64
#define LIMITED_X87   68
#define LIMITED_LIMIT 72
#define LIMITED_CALL  128
/* struct shim_limit */
#define LIMIT_TARGET 8
#define LIMIT_BELOW_SP 256 /* where a function that is given up goes on, below its caller: beyond any red zone */

/* heap.c: functions of allocators that get a stub */
#define HEAP_BOUND      0 /* in struct shim_heap */
#define HEAP_STUBS      320
#define HEAP_STUB_BYTES 64

/* shim_call.adopted: a call on its thread's own stack and TCB */
#define ADOPTED_MAIN    1 /* main() under inger run --slice */
#define ADOPTED_LIMITED 2 /* a function under inger run --limit */

/* struct shim_thread */
#define THREAD_FS 0

/* struct shim_tls, at shim_tls in every TCB */
#define TLS_CALL     0
#define TLS_THREAD   8
#define TLS_EXEC_RET 16
#define TLS_SET      32
#define TLS_SLOTS    48

/* struct shim_started */
#define STARTED_BASE_RSP 0
#define STARTED_START    8
#define STARTED_ARG      16

/* enum shim_state */
#define STATE_FREE     0
#define STATE_PAUSED   1
#define STATE_RESUMING 2
#define STATE_RUNNING  3
#define STATE_PAUSING  4
#define STATE_DONE     5
#define STATE_LOST     6
#define STATE_FAULTED  7

#endif
