// SPDX-License-Identifier: Apache-2.0

// Package limit reads rules such as
//
//	libpng16.so:png_read_*=50ms:return=0
//
// PATTERN=BUDGET[:ACTION]: a time budget for the functions that match, and what happens when it is used up.
//
// PATTERN is a shell pattern (*, ?, [a-z]) on the function's symbol, plain or demangled (with its parameters or without),
// after an optional pattern on the name of the library and a colon. A library's pattern may leave the version out.
package limit

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ianlancetaylor/demangle"
	"golang.org/x/sys/unix"
)

// Action is what happens to a call that has used its budget up.
type Action uint8

// The actions. Abort is the default: it loses nothing that a core dump does not show.
const (
	Abort  Action = iota // the program ends by SIGABRT, in the function
	Return               // the function is left, and returns Value
	Log                  // it goes on, and how long it took is reported
	Signal               // it gets Signal, and goes on if that lets it
)

// The shortest and the longest budget.
const (
	MinBudget = 10 * time.Microsecond
	MaxBudget = 24 * time.Hour
)

// Rule is one limit.
type Rule struct {
	Library string // pattern; "*" when the rule names none
	Symbol  string // pattern
	Budget  time.Duration
	Action  Action
	Value   uint64      // of Return, as the register has it
	Errno   unix.Errno  // of Return: what errno is set to, 0: it is left alone
	Signal  unix.Signal // of Signal
	text    string
}

// String gives the rule as it was written.
func (r Rule) String() string { return r.text }

// Ends says for a message what becomes of a call that has used its budget up.
func (r Rule) Ends() string {
	switch r.Action {
	case Return:
		if r.Errno != 0 {
			return "it returns -1, " + unix.ErrnoName(r.Errno)
		}
		if v := int64(r.Value); v > -4096 && v < 1<<31 {
			return "it returns " + strconv.FormatInt(v, 10)
		}
		return "it returns 0x" + strconv.FormatUint(r.Value, 16)
	case Signal:
		return unix.SignalName(r.Signal)
	case Log:
		return "it goes on"
	default:
		return "SIGABRT"
	}
}

// Parse reads rules, one a line. Empty lines and those that begin with # are skipped.
func Parse(text string) ([]Rule, error) {
	var rules []Rule
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		r, err := ParseRule(line)
		if err != nil {
			return nil, &LineError{i + 1, err}
		}
		rules = append(rules, r)
	}
	return rules, nil
}

// maxFileBytes is far beyond any list that a person keeps.
const maxFileBytes = 1 << 20

// ReadFile reads rules from a file, which must be a regular one: each program that inherits the setting reads it again.
func ReadFile(name string) ([]Rule, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, bare(err))
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, bare(err))
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file, which each program that inherits it could read", name)
	}
	if st.Size() > maxFileBytes {
		return nil, fmt.Errorf("%s: larger than %d bytes", name, maxFileBytes)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFileBytes))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, bare(err))
	}
	rules, err := Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return rules, nil
}

// bare takes path and operation off: the message says the path.
func bare(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// LineError says in which line of a file a rule is wrong.
type LineError struct {
	Line int
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap gives what is wrong.
func (e *LineError) Unwrap() error { return e.Err }

// ParseRule reads one rule.
func ParseRule(text string) (Rule, error) {
	r := Rule{text: text}
	// Symbols have colons and equals signs of their own (operator==): the budget is the last part that is a duration.
	pattern, rest, ok := cut(text)
	if !ok {
		return r, fmt.Errorf("%q is not PATTERN=BUDGET[:ACTION], such as 'png_read_*=50ms:return=0'", text)
	}
	budget, action, given := strings.Cut(rest, ":")
	if err := r.setPattern(pattern); err != nil {
		return r, err
	}
	if err := r.setBudget(budget); err != nil {
		return r, err
	}
	if given {
		return r, r.setAction(action)
	}
	return r, nil
}

// cut splits at the first equals sign after which a number stands that no other such sign follows but an action's.
func cut(text string) (pattern, rest string, ok bool) {
	for i := len(text) - 1; i > 0; i-- {
		if text[i] != '=' || i+1 == len(text) || text[i+1] < '0' || text[i+1] > '9' {
			continue
		}
		before := text[:i]
		if endsInAction(before) {
			continue // return=5 has an equals sign and a number, too
		}
		return before, text[i+1:], true
	}
	return "", "", false
}

// endsInAction says whether a text is a rule up to the name of its action.
func endsInAction(text string) bool {
	i := strings.LastIndexByte(text, ':')
	if i < 0 || !strings.Contains(text[:i], "=") {
		return false
	}
	switch text[i+1:] {
	case "return", "abort", "log", "signal":
		return true
	}
	return false
}

func (r *Rule) setPattern(pattern string) error {
	r.Library, r.Symbol = "*", pattern
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != ':' {
			continue
		}
		if i+1 < len(pattern) && pattern[i+1] == ':' {
			break // a C++ name: there is no library before it
		}
		r.Library, r.Symbol = pattern[:i], pattern[i+1:]
		break
	}
	if r.Symbol == "" || r.Library == "" {
		return fmt.Errorf("%q names no function; * is all of them", pattern)
	}
	for _, p := range []string{r.Library, r.Symbol} {
		if _, err := path.Match(plain(p), ""); err != nil {
			return fmt.Errorf("%q is no shell pattern: a bracket is not closed", p)
		}
	}
	return nil
}

func (r *Rule) setBudget(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("budget %q is no duration such as 500us, 20ms or 1.5s", text)
	}
	if d < MinBudget || d > MaxBudget {
		return fmt.Errorf("budget %q is not between %v and %v", text, MinBudget, MaxBudget)
	}
	r.Budget = d
	return nil
}

