// SPDX-License-Identifier: Apache-2.0

package options

import "strconv"

// Option is one row of the table. Everything that is said about an option anywhere is made from it.
type Option struct {
	Name    string // environment variable
	Flag    string // long option of `inger run`, without the dashes
	Arg     string // what the flag takes, for the usage; empty for a switch
	List    bool   // the flag may be given several times: the variable holds a line for each
	On      string // a switch's value: what the variable is set to when the flag is given
	Unit    string
	Default string
	Range   string
	Meaning string // one or two sentences, wrapped by whoever prints it

	parse  func(s *Settings, value string) (reason string)
	format func(s *Settings) string
}

// Table holds the options in the order in which they are printed. It is never written to.
var Table = []Option{
	{
		Name: "INGER_SLICE", Flag: "slice", Arg: "DURATION",
		Unit: "duration", Default: "none", Range: "10us to 1h, or 0 for none",
		Meaning: "Run main() as a preemptible function that is paused whenever it has run this long, and resumed at once. " +
			"Without it main() is not sliced.",
		parse:  func(s *Settings, v string) string { return parseSlice(&s.Slice, v) },
		format: func(s *Settings) string { return formatSlice(s.Slice) },
	},
	{
		Name: "INGER_TORTURE", Flag: "torture", On: "1",
		Unit: "switch", Default: "0", Range: "0 or 1",
		Meaning: "Between slices of main(), call library functions that share state with whatever was interrupted " +
			"(malloc, stdio, qsort, regcomp, opendir, dlsym and others), so that what is not safe to interrupt shows. " +
			"Those that keep state from call to call (strtok, rand, localtime, setlocale, getopt, getpwnam and others) " +
			"are called in a libset of their own, which main() never sees.",
		parse:  func(s *Settings, v string) string { return parseSwitch(&s.Torture, v) },
		format: func(s *Settings) string { return formatSwitch(s.Torture) },
	},
	{
		Name: "INGER_STATS", Flag: "stats", On: "1",
		Unit: "switch", Default: "0", Range: "0 or 1",
		Meaning: "Print one line on standard error at exit: pauses, deferrals, slice median, p99 and maximum, overshoot. With " +
			"limits a line for each function that had one and was called, and for each rule that no function matches.",
		parse:  func(s *Settings, v string) string { return parseSwitch(&s.Stats, v) },
		format: func(s *Settings) string { return formatSwitch(s.Stats) },
	},
	{
		Name: "INGER_FOLLOW", Flag: "no-follow", On: "0",
		Unit: "switch", Default: "1", Range: "0 or 1",
		Meaning: "Treat the programs that the program starts alike (1), or leave them alone (0, which --no-follow sets): " +
			"then the library takes itself and all INGER_* variables out of the environment at start.",
		parse:  func(s *Settings, v string) string { return parseSwitch(&s.Follow, v) },
		format: func(s *Settings) string { return formatSwitch(s.Follow) },
	},
	{
		Name: "INGER_CLOCK", Flag: "clock", Arg: "CLOCK",
		Unit: "word", Default: "auto", Range: "auto, timer or timekeeper",
		Meaning: "What ends a slice: timer is a timer of each thread's own, timekeeper one thread that signals the " +
			"others, auto the better one for the machine.",
		parse:  func(s *Settings, v string) string { return parseClock(&s.Clock, v) },
		format: func(s *Settings) string { return s.Clock.String() },
	},
	{
		Name: "INGER_SIGNAL", Flag: "signal", Arg: "NUMBER",
		Unit: "signal", Default: "63", Range: "34 to 64",
		Meaning: "The real-time signal that ends a slice. The program may use it as well and sees its own; where the little that " +
			"is left matters (see Signals in docs/limits.md), take one that the program does not use. valgrind needs 64.",
		parse:  func(s *Settings, v string) string { return parseSignal(&s.Signal, v) },
		format: func(s *Settings) string { return strconv.FormatUint(uint64(s.Signal), 10) },
	},
	{
		Name: "INGER_FSGSBASE", Flag: "no-fsgsbase", On: "0",
		Unit: "switch", Default: "1", Range: "0 or 1",
		Meaning: "Switch thread control blocks with the FSGSBASE instructions where processor and kernel allow it (1), or " +
			"with the arch_prctl system call, as elsewhere (0).",
		parse:  func(s *Settings, v string) string { return parseSwitch(&s.FSGSBase, v) },
		format: func(s *Settings) string { return formatSwitch(s.FSGSBase) },
	},
	{
		Name: "INGER_OWN_MALLOC", Flag: "own-malloc", On: "1",
		Unit: "switch", Default: "0", Range: "0 or 1",
		Meaning: "In a program that defines malloc() itself: launch functions and torture all the same (1), as is right for a " +
			"malloc() that takes no lock and may be interrupted anywhere, or refuse it, so that none is paused while it holds " +
			"the heap's lock (0).",
		parse:  func(s *Settings, v string) string { return parseSwitch(&s.OwnMalloc, v) },
		format: func(s *Settings) string { return formatSwitch(s.OwnMalloc) },
	},
	{
		Name: "INGER_ISOLATION", Flag: "isolation", Arg: "KIND",
		Unit: "word", Default: "isolated", Range: "isolated or shared",
		Meaning: "Whose static data the libraries work on in a preemptible function whose launch does not say, and in the " +
			"torture: isolated is a libset of its own, private copies of the program's libraries; shared is the program's own.",
		parse:  func(s *Settings, v string) string { return parseIsolation(&s.Isolation, v) },
		format: func(s *Settings) string { return s.Isolation.String() },
	},
	{
		Name: "INGER_LIBSETS", Flag: "libsets", Arg: "NUMBER",
		Unit: "libsets", Default: "1", Range: "0 to 10000",
		Meaning: "How many libsets are kept ready for the next isolated functions, beyond those in use. " +
			"The first isolated launch begins to make them; without one there are none.",
		parse:  func(s *Settings, v string) string { return parseLibsets(&s.Libsets, v) },
		format: func(s *Settings) string { return strconv.FormatUint(uint64(s.Libsets), 10) },
	},
	{
		Name: "INGER_STACK", Flag: "stack", Arg: "SIZE",
		Unit: "bytes, or with suffix K, M, G or T", Default: "0", Range: "16K to 1T, or 0 for RLIMIT_STACK or 8M",
		Meaning: "Size of a preemptible function's stack when its launch does not say. Memory is taken only as it is touched.",
		parse:   func(s *Settings, v string) string { return parseStack(&s.StackBytes, v) },
		format:  func(s *Settings) string { return formatSize(s.StackBytes) },
	},
	{
		Name: "INGER_SEED", Flag: "seed", Arg: "NUMBER",
		Unit: "integer, decimal or 0x…", Default: "random", Range: "0 to 18446744073709551615",
		Meaning: "Seed of the choices that torture makes, to repeat a run.",
		parse:   func(s *Settings, v string) string { return parseSeed(s, v) },
		format:  formatSeed,
	},
	{
		Name: "INGER_LIMITS", Flag: "limit", Arg: "PATTERN=BUDGET[:ACTION]", List: true,
		Unit: "rules, a line each", Default: "none", Range: "a budget of 10us to 24h",
		Meaning: "Give each call of a library's function that matches PATTERN a budget of time. May be given several times; " +
			"the first rule that matches a function counts. See Limits below.",
		parse:  parseLimits,
		format: formatLimits,
	},
	{
		Name: "INGER_CONFIG", Flag: "config", Arg: "FILE",
		Unit: "file name", Default: "none", Range: "a file name, or none",
		Meaning: "Read more limits from FILE, one a line, after those of --limit. Empty lines and lines that begin with # are skipped.",
		parse:   func(s *Settings, v string) string { return parseFile(&s.Config, v) },
		format:  func(s *Settings) string { return formatFile(s.Config) },
	},
	{
		Name: "INGER_TRACE", Flag: "trace", Arg: "FILE",
		Unit: "file name", Default: "none", Range: "a file name, or none",
		Meaning: "Record launches, slices, deferrals, waits and cancels in FILE, which inger report reads, also after a " +
			"crash. %p in it stands for the process id; programs that the program starts write to FILE.PID.",
		parse:  func(s *Settings, v string) string { return parseFile(&s.Trace, v) },
		format: func(s *Settings) string { return formatFile(s.Trace) },
	},
	{
		Name: "INGER_TRACE_EVENTS", Flag: "trace-events", Arg: "NUMBER",
		Unit: "events of 32 bytes", Default: "262144", Range: "1024 to 67108864",
		Meaning: "How many events the file has room for, rounded up to a power of two; the oldest are overwritten.",
		parse:   func(s *Settings, v string) string { return parseEvents(&s.TraceEvents, v) },
		format:  func(s *Settings) string { return strconv.FormatUint(uint64(s.TraceEvents), 10) },
	},
}

// Set parses value into the row's setting. When it is refused, s is unchanged and the error is an *Error.
func (o *Option) Set(s *Settings, value string) error {
	if reason := o.parse(s, value); reason != "" {
		return &Error{Name: o.Name, Value: value, Reason: reason}
	}
	return nil
}

// Value returns the row's setting as it would be written in the environment.
func (o *Option) Value(s *Settings) string { return o.format(s) }

// Off returns the value that undoes a switch's flag; it is empty for an option that is no switch.
func (o *Option) Off() string {
	switch o.On {
	case "1":
		return "0"
	case "0":
		return "1"
	}
	return ""
}
