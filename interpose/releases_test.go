// SPDX-License-Identifier: Apache-2.0

package interpose

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"testing"
)

// libcPath is this machine's libc, on Debian for x86-64.
const libcPath = "/lib/x86_64-linux-gnu/libc.so.6"

// wrong says what is wrong about a row, given how one release exports the function; "" for nothing.
func wrong(r Row, now Presence) string {
	switch {
	case now == Linkable && (r.Class == Private || r.Class == Compat):
		return "programs can be linked to it"
	case now == PrivateOnly && r.Class != Private:
		return "only libc's own family refers to it"
	case now == OldOnly && r.Class == Private:
		return "old programs refer to it"
	case now == OldOnly && r.Class != Compat && Since(r.Symbol) == 0:
		return "no known release lets programs be linked to it"
	}
	return ""
}

func TestEveryFunctionOfEveryReleaseHasExactlyOneClass(t *testing.T) {
	seen := make(map[string]bool)
	for _, r := range Rows() {
		if seen[r.Symbol] {
			t.Errorf("%s has two rows", r.Symbol)
		}
		seen[r.Symbol] = true
		if len(history()[r.Symbol]) == 0 {
			t.Errorf("%s has a row, but no known release exports such a function", r.Symbol)
		}
	}
	for release := OldestRelease; release <= NewestRelease; release++ {
		t.Run(fmt.Sprintf("2.%d", release), func(t *testing.T) {
			count := 0
			for symbol := range history() {
				now := In(release, symbol)
				if now == Absent {
					continue
				}
				count++
				r, ok := Lookup(symbol)
				if !ok {
					t.Errorf("%s is exported, but has no class", symbol)
				} else if why := wrong(r, now); why != "" {
					t.Errorf("%s: class %v, but %s", symbol, r.Class, why)
				}
			}
			if count < 2000 {
				t.Errorf("only %d functions", count)
			}
		})
	}
}

// What wrong() must tell apart.
func TestClassesAreComparedWithTheExports(t *testing.T) {
	tests := map[string]struct {
		symbol string
		class  Class
		now    Presence
		good   bool
	}{
		"a linkable one has a class":             {"malloc", Hand, Linkable, true},
		"it is not private":                      {"malloc", Private, Linkable, false},
		"nor compat":                             {"malloc", Compat, Linkable, false},
		"a private one is private":               {"__libc_early_init", Private, PrivateOnly, true},
		"and nothing else":                       {"__libc_early_init", Copied, PrivateOnly, false},
		"what was never linkable is compat":      {"cfree", Compat, OldOnly, true},
		"and nothing else, either":               {"cfree", Copied, OldOnly, false},
		"what was linkable once keeps its class": {"__ivaliduser", Shared, OldOnly, true},
	}
	for name, tc := range tests {
		if why := wrong(Row{Symbol: tc.symbol, Class: tc.class}, tc.now); (why == "") != tc.good {
			t.Errorf("%s: %q", name, why)
		}
	}
}

func TestHistory(t *testing.T) {
	tests := map[string]struct {
		symbol       string
		since, until int
	}{
		"what was always there":           {"malloc", OldestRelease, 0},
		"what came":                       {"__isoc23_strtol", 38, 0},
		"what became old":                 {"__ivaliduser", OldestRelease, 37},
		"what came and became old":        {"uimaxabs", 42, 43},
		"what old programs alone know":    {"cfree", 0, 0},
		"what libc keeps to itself":       {"__libc_early_init", 0, 0},
		"what was private and is gone":    {"__libc_scratch_buffer_dupfree", 0, 0},
		"what there never was":            {"mallo", 0, 0},
		"a new version of an old name":    {"cfsetspeed", OldestRelease, 0},
		"what the newest release brought": {"openat2", NewestRelease, 0},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if since, until := Since(tc.symbol), Until(tc.symbol); since != tc.since || until != tc.until {
				t.Errorf("%s: since %d, until %d; want %d, %d", tc.symbol, since, until, tc.since, tc.until)
			}
		})
	}
	for _, tc := range []struct {
		release int
		symbol  string
		want    Presence
	}{
		{37, "__isoc23_strtol", Absent}, {38, "__isoc23_strtol", Linkable}, {99, "__isoc23_strtol", Linkable},
		{36, "__ivaliduser", Linkable}, {37, "__ivaliduser", OldOnly}, {41, "__libc_scratch_buffer_dupfree", Absent},
		{36, "__libc_scratch_buffer_dupfree", PrivateOnly},
	} {
		if got := In(tc.release, tc.symbol); got != tc.want {
			t.Errorf("In(%d, %s) = %d, want %d", tc.release, tc.symbol, got, tc.want)
		}
	}
}

