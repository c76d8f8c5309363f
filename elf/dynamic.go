// SPDX-License-Identifier: Apache-2.0

package elf

import (
	"bytes"
	delf "debug/elf"
	"path/filepath"
	"strings"
)

// Tags of DT_RELR, which debug/elf does not know.
const (
	dtRELRSZ  delf.DynTag = 35
	dtRELR    delf.DynTag = 36
	dtRELRENT delf.DynTag = 37
)

const (
	dynSize  = 16
	symSize  = 24
	relaSize = 24
	relrSize = 8
)

// table is a table that the dynamic section points to: where it is, and a view of it.
type table struct {
	addr uint64
	data []byte
}

// dynamic is what is kept of the dynamic section.
type dynamic struct {
	symtab, strtab, versym table
	symbols                uint32 // entries of symtab
	gnu                    gnuHash
	sysv                   sysvHash
	rela, jmprel, relr     table
	debug                  uint64 // DT_DEBUG
}

// tags is the dynamic section by tag. Of tags that may occur more than once (DT_NEEDED) only the last is here.
type tags map[delf.DynTag]uint64

// setDynamic reads the dynamic section, if there is one, and checks every table that it points to.
func (o *Object) setDynamic() error {
	if o.Dynamic == (Range{}) {
		return nil
	}
	section, err := o.Bytes(o.Dynamic.Start, o.Dynamic.Size)
	if err != nil {
		return o.bad("dynamic section", o.Dynamic.Start, "%d bytes are not in a segment of the file", o.Dynamic.Size)
	}
	found, needed := tags{}, []uint64(nil)
	end := -1
	for i := 0; i+dynSize <= len(section); i += dynSize {
		tag, value := delf.DynTag(le.Uint64(section[i:])), le.Uint64(section[i+8:])
		if tag == delf.DT_NULL {
			end = i
			break
		}
		if tag == delf.DT_NEEDED {
			needed = append(needed, value)
		}
		found[tag] = value
	}
	if end < 0 {
		return o.bad("dynamic section", o.Dynamic.Start, "no DT_NULL in %d entries", len(section)/dynSize)
	}
	if found[delf.DT_STRTAB] != 0 {
		if o.dyn.strtab, err = o.table(found, delf.DT_STRTAB, delf.DT_STRSZ, 0, 1); err != nil {
			return err
		}
	}
	for _, step := range []func(tags) error{o.setRelocations, o.setSymbols, o.setVersions} {
		if err := step(found); err != nil {
			return err
		}
	}
	return o.setNames(found, needed)
}

// setNames fills in the fields that are plain values, and the names that other objects know this one by.
func (o *Object) setNames(found tags, needed []uint64) error {
	var err error
	name := func(tag delf.DynTag, offset uint64) (s string) {
		if err == nil {
			if s, err = o.str(offset); err != nil {
				err = o.bad(tag.String(), o.dyn.strtab.addr, "%w", err)
			}
		}
		// The caller may keep these longer than the mapping.
		return strings.Clone(s)
	}
	for _, offset := range needed {
		o.Needed = append(o.Needed, name(delf.DT_NEEDED, offset))
	}
	if offset, ok := found[delf.DT_SONAME]; ok {
		o.SONAME = name(delf.DT_SONAME, offset)
	}
	path, ok := found[delf.DT_RUNPATH]
	if !ok {
		path, ok = found[delf.DT_RPATH]
	}
	if ok {
		if list := name(delf.DT_RUNPATH, path); list != "" {
			o.RunPath = strings.Split(list, ":")
		}
	}
	if err != nil {
		return err
	}

	o.Flags = delf.DynFlag(found[delf.DT_FLAGS])
	for tag, flag := range map[delf.DynTag]delf.DynFlag{
		delf.DT_SYMBOLIC: delf.DF_SYMBOLIC, delf.DT_TEXTREL: delf.DF_TEXTREL, delf.DT_BIND_NOW: delf.DF_BIND_NOW,
	} {
		if _, ok := found[tag]; ok {
			o.Flags |= flag
		}
	}
	o.Flags1 = delf.DynFlag1(found[delf.DT_FLAGS_1])
	o.dyn.debug = found[delf.DT_DEBUG]

	for _, f := range []struct {
		addr, size delf.DynTag
		to         *Range
	}{
		{delf.DT_PREINIT_ARRAY, delf.DT_PREINIT_ARRAYSZ, &o.PreinitArray},
		{delf.DT_INIT_ARRAY, delf.DT_INIT_ARRAYSZ, &o.InitArray},
		{delf.DT_FINI_ARRAY, delf.DT_FINI_ARRAYSZ, &o.FiniArray},
	} {
		if found[f.size] == 0 {
			continue
		}
		t, err := o.table(found, f.addr, f.size, 0, 8)
		if err != nil {
			return err
		}
		*f.to = Range{t.addr, uint64(len(t.data))}
	}
	for _, f := range []struct {
		tag delf.DynTag
		to  *uint64
	}{{delf.DT_INIT, &o.Init}, {delf.DT_FINI, &o.Fini}, {delf.DT_PLTGOT, &o.PLTGOT}} {
		addr, ok := found[f.tag]
		if !ok || addr == 0 {
			continue
		}
		if *f.to = o.vaddr(addr); o.SegmentOf(*f.to) == nil && f.tag != delf.DT_PLTGOT {
			return o.bad(f.tag.String(), *f.to, "outside the segments")
		}
	}
	return nil
}

