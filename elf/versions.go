// SPDX-License-Identifier: Apache-2.0

package elf

import (
	delf "debug/elf"
	"strings"
)

const (
	verdefSize  = 20
	verdauxSize = 8
	verneedSize = 16
	vernauxSize = 16

	versionHidden = 0x8000
	// Versions 0 and 1 stand for "local" and "global, without a version".
	versionGlobal = 1
)

// setVersions reads DT_VERSYM, DT_VERDEF and DT_VERNEED.
func (o *Object) setVersions(found tags) error {
	addr, ok := found[delf.DT_VERSYM]
	if !ok {
		return nil
	}
	var err error
	o.dyn.versym.addr = o.vaddr(addr)
	o.dyn.versym.data, err = o.tableBytes("DT_VERSYM", o.dyn.versym.addr, 2*uint64(o.dyn.symbols))
	if err != nil {
		return err
	}
	if addr, ok := found[delf.DT_VERDEF]; ok {
		if err := o.readVerdef(o.vaddr(addr), found[delf.DT_VERDEFNUM]); err != nil {
			return err
		}
	}
	if addr, ok := found[delf.DT_VERNEED]; ok {
		return o.readVerneed(o.vaddr(addr), found[delf.DT_VERNEEDNUM])
	}
	return nil
}

func (o *Object) readVerdef(addr, count uint64) error {
	const what = "DT_VERDEF"
	data, err := o.tableRest(what, addr)
	if err != nil {
		return err
	}
	for at, i := uint64(0), uint64(0); i < count; i++ {
		def := part(data, at, verdefSize)
		if def == nil {
			return o.bad(what, addr, "definition %d at +0x%x is outside the segment", i, at)
		}
		flags := delf.DynamicVersionFlag(le.Uint16(def[2:]))
		aux := part(data, at+uint64(le.Uint32(def[12:])), verdauxSize)
		if aux == nil {
			return o.bad(what, addr, "the name of definition %d at +0x%x is outside the segment", i, at)
		}
		err := o.addVersion(le.Uint16(def[4:]), le.Uint32(aux), Version{
			Base: flags&delf.VER_FLG_BASE != 0,
			Weak: flags&delf.VER_FLG_WEAK != 0,
		})
		if err != nil {
			return o.bad(what, addr, "definition %d at +0x%x: %v", i, at, err)
		}
		// Offsets are unsigned, so the list moves forward and ends with the segment.
		next := uint64(le.Uint32(def[16:]))
		if next == 0 {
			break
		}
		at += next
	}
	return nil
}

func (o *Object) readVerneed(addr, count uint64) error {
	const what = "DT_VERNEED"
	data, err := o.tableRest(what, addr)
	if err != nil {
		return err
	}
	total := 0
	for at, i := uint64(0), uint64(0); i < count; i++ {
		need := part(data, at, verneedSize)
		if need == nil {
			return o.bad(what, addr, "entry %d at +0x%x is outside the segment", i, at)
		}
		file, err := o.str(uint64(le.Uint32(need[4:])))
		if err != nil {
			return o.bad(what, addr, "entry %d at +0x%x: %v", i, at, err)
		}
		file = strings.Clone(file)
		auxAt := at + uint64(le.Uint32(need[8:]))
		for range le.Uint16(need[2:]) {
			aux := part(data, auxAt, vernauxSize)
			if aux == nil {
				return o.bad(what, addr, "version at +0x%x of entry %d is outside the segment", auxAt, i)
			}
			// An index has 15 bits: more entries than that are a list that was made to never end.
			if total++; total > versionHidden {
				return o.bad(what, addr, "more than %d versions", versionHidden)
			}
			flags, other := delf.DynamicVersionFlag(le.Uint16(aux[4:])), le.Uint16(aux[6:])
			err := o.addVersion(other&^versionHidden, le.Uint32(aux[8:]), Version{
				File: file, Weak: flags&delf.VER_FLG_WEAK != 0, Hidden: other&versionHidden != 0,
			})
			if err != nil {
				return o.bad(what, addr, "version at +0x%x of entry %d: %v", auxAt, i, err)
			}
			next := uint64(le.Uint32(aux[12:]))
			if next == 0 {
				break
			}
			auxAt += next
		}
		next := uint64(le.Uint32(need[12:]))
		if next == 0 {
			break
		}
		at += next
	}
	return nil
}

func (o *Object) addVersion(index uint16, name uint32, v Version) error {
	s, err := o.str(uint64(name))
	if err != nil {
		return err
	}
	v.Index, v.Name = index&^versionHidden, strings.Clone(s)
	for len(o.Versions) <= int(v.Index) {
		o.Versions = append(o.Versions, Version{})
	}
	o.Versions[v.Index] = v
	return nil
}

// versionName is the name for a version index; none for unversioned symbols. ok is false when nothing defines the index.
func (o *Object) versionName(index uint16) (name string, ok bool) {
	if int(index) >= len(o.Versions) || o.Versions[index].Index == 0 {
		return "", index <= versionGlobal
	}
	if v := &o.Versions[index]; !v.Base {
		return v.Name, true
	}
	return "", true
}

// part is size bytes of data from at on, or nil.
func part(data []byte, at, size uint64) []byte {
	if at > uint64(len(data)) || size > uint64(len(data))-at {
		return nil
	}
	return data[at : at+size]
}
