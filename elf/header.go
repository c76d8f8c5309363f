// SPDX-License-Identifier: Apache-2.0

package elf

import (
	"bytes"
	delf "debug/elf"
	"encoding/binary"
	"fmt"
	"math/bits"
)

const (
	pageSize   = 4096
	headerSize = 64
	phdrSize   = 56
	// phnumExtended says that the number of program headers is in a section header, which a mapped object does not have.
	phnumExtended = 0xffff
	// addressEnd is the end of the user half of the address space.
	addressEnd = 1 << 47
)

var le = binary.LittleEndian

type header struct {
	kind         delf.Type
	entry, phoff uint64
	phnum        int
}

// phdrsEnd is the file offset after the program headers.
func (h header) phdrsEnd() uint64 { return h.phoff + uint64(h.phnum)*phdrSize }

// decodeHeader reads the ELF header at the beginning of data. name is for the errors only.
func decodeHeader(name string, data []byte) (header, error) {
	bad := func(off uint64, err error) (header, error) {
		return header{}, fmt.Errorf("%s: ELF header at offset 0x%x: %w", name, off, err)
	}
	if len(data) < 4 || !bytes.Equal(data[:4], []byte(delf.ELFMAG)) {
		return bad(0, ErrNotELF)
	}
	if len(data) < headerSize {
		return bad(0, fmt.Errorf("cut off after %d of %d bytes", len(data), headerSize))
	}
	if c := delf.Class(data[delf.EI_CLASS]); c != delf.ELFCLASS64 {
		return bad(uint64(delf.EI_CLASS), fmt.Errorf("%v: %w", c, ErrForeign))
	}
	if d := delf.Data(data[delf.EI_DATA]); d != delf.ELFDATA2LSB {
		return bad(uint64(delf.EI_DATA), fmt.Errorf("%v: %w", d, ErrForeign))
	}
	if v := delf.Version(data[delf.EI_VERSION]); v != delf.EV_CURRENT {
		return bad(uint64(delf.EI_VERSION), fmt.Errorf("version %d is unknown", v))
	}
	if m := delf.Machine(le.Uint16(data[18:])); m != delf.EM_X86_64 {
		return bad(18, fmt.Errorf("%v: %w", m, ErrForeign))
	}
	h := header{
		kind:  delf.Type(le.Uint16(data[16:])),
		entry: le.Uint64(data[24:]),
		phoff: le.Uint64(data[32:]),
		phnum: int(le.Uint16(data[56:])),
	}
	if h.kind != delf.ET_DYN && h.kind != delf.ET_EXEC {
		return bad(16, fmt.Errorf("%v is neither a program nor a shared object", h.kind))
	}
	if h.phnum == 0 {
		return bad(56, fmt.Errorf("no program headers"))
	}
	if n := le.Uint16(data[54:]); n != phdrSize {
		return bad(54, fmt.Errorf("program headers of %d bytes instead of %d", n, phdrSize))
	}
	if h.phnum == phnumExtended {
		return bad(56, fmt.Errorf("more than %d program headers", phnumExtended-1))
	}
	if h.phoff > addressEnd {
		return bad(32, fmt.Errorf("program headers at offset 0x%x are outside the file", h.phoff))
	}
	return h, nil
}

// decodePhdrs reads the program headers; data begins with the first.
func decodePhdrs(data []byte, n int) []delf.ProgHeader {
	phdrs := make([]delf.ProgHeader, n)
	for i := range phdrs {
		p := data[i*phdrSize:][:phdrSize]
		phdrs[i] = delf.ProgHeader{
			Type:   delf.ProgType(le.Uint32(p)),
			Flags:  delf.ProgFlag(le.Uint32(p[4:])),
			Off:    le.Uint64(p[8:]),
			Vaddr:  le.Uint64(p[16:]),
			Paddr:  le.Uint64(p[24:]),
			Filesz: le.Uint64(p[32:]),
			Memsz:  le.Uint64(p[40:]),
			Align:  le.Uint64(p[48:]),
		}
	}
	return phdrs
}

