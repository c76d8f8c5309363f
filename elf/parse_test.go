// SPDX-License-Identifier: Apache-2.0

package elf

import (
	delf "debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"syscall"
	"testing"
)

func parseTiny(t *testing.T, gnu bool) (*Object, *tinyFile) {
	t.Helper()
	f := tiny(gnu)
	o, err := Parse("tiny", f.data)
	if err != nil {
		t.Fatal(err)
	}
	return o, f
}

func TestHeadersAndDynamicSection(t *testing.T) {
	o, f := parseTiny(t, true)
	got, size := f.at["got"], uint64(len(f.data))
	for name, tc := range map[string]struct{ got, want any }{
		"name":       {o.Name, "libtiny.so.1"},
		"needed":     {o.Needed, []string{"libc.so.6"}},
		"needs":      {[]bool{o.Needs("libc.so.6"), o.Needs("libc.so")}, []bool{true, false}},
		"run path":   {o.RunPath, []string{"$ORIGIN/a", "/b"}},
		"extent":     {[]uint64{o.Low, o.High}, []uint64{0, pageSize}},
		"relro":      {o.RELRO, Range{got, 16}},
		"tls":        {o.TLS, Range{got, 16}},
		"tls file":   {[]uint64{o.TLSFileSize, o.TLSAlign}, []uint64{8, 8}},
		"init":       {o.Init, uint64(0x40)},
		"init array": {o.InitArray, Range{got, 8}},
		"flags":      {o.Flags, delf.DF_SYMBOLIC | delf.DF_BIND_NOW},
		"segments": {o.Segments, []Segment{{MemSize: size + 0x20, FileSize: size, Align: pageSize,
			Flags: delf.PF_R | delf.PF_W | delf.PF_X}}},
		"versions": {o.Versions, []Version{{}, {Index: 1, Name: "libtiny.so.1", Base: true}, {Index: 2, Name: "V1"},
			{Index: 3, Name: "V2"}, {Index: 4, Name: "GLIBC_2.2.5", File: "libc.so.6"}}},
	} {
		if !reflect.DeepEqual(tc.got, tc.want) {
			t.Errorf("%s: %+v, want %+v", name, tc.got, tc.want)
		}
	}
}

func TestWordsAndBytes(t *testing.T) {
	o, f := parseTiny(t, true)
	size := uint64(len(f.data))
	for name, tc := range map[string]struct {
		at   uint64
		want string
	}{
		"in the file":                 {f.at["got"] + 16, "0x40"},
		"zeroed memory":               {size + 8, "0x0"},
		"across the end of the file":  {size - 4, "0x0"},
		"across the end of segment":   {size + 0x1c, fmt.Sprintf("tiny: 0x8 bytes at address 0x%x: only 0x4 are left in the segment", size+0x1c)},
		"after the last segment":      {size + 0x20, fmt.Sprintf("tiny: address 0x%x: outside the segments", size+0x20)},
		"at the end of address space": {^uint64(0), "tiny: address 0xffffffffffffffff: outside the segments"},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := o.Word(tc.at)
			if got := fmt.Sprintf("0x%x", w); err == nil && got != tc.want || err != nil && err.Error() != tc.want {
				t.Errorf("Word(0x%x) = %s, %v, want %s", tc.at, got, err, tc.want)
			}
		})
	}
	if b, err := o.Bytes(0, 4); err != nil || &b[0] != &f.data[0] {
		t.Errorf("Bytes is not a view of the file (%v)", err)
	}
	if _, err := o.Bytes(size-1, 2); err == nil {
		t.Error("Bytes reads zeroed memory from a file")
	}
	if s := o.SegmentOf(size + 0x1f); s != &o.Segments[0] {
		t.Error("SegmentOf does not find the zeroed memory")
	}
	if s := o.SegmentOf(size + 0x20); s != nil {
		t.Error("SegmentOf finds a segment after the last")
	}
}

func TestRelocationOrder(t *testing.T) {
	o, f := parseTiny(t, true)
	got := f.at["got"]
	want := []Relocation{
		{Offset: got + 16, Type: delf.R_X86_64_RELATIVE, Addend: 0x40, RELR: true},
		{Offset: got + 24, Type: delf.R_X86_64_RELATIVE, Addend: 0x44, RELR: true},
		{Offset: got + 32, Type: delf.R_X86_64_RELATIVE, Addend: 0x48, RELR: true},
		{Offset: got, Type: delf.R_X86_64_GLOB_DAT, Symbol: 3},
		{Offset: got + 8, Type: delf.R_X86_64_JMP_SLOT, Symbol: 1, PLT: true},
	}
	var all []Relocation
	for r, err := range o.Relocations() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	if !reflect.DeepEqual(all, want) {
		t.Errorf("relocations\n%+v, want\n%+v", all, want)
	}
	for range o.Relocations() {
		break
	}
}

