// SPDX-License-Identifier: Apache-2.0

package limit

import (
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func TestParseRule(t *testing.T) {
	tests := map[string]struct {
		text string
		want Rule
	}{
		"a function of any library": {"regexec=50ms", Rule{Library: "*", Symbol: "regexec", Budget: 50 * time.Millisecond}},
		"a library and a pattern": {"libpng16.so:png_read_*=1.5s:log",
			Rule{Library: "libpng16.so", Symbol: "png_read_*", Budget: 1500 * time.Millisecond, Action: Log}},
		"a C++ name is no library": {"std::*::match*=10us:abort",
			Rule{Library: "*", Symbol: "std::*::match*", Budget: 10 * time.Microsecond}},
		"a library and a C++ name": {"*:*::Regex::match*=1s", Rule{Library: "*", Symbol: "*::Regex::match*", Budget: time.Second}},
		"a negative integer":       {"f=1s:return=-5", Rule{Library: "*", Symbol: "f", Budget: time.Second, Action: Return, Value: ^uint64(4)}},
		"an integer that looks like a budget": {"f=1s:return=7",
			Rule{Library: "*", Symbol: "f", Budget: time.Second, Action: Return, Value: 7}},
		"an address": {"f=1s:return=0xffffffff00000000",
			Rule{Library: "*", Symbol: "f", Budget: time.Second, Action: Return, Value: 0xffffffff00000000}},
		"NULL": {"f=1s:return=NULL", Rule{Library: "*", Symbol: "f", Budget: time.Second, Action: Return}},
		"true": {"f=1s:return=true", Rule{Library: "*", Symbol: "f", Budget: time.Second, Action: Return, Value: 1}},
		"an errno": {"read=1h:return=ETIMEDOUT",
			Rule{Library: "*", Symbol: "read", Budget: time.Hour, Action: Return, Value: ^uint64(0), Errno: unix.ETIMEDOUT}},
		"a signal":                  {"f=1s:signal=TERM", Rule{Library: "*", Symbol: "f", Budget: time.Second, Action: Signal, Signal: unix.SIGTERM}},
		"a signal's whole name":     {"f=1s:signal=sigusr1", Rule{Library: "*", Symbol: "f", Budget: time.Second, Action: Signal, Signal: unix.SIGUSR1}},
		"a name with equals":        {"*:operator==*=2m:log", Rule{Library: "*", Symbol: "operator==*", Budget: 2 * time.Minute, Action: Log}},
		"a budget of several units": {"f=1m30s", Rule{Library: "*", Symbol: "f", Budget: 90 * time.Second}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseRule(tc.text)
			tc.want.text = tc.text
			if err != nil || got != tc.want {
				t.Errorf("ParseRule(%q) = %+v, %v, want %+v", tc.text, got, err, tc.want)
			}
		})
	}
}

func TestParseRuleSaysWhatIsWrong(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"no budget":               {"regexec", "is not PATTERN=BUDGET"},
		"nothing":                 {"", "is not PATTERN=BUDGET"},
		"no pattern":              {"=1s", "is not PATTERN=BUDGET"},
		"a word for a budget":     {"f=soon", "is not PATTERN=BUDGET"},
		"a budget without a unit": {"f=50", "is no duration"},
		"too short":               {"f=9us", "is not between 10µs and 24h"},
		"too long":                {"f=25h", "is not between"},
		"no function":             {"libz.so:=1s", "names no function"},
		"no library":              {":f=1s", "names no function"},
		"an open bracket":         {"f[a=1s", "a bracket is not closed"},
		"an unknown action":       {"f=1s:kill", "is none of"},
		"an action without value": {"f=1s:return", "is none of"},
		"an action with a value":  {"f=1s:abort=1", "is none of"},
		"an unknown signal":       {"f=1s:signal=LUNCH", "is no signal"},
		"no value":                {"f=1s:return=", "without a value"},
		"a word for a value":      {"f=1s:return=ESOMETHING", "is no integer"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := ParseRule(tc.text); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("ParseRule(%q): %v, want something with %q", tc.text, err, tc.want)
			}
		})
	}
}