// setLayout fills in what the program headers say, and refuses what no linker writes and no loader maps.
// The file is looked at only when o is one.
func (o *Object) setLayout(h header, phdrs []delf.ProgHeader) error {
	o.Type, o.Entry = h.kind, h.entry
	bad := func(i int, format string, args ...any) error {
		return fmt.Errorf("%s: program header %d at offset 0x%x: %s", o.Path, i, h.phoff+uint64(i)*phdrSize,
			fmt.Sprintf(format, args...))
	}
	for i, p := range phdrs {
		if p.Type != delf.PT_LOAD || p.Memsz == 0 && p.Filesz == 0 {
			continue
		}
		switch {
		case p.Vaddr > addressEnd || p.Memsz > addressEnd-p.Vaddr:
			return bad(i, "addresses 0x%x+0x%x are outside the address space", p.Vaddr, p.Memsz)
		case p.Filesz > p.Memsz:
			return bad(i, "0x%x bytes of file for 0x%x bytes of memory", p.Filesz, p.Memsz)
		case !o.Loaded && (p.Off > o.size() || p.Filesz > o.size()-p.Off):
			return bad(i, "file range 0x%x+0x%x is outside the file (%d bytes)", p.Off, p.Filesz, o.size())
		case p.Align > 1 && bits.OnesCount64(p.Align) != 1:
			return bad(i, "alignment 0x%x is not a power of two", p.Align)
		case p.Align > 1 && (p.Vaddr-p.Off)&(p.Align-1) != 0:
			return bad(i, "address 0x%x and file offset 0x%x differ modulo the alignment 0x%x", p.Vaddr, p.Off, p.Align)
		}
		if n := len(o.Segments); n > 0 && p.Vaddr < o.Segments[n-1].Vaddr+o.Segments[n-1].MemSize {
			return bad(i, "address 0x%x is not after the segment before it", p.Vaddr)
		}
		o.Segments = append(o.Segments, Segment{
			Vaddr: p.Vaddr, MemSize: p.Memsz, Offset: p.Off, FileSize: p.Filesz, Align: p.Align, Flags: p.Flags,
		})
	}
	if len(o.Segments) == 0 {
		return fmt.Errorf("%s: program headers at offset 0x%x: nothing to load", o.Path, h.phoff)
	}
	last := o.Segments[len(o.Segments)-1]
	o.Low = o.Segments[0].Vaddr &^ (pageSize - 1)
	o.High = (last.Vaddr + last.MemSize + pageSize - 1) &^ (pageSize - 1)

	for i, p := range phdrs {
		at := Range{p.Vaddr, p.Memsz}
		switch p.Type {
		case delf.PT_DYNAMIC, delf.PT_GNU_RELRO, delf.PT_GNU_EH_FRAME, delf.PT_TLS, delf.PT_INTERP:
			// A TLS segment may have nothing but zeroes, which are not part of any segment.
			inside := at.Start >= o.Low && at.Start <= o.High && (p.Type == delf.PT_TLS || at.Size <= o.High-at.Start)
			if !inside {
				return bad(i, "%v addresses 0x%x+0x%x are outside the segments", p.Type, at.Start, at.Size)
			}
		}
		switch p.Type {
		case delf.PT_DYNAMIC:
			o.Dynamic = at
		case delf.PT_GNU_RELRO:
			o.RELRO = at
		case delf.PT_GNU_EH_FRAME:
			o.EHFrameHdr = at
		case delf.PT_TLS:
			if p.Align > 1 && bits.OnesCount64(p.Align) != 1 {
				return bad(i, "alignment 0x%x is not a power of two", p.Align)
			}
			if p.Filesz > p.Memsz || p.Memsz > addressEnd {
				return bad(i, "%v of 0x%x bytes with 0x%x bytes of file", p.Type, p.Memsz, p.Filesz)
			}
			if p.Filesz > 0 {
				if _, err := o.Bytes(p.Vaddr, p.Filesz); err != nil {
					return bad(i, "%v image 0x%x+0x%x is outside the segments", p.Type, p.Vaddr, p.Filesz)
				}
			}
			o.TLS, o.TLSFileSize, o.TLSAlign = at, p.Filesz, p.Align
		case delf.PT_INTERP:
			b, err := o.Bytes(p.Vaddr, p.Memsz)
			if err != nil || len(b) > pageSize {
				return bad(i, "%v addresses 0x%x+0x%x are outside the segments", p.Type, at.Start, at.Size)
			}
			o.Interp = string(bytes.TrimRight(b, "\x00"))
		}
	}
	return nil
}