func TestLookupRules(t *testing.T) {
	tests := map[string]struct {
		name, version string
		want          uint32 // symbol, 0 not found
	}{
		"without a version, the default one":        {"twice", "", 3},
		"the default version by name":               {"twice", "V2", 3},
		"a hidden version by name":                  {"twice", "V1", 4},
		"a version that is not there":               {"twice", "V3", 0},
		"an unversioned definition for any version": {"plain", "V3", 5},
		"an unversioned definition":                 {"plain", "", 5},
		"the base version does not go by its name":  {"twice", "libtiny.so.1", 0},
		"a protected definition":                    {"kept", "", 6},
		"a hidden symbol is nobody else's":          {"secret", "", 0},
		"an undefined symbol is not a definition":   {"puts", "", 0},
		"the beginning of a name is not the name":   {"twic", "", 0},
		"a name that is not there":                  {"elsewhere", "", 0},
		"the empty name":                            {"", "", 0},
	}
	for _, gnu := range []bool{true, false} {
		o, _ := parseTiny(t, gnu)
		for name, tc := range tests {
			t.Run(fmt.Sprintf("%s (GNU %t)", name, gnu), func(t *testing.T) {
				s, ok := o.Lookup(tc.name, tc.version)
				if ok != (tc.want != 0) || s.Index != tc.want && ok {
					t.Errorf("Lookup(%q, %q) = %+v, %t, want symbol %d", tc.name, tc.version, s, ok, tc.want)
				}
			})
		}
	}
}

func TestLookupAddressFindsTheProgramsPLTEntry(t *testing.T) {
	f := tiny(false)
	f.put32(f.at["hash"]+8, 1) // the bucket begins with puts
	f.put64(f.at["symtab"]+symSize+8, 0x54)
	o, err := Parse("tiny", f.data)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := o.Lookup("puts", ""); ok {
		t.Error("Lookup finds an undefined symbol")
	}
	if s, ok := o.LookupAddress("puts", "GLIBC_2.2.5"); !ok || s.Value != 0x54 || s.Defined {
		t.Errorf("LookupAddress = %+v, %t", s, ok)
	}
}

func TestTwoDefaultVersionsAreNone(t *testing.T) {
	f := tiny(true)
	f.put16(f.at["versym"]+2*4, 2)
	o, err := Parse("tiny", f.data)
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := o.Lookup("twice", ""); ok {
		t.Errorf("found %+v", s)
	}
}

func TestReachOfTiny(t *testing.T) {
	o, f := parseTiny(t, true)
	found, err := o.Reach()
	if err != nil {
		t.Fatal(err)
	}
	want := map[Kind]Finding{
		Syscall:   {Count: 1, Address: f.at["code"]},
		Symbolic:  {Count: 1},
		Protected: {Count: 1, Address: 0x4c},
		InnerCall: {Count: 3, Address: 0x44}, // all but the first, which has a GOT entry
	}
	for _, g := range found {
		if w, ok := want[g.Kind]; !ok || w.Count != g.Count || w.Address != g.Address || g.Detail == "" {
			t.Errorf("%v: %+v, want %+v", g.Kind, g, w)
		}
		delete(want, g.Kind)
	}
	if len(want) > 0 {
		t.Errorf("not reported: %v", want)
	}
}

func TestOpenAndClose(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "tiny.so")
	if err := os.WriteFile(path, tiny(true).data, 0o644); err != nil {
		t.Fatal(err)
	}
	o, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := o.Lookup("plain", ""); !ok {
		t.Error("plain is not found")
	}
	for range 2 {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, ok := o.Lookup("plain", ""); ok {
		t.Error("plain is found after Close")
	}
	if _, err := o.Bytes(0, 4); err == nil || err.Error() != path+": closed" {
		t.Errorf("Bytes after Close: %v", err)
	}
	if _, err := o.Symbol(3); err == nil {
		t.Error("a symbol is read after Close")
	}
	if o.Name != "libtiny.so.1" || o.Needed[0] != "libc.so.6" || o.Versions[2].Name != "V1" {
		t.Error("names of the object ended with its mapping")
	}

	fifo, empty := filepath.Join(dir, "fifo"), filepath.Join(dir, "empty")
	if err := errors.Join(syscall.Mkfifo(fifo, 0o600), os.WriteFile(empty, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		fifo:                         ": not a regular file",
		dir:                          ": not a regular file",
		empty:                        ": ELF header at offset 0x0: not an ELF file: empty",
		filepath.Join(dir, "absent"): ": no such file or directory",
	} {
		if _, err := Open(path); err == nil || err.Error() != path+want {
			t.Errorf("Open: %v, want %s%s", err, path, want)
		}
	}
}

// The table that follows the symbols says how many there are when the hash tables do not.
func TestSymbolsWithoutAHashTableAreCounted(t *testing.T) {
	f := tiny(true)
	f.put64(f.dyn(delf.DT_HASH)-8, 0x6ffffe00) // no longer DT_HASH
	f.put32(f.at["gnuhash"]+24, 0)             // an empty bucket
	o, err := Parse("tiny", f.data)
	if err != nil {
		t.Fatal(err)
	}
	if o.NumSymbols() != 8 {
		t.Errorf("%d symbols, want 8", o.NumSymbols())
	}
	if s, ok := o.Lookup("plain", ""); ok {
		t.Errorf("found %+v through an empty table", s)
	}
}

func TestPLTRelocationsThatAreCountedTwiceComeOnce(t *testing.T) {
	f := tiny(true)
	f.put64(f.dyn(delf.DT_RELASZ), 2*relaSize) // the PLT's relocation is the one after
	o, err := Parse("tiny", f.data)
	if err != nil {
		t.Fatal(err)
	}
	plt, other := 0, 0
	for r, err := range o.Relocations() {
		switch {
		case err != nil:
			t.Error(err)
		case r.PLT:
			plt++
		case !r.RELR:
			other++
		}
	}
	if plt != 1 || other != 1 {
		t.Errorf("%d relocations of the PLT and %d others, want 1 and 1", plt, other)
	}
}
