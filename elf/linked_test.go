// SPDX-License-Identifier: Apache-2.0

package elf

import (
	delf "debug/elf"
	"fmt"
	"os"
	"reflect"
	"testing"

	"libinger/internal/fixture"
)

const librarySource = `
extern int puts(const char *);
int exported(void) { return puts("exported"); }
__attribute__((visibility("protected"))) int kept(void) { return exported() + 1; }
static int one, two, three;
int *pointers[] = {&one, &two, &three, &one, &two, 0, &three};
__thread int counter = 3;
static void start(void) { counter++; }
static void (*choose(void))(void) { return start; }
void chosen(void) __attribute__((ifunc("choose")));
__attribute__((constructor)) static void begin(void) { start(); }
`

func addends(t *testing.T, o *Object) (relative map[uint64]int64, relr int) {
	t.Helper()
	relative = map[uint64]int64{}
	for r, err := range o.Relocations() {
		if err != nil {
			t.Fatal(err)
		}
		if r.Type == delf.R_X86_64_RELATIVE {
			relative[r.Offset] = r.Addend
		}
		if r.RELR {
			relr++
		}
	}
	return relative, relr
}

func TestPackedRelocationsAreExpanded(t *testing.T) {
	o := open(t, fixture.Link(t, librarySource, "-shared", "-fPIC", "-Wl,-z,pack-relative-relocs"))
	packed, relr := addends(t, o)
	if relr < 6 {
		t.Fatalf("%d packed relocations of at least 6", relr)
	}
	pointers, ok := o.Lookup("pointers", "")
	if !ok {
		t.Fatal("no pointers")
	}
	at := func(i uint64) int64 { return packed[pointers.Value+8*i] }
	if at(0) == 0 || at(0) != at(3) || at(1) != at(4) || at(2) != at(6) || at(0) == at(1) || at(5) != 0 {
		t.Errorf("addends of the pointers: %v", packed)
	}
	for offset, addend := range packed {
		if w, err := o.Word(offset); err != nil || int64(w) != addend {
			t.Errorf("word 0x%x of the file is 0x%x (%v), want the addend 0x%x", offset, w, err, addend)
		}
	}
}

func TestBothHashTablesGiveTheSame(t *testing.T) {
	sysv := open(t, fixture.Link(t, librarySource, "-shared", "-fPIC", "-Wl,--hash-style=sysv"))
	gnu := open(t, fixture.Link(t, librarySource, "-shared", "-fPIC", "-Wl,--hash-style=gnu"))
	if sysv.dyn.gnu.symbols != 0 || gnu.dyn.sysv.symbols != 0 {
		t.Fatal("the linker made the wrong tables")
	}
	names := func(o *Object) map[string]bool {
		all := map[string]bool{}
		for s, err := range o.Symbols() {
			if err != nil {
				t.Fatal(err)
			}
			_, found := o.Lookup(s.Name, "")
			all[s.Name+"@"+s.Version] = found
		}
		return all
	}
	if a, b := names(sysv), names(gnu); !reflect.DeepEqual(a, b) || !a["exported@"] || len(a) < 5 {
		t.Errorf("names %v with DT_HASH, %v with DT_GNU_HASH", a, b)
	}
}

// A program that defines nothing for others has a hash table that does not say how many symbols there are.
func TestSymbolsOfAnObjectWithoutDefinitions(t *testing.T) {
	for _, style := range []string{"gnu", "sysv"} {
		path := fixture.Link(t, `extern int puts(const char *); int main(void) { return puts("hello"); }`, "-Wl,--hash-style="+style)
		f, err := delf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		want, err := f.DynamicSymbols()
		if err != nil {
			t.Fatal(err)
		}
		o := open(t, path)
		if int(o.NumSymbols()) != len(want)+1 {
			t.Errorf("%s: %d symbols, want %d", style, o.NumSymbols(), len(want)+1)
		}
		for s, err := range o.Symbols() {
			if err != nil || s.Name != want[s.Index-1].Name {
				t.Errorf("%s: symbol %+v (%v), want %+v", style, s, err, want[s.Index-1])
			}
		}
	}
}

