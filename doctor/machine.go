// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"time"
)

// A Number is a fact that may not be known: absent and zero are different.
type Number struct {
	Value uint64
	Known bool
}

// A Version is that of a kernel or a C library, as far as we compare it.
type Version struct{ Major, Minor int }

func (v Version) String() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// Before says whether v is older than major.minor.
func (v Version) Before(major, minor int) bool {
	return v.Major < major || v.Major == major && v.Minor < minor
}

// Machine is what the checks look at.
type Machine struct {
	Architecture string // uname -m
	Release      string // uname -r
	Kernel       Version

	FSGSBase         bool   // AT_HWCAP2: the kernel has enabled the instructions
	UseFSGSBase      bool   // INGER_FSGSBASE
	OwnMalloc        bool   // INGER_OWN_MALLOC
	Signal           uint32 // INGER_SIGNAL
	SignalIgnored    bool   // in this process, and so in what it starts
	SignalBlocked    bool
	XSave            XSave
	SignalFrameBytes Number // AT_MINSIGSTKSZ
	InvariantTSC     bool
	ThreadFeatures   string // /proc/self/status, x86_Thread_features: shstk when there is a shadow stack
	Guard            error  // of MADV_GUARD_INSTALL, tried on a page
	Executable       error  // of making memory executable that was written, tried on a page
	Timer            error  // of a timer that signals a thread, tried
	TimerSlack       Number // in ns
	SetTimerSlack    error  // of PR_SET_TIMERSLACK, tried
	ClockSource      string // of the kernel; empty when not known

	Libc Libc

	Environment map[string]string // LD_PRELOAD, LD_AUDIT, GLIBC_TUNABLES
	BadOptions  []string          // what is wrong with INGER_* variables

	MaxMapCount  Number
	Overcommit   Number
	AddressSpace Number // RLIMIT_AS in bytes; not known: unlimited
	Stack        Number // RLIMIT_STACK, likewise
	Seccomp      Number // /proc/self/status: 0 none, 1 strict, 2 filters
	Secure       string // why this process's children are in secure-execution mode; empty when they are not

	Library Library
	Pause   Measurement

	Program *Program
}

// XSave is what the processor says about extended state.
type XSave struct {
	Enabled    bool   // by the kernel
	Compact    bool   // XSAVEC
	InUse      bool   // XGETBV with ECX=1: only what is in use is saved
	Bytes      uint64 // of all that is enabled
	Components uint64 // XCR0
}

// Libc is the C library that programs are started with.
type Libc struct {
	Problem      string // why it was not found
	Version      Version
	Distribution string   // ID of /etc/os-release
	Package      string   // full version of libc6, such as 2.36-9+deb12u14; empty when dpkg does not know it
	Unknown      []string // functions that no known release has; libc.c tells a program of them
}

// Library is libinger.so.
type Library struct {
	Path     string
	Problem  string // why it cannot be used
	TLSBytes uint64
}

// Measurement is a run of a busy program with and without slices.
type Measurement struct {
	Skipped   bool
	Problem   string // why there is none
	Slice     time.Duration
	Pauses    uint64
	Median    time.Duration // of slices
	Overshoot time.Duration // median
	P99       time.Duration // of the overshoot
	Bias      time.Duration // lateness of the timer, which is subtracted; 0 with BiasKnown false
	BiasKnown bool
	Cost      time.Duration // of a pause and a resumption: processor time with slices less that without, per pause
	CostKnown bool
}

// Program is what is known of a program. All but Path is empty when it was refused.
type Program struct {
	Name    string // as it was asked for
	Path    string
	Refused string // why libinger cannot be preloaded, and
	Advice  string // what to do
	Unread  string // why nothing else is known of it, as for a script's missing interpreter or a file without read permission
	Script  string // the interpreter, if it is a script; what follows is about this one

	Objects  []Object // the program and all it needs; the program first
	Missing  []string // needed libraries that were not found
	Syscalls int      // system call instructions in the program's own code
	Go       bool     // made by the Go compiler
}

// An Object is a program or one of its libraries.
type Object struct {
	Name      string
	Symbolic  bool     // -Bsymbolic
	TextRel   bool     // its text is relocated
	Defines   []string // of the names that are asked for
	Libinger  bool
	Sanitizer string // the runtime that it is, or has inside; empty
}
