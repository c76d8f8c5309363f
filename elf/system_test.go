// SPDX-License-Identifier: Apache-2.0

package elf

import (
	delf "debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"libinger/internal/fixture"
)

var systemFiles = []string{"libc.so.6", "ld-linux-x86-64.so.2", "libm.so.6", "libstdc++.so.6", "libgcc_s.so.1", "libz.so.1", "true", "bash"}

func open(t testing.TB, path string) *Object {
	t.Helper()
	o, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	return o
}

func TestSymbolsAreThoseOfDebugELF(t *testing.T) {
	for _, name := range systemFiles {
		t.Run(name, func(t *testing.T) {
			path := fixture.SystemFile(t, name)
			f, err := delf.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			want, err := f.DynamicSymbols()
			if err != nil {
				t.Skip(err)
			}
			o, i := open(t, path), 0
			for s, err := range o.Symbols() {
				if err != nil {
					t.Fatal(err)
				}
				if i >= len(want) {
					t.Fatalf("more than %d symbols", len(want))
				}
				w := want[i]
				got := delf.Symbol{
					Name: s.Name, Info: byte(s.Bind)<<4 | byte(s.Type), Other: w.Other, Section: s.Section, Value: s.Value, Size: s.Size,
					HasVersion: w.HasVersion, Version: s.Version, VersionIndex: w.VersionIndex, Library: w.Library,
				}
				if w.VersionIndex.Index() <= versionGlobal {
					w.Version = "" // debug/elf has the base version's name here
				}
				if got != w || s.Visibility != delf.ST_VISIBILITY(w.Other) || w.HasVersion && s.HiddenVersion != w.VersionIndex.IsHidden() {
					t.Fatalf("symbol %d: %+v, want %+v", i+1, s, w)
				}
				i++
			}
			if i != len(want) {
				t.Errorf("%d symbols, want %d", i, len(want))
			}
			needed, err := f.ImportedLibraries()
			if err != nil || fmt.Sprint(o.Needed) != fmt.Sprint(needed) {
				t.Errorf("needed %v, want %v (%v)", o.Needed, needed, err)
			}
		})
	}
}

func TestRelocationsAreThoseOfTheSections(t *testing.T) {
	for _, name := range systemFiles {
		t.Run(name, func(t *testing.T) {
			path := fixture.SystemFile(t, name)
			f, err := delf.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			want := map[Relocation]int{}
			for _, s := range f.Sections {
				if s.Type != delf.SHT_RELA || s.Flags&delf.SHF_ALLOC == 0 {
					continue
				}
				data, err := s.Data()
				if err != nil {
					t.Fatal(err)
				}
				for ; len(data) >= relaSize; data = data[relaSize:] {
					info := le.Uint64(data[8:])
					want[Relocation{
						Offset: le.Uint64(data), Type: delf.R_X86_64(delf.R_TYPE64(info)), Symbol: delf.R_SYM64(info),
						Addend: int64(le.Uint64(data[16:])), PLT: s.Name == ".rela.plt",
					}]++
				}
			}
			o := open(t, path)
			for r, err := range o.Relocations() {
				if err != nil {
					t.Fatal(err)
				}
				if r.RELR {
					continue
				}
				if want[r]--; want[r] < 0 {
					t.Fatalf("%+v is not in a section", r)
				}
			}
			for r, n := range want {
				if n > 0 {
					t.Fatalf("%+v is missing", r)
				}
			}
		})
	}
}

func TestRelocationCountsAreThoseOfReadelf(t *testing.T) {
	if _, err := exec.LookPath("readelf"); err != nil {
		t.Skip("readelf is not installed")
	}
	for _, name := range systemFiles {
		t.Run(name, func(t *testing.T) {
			path := fixture.SystemFile(t, name)
			out, err := exec.Command("readelf", "-rW", path).Output()
			if err != nil {
				t.Skip(err)
			}
			want := strings.Count(string(out), " R_X86_64_")
			got := 0
			for r := range open(t, path).Relocations() {
				if !r.RELR {
					got++
				}
			}
			if got != want {
				t.Errorf("%d relocations, readelf has %d", got, want)
			}
		})
	}
}

// Each definition is found by its own name and version.
func TestLookupFindsEveryDefinition(t *testing.T) {
	for _, name := range systemFiles {
		t.Run(name, func(t *testing.T) {
			o := open(t, fixture.SystemFile(t, name))
			for s, err := range o.Symbols() {
				if err != nil {
					t.Fatal(err)
				}
				// Version names are themselves defined as absolute symbols, whose type nobody asks for.
				if !s.Defined || s.Bind == delf.STB_LOCAL || s.Visibility != delf.STV_DEFAULT || s.Value == 0 && s.Type != delf.STT_TLS {
					continue
				}
				found, ok := o.Lookup(s.Name, s.Version)
				if !ok || found.Value != s.Value || found.Type != s.Type {
					t.Errorf("Lookup(%q, %q) = %+v, %t, want %+v", s.Name, s.Version, found, ok, s)
				}
			}
		})
	}
}

func TestDirectoryOfSystemLibrariesCanBeRead(t *testing.T) {
	dir := filepath.Dir(fixture.SystemFile(t, "libc.so.6"))
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, e := range entries {
		if !e.Type().IsRegular() || !strings.Contains(e.Name(), ".so") {
			continue
		}
		path := filepath.Join(dir, e.Name())
		if f, err := delf.Open(path); err != nil {
			continue // a linker script
		} else if f.Close(); f.Machine != delf.EM_X86_64 {
			continue
		}
		o, err := Open(path)
		if err != nil {
			t.Error(err)
			continue
		}
		if _, err := o.Reach(); err != nil {
			t.Error(err)
		}
		o.Close()
		read++
	}
	if read == 0 {
		t.Errorf("no library in %s", dir)
	}
}

// BenchmarkRead opens libstdc++ and reads all of its relocations with their symbols' names and versions.
func BenchmarkRead(b *testing.B) {
	path := fixture.SystemFile(b, "libstdc++.so.6")
	b.ReportAllocs()
	for b.Loop() {
		o, err := Open(path)
		if err != nil {
			b.Fatal(err)
		}
		relocations, names := 0, 0
		for r, err := range o.Relocations() {
			if err != nil {
				b.Fatal(err)
			}
			relocations++
			if r.Symbol == 0 {
				continue
			}
			s, err := o.Symbol(r.Symbol)
			if err != nil {
				b.Fatal(err)
			}
			names += len(s.Name)
		}
		symbols := 0
		for _, err := range o.Symbols() {
			if err != nil {
				b.Fatal(err)
			}
			symbols++
		}
		b.ReportMetric(float64(relocations), "relocations")
		b.ReportMetric(float64(symbols), "symbols")
		o.Close()
	}
}

// BenchmarkLookup looks one name up that is there.
func BenchmarkLookup(b *testing.B) {
	o := open(b, fixture.SystemFile(b, "libc.so.6"))
	for b.Loop() {
		if _, ok := o.Lookup("strtok", "GLIBC_2.2.5"); !ok {
			b.Fatal("no strtok")
		}
	}
}
