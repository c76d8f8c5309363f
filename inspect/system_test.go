// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// installed are libraries and programs that scripts/setup, and what it needs itself, put on every machine.
var installed = []string{
	"/usr/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/x86_64-linux-gnu/libm.so.6", "/usr/lib/x86_64-linux-gnu/libgcc_s.so.1",
	"/usr/lib/x86_64-linux-gnu/libstdc++.so.6", "/usr/lib/x86_64-linux-gnu/libz.so.1", "/usr/lib/x86_64-linux-gnu/libpng16.so.16",
	"/usr/lib/x86_64-linux-gnu/libjpeg.so.62", "/usr/lib/x86_64-linux-gnu/libsqlite3.so.0",
	"/usr/lib/x86_64-linux-gnu/libpcre2-8.so.0", "/usr/lib/x86_64-linux-gnu/liblua5.4.so.0",
	"/usr/lib/x86_64-linux-gnu/liblzma.so.5", "/usr/lib/x86_64-linux-gnu/libzstd.so.1", "/usr/lib/x86_64-linux-gnu/libbz2.so.1.0",
	"/usr/bin/bash", "/usr/bin/gcc", "/usr/bin/git", "/usr/bin/perl", "/usr/bin/python3", "/usr/bin/sqlite3", "/usr/bin/xz",
	"/usr/bin/gdb", "/usr/bin/make", "/usr/bin/ps", "/usr/bin/true",
}

func command(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	own := slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "LD_") })
	cmd.Env = append(own, append(env, "LC_ALL=C")...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, stderr.Bytes())
	}
	return string(out)
}

// plain is the search without the environment of whoever tests.
func plain() Search {
	s := System()
	s.LibraryPath, s.Preload = "", ""
	return s
}

func inspectFile(t *testing.T, path string) *Report {
	t.Helper()
	r, err := File(path, plain())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func forInstalled(t *testing.T, test func(t *testing.T, path string)) {
	for _, path := range installed {
		t.Run(filepath.Base(path), func(t *testing.T) { test(t, path) })
	}
}

// symbolVersion joins what readelf and nm join by @ or @@.
func symbolVersion(name, version string) string {
	if version == "" {
		return name
	}
	return name + "@" + version
}

func TestEntriesAreThoseOfReadelf(t *testing.T) {
	forInstalled(t, func(t *testing.T, path string) {
		want := map[string]int{}
		kinds := map[string]int{}
		for line := range strings.Lines(command(t, nil, "readelf", "-rW", path)) {
			// Offset Info Type Value Name@Version + Addend; a RELR line is one address.
			f := strings.Fields(line)
			if len(f) < 3 || !strings.HasPrefix(f[2], "R_X86_64_") {
				continue
			}
			kinds[f[2]]++
			if symbol, err := strconv.ParseUint(f[1], 16, 64); err != nil || symbol>>32 == 0 {
				continue
			}
			offset, err := strconv.ParseUint(f[0], 16, 64)
			if err != nil {
				t.Fatal(line)
			}
			want[fmt.Sprintf("0x%x %s %s", offset, f[2], strings.ReplaceAll(f[4], "@@", "@"))]++
		}
		o := inspectFile(t, path).Objects[0]
		for _, e := range o.Entries {
			key := fmt.Sprintf("0x%x %s %s", uint64(e.Address), e.Relocation, symbolVersion(e.Symbol, e.Version))
			if want[key]--; want[key] < 0 {
				t.Errorf("readelf does not have %s", key)
			}
		}
		for key, n := range want {
			if n > 0 {
				t.Errorf("readelf has %s as well", key)
			}
		}
		c := o.Relocations
		for kind, got := range map[string]int{
			"R_X86_64_JUMP_SLOT": c.PLT, "R_X86_64_GLOB_DAT": c.GOT, "R_X86_64_64": c.Pointer, "R_X86_64_COPY": c.Copy,
			"R_X86_64_IRELATIV": c.Irelative,
		} {
			if n := kinds[kind] + kinds[kind+"E"]; got != n {
				t.Errorf("%d %s, want %d", got, kind, n)
			}
		}
	})
}

func TestResolversAreThoseOfNM(t *testing.T) {
	total := 0
	forInstalled(t, func(t *testing.T, path string) {
		var got, want []string
		for line := range strings.Lines(command(t, nil, "nm", "-D", path)) {
			if f := strings.Fields(line); len(f) == 3 && f[1] == "i" {
				want = append(want, strings.ReplaceAll(f[2], "@@", "@"))
			}
		}
		for _, e := range inspectFile(t, path).Objects[0].IFUNCs {
			got = append(got, symbolVersion(e.Symbol, e.Version))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		total += len(want)
	})
	if total < 100 {
		t.Errorf("%d functions in all: libc and libm alone have more", total)
	}
}

func TestDependenciesAndThreadLocalsAreThoseOfReadelf(t *testing.T) {
	forInstalled(t, func(t *testing.T, path string) {
		o := inspectFile(t, path).Objects[0]
		var needed []string
		static := false
		for line := range strings.Lines(command(t, nil, "readelf", "-dW", path)) {
			if _, name, ok := strings.Cut(line, "Shared library: ["); ok {
				needed = append(needed, strings.TrimSuffix(strings.TrimSpace(name), "]"))
			}
			static = static || strings.Contains(line, "(FLAGS)") && strings.Contains(line, "STATIC_TLS")
		}
		if !slices.Equal(o.Needed, needed) {
			t.Errorf("needs %v, want %v", o.Needed, needed)
		}
		var size, align uint64
		for line := range strings.Lines(command(t, nil, "readelf", "-lW", path)) {
			if f := strings.Fields(line); len(f) == 8 && f[0] == "TLS" {
				size, _ = strconv.ParseUint(f[5], 0, 64)
				align, _ = strconv.ParseUint(f[7], 0, 64)
			}
		}
		if o.TLSBytes != size || o.TLSAlign != align || o.InitialExec != static {
			t.Errorf("%d bytes, aligned to %d, static %v; want %d, %d, %v", o.TLSBytes, o.TLSAlign, o.InitialExec, size, align, static)
		}
	})
}

// itoa is for names in /proc.
func itoa(n int) string { return strconv.Itoa(n) }

// realPath: folders are links to each other on merged file systems.
func realPath(t *testing.T, path string) string {
	t.Helper()
	out, err := filepath.EvalSymlinks(path)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// listing is what the dynamic linker itself would load for a program or library.
func listing(t *testing.T, path string, env ...string) []string {
	t.Helper()
	var out []string
	for line := range strings.Lines(command(t, append(env, "LD_TRACE_LOADED_OBJECTS=1"), "/lib64/ld-linux-x86-64.so.2", path)) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), " (0x")
		if _, file, ok := strings.Cut(line, " => "); ok {
			line = file
		}
		if strings.HasPrefix(line, "/") {
			out = append(out, realPath(t, line))
		}
	}
	return out
}

