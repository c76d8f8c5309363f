// SPDX-License-Identifier: Apache-2.0

package elf

import (
	"bytes"
	delf "debug/elf"
	"fmt"
)

// Kind is a reason why rewriting GOT entries does not reach everything that an object does.
type Kind uint8

const (
	Static    Kind = iota + 1 // no dynamic linker: there is nothing to rewrite
	Syscall                   // system calls without libc
	Symbolic                  // -Bsymbolic: the object's references to its own exports are bound already
	TextReloc                 // relocations in the code: it cannot be shared, and so not be copied
	Protected                 // exports whose references inside the object are bound already
	InnerCall                 // exports that the object itself can only call directly
	CopyReloc                 // the program has the variable, not the library
	Indirect                  // functions that a resolver chooses at load time
)

var kindNames = [...]string{
	Static: "static", Syscall: "syscall", Symbolic: "symbolic", TextReloc: "textrel", Protected: "protected",
	InnerCall: "inner-call", CopyReloc: "copy", Indirect: "ifunc",
}

func (k Kind) String() string {
	if int(k) < len(kindNames) && k != 0 {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Finding is something in an object that rewriting its GOT does not reach.
type Finding struct {
	Kind    Kind
	Detail  string // for people
	Address uint64 // vaddr of the first of them, or 0
	Count   int
}

// Reach says what rewriting GOT entries cannot reach in this object. It reads all of the code once.
func (o *Object) Reach() ([]Finding, error) {
	var r reach
	switch {
	case o.Dynamic == (Range{}):
		r.add(Static, 0, 1, "statically linked: no dynamic section")
	case o.Interp == "" && (o.Type == delf.ET_EXEC || o.Flags1&delf.DF_1_PIE != 0):
		r.add(Static, 0, 1, "statically linked: no dynamic linker is asked for")
	}
	count, at, err := o.syscalls()
	if err != nil {
		return nil, err
	}
	r.add(Syscall, at, count, "%d times the bytes 0f 05 in the code: system calls without libc, or other instructions with these bytes", count)
	if o.Flags&delf.DF_SYMBOLIC != 0 {
		r.add(Symbolic, 0, 1, "linked with -Bsymbolic: references to its own exports are bound already")
	}
	if o.Flags&delf.DF_TEXTREL != 0 {
		r.add(TextReloc, 0, 1, "relocations in the code, which a copy can then not share")
	}
	referenced, err := r.relocations(o)
	if err != nil {
		return nil, err
	}
	return r.found, r.symbols(o, referenced)
}

type reach struct{ found []Finding }

func (r *reach) add(kind Kind, at uint64, count int, format string, args ...any) {
	if count > 0 {
		r.found = append(r.found, Finding{kind, fmt.Sprintf(format, args...), at, count})
	}
}

// tally counts, and remembers the first.
type tally struct {
	count int
	first uint64
}

func (t *tally) add(at uint64) {
	if t.count == 0 {
		t.first = at
	}
	t.count++
}

// relocations reports copied variables, and returns which symbols have a relocation: a reference that can be rewritten.
func (r *reach) relocations(o *Object) (referenced []bool, err error) {
	referenced = make([]bool, o.NumSymbols())
	var copies, resolvers tally
	for rel, err := range o.Relocations() {
		// A RELR addend that cannot be read does not matter here.
		if err != nil && !rel.RELR {
			return nil, err
		}
		if uint64(rel.Symbol) < uint64(len(referenced)) {
			referenced[rel.Symbol] = true
		}
		switch rel.Type {
		case delf.R_X86_64_COPY:
			copies.add(rel.Offset)
		case delf.R_X86_64_IRELATIVE:
			resolvers.add(rel.Offset)
		}
	}
	r.add(CopyReloc, copies.first, copies.count, "%d variables of libraries are in the program (copy relocations)", copies.count)
	r.add(Indirect, resolvers.first, resolvers.count, "%d addresses that a resolver gives at load time", resolvers.count)
	return referenced, nil
}

// symbols reports what exported symbols tell.
func (r *reach) symbols(o *Object, referenced []bool) error {
	var protected, inner, resolved tally
	exported := 0
	for s, err := range o.Symbols() {
		if err != nil {
			return err
		}
		if !s.Defined || s.Bind == delf.STB_LOCAL || s.Visibility == delf.STV_HIDDEN || s.Visibility == delf.STV_INTERNAL {
			continue
		}
		if s.Visibility == delf.STV_PROTECTED {
			protected.add(s.Value)
		}
		if s.Type != delf.STT_FUNC && s.Type != delf.STT_GNU_IFUNC {
			continue
		}
		exported++
		if !referenced[s.Index] {
			inner.add(s.Value)
		}
		if s.Type == delf.STT_GNU_IFUNC {
			resolved.add(s.Value)
		}
	}
	r.add(Protected, protected.first, protected.count, "%d protected exports: its own references to them are bound already", protected.count)
	r.add(InnerCall, inner.first, inner.count, "%d of %d exported functions have no GOT entry here: its own calls of them, if any, are direct", inner.count, exported)
	r.add(Indirect, resolved.first, resolved.count, "%d exported functions are chosen by a resolver at load time", resolved.count)
	return nil
}

// syscalls counts the pattern of the syscall instruction in executable segments. Without decoding every instruction
// from a known beginning, immediates and displacements with the same bytes cannot be told apart.
func (o *Object) syscalls() (count int, first uint64, err error) {
	pattern := []byte{0x0f, 0x05}
	for _, s := range o.Segments {
		if s.Flags&delf.PF_X == 0 || s.FileSize == 0 {
			continue
		}
		code, err := o.Bytes(s.Vaddr, s.FileSize)
		if err != nil {
			return 0, 0, err
		}
		n := bytes.Count(code, pattern)
		if n > 0 && count == 0 {
			first = s.Vaddr + uint64(bytes.Index(code, pattern))
		}
		count += n
	}
	return count, first, nil
}
