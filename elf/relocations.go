// SPDX-License-Identifier: Apache-2.0

package elf

import (
	delf "debug/elf"
	"iter"
)

// setRelocations finds the relocation tables.
func (o *Object) setRelocations(found tags) error {
	if found[delf.DT_RELSZ] != 0 {
		return o.bad("DT_REL", o.vaddr(found[delf.DT_REL]), "x86-64 has only relocations with addend")
	}
	if kind := delf.DynTag(found[delf.DT_PLTREL]); found[delf.DT_PLTRELSZ] != 0 && kind != delf.DT_RELA {
		return o.bad("DT_JMPREL", o.vaddr(found[delf.DT_JMPREL]), "DT_PLTREL is %v: x86-64 has only relocations with addend", kind)
	}
	for _, f := range []struct {
		addr, size, entry delf.DynTag
		entrySize         uint64
		to                *table
	}{
		{delf.DT_RELA, delf.DT_RELASZ, delf.DT_RELAENT, relaSize, &o.dyn.rela},
		{delf.DT_JMPREL, delf.DT_PLTRELSZ, 0, relaSize, &o.dyn.jmprel},
		{dtRELR, dtRELRSZ, dtRELRENT, relrSize, &o.dyn.relr},
	} {
		if found[f.size] == 0 {
			continue
		}
		var err error
		if *f.to, err = o.table(found, f.addr, f.size, f.entry, f.entrySize); err != nil {
			return err
		}
	}
	// Some linkers count the PLT's relocations, which come last, as part of DT_RELA too.
	rela, plt := &o.dyn.rela, &o.dyn.jmprel
	if len(plt.data) > 0 && plt.addr >= rela.addr && plt.addr+uint64(len(plt.data)) == rela.addr+uint64(len(rela.data)) {
		rela.data = rela.data[:plt.addr-rela.addr]
	}
	return nil
}

// Relocations is all dynamic relocations: DT_RELR, DT_RELA, then DT_JMPREL.
func (o *Object) Relocations() iter.Seq2[Relocation, error] {
	return func(yield func(Relocation, error) bool) {
		_ = o.relr(yield) && rela(o.dyn.rela.data, false, yield) && rela(o.dyn.jmprel.data, true, yield)
	}
}

// NumPLTRelocations is the number of relocations in DT_JMPREL.
func (o *Object) NumPLTRelocations() int { return len(o.dyn.jmprel.data) / relaSize }

func rela(data []byte, plt bool, yield func(Relocation, error) bool) bool {
	for ; len(data) >= relaSize; data = data[relaSize:] {
		info := le.Uint64(data[8:])
		r := Relocation{
			Offset: le.Uint64(data), Type: delf.R_X86_64(uint32(info)), Symbol: uint32(info >> 32),
			Addend: int64(le.Uint64(data[16:])), PLT: plt,
		}
		if !yield(r, nil) {
			return false
		}
	}
	return true
}

// relr expands DT_RELR: an even word is the address of a word to relocate, an odd one a bitmap of the 63 words after the
// last ones. The addend is what the file has there; in memory the linker has already added the load bias to it.
func (o *Object) relr(yield func(Relocation, error) bool) bool {
	data := o.dyn.relr.data
	one := func(at uint64) bool {
		addend, err := o.fileWord(at)
		r := Relocation{Offset: at, Type: delf.R_X86_64_RELATIVE, Addend: int64(addend), RELR: true}
		return yield(r, err)
	}
	next := uint64(0)
	for i := 0; i+relrSize <= len(data); i += relrSize {
		word := le.Uint64(data[i:])
		if word&1 == 0 {
			if !one(word) {
				return false
			}
			next = word + 8
			continue
		}
		for bit, at := word>>1, next; bit != 0; bit, at = bit>>1, at+8 {
			if bit&1 != 0 && !one(at) {
				return false
			}
		}
		next += 63 * 8
	}
	return true
}