func TestObjectsAreThoseThatTheLinkerLists(t *testing.T) {
	forInstalled(t, func(t *testing.T, path string) {
		want := listing(t, path)
		var got []string
		r := inspectFile(t, path)
		for _, o := range r.Objects[1:] {
			got = append(got, realPath(t, o.Path))
		}
		// The linker puts itself last in its list, wherever it was needed.
		self := realPath(t, "/lib64/ld-linux-x86-64.so.2")
		without := func(list []string) []string {
			return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == self })
		}
		if !slices.Equal(without(got), without(want)) {
			t.Errorf("%v, want %v", got, want)
		}
		if len(r.Missing) != 0 {
			t.Errorf("missing: %v", r.Missing)
		}
	})
}

// TestBindingsAreThoseOfTheLinker compares with what the linker says it does (LD_DEBUG=bindings) when it relocates all.
func TestBindingsAreThoseOfTheLinker(t *testing.T) {
	for _, name := range []string{"xz", "sqlite3", "python3", "git", "gdb", "bash"} {
		path := "/usr/bin/" + name
		t.Run(name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "log")
			env := []string{"LD_DEBUG=bindings", "LD_DEBUG_OUTPUT=" + log, "LD_WARN=yes", "LD_BIND_NOW=yes", "LD_TRACE_LOADED_OBJECTS=1"}
			command(t, env, "/lib64/ld-linux-x86-64.so.2", path)
			logs, err := filepath.Glob(log + ".*")
			if err != nil || len(logs) != 1 {
				t.Fatalf("%v, %v: want one log", logs, err)
			}
			text, err := os.ReadFile(logs[0])
			if err != nil {
				t.Fatal(err)
			}
			r := inspectFile(t, path)
			type key struct{ from, symbol string }
			bindings := map[key][]string{}
			for _, o := range r.Objects {
				for _, e := range o.Entries {
					if e.Bound.Number >= 0 {
						k := key{realPath(t, o.Path), symbolVersion(e.Symbol, e.Version)}
						bindings[k] = append(bindings[k], realPath(t, r.Objects[e.Bound.Number].Path))
					}
				}
			}
			compared := 0
			for line := range strings.Lines(string(text)) {
				// PID: binding file A [0] to B [0]: normal symbol `x' [VERSION]
				f := strings.Fields(line)
				i := slices.Index(f, "binding")
				if i < 0 || len(f) < i+10 || f[i+1] != "file" {
					continue
				}
				if !strings.HasPrefix(f[i+2], "/") || !strings.HasPrefix(f[i+5], "/") {
					continue // the kernel's code, which the linker asks by itself
				}
				symbol := strings.Trim(f[i+9], "`'")
				if len(f) > i+10 {
					symbol += "@" + strings.Trim(f[i+10], "[]")
				}
				from, to := realPath(t, f[i+2]), realPath(t, f[i+5])
				got, ok := bindings[key{from, symbol}]
				if strings.Contains(from, "ld-linux") || !ok && isOwnLookup(symbol) {
					continue // it looks up its own by other ways
				}
				if !slices.Contains(got, to) {
					t.Errorf("%s of %s is bound to %v, want %s", symbol, from, got, to)
				}
				compared++
			}
			if compared < 100 {
				t.Errorf("%d bindings compared: where are the others?", compared)
			}
		})
	}
}

// isOwnLookup names what the linker looks up in libc for itself.
func isOwnLookup(symbol string) bool {
	name, version, _ := strings.Cut(symbol, "@")
	return version == "GLIBC_PRIVATE" || slices.Contains([]string{"malloc", "calloc", "realloc", "free"}, name)
}
