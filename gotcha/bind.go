// SPDX-License-Identifier: Apache-2.0

package gotcha

/*
#include <stdint.h>
static uint64_t call_resolver(uint64_t at) { return ((uint64_t (*)(void))at)(); }
*/
import "C"

import (
	delf "debug/elf"
	"strings"

	"libinger/elf"
)

const (
	sttGNUIfunc  = delf.SymType(10)
	stbGNUUnique = delf.SymBind(10)
)

// callResolver asks the function at an address which one it has chosen. Tests look at files, which have no code to call.
var callResolver = func(at uint64) uint64 { return uint64(C.call_resolver(C.uint64_t(at))) }

// binder finds where the references of one object lead, as the dynamic linker bound them, or would.
type binder struct {
	w     *world
	o     *object
	scope []*object         // found when it is needed: most references are bound already
	found map[uint32]uint64 // by symbol index
}

func (w *world) binder(o *object) *binder {
	return &binder{w: w, o: o, found: map[uint32]uint64{}}
}

// lookup searches the scopes; 0 for an undefined weak symbol.
func (b *binder) lookup(index uint32) (uint64, error) {
	if address, known := b.found[index]; known {
		return address, nil
	}
	s, err := b.o.Symbol(index)
	if err != nil {
		return 0, err
	}
	address, err := b.search(s)
	if err == nil {
		b.found[index] = address
	}
	return address, err
}

func (b *binder) search(s elf.Symbol) (uint64, error) {
	if s.Bind == delf.STB_LOCAL || s.Defined && s.Visibility != delf.STV_DEFAULT {
		return b.o.Base + s.Value, nil
	}
	if b.scope == nil {
		b.scope = b.w.scope(b.o)
	}
	for _, o := range b.scope {
		d, ok := o.Lookup(s.Name, s.Version)
		if !ok {
			continue
		}
		if o.Main && !d.Defined {
			// The program's PLT entry stands for the function's address (a program that is not position-independent).
			return o.Base + d.Value, nil
		}
		if d.Bind == stbGNUUnique {
			o, d = b.w.unique(o, d)
		}
		address := o.Base + d.Value
		if d.Type == sttGNUIfunc {
			address = callResolver(address)
		}
		return address, nil
	}
	if s.Bind == delf.STB_WEAK {
		return 0, nil
	}
	return 0, failure(b.o, "symbol %s %s: no definition is loaded", s.Name, s.Version)
}

// unique gives the definition of a symbol of which there is one in the process, whatever the scope (inline variables of
// C++): that of the object that was loaded first.
func (w *world) unique(o *object, d elf.Symbol) (*object, elf.Symbol) {
	for _, first := range w.objects {
		if s, ok := first.Lookup(d.Name, d.Version); ok && s.Defined && s.Bind == stbGNUUnique {
			return first, s
		}
	}
	return o, d
}

// target gives the address that a relocation's word leads to, without the addend. A function with a limit is meant, not its
// stub.
func (b *binder) target(r elf.Relocation) (uint64, error) {
	address, err := b.bound(r)
	return theLimits.function(address), err
}

func (b *binder) bound(r elf.Relocation) (uint64, error) {
	live, err := b.o.Word(r.Offset)
	if err != nil {
		return 0, err
	}
	switch r.Type {
	case delf.R_X86_64_GLOB_DAT:
		return live, nil
	case delf.R_X86_64_JMP_SLOT:
		// A word that leads into the object's own text has not been bound yet, or is bound to its own function.
		if live-b.o.low() < b.o.high()-b.o.low() {
			break
		}
		return live, nil
	case delf.R_X86_64_64:
		if b.o.inRELRO(r.Offset) {
			return live - uint64(r.Addend), nil
		}
	}
	return b.lookup(r.Symbol)
}

// refer notes the exported data that an object which is not copied refers to: the variable it means is the starting
// libset's, so the copies must mean the same.
func (w *world) refer(o *object) error {
	b := w.binder(o)
	for r, err := range o.Relocations() {
		if err != nil {
			return err
		}
		if r.Type != delf.R_X86_64_GLOB_DAT && r.Type != delf.R_X86_64_64 {
			continue
		}
		address, err := b.target(r)
		if err != nil {
			continue // the linker found it, or did not need to; data is bound at once
		}
		if m := w.copyAt(address); m != nil && !m.isText(address) {
			w.referred[address] = true
		}
	}
	return nil
}

// referAll does so for every object that is not copied and was not looked at yet.
func (w *world) referAll() {
	for _, o := range w.objects {
		if o.kind == copied || o.done {
			continue
		}
		if err := w.refer(o); err != nil {
			tell("variables may be taken for a libset's own", o.Path, err)
		}
	}
}

// shared says whether all libsets share the variable.
func (w *world) shared(m *object, address uint64, symbol string) bool {
	if m.libc() || w.referred[address] && !strings.HasPrefix(symbol, "_ZT") {
		return true // but tables of classes lead to functions, which are the libset's
	}
	shared, _ := m.sharing.Shared(symbol)
	return shared
}