func TestStrippedAndSectionlessFilesReadTheSame(t *testing.T) {
	path := fixture.Link(t, librarySource, "-shared", "-fPIC", "-s")
	all := func(path string) string {
		o, text := open(t, path), ""
		for s, err := range o.Symbols() {
			text += fmt.Sprintln(s, err)
		}
		for r, err := range o.Relocations() {
			text += fmt.Sprintln(r, err)
		}
		return text + fmt.Sprint(o.Segments, o.Needed, o.InitArray, o.TLS)
	}
	want := all(path)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sections := le.Uint64(data[40:])
	le.PutUint64(data[40:], 0)
	clear(data[58:64])
	if err := os.WriteFile(path, data[:sections], 0o600); err != nil {
		t.Fatal(err)
	}
	if got := all(path); got != want {
		t.Errorf("without section headers\n%s\nwith them\n%s", got, want)
	}
}

func TestReachOfLinkedObjects(t *testing.T) {
	program := `#include <stdio.h>
int main(void) { return fputs("hello\n", stdout) < 0; }`
	shared := []string{"-shared", "-fPIC"}
	tests := map[string]struct {
		source string
		flags  []string
		kind   Kind
		want   int // at least
	}{
		"static program":              {program, []string{"-static"}, Static, 1},
		"position-independent static": {program, []string{"-static-pie"}, Static, 1},
		"dynamic program":             {program, nil, Static, 0},
		"library":                     {librarySource, shared, Static, 0},
		"copied variable":             {program, []string{"-no-pie", "-fno-pie"}, CopyReloc, 1},
		"-Bsymbolic":                  {librarySource, append(shared, "-Wl,-Bsymbolic"), Symbolic, 1},
		"no -Bsymbolic":               {librarySource, shared, Symbolic, 0},
		"protected function":          {librarySource, shared, Protected, 1},
		"resolver":                    {librarySource, shared, Indirect, 1},
		"inner calls":                 {librarySource, shared, InnerCall, 1},
		"system call":                 {`void f(void) { __asm__ volatile("syscall"); }`, shared, Syscall, 1},
		"no system call":              {`int f(void) { return 3; }`, append(shared, "-nostdlib"), Syscall, 0},
		"relocated code": {`__asm__(".text\n.globl f\nf: movabs $g, %rax\nret\n.data\n.globl g\ng: .quad 0\n");`,
			append(shared, "-Wl,-z,notext"), TextReloc, 1},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			found, err := open(t, fixture.Link(t, tc.source, tc.flags...)).Reach()
			if err != nil {
				t.Fatal(err)
			}
			count := 0
			for _, f := range found {
				if f.Kind == tc.kind {
					count += f.Count
				}
			}
			if count < tc.want || tc.want == 0 && count > 0 {
				t.Errorf("%d findings of %v, want %d: %+v", count, tc.kind, tc.want, found)
			}
		})
	}
}

func TestTLSAndConstructorsOfALibrary(t *testing.T) {
	o := open(t, fixture.Link(t, librarySource, "-shared", "-fPIC", "-Wl,-soname,libfixture.so.3", "-Wl,-rpath,/one:/two"))
	if o.TLS.Size != 4 || o.TLSFileSize != 4 {
		t.Errorf("TLS %+v of which the file has %d, want 4 bytes", o.TLS, o.TLSFileSize)
	}
	if o.InitArray.Size == 0 || !o.RELRO.Contains(o.InitArray.Start) || o.EHFrameHdr.Size == 0 {
		t.Errorf("constructors %+v, RELRO %+v, unwinding %+v", o.InitArray, o.RELRO, o.EHFrameHdr)
	}
	if o.Name != "libfixture.so.3" || !reflect.DeepEqual(o.RunPath, []string{"/one", "/two"}) {
		t.Errorf("name %s, run path %q", o.Name, o.RunPath)
	}
	if s, ok := o.Lookup("counter", ""); !ok || s.Type != delf.STT_TLS {
		t.Errorf("thread-local variable: %+v, %t", s, ok)
	}
	if s, ok := o.Lookup("chosen", ""); !ok || s.Type != delf.STT_GNU_IFUNC {
		t.Errorf("indirect function: %+v, %t", s, ok)
	}
}
