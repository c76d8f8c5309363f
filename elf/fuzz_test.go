// SPDX-License-Identifier: Apache-2.0

package elf

import (
	delf "debug/elf"
	"testing"
)

// walk uses everything that an object offers. It panics when a promise about results is broken.
func walk(name string, data []byte) error {
	o, err := Parse(name, data)
	if err != nil {
		return err
	}
	for s, err := range o.Symbols() {
		if err != nil {
			continue
		}
		found, ok := o.Lookup(s.Name, s.Version)
		if ok && (found.Name != s.Name || !found.Defined || found.Bind == delf.STB_LOCAL) {
			panic("Lookup found something else")
		}
		o.LookupAddress(s.Name, "")
		o.Word(s.Value)
	}
	n := 0
	for r, err := range o.Relocations() {
		if err == nil {
			o.Symbol(r.Symbol)
			o.Word(r.Offset)
		}
		if n++; n > 1<<16 {
			break
		}
	}
	for _, s := range o.Segments {
		b, err := o.FileBytes(s.Vaddr, s.FileSize)
		if s.FileSize > 0 && (err != nil || uint64(len(b)) != s.FileSize) {
			panic("a segment cannot be read")
		}
		if _, err := o.Bytes(s.Vaddr, s.FileSize+1); err == nil {
			panic("Bytes reads past a segment")
		}
		o.Word(s.Vaddr + s.MemSize - 8)
	}
	for _, r := range []Range{o.InitArray, o.FiniArray, o.PreinitArray, o.Dynamic} {
		if _, err := o.Bytes(r.Start, r.Size); r.Size > 0 && err != nil {
			panic("a range of the object cannot be read: " + err.Error())
		}
	}
	o.Reach()
	return nil
}

// FuzzParse parses anything.
func FuzzParse(f *testing.F) {
	f.Add(tiny(true).data)
	f.Add(tiny(false).data)
	f.Fuzz(func(t *testing.T, data []byte) {
		if o, err := Parse("fuzz", data); (o == nil) == (err == nil) {
			t.Errorf("Parse = %v, %v", o, err)
		}
	})
}

// FuzzWalk walks symbols, relocations and look-ups of what was parsed.
func FuzzWalk(f *testing.F) {
	f.Add(tiny(true).data)
	f.Add(tiny(false).data)
	f.Fuzz(func(t *testing.T, data []byte) { walk("fuzz", data) })
}

// FuzzDamage changes two words of an object that is otherwise whole, which gets further than arbitrary bytes do, and
// looks up any name in what is left.
func FuzzDamage(f *testing.F) {
	f.Add("twice", "V1", uint16(0), uint64(0), uint16(0), uint32(0), true)
	f.Add("plain", "", uint16(0x10), uint64(7), uint16(0x20), uint32(1)<<31, false)
	f.Fuzz(func(t *testing.T, name, version string, at1 uint16, change1 uint64, at2 uint16, change2 uint32, gnu bool) {
		file := tiny(gnu)
		size := uint64(len(file.data))
		one, two := uint64(at1)%(size-8), uint64(at2)%(size-4)
		file.put64(one, le.Uint64(file.data[one:])^change1)
		file.put32(two, le.Uint32(file.data[two:])^change2)
		if walk("fuzz", file.data) != nil {
			return
		}
		o, err := Parse("fuzz", file.data)
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := o.Lookup(name, version); ok && s.Name != name {
			t.Errorf("Lookup(%q) found %q", name, s.Name)
		}
	})
}
