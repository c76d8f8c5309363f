// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kernelAction is the kernel's struct sigaction on x86-64. start_amd64.s knows its size.
type kernelAction struct {
	handler, flags, restorer uintptr
	mask                     uint64
}

const (
	signalSetBytes = 8
	ignoreSignal   = 1 // SIG_IGN
	setMask        = 2 // SIG_SETMASK
)

// What the tool was started with. Written by start_amd64.s before the runtime exists, only read from then on.
var (
	startActions [64]kernelAction
	startMask    uint64
	startNoted   uint64
)

// restoreSignals gives the program the signal actions and the mask that were meant for it. An ignored signal stays ignored
// across execve(2), as nohup(1), service managers and shells' `trap ” PIPE` rely on; but the Go runtime has put its
// handlers in place of all but two of them by now, and has unblocked some signals.
// The calling goroutine keeps its thread from here on, since the mask is the thread's.
func restoreSignals() {
	runtime.LockOSThread()
	if startNoted == 0 {
		return
	}
	for i := range startActions {
		if startActions[i].handler != ignoreSignal {
			continue // a handler of the runtime's becomes the default action by itself
		}
		// This fails for no signal that can be ignored at all.
		_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(i+1), uintptr(unsafe.Pointer(&startActions[i])), 0,
			signalSetBytes, 0, 0)
	}
	_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGPROCMASK, setMask, uintptr(unsafe.Pointer(&startMask)), 0, signalSetBytes, 0, 0)
}
