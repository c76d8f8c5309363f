// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package elf

import (
	"bytes"
	delf "debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"libinger/internal/dltest"
	"libinger/internal/fixture"
)

func loaded(t *testing.T) []*Object {
	t.Helper()
	objects, err := Loaded()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, o := range objects {
			o.Close()
		}
	})
	return objects
}

// load opens a library of the system, where there is one.
func load(t *testing.T, path string) dltest.Library {
	t.Helper()
	l, err := dltest.Open(path)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(l.Close)
	return l
}

func find(t *testing.T, objects []*Object, name string) *Object {
	t.Helper()
	for _, o := range objects {
		if o.Name == name {
			return o
		}
	}
	t.Fatalf("%s is not among the loaded objects", name)
	return nil
}

func TestLoadedListsThisProcess(t *testing.T) {
	objects := loaded(t)
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	if o := objects[0]; !o.Main || o.Path != exe || o.Interp == "" {
		t.Errorf("first object: main %t, %s, interpreter %q, want %s", o.Main, o.Path, o.Interp, exe)
	}
	for _, o := range objects {
		if o.Path == "" || o.LinkMap == 0 || !o.Loaded || o.Dynamic.Size == 0 || o.Name == "linux-vdso.so.1" {
			t.Errorf("%+v", o)
		}
	}
	find(t, objects, "libc.so.6")
	find(t, objects, "ld-linux-x86-64.so.2")
	program := load(t, "")
	if objects[0].LinkMap != program.LinkMap() {
		t.Errorf("link map of the program at 0x%x, the linker says 0x%x", objects[0].LinkMap, program.LinkMap())
	}
}

// In memory and in the file an object reads the same, but for what the linker relocated.
func TestLoadedObjectsReadLikeTheirFiles(t *testing.T) {
	load(t, fixture.SystemFile(t, "libstdc++.so.6"))
	for _, m := range loaded(t) {
		t.Run(m.Name, func(t *testing.T) {
			f := open(t, m.Path)
			type facts struct {
				Type                                      delf.Type
				Low, High, Init, Fini, TLSFileSize, Align uint64
				Ranges                                    [7]Range
				Strings                                   string
				Symbols                                   uint32
			}
			of := func(o *Object) facts {
				return facts{o.Type, o.Low, o.High, o.Init, o.Fini, o.TLSFileSize, o.TLSAlign,
					[7]Range{o.RELRO, o.TLS, o.EHFrameHdr, o.Dynamic, o.PreinitArray, o.InitArray, o.FiniArray},
					fmt.Sprint(o.SONAME, o.Needed, o.RunPath, o.Flags, o.Flags1, o.Segments, o.Versions, o.Interp), o.NumSymbols()}
			}
			if of(m) != of(f) {
				t.Errorf("memory\n%+v, file\n%+v", of(m), of(f))
			}
			for i := range m.NumSymbols() {
				a, err1 := m.Symbol(i)
				b, err2 := f.Symbol(i)
				if a != b || err1 != nil || err2 != nil {
					t.Fatalf("symbol %d: %+v, %v in memory, %+v, %v in the file", i, a, err1, b, err2)
				}
			}
			var all []Relocation
			for r, err := range f.Relocations() {
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, r)
			}
			n := 0
			for r, err := range m.Relocations() {
				if err != nil || n >= len(all) || r != all[n] {
					t.Fatalf("relocation %d: %+v, %v in memory is not that of the file", n, r, err)
				}
				// The recipe of a relative relocation gives the word in memory, unless the program wrote to it.
				if w, err := m.Word(r.Offset); err != nil {
					t.Fatal(err)
				} else if r.Type == delf.R_X86_64_RELATIVE && m.RELRO.Contains(r.Offset) && w != m.Base+uint64(r.Addend) {
					t.Errorf("word 0x%x is 0x%x, want 0x%x + 0x%x", r.Offset, w, m.Base, r.Addend)
				}
				n++
			}
			if n != len(all) {
				t.Errorf("%d relocations in memory, %d in the file", n, len(all))
			}
			for _, s := range m.Segments {
				if s.FileSize == 0 {
					continue
				}
				a, err1 := m.FileBytes(s.Vaddr, s.FileSize)
				b, err2 := f.Bytes(s.Vaddr, s.FileSize)
				if err := errors.Join(err1, err2); err != nil || !bytes.Equal(a, b) {
					t.Errorf("file bytes of the segment at 0x%x differ (%v)", s.Vaddr, err)
				}
			}
		})
	}
}