func TestMatches(t *testing.T) {
	const search = "_ZN5Regex5matchERKSt6vectorIiSaIiEE"
	tests := map[string]struct {
		rule, library, symbol string
		want                  bool
	}{
		"a plain name":                     {"regexec=1s", "libc.so.6", "regexec", true},
		"a whole name is asked for":        {"regexec=1s", "libc.so.6", "regexecute", false},
		"a library without its version":    {"libz.so:inflate=1s", "libz.so.1", "inflate", true},
		"a library with its version":       {"libz.so.1:inflate=1s", "/usr/lib/libz.so.1", "inflate", true},
		"another library":                  {"libz.so:inflate=1s", "libzstd.so.1", "inflate", false},
		"a C++ name with its parameters":   {"Regex::match(std::*)=1s", "a.so", search, true},
		"a C++ name without parameters":    {"Regex::match=1s", "a.so", search, true},
		"a pattern of C++ names":           {"*::match=1s", "a.so", search, true},
		"a mangled name":                   {"_ZN5Regex*=1s", "a.so", search, true},
		"not another C++ name":             {"Regex::search=1s", "a.so", search, false},
		"a template without its arguments": {"std::list::sort=1s", "a.so", "_ZNSt4listIiSaIiEE4sortEv", true},
		"a Rust name":                      {"*:ripgrep::main=1s", "a.so", "_ZN7ripgrep4main17h0123456789abcdefE", true},
		"a slash in a C++ operator":        {"*operator/*=1s", "a.so", "_ZdvRK1AS1_", true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			rule, err := ParseRule(tc.rule)
			if err != nil {
				t.Fatal(err)
			}
			if got := rule.Matches(tc.library, tc.symbol); got != tc.want {
				t.Errorf("%q matches %s:%s: %v, want %v", tc.rule, tc.library, tc.symbol, got, tc.want)
			}
		})
	}
}

// Names are read where a library has them; what is remembered must not lead there once it was unloaded.
func TestNamesOfALibraryThatIsGone(t *testing.T) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			t.Error(r)
		}
	}()
	const symbol = "_ZN7Passing5matchEi"
	page, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	copy(page, symbol)
	rule := Rule{Library: "*", Symbol: "Passing::match"}
	if !rule.MatchesSymbol(unsafe.String(&page[0], len(symbol))) {
		t.Error("no match")
	}
	if err := unix.Munmap(page); err != nil {
		t.Fatal(err)
	}
	if !rule.MatchesSymbol(symbol) {
		t.Error("no match the second time")
	}
}

func TestReadFile(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "limits")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("# decoders\n\n  png_*=50ms:return=0  \r\njpeg_*=1s\n")
	if rules, err := ReadFile(file); err != nil || len(rules) != 2 || rules[0].Symbol != "png_*" || rules[1].Budget != time.Second {
		t.Errorf("two rules, a comment and an empty line: %v, %v", rules, err)
	}
	write("a=1s\nb=1s\nc=1\n")
	_, err := ReadFile(file)
	var line *LineError
	if !errors.As(err, &line) || line.Line != 3 || !strings.HasPrefix(err.Error(), file+": line 3: ") {
		t.Errorf("a wrong third line: %v", err)
	}
	write("# nothing yet\n")
	if rules, err := ReadFile(file); err != nil || len(rules) != 0 {
		t.Errorf("a file without rules: %v, %v", rules, err)
	}
	if _, err := ReadFile(folder); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := ReadFile(filepath.Join(folder, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	write(strings.Repeat("#", maxFileBytes+1))
	if _, err := ReadFile(file); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("a file that is too large: %v", err)
	}
}

func TestExempt(t *testing.T) {
	for symbol, want := range map[string]bool{"__sigsetjmp": true, "vfork": true, "dlsym": true, "regexec": false, "fork": false} {
		if got := Exempt(symbol) != ""; got != want {
			t.Errorf("Exempt(%q): %v, want %v", symbol, got, want)
		}
	}
}

// Whatever is written, it is read or refused, and what is read again from its text is the same.
func FuzzParseRule(f *testing.F) {
	for _, seed := range []string{"a=1s", "libx:a*=10ms:return=-1", "std::a::b(int)=1h:signal=USR1", "operator==[a-z]=1s:log", "=", "a=1s:return=0x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rule, err := ParseRule(text)
		if err != nil {
			return
		}
		again, err := ParseRule(rule.String())
		if err != nil || again != rule {
			t.Errorf("%q read again: %+v, %v, want %+v", text, again, err, rule)
		}
		if rule.Budget < MinBudget || rule.Budget > MaxBudget || rule.Symbol == "" || rule.Library == "" {
			t.Errorf("%q: %+v", text, rule)
		}
		rule.Matches("libx.so.1", "_ZN1a1bEi")
	})
}
