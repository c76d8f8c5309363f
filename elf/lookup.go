// SPDX-License-Identifier: Apache-2.0

package elf

import (
	delf "debug/elf"
	"math/bits"
)

// gnuHash is DT_GNU_HASH.
type gnuHash struct {
	bloom, buckets, chains []byte
	first, shift           uint32 // the first symbol in the table; the second hash's shift
	symbols                uint32 // in the symbol table, 0 when the hash table is empty
}

// sysvHash is DT_HASH.
type sysvHash struct {
	buckets, chains []byte
	symbols         uint32
}

func (o *Object) setHashes(found tags) error {
	if addr, ok := found[delf.DT_HASH]; ok {
		if err := o.setSysvHash(o.vaddr(addr)); err != nil {
			return err
		}
	}
	if addr, ok := found[delf.DT_GNU_HASH]; ok {
		return o.setGNUHash(o.vaddr(addr))
	}
	return nil
}

func (o *Object) setSysvHash(at uint64) error {
	data, err := o.tableRest("DT_HASH", at)
	if err != nil {
		return err
	}
	if len(data) < 8 {
		return o.bad("DT_HASH", at, "the segment ends after %d bytes", len(data))
	}
	nbucket, nchain := le.Uint32(data), le.Uint32(data[4:])
	buckets := part(data, 8, 4*uint64(nbucket))
	chains := part(data, 8+4*uint64(nbucket), 4*uint64(nchain))
	if buckets == nil || chains == nil {
		return o.bad("DT_HASH", at, "%d buckets and %d chains, but the segment ends after %d bytes", nbucket, nchain, len(data))
	}
	o.dyn.sysv = sysvHash{buckets, chains, nchain}
	return nil
}

func (o *Object) setGNUHash(at uint64) error {
	const what, head = "DT_GNU_HASH", 16
	data, err := o.tableRest(what, at)
	if err != nil {
		return err
	}
	if len(data) < head {
		return o.bad(what, at, "the segment ends after %d bytes", len(data))
	}
	nbucket, first, words := le.Uint32(data), le.Uint32(data[4:]), le.Uint32(data[8:])
	if nbucket > 0 && bits.OnesCount32(words) != 1 {
		return o.bad(what, at, "%d filter words are not a power of two", words)
	}
	bloomEnd := head + 8*uint64(words)
	bucketsEnd := bloomEnd + 4*uint64(nbucket)
	if bucketsEnd > uint64(len(data)) {
		return o.bad(what, at, "%d filter words and %d buckets, but the segment ends after %d bytes", words, nbucket, len(data))
	}
	h := gnuHash{bloom: data[head:bloomEnd], buckets: data[bloomEnd:bucketsEnd], first: first, shift: le.Uint32(data[12:])}

	// The symbols of a bucket follow each other; the chain of the last bucket in use ends with the symbol table.
	last := uint32(0)
	for i := 0; i < len(h.buckets); i += 4 {
		b := le.Uint32(h.buckets[i:])
		if b != 0 && b < first {
			return o.bad(what, at, "bucket %d begins with symbol %d, before the first hashed symbol %d", i/4, b, first)
		}
		last = max(last, b)
	}
	if last > 0 {
		chains := data[bucketsEnd:]
		i := uint64(last - first)
		for ; ; i++ {
			word := part(chains, 4*i, 4)
			if word == nil {
				return o.bad(what, at, "the chain of symbol %d does not end in the segment", last)
			}
			if le.Uint32(word)&1 != 0 {
				break
			}
		}
		h.chains = chains[:4*(i+1)]
		h.symbols = first + uint32(i) + 1
	}
	o.dyn.gnu = h
	return nil
}

// Lookup finds the definition that another object's call of name binds to, by glibc's rules.
//
// With a version: the definition of that version, or an unversioned one. With version "": the unversioned or default
// definition, as dlsym() does. Local, hidden and internal symbols are nobody else's, and are not found.
func (o *Object) Lookup(name, version string) (Symbol, bool) { return o.lookup(name, version, false) }

// LookupAddress is Lookup for a reference that takes the address. It differs in programs that are not
// position-independent: there an undefined function with a value stands for its PLT entry in the program,
// which is the function's address everywhere. The symbol is then not Defined.
func (o *Object) LookupAddress(name, version string) (Symbol, bool) {
	return o.lookup(name, version, true)
}