// vaddr is the file's form of an address in the dynamic section. The linker adds the load bias to some of them in
// memory (which ones depends on the tag and on the libc), and to none of the vdso's.
func (o *Object) vaddr(addr uint64) uint64 {
	if unbiased := addr - o.Base; addr-o.Low >= o.High-o.Low && unbiased-o.Low < o.High-o.Low {
		return unbiased
	}
	return addr
}

// table finds the table whose address and size in bytes two tags give. entry is the tag of the entry size, or 0.
func (o *Object) table(found tags, addr, size, entry delf.DynTag, entrySize uint64) (table, error) {
	what := tagName(addr)
	value, ok := found[addr]
	if !ok {
		return table{}, o.bad("dynamic section", o.Dynamic.Start, "%s without %s", tagName(size), what)
	}
	at := o.vaddr(value)
	n, ok := found[size]
	if !ok {
		return table{}, o.bad("dynamic section", o.Dynamic.Start, "%s without %s", what, tagName(size))
	}
	if e, ok := found[entry]; ok && entry != 0 && e != entrySize {
		return table{}, o.bad(what, at, "entries of %d bytes instead of %d", e, entrySize)
	}
	if n%entrySize != 0 {
		return table{}, o.bad(what, at, "%d bytes are not a whole number of entries of %d", n, entrySize)
	}
	data, err := o.tableBytes(what, at, n)
	return table{at, data}, err
}

// tableBytes is Bytes with an error that names the table.
func (o *Object) tableBytes(what string, at, size uint64) ([]byte, error) {
	rest, err := o.tableRest(what, at)
	if err == nil && size > uint64(len(rest)) {
		err = o.bad(what, at, "%d bytes, but the segment ends after %d", size, len(rest))
	}
	if err != nil {
		return nil, err
	}
	return rest[:size:size], nil
}

// tableRest is everything from a table's beginning to the end of its segment.
func (o *Object) tableRest(what string, at uint64) ([]byte, error) {
	rest, err := o.rest(at)
	if err != nil {
		return nil, o.bad(what, at, "not in a readable segment of the file")
	}
	return rest, nil
}

// str is the name at offset of the string table.
func (o *Object) str(offset uint64) (string, error) {
	strtab := o.dyn.strtab.data
	if offset >= uint64(len(strtab)) {
		return "", badName{offset, len(strtab), "is outside the string table"}
	}
	n := bytes.IndexByte(strtab[offset:], 0)
	if n < 0 {
		return "", badName{offset, len(strtab), "does not end in the string table"}
	}
	return view(strtab[offset : offset+uint64(n)]), nil
}

// Needs says whether name is one of DT_NEEDED.
func (o *Object) Needs(name string) bool {
	for _, n := range o.Needed {
		if n == name {
			return true
		}
	}
	return false
}

// setName chooses what to call the object.
func (o *Object) setName() {
	if o.Name = o.SONAME; o.Name == "" {
		o.Name = filepath.Base(o.Path)
	}
}

func tagName(tag delf.DynTag) string {
	switch tag {
	case dtRELRSZ:
		return "DT_RELRSZ"
	case dtRELR:
		return "DT_RELR"
	case dtRELRENT:
		return "DT_RELRENT"
	}
	return tag.String()
}