// The data names a function once for each change, and every change is one.
func TestHistoryIsInOrder(t *testing.T) {
	for symbol, changes := range history() {
		before := change{0, Absent}
		for _, c := range changes {
			if c.release <= before.release || c.now == before.now || c.release < OldestRelease || c.release > NewestRelease {
				t.Errorf("%s: %v after %v", symbol, c, before)
			}
			before = c
		}
	}
}

// libcFunctions gives this machine's libc: its release, and how it exports its functions.
func libcFunctions(t *testing.T) (release int, functions map[string]Presence) {
	t.Helper()
	text, err := os.ReadFile(libcPath)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not installed", libcPath)
	}
	if err != nil {
		t.Fatal(err)
	}
	if m := regexp.MustCompile(`release version 2\.(\d+)`).FindSubmatch(text); m != nil {
		release, _ = strconv.Atoi(string(m[1]))
	}
	f, err := elf.Open(libcPath)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	symbols, err := f.DynamicSymbols()
	if err != nil {
		t.Fatal(err)
	}
	functions = make(map[string]Presence)
	const ifunc = elf.SymType(10) // STT_GNU_IFUNC: a function whose address is chosen at load time
	for _, s := range symbols {
		kind := elf.ST_TYPE(s.Info)
		if s.Section == elf.SHN_UNDEF || kind != elf.STT_FUNC && kind != ifunc {
			continue
		}
		now := Linkable
		switch {
		case s.Version == "GLIBC_PRIVATE":
			now = PrivateOnly
		case s.VersionIndex.IsHidden():
			now = OldOnly
		}
		// Of several versions, the best one.
		if before, ok := functions[s.Name]; !ok || now < before {
			functions[s.Name] = now
		}
	}
	if len(functions) < 2000 {
		t.Fatalf("%s: only %d functions found, so the symbols were not read", libcPath, len(functions))
	}
	return release, functions
}

// A distribution may have moved a function to the old ones before its release did.
func TestTheDataIsWhatThisMachineHas(t *testing.T) {
	release, functions := libcFunctions(t)
	if release < OldestRelease || release > NewestRelease {
		t.Skipf("glibc 2.%d is not among the known releases", release)
	}
	for symbol, now := range functions {
		known := In(release, symbol)
		if now == Absent || now == known || now == PrivateOnly || now == OldOnly && known == Linkable {
			continue
		}
		t.Errorf("%s: libc has %d, the data of 2.%d %d", symbol, now, release, known)
	}
	for symbol := range history() {
		if known := In(release, symbol); (known == Linkable || known == OldOnly) && functions[symbol] == Absent {
			t.Errorf("%s: in the data of 2.%d, but libc has no such function", symbol, release)
		}
	}
}

func TestEveryFunctionOfThisMachineHasAClass(t *testing.T) {
	_, functions := libcFunctions(t)
	for symbol, now := range functions {
		if now == PrivateOnly {
			continue // libc's own business, whatever its name
		}
		if r, ok := Lookup(symbol); !ok {
			t.Errorf("%s is exported by libc, but has no class", symbol)
		} else if why := wrong(r, now); why != "" {
			t.Errorf("%s: class %v, but %s", symbol, r.Class, why)
		}
	}
}

// Names that differ in the standard they follow do the same.
func TestNewNamesAreClassedAsTheirTwins(t *testing.T) {
	twins := map[string]string{
		"pidfd_getpid": "sysconf", "__inet_ntop_chk": "inet_ntop", "__inet_pton_chk": "inet_pton", "memset_explicit": "explicit_bzero",
		"sched_setattr": "sched_setscheduler", "sched_getattr": "sched_getscheduler", "openat2": "openat", "umaxabs": "imaxabs",
		"strlcpy": "strncpy", "wcslcpy": "wcsncpy", "free_sized": "free", "pthread_gettid_np": "pthread_getcpuclockid",
	}
	for _, r := range Rows() {
		const standard = "__isoc23_"
		if name := r.Symbol; len(name) > len(standard) && name[:len(standard)] == standard {
			twins[name] = name[len(standard):]
		}
	}
	if len(twins) < 40 {
		t.Errorf("only %d twins", len(twins))
	}
	for name, twin := range twins {
		a, _ := Lookup(name)
		b, _ := Lookup(twin)
		if a.Class != b.Class || a.Stream != b.Stream {
			t.Errorf("%s is %v %v, but %s is %v %v", name, a.Class, a.Stream, twin, b.Class, b.Stream)
		}
	}
}