func (o *Object) lookup(name, version string, address bool) (Symbol, bool) {
	m := match{o: o, name: name, version: version, address: address}
	if len(o.dyn.gnu.buckets) > 0 {
		m.gnu(&o.dyn.gnu)
	} else {
		m.sysv(&o.dyn.sysv)
	}
	if !m.found && m.defaults == 1 {
		// Several default versions of one name are a mistake of the linker; glibc then takes none.
		m.found, m.symbol = true, m.versioned
	}
	if !m.found {
		return Symbol{}, false
	}
	raw := o.rawSymbol(m.symbol)
	if raw.bind() != delf.STB_GLOBAL && raw.bind() != delf.STB_WEAK && raw.bind() != bindUnique {
		return Symbol{}, false
	}
	if v := raw.visibility(); v == delf.STV_HIDDEN || v == delf.STV_INTERNAL {
		return Symbol{}, false
	}
	s, err := o.Symbol(m.symbol)
	return s, err == nil
}

// match is one look-up under way.
type match struct {
	o             *Object
	name, version string
	address       bool

	found     bool
	symbol    uint32 // when found
	versioned uint32 // the last candidate with a default version, and how many there were
	defaults  int
}

func (m *match) gnu(h *gnuHash) {
	hash := uint32(5381)
	for i := range len(m.name) {
		hash = hash*33 + uint32(m.name[i])
	}
	if len(h.buckets) == 0 {
		return
	}
	words := uint32(len(h.bloom) / 8)
	word := le.Uint64(h.bloom[8*uint64(hash/64&(words-1)):])
	if word>>(hash%64)&(word>>(hash>>h.shift%64))&1 == 0 {
		return
	}
	i := le.Uint32(h.buckets[4*uint64(hash%uint32(len(h.buckets)/4)):])
	if i == 0 {
		return
	}
	for ; i < h.symbols; i++ {
		c := le.Uint32(h.chains[4*uint64(i-h.first):])
		if (c^hash)>>1 == 0 && m.accepts(i) {
			m.found, m.symbol = true, i
			return
		}
		if c&1 != 0 {
			return
		}
	}
}

func (m *match) sysv(h *sysvHash) {
	hash := uint32(0)
	for i := range len(m.name) {
		hash = hash<<4 + uint32(m.name[i])
		hash ^= hash >> 24 & 0xf0
	}
	hash &= 0x0fffffff
	if len(h.buckets) == 0 {
		return
	}
	i := le.Uint32(h.buckets[4*uint64(hash%uint32(len(h.buckets)/4)):])
	// No chain is longer than the table: a damaged one may go round in a circle.
	for n := uint32(0); i != 0 && i < h.symbols && n < h.symbols; n++ {
		if m.accepts(i) {
			m.found, m.symbol = true, i
			return
		}
		i = le.Uint32(h.chains[4*uint64(i):])
	}
}

// accepts is check_match() of glibc's elf/dl-lookup.c.
func (m *match) accepts(i uint32) bool {
	o := m.o
	if i >= o.dyn.symbols {
		return false
	}
	s := o.rawSymbol(i)
	if s.section() == delf.SHN_UNDEF && !m.address {
		return false
	}
	if s.value() == 0 && s.section() != delf.SHN_ABS && s.kind() != delf.STT_TLS {
		return false
	}
	switch s.kind() {
	case delf.STT_NOTYPE, delf.STT_OBJECT, delf.STT_FUNC, delf.STT_COMMON, delf.STT_TLS, delf.STT_GNU_IFUNC:
	default:
		return false
	}
	if !o.nameIs(s.name(), m.name) {
		return false
	}
	if o.dyn.versym.data == nil {
		return true
	}
	v := le.Uint16(o.dyn.versym.data[2*uint64(i):])
	index, hidden := v&^versionHidden, v&versionHidden != 0
	if m.version != "" {
		name, _ := o.versionName(index)
		return name == m.version || name == "" && !hidden
	}
	if index <= versionGlobal {
		return true
	}
	if !hidden {
		m.versioned = i
		m.defaults++
	}
	return false
}

// nameIs compares a name in the string table without looking for its end.
func (o *Object) nameIs(offset uint32, name string) bool {
	strtab := o.dyn.strtab.data
	end := uint64(offset) + uint64(len(name))
	return end < uint64(len(strtab)) && strtab[end] == 0 && string(strtab[offset:end]) == name
}
