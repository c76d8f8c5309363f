// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	delf "debug/elf"
	"errors"
	"fmt"
	"strings"

	"libinger/elf"
)

const (
	headerBytes = 64
	phdrBytes   = 56
	// mostImage is more than any object has; a damaged header must not ask for all memory.
	mostImage = 2 << 30
)

// image makes an object's file out of memory: each segment at its place in the file. So a file that was replaced, removed or
// is out of reach is no matter, and the words are those of now. header is the address of the ELF header.
func (m *memory) image(path string, header, base uint64) (*elf.Object, error) {
	head := make([]byte, headerBytes)
	if err := m.read(header, head); err != nil {
		return nil, err
	}
	if what := notOurs(head); what != "" {
		return nil, errors.New(what)
	}
	phoff, count := le.Uint64(head[32:]), uint64(le.Uint16(head[56:]))
	if phoff > mostImage || count == 0 || le.Uint16(head[54:]) != phdrBytes {
		return nil, fmt.Errorf("ELF header at 0x%x: no program headers", header)
	}
	phdrs := make([]byte, count*phdrBytes)
	if err := m.read(header+phoff, phdrs); err != nil {
		return nil, err
	}
	size := phoff + uint64(len(phdrs))
	type piece struct{ vaddr, offset, size uint64 }
	var pieces []piece
	var dynamic piece
	for p := phdrs; len(p) > 0; p = p[phdrBytes:] {
		one := piece{le.Uint64(p[16:]), le.Uint64(p[8:]), le.Uint64(p[32:])}
		switch delf.ProgType(le.Uint32(p)) {
		case delf.PT_LOAD:
			if one.offset > mostImage || one.size > mostImage {
				return nil, fmt.Errorf("program headers at 0x%x: a segment of 0x%x bytes", header+phoff, one.size)
			}
			pieces, size = append(pieces, one), max(size, one.offset+one.size)
		case delf.PT_DYNAMIC:
			dynamic = one
		}
	}
	data := make([]byte, size)
	for _, p := range pieces {
		if err := m.readPages(base+p.vaddr, data[p.offset:p.offset+p.size]); err != nil {
			return nil, err
		}
	}
	copy(data, head)
	copy(data[phoff:], phdrs)
	if dynamic.size > 0 && dynamic.offset < size {
		unbias(data[dynamic.offset:min(size, dynamic.offset+dynamic.size)], base)
	}
	return elf.Parse(path, data)
}

// unbias takes the load address out of the dynamic section again, where the dynamic linker has added it.
func unbias(section []byte, base uint64) {
	const entry = 16
	for ; len(section) >= entry && base != 0; section = section[entry:] {
		if delf.DynTag(le.Uint64(section)) == delf.DT_NULL {
			return
		}
		// DT_DEBUG's value is the one that is no address in the object; no size or offset is as large as an address.
		if value := le.Uint64(section[8:]); value >= base && delf.DynTag(le.Uint64(section)) != delf.DT_DEBUG {
			le.PutUint64(section[8:], value-base)
		}
	}
}

// now says where a word leads at this moment.
func (w *world) now(o *loaded, r elf.Relocation, s elf.Symbol, expected target) Bound {
	word, err := o.Word(r.Offset)
	if err != nil {
		return bound(expected, s.Bind == delf.STB_WEAK)
	}
	at := word
	if r.Type == delf.R_X86_64_64 {
		at -= uint64(r.Addend)
	}
	if word == 0 || at == 0 {
		return Bound{State: StateNull, Number: -1}
	}
	b := w.where(at, s, expected)
	if b.State == StateElsewhere {
		if behind, ok := w.trampoline(at); ok {
			b = w.where(behind, s, expected)
			b.State = StateTrampoline
		}
	} else if b.Number == o.number && r.PLT && b.Symbol == "" {
		b = bound(expected, s.Bind == delf.STB_WEAK)
		b.State = StateLazy
	}
	b.Value = Address(word)
	return b
}

// where describes an address; the symbol is the one that was referred to, if it is there.
func (w *world) where(at uint64, s elf.Symbol, expected target) Bound {
	for _, o := range w.objects {
		vaddr := at - o.base
		if vaddr < o.Low || vaddr >= o.High {
			continue
		}
		b := Bound{State: StateBound, Object: o.Name, Number: o.number}
		d, found := o.LookupAddress(s.Name, s.Version)
		switch {
		case found && d.Value == vaddr && !d.Defined:
			b.State, b.Symbol, b.Version = StateStub, strings.Clone(d.Name), ""
		case found && d.Value == vaddr || found && d.Type == delf.STT_GNU_IFUNC:
			b.Symbol, b.Version = strings.Clone(d.Name), strings.Clone(d.Version)
		case s.Defined && o == expected.o && s.Value == vaddr:
			b.Symbol, b.Version = strings.Clone(s.Name), strings.Clone(s.Version)
		default:
			if d, ok := o.at(vaddr); ok {
				b.Symbol, b.Version = d.name, d.version
				if d.start != vaddr {
					b.Symbol += fmt.Sprintf("+0x%x", vaddr-d.start)
				}
			}
		}
		if found && d.Type == delf.STT_GNU_IFUNC {
			b.State = StateIFUNC
		}
		return b
	}
	b := Bound{State: StateElsewhere, Number: -1}
	if m := w.mappingAt(at); m != nil {
		b.Object = m.path
		if b.Object == "" {
			b.Object = "[anonymous]"
		}
		if expected.o != nil && expected.s.Type == delf.STT_GNU_IFUNC && m.path == "[vdso]" {
			b.State, b.Symbol, b.Version = StateIFUNC, strings.Clone(expected.s.Name), strings.Clone(expected.s.Version)
		}
	}
	return b
}

// trampoline decodes one of libinger's (gotcha/table.c): movq %fs:NEXT, %r11; jmp *ENTRY(%r11). ENTRY is the address of a
// word that has the function of the starting libset.
func (w *world) trampoline(at uint64) (behind uint64, ok bool) {
	code := make([]byte, 16)
	if w.memory.read(at, code) != nil || string(code[:5]) != "\x64\x4c\x8b\x1c\x25" || string(code[9:12]) != "\x41\xff\xa3" {
		return 0, false
	}
	behind, err := w.memory.word(uint64(int32(le.Uint32(code[12:]))))
	return behind, err == nil && behind != 0
}