func (r *Rule) setAction(text string) error {
	name, value, given := strings.Cut(text, "=")
	switch {
	case name == "abort" && !given:
		r.Action = Abort
	case name == "log" && !given:
		r.Action = Log
	case name == "signal" && given:
		r.Action = Signal
		full := strings.ToUpper(value)
		if !strings.HasPrefix(full, "SIG") {
			full = "SIG" + full
		}
		if r.Signal = unix.SignalNum(full); r.Signal == 0 {
			return fmt.Errorf("%q is no signal such as TERM or USR1", value)
		}
	case name == "return" && given:
		r.Action = Return
		return r.setValue(value)
	default:
		return fmt.Errorf("action %q is none of return=VALUE, abort, log, signal=NAME", text)
	}
	return nil
}

func (r *Rule) setValue(text string) error {
	if text == "" {
		return errors.New("return= is without a value: a number, NULL, true, false or an errno such as EIO")
	}
	if text == "NULL" || text == "nullptr" || text == "false" {
		return nil
	}
	if text == "true" {
		r.Value = 1
		return nil
	}
	if e := errnoNumber(text); e != 0 {
		r.Value, r.Errno = ^uint64(0), e
		return nil
	}
	if n, err := strconv.ParseInt(text, 0, 64); err == nil {
		r.Value = uint64(n)
		return nil
	}
	n, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		return fmt.Errorf("return value %q is no integer (decimal or 0x…), NULL, or name of an errno such as ETIMEDOUT", text)
	}
	r.Value = n
	return nil
}

func errnoNumber(name string) unix.Errno {
	for e := unix.Errno(1); e < 134; e++ {
		if unix.ErrnoName(e) == name {
			return e
		}
	}
	return 0
}

// plain takes slashes out, which path.Match treats as ends.
func plain(text string) string { return strings.ReplaceAll(text, "/", "\x01") }

func match(pattern, name string) bool {
	matched, err := path.Match(plain(pattern), plain(name))
	return err == nil && matched
}

// Matches says whether the rule is about a function, by the name of its library (the file's or the SONAME) and its symbol.
func (r Rule) Matches(library, symbol string) bool {
	library = path.Base(library)
	if !match(r.Library, library) && !match(r.Library+".*", library) {
		return false
	}
	return r.MatchesSymbol(symbol)
}

// MatchesSymbol leaves the library out.
func (r Rule) MatchesSymbol(symbol string) bool {
	if match(r.Symbol, symbol) {
		return true
	}
	if !strings.HasPrefix(symbol, "_Z") {
		return false
	}
	for _, name := range readable(symbol) {
		if match(r.Symbol, name) {
			return true
		}
	}
	return false
}

// Demangled gives a symbol as people read it, without parameters.
func Demangled(symbol string) string {
	if names := readable(symbol); len(names) > 0 {
		return names[len(names)-1]
	}
	return symbol
}

var known sync.Map // symbol -> []string

// readable gives a C++ symbol with its parameters, without them, and without those of templates, too.
func readable(symbol string) []string {
	if names, ok := known.Load(symbol); ok {
		return names.([]string)
	}
	symbol = strings.Clone(symbol) // it may lie in a library, which may be unloaded
	var names []string
	for _, options := range [][]demangle.Option{nil, {demangle.NoParams}, {demangle.NoParams, demangle.NoTemplateParams}} {
		if name, err := demangle.ToString(symbol, options...); err == nil {
			names = append(names, name)
		}
	}
	known.Store(symbol, names)
	return names
}
