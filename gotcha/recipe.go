// SPDX-License-Identifier: Apache-2.0

package gotcha

import (
	delf "debug/elf"
	"slices"

	"libinger/elf"
	"libinger/interpose"
)

const pageBytes = 4096

// word is a word of a copy: at the place `at` of its region stands value, or region + value.
type word struct{ at, value uint64 }

// farWord leads into the region of another batch.
type farWord struct {
	word
	batch uint32
}

// recipe is what a batch's words are.
type recipe struct {
	own, fixed, resolvers []word
	far                   []farWord
}

// segment is a piece of the file, or anonymous memory, to map.
type segment struct {
	at, bytes, offset uint64
	flags             delf.ProgFlag
	anonymous         bool
	zeroAt, zeroBytes uint64 // .bss on the last page of the file
}

// layout says how an object's file is mapped, as the dynamic linker does it.
type layout struct {
	segments            []segment
	textLow, textHigh   uint64
	relroAt, relroBytes uint64
}

func down(v uint64) uint64 { return v &^ (pageBytes - 1) }
func up(v uint64) uint64   { return down(v + pageBytes - 1) }

// place converts an address of the file to a place in the region.
func (o *object) place(vaddr uint64) uint64 { return o.at + vaddr - o.Low }

func (o *object) layout() layout {
	var l layout
	for _, s := range o.Segments {
		start, fileEnd, end := down(s.Vaddr), s.Vaddr+s.FileSize, up(s.Vaddr+s.MemSize)
		// A segment that is nothing but .bss may have no page of the file at all.
		if up(fileEnd) > start {
			file := segment{at: o.place(start), bytes: up(fileEnd) - start, offset: down(s.Offset), flags: s.Flags}
			if s.MemSize > s.FileSize && s.Flags&delf.PF_W != 0 {
				file.zeroAt, file.zeroBytes = o.place(fileEnd), min(up(fileEnd), s.Vaddr+s.MemSize)-fileEnd
			}
			l.segments = append(l.segments, file)
		}
		if end > up(fileEnd) {
			l.segments = append(l.segments, segment{at: o.place(up(fileEnd)), bytes: end - up(fileEnd), flags: s.Flags, anonymous: true})
		}
		if s.Flags&delf.PF_X != 0 {
			if l.textHigh == 0 {
				l.textLow = o.Base + start
			}
			l.textHigh = o.Base + end
		}
	}
	if o.RELRO.Size > 0 {
		start, end := down(o.RELRO.Start), down(o.RELRO.End())
		if end > start {
			l.relroAt, l.relroBytes = o.place(start), end-start
		}
	}
	return l
}

// add writes the words of one object into the recipe.
func (rc *recipe) add(w *world, o *object) error {
	b := w.binder(o)
	for r, err := range o.Relocations() {
		if err != nil {
			return err
		}
		at := o.place(r.Offset)
		switch r.Type {
		case delf.R_X86_64_NONE:
		case delf.R_X86_64_RELATIVE:
			rc.own = append(rc.own, word{at, o.place(uint64(r.Addend))})
		case delf.R_X86_64_IRELATIVE:
			rc.resolvers = append(rc.resolvers, word{at, o.place(uint64(r.Addend))})
		case delf.R_X86_64_TPOFF64, delf.R_X86_64_DTPMOD64, delf.R_X86_64_DTPOFF64:
			// Thread-local variables are the original's: each call has its own thread control block.
			err = rc.copy(o, r.Offset, 1)
		case delf.R_X86_64_TLSDESC:
			err = rc.copy(o, r.Offset, 2)
		case delf.R_X86_64_GLOB_DAT, delf.R_X86_64_JMP_SLOT, delf.R_X86_64_64:
			err = rc.bind(w, b, r, at)
		default:
			err = failure(o, "relocation %v at %#x: not known how to repeat it", r.Type, r.Offset)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// copy takes words as they stand in the original.
func (rc *recipe) copy(o *object, vaddr uint64, words uint64) error {
	for i := range words {
		value, err := o.Word(vaddr + 8*i)
		if err != nil {
			return err
		}
		rc.fixed = append(rc.fixed, word{o.place(vaddr + 8*i), value})
	}
	return nil
}

func (rc *recipe) bind(w *world, b *binder, r elf.Relocation, at uint64) error {
	s, err := b.o.Symbol(r.Symbol)
	if err != nil {
		return err
	}
	target, err := b.target(r)
	if err != nil && r.Type == delf.R_X86_64_JMP_SLOT {
		// Nobody has called it yet. Who does ends as he would have: in the original's stub, with the linker's message.
		return rc.copy(b.o, r.Offset, 1)
	}
	if err != nil {
		return err
	}
	addend := uint64(0)
	if r.Type == delf.R_X86_64_64 {
		addend = uint64(r.Addend)
	}
	if b.o.libc() && s.Name == "_dl_find_dso_for_object" {
		rc.fixed = append(rc.fixed, word{at, findDSO()})
		return nil
	}
	m := w.copyAt(target)
	if m == nil || m.libc() || w.starting(m, target, s.Name) {
		rc.fixed = append(rc.fixed, word{at, target + addend})
		return nil
	}
	place := m.place(target-m.Base) + addend
	if m.batch == b.o.batch {
		rc.own = append(rc.own, word{at, place})
	} else {
		rc.far = append(rc.far, farWord{word{at, place}, m.batch})
	}
	return nil
}

// starting says whether a function or variable of a copied library is the starting libset's for all.
func (w *world) starting(m *object, target uint64, symbol string) bool {
	if m.isText(target) {
		return m.oneFunctions && interpose.FunctionShared(m.Name, symbol)
	}
	return w.shared(m, target, symbol)
}

// sort puts the words of a page together, so that each is touched once while it is in the cache.
func (rc *recipe) sort() {
	byPlace := func(a, b word) int {
		if a.at < b.at {
			return -1
		}
		return 1
	}
	slices.SortFunc(rc.own, byPlace)
	slices.SortFunc(rc.fixed, byPlace)
}

// sharedData lists the addresses of the object's exported variables that all libsets share, sorted.
func (w *world) sharedData(o *object) []uint64 {
	var out []uint64
	if o.libc() {
		return nil
	}
	for s, err := range o.Symbols() {
		if err != nil || !s.Defined || s.Type == delf.STT_TLS || s.Section == delf.SHN_ABS {
			continue
		}
		address := o.Base + s.Value
		if !o.isText(address) && w.shared(o, address, s.Name) {
			out = append(out, address)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