func TestLookupAgreesWithTheLinker(t *testing.T) {
	load(t, fixture.SystemFile(t, "libstdc++.so.6"))
	objects := loaded(t)
	libc := find(t, objects, "libc.so.6")
	for _, o := range objects {
		path := o.Path
		if o.Main {
			path = ""
		}
		l := load(t, path)
		linker := o.Name == filepath.Base(objects[0].Interp)
		if linker {
			// Its own handle has nothing to search. The program's has it as a dependency, after libc.
			l = load(t, "")
		} else if l.LinkMap() != o.LinkMap {
			t.Errorf("%s: link map 0x%x, the linker says 0x%x", o.Name, o.LinkMap, l.LinkMap())
			continue
		}
		compared := 0
		for s, err := range o.Symbols() {
			if err != nil {
				t.Fatal(err)
			}
			for _, version := range []string{"", s.Version} {
				found, ok := o.Lookup(s.Name, version)
				want := l.Symbol(s.Name, version)
				if !ok {
					// What the linker then finds, if anything, is another object's.
					if inside := uint64(want)-o.Base-o.Low < o.High-o.Low; inside && s.Defined && s.Type != delf.STT_GNU_IFUNC {
						t.Errorf("%s: %s@%s is not found, the linker has it at 0x%x", o.Name, s.Name, version, want)
					}
					continue
				}
				// The linker gives the function that a resolver chose, this thread's variable, and for a unique symbol
				// the first in the process.
				if found.Type == delf.STT_GNU_IFUNC || found.Type == delf.STT_TLS || found.Bind == bindUnique || found.Section == delf.SHN_ABS {
					continue
				}
				if _, before := libc.Lookup(s.Name, version); linker && before {
					continue
				}
				compared++
				if uint64(want) != o.Base+found.Value {
					t.Errorf("%s: %s@%s at 0x%x, the linker says 0x%x", o.Name, s.Name, version, o.Base+found.Value, want)
				}
			}
		}
		if compared == 0 && !o.Main {
			t.Errorf("%s: nothing was compared", o.Name)
		}
	}
}

func TestFileOfALoadedObjectThatWasReplaced(t *testing.T) {
	data, err := os.ReadFile(fixture.SystemFile(t, "libz.so.1"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "replaced.so")
	if err := os.WriteFile(path, data, 0o755); err != nil {
		t.Fatal(err)
	}
	l := load(t, path)
	var o *Object
	for _, each := range loaded(t) {
		if each.LinkMap == l.LinkMap() {
			o = each
		}
	}
	if o == nil || o.Path != path {
		t.Fatalf("%s is not among the loaded objects", path)
	}
	if _, err := o.FileBytes(o.Segments[0].Vaddr, 4); err != nil {
		t.Fatal(err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(path), os.WriteFile(path, tiny(true).data, 0o755)); err != nil {
		t.Fatal(err)
	}
	if _, err := o.FileBytes(o.Segments[0].Vaddr, 4); !errors.Is(err, ErrReplaced) {
		t.Errorf("file bytes of a replaced file: %v", err)
	}
	if _, err := o.Word(o.Segments[0].Vaddr); err != nil {
		t.Errorf("memory of a replaced file: %v", err)
	}
	// A file cut off is another file too, and is not read past its end.
	if err := errors.Join(os.Remove(path), os.WriteFile(path, data[:5000], 0o755)); err != nil {
		t.Fatal(err)
	}
	if _, err := o.FileBytes(o.Segments[0].Vaddr, 4); !errors.Is(err, ErrReplaced) {
		t.Errorf("file bytes of a truncated file: %v", err)
	}
}

func BenchmarkLoaded(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		objects, err := Loaded()
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(objects)), "objects")
	}
}

// "ld.so program" starts the linker as the program: the kernel's program headers and /proc/self/exe are then the linker's.
func TestLoadedUnderTheLinkerAsAProgram(t *testing.T) {
	const role = "INGER_TEST_UNDER_LINKER"
	if want := os.Getenv(role); want != "" {
		o := loaded(t)[0]
		if !o.Main || o.Path != want || o.Interp == "" {
			t.Errorf("first object %s, interpreter %q, want %s", o.Path, o.Interp, want)
		}
		if _, err := o.FileBytes(o.Segments[0].Vaddr, 64); err != nil {
			t.Error(err)
		}
		return
	}
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	interp := loaded(t)[0].Interp
	cmd := exec.Command(interp, exe, "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), role+"="+exe)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v\n%s", interp, exe, err, out)
	}
}
