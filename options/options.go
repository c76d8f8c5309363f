// SPDX-License-Identifier: Apache-2.0

// Package options is the one table of the INGER_* options and the only parser of their values.
//
// The preloaded library reads its settings with Load; the inger tool makes its command line, its help and the
// OPTIONS section of inger(1) from the same rows, so that a name, a default or a range is written once.
//
// The package is loaded into every program that the library is preloaded into: it has no regexp and no work at init time
// beyond the table itself.
package options

import (
	"strconv"
	"time"
)

// Clock says which clock ends a slice.
type Clock int

// The clocks. Auto leaves the choice to the library, which knows the number of processors.
const (
	Auto Clock = iota
	Timer
	Timekeeper
)

// String returns the clock as it is written in INGER_CLOCK.
func (c Clock) String() string {
	switch c {
	case Auto:
		return "auto"
	case Timer:
		return "timer"
	case Timekeeper:
		return "timekeeper"
	}
	return "clock " + strconv.Itoa(int(c))
}

// Isolation says which libset a function gets whose launch does not say.
type Isolation int

// The isolations.
const (
	Isolated Isolation = iota // a libset of its own
	Shared                    // the starting libset
)

// String returns the isolation as it is written in INGER_ISOLATION.
func (i Isolation) String() string {
	switch i {
	case Isolated:
		return "isolated"
	case Shared:
		return "shared"
	}
	return "isolation " + strconv.Itoa(int(i))
}

// Settings are the values in force.
type Settings struct {
	Slice       time.Duration // 0: main() is not sliced
	Torture     bool
	Stats       bool
	Follow      bool
	FSGSBase    bool // use the FSGSBASE instructions where the processor has them
	OwnMalloc   bool // launch in a program that has its own malloc()
	Clock       Clock
	Signal      uint32 // ends a slice
	Isolation   Isolation
	Libsets     uint32 // kept ready ahead
	StackBytes  uint64 // 0: RLIMIT_STACK, or 8 MiB when that is unlimited
	Seed        uint64 // meaningful only when SeedSet
	Limits      string // rules of package limit, a line each, or empty
	Config      string // file of such rules, or empty
	Trace       string // file to record to, or empty
	TraceEvents uint32 // room in it
	SeedSet     bool   // a seed of 0 is a seed, so its absence needs a word of its own
}

// Defaults are the settings of an environment without INGER_* variables.
func Defaults() Settings {
	return Settings{Follow: true, FSGSBase: true, Signal: 63, Libsets: 1, TraceEvents: 1 << 18}
}

// Error says which value was refused and why. The setting keeps its default.
type Error struct {
	Name   string // the variable, such as INGER_SLICE
	Value  string // as it was written
	Reason string // what is wrong with it, and what to write instead
}

// Error returns one line, whatever bytes the value holds.
func (e *Error) Error() string { return e.Name + ": " + strconv.Quote(e.Value) + ": " + e.Reason }

// Load reads every option through lookup, which is os.LookupEnv or a stand-in.
// A refused value is reported, as an *Error, and the default used; an empty value means the same as none at all.
// Preconditions: none; safe from several goroutines when lookup is.
func Load(lookup func(string) (string, bool)) (Settings, []error) {
	settings := Defaults()
	var errs []error
	for i := range Table {
		row := &Table[i]
		value, ok := lookup(row.Name)
		if !ok || value == "" {
			continue
		}
		if err := row.Set(&settings, value); err != nil {
			errs = append(errs, err)
		}
	}
	return settings, errs
}
