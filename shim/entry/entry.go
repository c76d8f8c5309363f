// SPDX-License-Identifier: Apache-2.0

// Package entry holds back the Go runtime of libinger.so until it is asked for.
//
// A shared library built by Go starts its runtime, with half a dozen threads, as soon as it is loaded. Most processes
// that preload libinger.so never need it: a call is launched, paused and resumed by C and assembly alone. So the library
// is linked with -E libinger_entry: the loader runs that instead of _rt0_amd64_linux_lib, and nothing happens until
// shim/golazy.c calls it again with the magic fourth argument.
//
// Before the runtime starts, no signal is marked to be kept unblocked any more (_SigUnblock in runtime/sigtab_linux.go)
// but 32 and 33. Its threads are born with all others blocked and stay so: a SIGCHLD that the program waits for with
// sigsuspend() or sigwait() must never be taken by one of them. 32 and 33 are libc's own: a thread that blocks SIGSETXID
// makes setuid() wait for ever. Reaching into runtime.sigtable needs -checklinkname=0.
// Package check compares what the assembly assumes with the installed Go.
package entry
