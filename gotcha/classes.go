// SPDX-License-Identifier: Apache-2.0

package gotcha

import (
	delf "debug/elf"
	"strings"
	"unsafe"

	"libinger/elf"
)

// isClassTable says whether a symbol is a class's table of virtual functions. Those of type descriptions are left alone:
// each class has one, and their functions keep nothing.
func isClassTable(symbol string) bool {
	return strings.HasPrefix(symbol, "_ZTV") && !strings.HasPrefix(symbol, "_ZTVN10__cxxabiv1")
}

// classTable lets a word of the program that leads to a library's table of virtual functions lead to a copy, in which the
// functions follow the libset. Where constructors are inline it is the program that gives objects their table; a program
// that is not built with -fPIC has a copy of its own from the start (copiedTable).
func (w *world) classTable(o *object, r elf.Relocation, m *object, target uint64) []reference {
	s, err := o.Symbol(r.Symbol)
	if err != nil || !isClassTable(s.Name) {
		return nil
	}
	d, ok := m.Lookup(s.Name, s.Version)
	if !ok || m.Base+d.Value != target || d.Size < 16 || d.Size%8 != 0 {
		return nil
	}
	addend := uint64(0)
	if r.Type == delf.R_X86_64_64 {
		addend = uint64(r.Addend)
	}
	before, err := o.Word(r.Offset)
	if err != nil || before != target+addend {
		return nil // the program has changed it since
	}
	table, refs := w.tables[target], []reference(nil)
	if table == 0 {
		if table, refs = w.copyTable(m, d); table == 0 {
			return nil
		}
		w.tables[target] = table
	}
	return append(refs, reference{o.Base + r.Offset, before, 0, table + addend})
}

// copyTable copies a table of virtual functions; the references are its words that lead to functions. 0: it can't be read.
func (w *world) copyTable(m *object, d elf.Symbol) (uint64, []reference) {
	words := array[uint64](int(d.Size / 8))
	address := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(words))))
	var refs []reference
	for i := range words {
		value, err := m.Word(d.Value + 8*uint64(i))
		if err != nil {
			return 0, nil
		}
		words[i] = value
		if w.callable(value) != nil {
			refs = append(refs, reference{address + 8*uint64(i), value, value, 0})
		}
	}
	return address, refs
}
