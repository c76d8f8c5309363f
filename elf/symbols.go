// SPDX-License-Identifier: Apache-2.0

package elf

import (
	delf "debug/elf"
	"fmt"
	"iter"
	"unsafe"
)

// What debug/elf calls STB_LOOS.
const bindUnique delf.SymBind = 10

// badName is the error for an offset into the string table. It is made for every bad symbol of a damaged file, so it
// is formatted only when somebody prints it.
type badName struct {
	offset uint64
	size   int
	reason string
}

func (e badName) Error() string {
	return fmt.Sprintf("name 0x%x %s (%d bytes)", e.offset, e.reason, e.size)
}

// setSymbols finds the hash tables and, through them, the size of the symbol table, which nothing states.
func (o *Object) setSymbols(found tags) error {
	if err := o.setHashes(found); err != nil {
		return err
	}
	value, ok := found[delf.DT_SYMTAB]
	if !ok {
		return nil
	}
	if n, ok := found[delf.DT_SYMENT]; ok && n != symSize {
		return o.bad("DT_SYMTAB", o.vaddr(value), "entries of %d bytes instead of %d", n, symSize)
	}
	at := o.vaddr(value)
	rest, err := o.tableRest("DT_SYMTAB", at)
	if err != nil {
		return err
	}
	var count uint64
	switch {
	case o.dyn.gnu.symbols > 0:
		count = uint64(o.dyn.gnu.symbols)
	case o.dyn.sysv.symbols > 0:
		count = uint64(o.dyn.sysv.symbols)
	default:
		// A GNU hash table without a definition does not say how many references there are. The table that comes next
		// in the file does: none has an alignment as large as a symbol.
		end := at + uint64(len(rest))
		for _, tag := range []delf.DynTag{
			delf.DT_STRTAB, delf.DT_HASH, delf.DT_GNU_HASH, delf.DT_VERSYM, delf.DT_VERNEED, delf.DT_VERDEF,
			delf.DT_RELA, delf.DT_JMPREL, dtRELR, delf.DT_PLTGOT,
		} {
			if next, ok := found[tag]; ok && o.vaddr(next) > at {
				end = min(end, o.vaddr(next))
			}
		}
		count = (end - at) / symSize
	}
	if count > uint64(len(rest))/symSize {
		return o.bad("DT_SYMTAB", at, "%d symbols, but the segment ends after %d bytes", count, len(rest))
	}
	o.dyn.symbols = uint32(count)
	o.dyn.symtab = table{at, rest[: count*symSize : count*symSize]}
	return nil
}

// NumSymbols is the number of dynamic symbols, with the null symbol at index 0.
func (o *Object) NumSymbols() uint32 { return o.dyn.symbols }

// Symbol is dynamic symbol i.
func (o *Object) Symbol(i uint32) (Symbol, error) {
	if i >= o.dyn.symbols {
		return Symbol{}, fmt.Errorf("%s: symbol %d: the table has %d", o.Path, i, o.dyn.symbols)
	}
	raw := o.rawSymbol(i)
	s := raw.decode(i)
	name, err := o.str(uint64(raw.name()))
	if err != nil {
		return s, o.bad("symbol", o.dyn.symtab.addr+uint64(i)*symSize, "number %d: %w", i, err)
	}
	s.Name = name
	if versym := o.dyn.versym.data; versym != nil {
		v := le.Uint16(versym[2*i:])
		s.HiddenVersion = v&versionHidden != 0
		var ok bool
		if s.Version, ok = o.versionName(v &^ versionHidden); !ok {
			return s, o.bad("DT_VERSYM", o.dyn.versym.addr+2*uint64(i), "nothing defines version %d of symbol %d (%s)", v&^versionHidden, i, name)
		}
	}
	return s, nil
}

// Symbols is all dynamic symbols but the null symbol, in the table's order. After an error it goes on with the next.
func (o *Object) Symbols() iter.Seq2[Symbol, error] {
	return func(yield func(Symbol, error) bool) {
		for i := uint32(1); i < o.dyn.symbols; i++ {
			if !yield(o.Symbol(i)) {
				return
			}
		}
	}
}

// rawSymbol is an Elf64_Sym.
type rawSymbol []byte

// rawSymbol is entry i, which must be in the table.
func (o *Object) rawSymbol(i uint32) rawSymbol {
	return rawSymbol(o.dyn.symtab.data[uint64(i)*symSize:][:symSize])
}

func (s rawSymbol) name() uint32               { return le.Uint32(s) }
func (s rawSymbol) kind() delf.SymType         { return delf.ST_TYPE(s[4]) }
func (s rawSymbol) bind() delf.SymBind         { return delf.ST_BIND(s[4]) }
func (s rawSymbol) visibility() delf.SymVis    { return delf.ST_VISIBILITY(s[5]) }
func (s rawSymbol) section() delf.SectionIndex { return delf.SectionIndex(le.Uint16(s[6:])) }
func (s rawSymbol) value() uint64              { return le.Uint64(s[8:]) }
func (s rawSymbol) size() uint64               { return le.Uint64(s[16:]) }

func (s rawSymbol) decode(i uint32) Symbol {
	return Symbol{
		Index: i, Value: s.value(), Size: s.size(), Type: s.kind(), Bind: s.bind(), Visibility: s.visibility(),
		Section: s.section(), Defined: s.section() != delf.SHN_UNDEF,
	}
}

// view is the string that has b for its bytes, without copying them.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
