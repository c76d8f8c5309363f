// SPDX-License-Identifier: Apache-2.0

package elf

import (
	delf "debug/elf"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// Loaded is the objects of this process in the order of the link map: the program first, the dynamic linker included,
// the vdso left out. Nothing may be loaded or unloaded meanwhile.
//
// An object that cannot be read is left out too, and named in the error; the others are then returned with it. Objects
// that an earlier call gave are not read again when they are passed as known.
func Loaded(known ...*Object) ([]*Object, error) {
	p, err := thisProcess()
	if err != nil {
		return nil, fmt.Errorf("list loaded objects: %w", err)
	}
	var (
		objects []*Object
		failed  []error
	)
	read := make(map[uintptr]*Object, len(known))
	for _, o := range known {
		read[o.LinkMap] = o
	}
	seen := map[uint64]bool{}
	for addr := p.linkMap; addr != 0 && !seen[addr]; {
		seen[addr] = true
		m := readLinkMap(addr)
		addr = m.next
		if vdso := p.aux[atVDSO]; vdso != 0 && m.dynamic-vdso < 4*pageSize {
			continue
		}
		if o := read[uintptr(m.addr)]; o != nil && o.is(m) {
			objects = append(objects, o)
			continue
		}
		o, err := p.object(m, len(seen) == 1)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		o.linkName = m.name
		objects = append(objects, o)
	}
	return objects, errors.Join(failed...)
}

// is says whether the object is what the link map's entry is about; the linker uses the memory of entries again.
func (o *Object) is(m linkMap) bool {
	return o.Base == m.base && o.Base+o.Dynamic.Start == m.dynamic && o.linkName == m.name
}

// thisProcess is found once: where the list begins does not change.
var thisProcess = sync.OnceValues(findProcess)

// process is what the kernel and the dynamic linker say about this process.
type process struct {
	aux     map[uint64]uint64
	linkMap uint64
	// The kernel started the dynamic linker as a program ("ld.so prog"): its headers, and /proc/self/exe, are not prog's.
	viaLinker bool
}

// linkMap is struct link_map of <link.h>.
type linkMap struct {
	addr, base, dynamic, next uint64
	name                      string
}

func readLinkMap(addr uint64) linkMap {
	m := memory(addr, 32)
	return linkMap{
		addr: addr, base: le.Uint64(m), name: cstring(le.Uint64(m[8:])), dynamic: le.Uint64(m[16:]), next: le.Uint64(m[24:]),
	}
}

func findProcess() (*process, error) {
	aux, err := auxv()
	if err != nil {
		return nil, err
	}
	p := &process{aux: aux}
	first, err := p.auxObject()
	if err != nil {
		return nil, err
	}
	if first.Dynamic == (Range{}) {
		return nil, ErrStatic
	}
	p.viaLinker = first.Interp == "" && aux[atBase] == 0
	debug := first.dyn.debug
	if debug == 0 {
		// The program's dynamic section is read-only, or this is the linker itself, which exports the structure.
		linker := first
		if base := aux[atBase]; base != 0 {
			if linker, err = inMemory("the dynamic linker", base, base, 0); err != nil {
				return nil, err
			}
		}
		s, ok := linker.Lookup("_r_debug", "")
		if !ok && linker == first {
			return nil, ErrStatic
		}
		if !ok {
			return nil, fmt.Errorf("the dynamic linker has no _r_debug")
		}
		debug = linker.Base + s.Value
	}
	if p.linkMap = le.Uint64(memory(debug+8, 8)); p.linkMap == 0 {
		return nil, fmt.Errorf("the dynamic linker has no link map yet")
	}
	return p, nil
}

// auxObject is the object whose program headers the kernel gave: nearly always the program.
func (p *process) auxObject() (*Object, error) {
	phdr, phnum := p.aux[atPHDR], p.aux[atPHNUM]
	if phdr == 0 || phnum == 0 || phnum >= phnumExtended {
		return nil, fmt.Errorf("auxiliary vector: no program headers")
	}
	phdrs := decodePhdrs(memory(phdr, phnum*phdrSize), int(phnum))
	o := &Object{Path: "the program", Loaded: true}
	for _, h := range phdrs {
		// PT_PHDR is the headers' own address; without it they are in the segment at the beginning of the file.
		if h.Type == delf.PT_PHDR {
			o.Base = phdr - h.Vaddr
			break
		}
		if h.Type == delf.PT_LOAD && h.Off == 0 {
			o.Base = phdr&^(pageSize-1) - h.Vaddr
			break
		}
	}
	if err := o.setLayout(header{kind: delf.ET_DYN, phoff: headerSize}, phdrs); err != nil {
		return nil, err
	}
	return o, o.setDynamic()
}

// object reads one entry of the link map.
func (p *process) object(m linkMap, main bool) (*Object, error) {
	path, open, err := p.path(m, main)
	if err != nil {
		return nil, err
	}
	// The ELF header is normally at the load bias, since the first segment is at address 0, or in the program right
	// before the program headers. Where it is not, the file has to say what was mapped.
	places := []uint64{m.base}
	if main {
		places = append(places, p.aux[atPHDR]-headerSize)
	}
	var o *Object
	for _, at := range places {
		if o, err = inMemory(path, at, m.base, m.dynamic); err == nil {
			break
		}
	}
	if err != nil {
		fromMemory := err
		if o, err = fromFile(path, open, m.base, m.dynamic); err != nil {
			return nil, fmt.Errorf("%w; %w", fromMemory, err)
		}
	}
	o.LinkMap, o.Main = uintptr(m.addr), main
	o.file.open = open
	return o, nil
}

// path is the file of an entry of the link map, and what to open to read it.
func (p *process) path(m linkMap, main bool) (path, open string, err error) {
	switch {
	case main && !p.viaLinker:
		// This opens the program even when its file was removed.
		const exe = "/proc/self/exe"
		path, err = readlink(exe)
		return path, exe, err
	case strings.HasPrefix(m.name, "/"):
		return m.name, m.name, nil
	}
	// A relative name is relative to a directory that was current once.
	path, err = mappedFrom(m.dynamic)
	if err != nil {
		return "", "", fmt.Errorf("%s: %w", m.name, err)
	}
	return path, path, nil
}

// inMemory reads an object whose ELF header is at address at. The header is believed when it puts the dynamic section
// where the dynamic linker has it; dynamic 0 is not compared.
func inMemory(path string, at, base, dynamic uint64) (*Object, error) {
	page := peekUpTo(at, pageSize)
	if len(page) == 0 {
		return nil, fmt.Errorf("%s: ELF header at address 0x%x: not mapped", path, at)
	}
	h, err := decodeHeader(path, page)
	if err != nil {
		return nil, err
	}
	if end := h.phdrsEnd(); end > uint64(len(page)) {
		if page = peekUpTo(at, int(min(end, h.phoff+phnumExtended*phdrSize))); end > uint64(len(page)) {
			return nil, fmt.Errorf("%s: program headers at address 0x%x: not mapped", path, at+h.phoff)
		}
	}
	return loadedObject(path, base, dynamic, h, page)
}

// fromFile reads the headers of a loaded object from its file.
func fromFile(path, open string, base, dynamic uint64) (*Object, error) {
	file, err := Open(open)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	h, err := decodeHeader(path, file.file.data)
	if err != nil {
		return nil, err
	}
	return loadedObject(path, base, dynamic, h, file.file.data)
}

// loadedObject makes the object of headers that were found in memory or in its file.
func loadedObject(path string, base, dynamic uint64, h header, data []byte) (*Object, error) {
	o := &Object{Path: path, Base: base, Loaded: true}
	phdrs := decodePhdrs(data[h.phoff:], h.phnum)
	if dynamic != 0 {
		found := false
		for _, p := range phdrs {
			found = found || p.Type == delf.PT_DYNAMIC && base+p.Vaddr == dynamic
		}
		if !found {
			return nil, fmt.Errorf("%s: program headers at offset 0x%x: the dynamic section is not at 0x%x, where the dynamic linker has it",
				path, h.phoff, dynamic)
		}
	}
	if err := o.setLayout(h, phdrs); err != nil {
		return nil, err
	}
	if err := o.setDynamic(); err != nil {
		return nil, err
	}
	o.file.header = append([]byte(nil), data[:headerSize]...)
	o.setName()
	return o, nil
}
