// SPDX-License-Identifier: Apache-2.0

package interpose

import (
	"bytes"
	"debug/elf"
	"os"
	"slices"
	"testing"
)

func TestRowsAreWhole(t *testing.T) {
	for _, r := range Rows() {
		if r.Why == "" {
			t.Errorf("%s gives no reason", r.Symbol)
		}
		streaming := r.Class == SharedInput || r.Class == SharedOutput || r.Class == SharedStream
		if streaming != (r.Stream != NoStream) {
			t.Errorf("%s: class %v with stream %q", r.Symbol, r.Class, r.Stream)
		}
		if r.Stream == Stdin && r.Class != SharedInput || r.Stream == Stdout && r.Class != SharedOutput ||
			r.Stream == Stderr && r.Class != SharedStream {
			t.Errorf("%s: class %v cannot use %v", r.Symbol, r.Class, r.Stream)
		}
	}
}

func TestLookup(t *testing.T) {
	tests := map[string]struct {
		symbol string
		class  Class
		stream Stream
	}{
		"the allocator notes whose a block is":        {"malloc", Hand, NoStream},
		"a function named like another is its own":    {"strtok_r", Copied, NoStream},
		"input takes its stream from an argument":     {"fread", SharedInput, A4},
		"a fortified name has one argument more":      {"__fread_chk", SharedInput, A5},
		"input without a stream means stdin":          {"scanf", SharedInput, Stdin},
		"output without a stream means stdout":        {"__printf_chk", SharedOutput, Stdout},
		"fork runs on the thread's own TCB":           {"fork", OwnTCB, NoStream},
		"vfork has no wrapper":                        {"vfork", Copied, NoStream},
		"what calls back for long may be paused":      {"qsort", Copied, NoStream},
		"what records its caller has no wrapper":      {"__sigsetjmp", Copied, NoStream},
		"dlsym sees its caller":                       {"dlsym", Hand, NoStream},
		"a wait without relative timeout is repeated": {"flock", Restarted, NoStream},
		"a descriptor is recorded before any pause":   {"accept4", Hand, NoStream},
		"what has a file open for a moment is short":  {"sysconf", Shared, NoStream},
		"a name may be a translation":                 {"snprintf", Shared, NoStream},
		"reading from memory may be paused":           {"sscanf", Copied, NoStream},
		"what makes no descriptor is left alone":      {"fchmod", Copied, NoStream},
		"a relative timeout is written by hand":       {"poll", Hand, NoStream},
		"execve disarms the clocks":                   {"execve", Exec, NoStream},
		"state from call to call is the libset's":     {"strtok", PerLibset, NoStream},
		"what shares such state goes along":           {"getpwent_r", PerLibset, NoStream},
		"a database without a position is one":        {"getpwnam_r", Shared, NoStream},
		"a database in a stream is one":               {"fgetpwent", SharedInput, A1},
		"the environment is the process's":            {"setenv", Shared, NoStream},
		"a buffer of the thread's needs no libset":    {"strerror", Shared, NoStream},
		"libset's copies are unknown to the loader":   {"_dl_find_object", Hand, NoStream},
		"what libc keeps to itself is private":        {"__libc_early_init", Private, NoStream},
		"what only old programs know is compat":       {"cfree", Compat, NoStream},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r, ok := Lookup(tc.symbol)
			if !ok || r.Symbol != tc.symbol || r.Class != tc.class || r.Stream != tc.stream {
				t.Errorf("Lookup(%q) = %v, %v; want class %v, stream %q", tc.symbol, r, ok, tc.class, tc.stream)
			}
		})
	}
	for _, symbol := range []string{"", "mallo", "mallocx", "zzz"} {
		if r, ok := Lookup(symbol); ok {
			t.Errorf("Lookup(%q) = %v, want none", symbol, r)
		}
	}
}

func TestGeneratedFilesAreCurrent(t *testing.T) {
	for path, want := range map[string][]byte{HeaderPath: Header(), ExportMapPath: ExportMap(), KnownPath: Known()} {
		got, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, want) {
			t.Errorf("%s differs from what the table gives: run go generate ./interpose", path)
		}
	}
}

func TestHeaderHasOneSortedLineForEachWrapper(t *testing.T) {
	var want, got []string
	for _, r := range Rows() {
		if r.Class.Wrapped() {
			want = append(want, r.Symbol)
		}
	}
	for line := range bytes.Lines(Header()) {
		if name, ok := bytes.CutPrefix(line, []byte("SHIM_")); ok && !bytes.HasPrefix(name, []byte("OWNS(")) {
			name = name[bytes.IndexByte(name, '(')+1:]
			got = append(got, string(name[:bytes.IndexAny(name, ",)")]))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the header has %d lines for %d wrapped functions, or in another order", len(got), len(want))
	}
	if !slices.IsSorted(got) {
		t.Error("the header's lines are not sorted")
	}
}

// Of the functions that have a wrapper, an old version with code of its own must be in the list of shim/versions.c.
func TestOldVersionsThatDifferAreListed(t *testing.T) {
	f, err := elf.Open(libcPath)
	if err != nil {
		t.Skipf("%s: %v", libcPath, err)
	}
	defer f.Close()
	symbols, err := f.DynamicSymbols()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../shim/versions.c")
	if err != nil {
		t.Fatal(err)
	}
	current := make(map[string]uint64)
	for _, s := range symbols {
		if s.Section != elf.SHN_UNDEF && !s.VersionIndex.IsHidden() {
			current[s.Name] = s.Value
		}
	}
	for _, s := range symbols {
		r, ok := Lookup(s.Name)
		if !ok || !r.Class.Wrapped() || !s.VersionIndex.IsHidden() || s.Version == "GLIBC_PRIVATE" || s.Value == current[s.Name] {
			continue
		}
		if _, linkable := current[s.Name]; !linkable {
			continue // the wrapper leads to the old version: there is no other
		}
		if !bytes.Contains(text, []byte("("+s.Name+", \""+s.Version+"\")")) {
			t.Errorf("%s@%s is not the default version, and shim/versions.c does not list it", s.Name, s.Version)
		}
	}
}
