// SPDX-License-Identifier: Apache-2.0

// Package interpose is the policy: which function that libc exports is treated how when a preemptible function calls it,
// which objects of the process are copied into a libset (objects.go), and which of their variables all libsets share
// (data.go).
//
// libc's functions run in the starting libset, apart from those of class PerLibset. A preemptible function may be paused at
// any instruction, the side that resumes it then runs on the same kernel thread and may call libc itself, and the call may be
// resumed on another thread. So whatever takes a lock inside libc, or leaves libc's own data half changed, must not be paused
// in the middle. The classes:
//
//   - Copied: no wrapper. May be paused anywhere: it computes, touches only the caller's memory or the thread's own, or is a
//     system call that the kernel restarts by itself (our signal has SA_RESTART).
//   - Shared: runs with preemption deferred; a pause that becomes due meanwhile happens when it returns.
//   - PerLibset: deferred like Shared, but in the running libset's own copy of libc: the function keeps state from call to
//     call in libc's static data, or returns a pointer to it. See below.
//   - SharedInput, SharedOutput: Shared, but first waits preemptibly until the stream's descriptor is ready, and only when
//     the call would touch the descriptor: the read buffer is empty, or there is unwritten data. These three first wait for
//     the stream's lock when a paused function may have it, also outside of a preemptible function.
//   - SharedStream: Shared, of a stream but without input or output to wait for.
//   - OwnTCB: Shared, and on the kernel thread's own thread control block, because libc looks itself up in its thread lists.
//   - Exec: replaces the program; the clocks are disarmed before and armed again when it fails.
//   - Restarted: may be paused, and is called again when nothing but our signal interrupted it. At most six integer or
//     pointer arguments, -1 and errno on failure, no relative timeout and no signal mask.
//   - Hand: has a wrapper of its own in shim/.
//   - Private: only libc's own family refers to it (GLIBC_PRIVATE). No wrapper.
//   - Compat: has old symbol versions only, in all known releases. No program linked today can refer to it, and dlsym does not find it. No wrapper.
//
// PerLibset: a copy of libc has the process's own heap, errno, locale, environment and standard streams, and everything else
// of its own. What such a function leaves behind (a position, a seed, the rules of the time zone, an open database) is
// therefore what its libset had before, and not what the program has set up. So a function is in this class only when the
// program need not see what it changes, and when it is given no FILE, thread, signal, child, loaded object or exit handler,
// which the starting libc alone knows. What shares its state with such a function goes along with it: getpwent_r with
// setpwent, mktime with tzset. Outside an isolated function the class means Shared.
//
// Symbol versions: a wrapper has no version, so the linker takes it for every version of its name. It leads to the default
// version. References to an old version that differs are pointed at that one: shim/versions.c has the list, and a test
// compares it with libc.
package interpose

//go:generate go run ./gen

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Class says how a function is treated.
type Class uint8

// The classes, explained in the package comment.
const (
	Copied Class = iota
	Shared
	PerLibset
	SharedInput
	SharedOutput
	SharedStream
	OwnTCB
	Exec
	Restarted
	Hand
	Private
	Compat
)

var classNames = [...]string{
	Copied:       "copied",
	Shared:       "shared",
	PerLibset:    "per-libset",
	SharedInput:  "shared-input",
	SharedOutput: "shared-output",
	SharedStream: "shared-stream",
	OwnTCB:       "own-tcb",
	Exec:         "exec",
	Restarted:    "restarted",
	Hand:         "hand",
	Private:      "private",
	Compat:       "compat",
}

// String gives the class as it is shown to the user.
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return fmt.Sprintf("class(%d)", uint8(c))
}

// Wrapped says whether the library exports a wrapper for the functions of this class.
func (c Class) Wrapped() bool {
	return c != Copied && c != Private && c != Compat
}

// Stream says where a SharedInput, SharedOutput or SharedStream function finds its FILE.
type Stream uint8

// The argument that is the FILE pointer, or the standard stream meant by a function that has none.
const (
	NoStream Stream = iota
	A1
	A2
	A3
	A4
	A5
	Stdin
	Stdout
	Stderr
)

var streamNames = [...]string{
	NoStream: "", A1: "A1", A2: "A2", A3: "A3", A4: "A4", A5: "A5", Stdin: "STDIN_STREAM", Stdout: "STDOUT_STREAM", Stderr: "STDERR_STREAM",
}

// String gives the name that the generated header uses.
func (s Stream) String() string {
	if int(s) < len(streamNames) {
		return streamNames[s]
	}
	return fmt.Sprintf("stream(%d)", uint8(s))
}

// Row is the policy for one exported function.
type Row struct {
	Symbol string
	Class  Class
	Stream Stream // NoStream but for SharedInput, SharedOutput and SharedStream
	Why    string
}

// group is a set of rows with one reason. The symbols are exact names, separated by white space.
type group struct {
	class   Class
	stream  Stream
	why     string
	symbols string
}

// tables lists the groups by subject, one file each.
var tables = [][]group{
	heapTable, stdioTable, stdioInternalTable, processTable, threadTable, signalTable, waitTable, fileTable, systemTable,
	nameTable, networkTable, localeTable, ctypeTable, stringTable, numberTable, timeTable, loaderTable, miscTable,
	privateTable, compatTable,
}

// Made when somebody asks: the library that is loaded into programs seldom does.
var rows = sync.OnceValue(makeRows)

func makeRows() []Row {
	var out []Row
	for _, table := range tables {
		for _, g := range table {
			for _, symbol := range strings.Fields(g.symbols) {
				out = append(out, Row{symbol, g.class, g.stream, g.why})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Row) int { return strings.Compare(a.Symbol, b.Symbol) })
	return out
}

// Rows gives the whole policy, sorted by symbol.
func Rows() []Row {
	return slices.Clone(rows())
}

// Lookup gives the policy for one exported function of libc; false when no known release exports it (releases.go).
func Lookup(symbol string) (Row, bool) {
	rows := rows()
	i, found := slices.BinarySearchFunc(rows, symbol, func(r Row, s string) int { return strings.Compare(r.Symbol, s) })
	if !found {
		return Row{}, false
	}
	return rows[i], true
}
