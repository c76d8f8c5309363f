// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"cmp"
	delf "debug/elf"
	"slices"
	"strings"

	"github.com/ianlancetaylor/demangle"

	"libinger/elf"
)

const bindUnique = delf.SymBind(10)

// kindOf sorts relocations by what their word is for.
func kindOf(r elf.Relocation) string {
	switch r.Type {
	case delf.R_X86_64_JMP_SLOT:
		return "plt"
	case delf.R_X86_64_GLOB_DAT:
		return "got"
	case delf.R_X86_64_64:
		return "pointer"
	case delf.R_X86_64_COPY:
		return "copy"
	case delf.R_X86_64_TPOFF64, delf.R_X86_64_DTPMOD64, delf.R_X86_64_DTPOFF64, delf.R_X86_64_TLSDESC:
		return "tls"
	case delf.R_X86_64_IRELATIVE:
		return "irelative"
	case delf.R_X86_64_RELATIVE:
		return "relative"
	}
	return "other"
}

func (c *Counts) add(kind string) {
	switch kind {
	case "plt":
		c.PLT++
	case "got":
		c.GOT++
	case "pointer":
		c.Pointer++
	case "copy":
		c.Copy++
	case "tls":
		c.TLS++
	case "irelative":
		c.Irelative++
	case "relative":
		c.Relative++
	default:
		c.Other++
	}
}

// relocationName spells a relocation as the ABI does; debug/elf abbreviates one.
func relocationName(t delf.R_X86_64) string {
	if t == delf.R_X86_64_JMP_SLOT {
		return "R_X86_64_JUMP_SLOT"
	}
	return t.String()
}

// longestName is a power of two: a name in a damaged file may stand for one of any length.
const longestName = 14

// readable is the name as it is written in a C++ or Rust source; empty when it is the same.
func readable(symbol string) string {
	if !strings.HasPrefix(symbol, "_Z") && !strings.HasPrefix(symbol, "_R") {
		return ""
	}
	text, err := demangle.ToString(symbol, demangle.MaxLength(longestName))
	if err != nil {
		return ""
	}
	return text
}

func typeName(t delf.SymType) string {
	switch t {
	case delf.STT_FUNC:
		return "func"
	case delf.STT_OBJECT, delf.STT_COMMON:
		return "object"
	case delf.STT_TLS:
		return "tls"
	case delf.STT_GNU_IFUNC:
		return "ifunc"
	}
	return "notype"
}

// target is the definition that a reference means.
type target struct {
	o *loaded
	s elf.Symbol
}

// reference is what a look-up depends on.
type reference struct {
	symbol uint32
	kind   string
}

// resolver looks up the references of one object, and remembers.
type resolver struct {
	w     *world
	o     *loaded
	known map[reference]target
}

// resolve finds the definition by the dynamic linker's rules; o is nil when there is none.
func (rs *resolver) resolve(s elf.Symbol, kind string) target {
	class := kind
	if class != "copy" && class != "plt" && class != "tls" {
		class = ""
	}
	key := reference{s.Index, class}
	t, ok := rs.known[key]
	if !ok {
		t = rs.search(s, class)
		rs.known[key] = t
	}
	return t
}

func (rs *resolver) search(s elf.Symbol, class string) target {
	if s.Bind == delf.STB_LOCAL || s.Defined && s.Visibility != delf.STV_DEFAULT {
		return target{rs.o, s}
	}
	scope := rs.w.scopes[rs.o.namespace]
	if rs.o.Flags&delf.DF_SYMBOLIC != 0 {
		scope = append([]*loaded{rs.o}, scope...)
	}
	for _, o := range scope {
		if class == "copy" && o == rs.o {
			continue // the variable that is copied is another object's
		}
		look := o.LookupAddress
		if class != "" {
			look = o.Lookup
		}
		if found, ok := look(s.Name, s.Version); ok {
			if found.Bind == bindUnique {
				return rs.w.unique(o, found)
			}
			return target{o, found}
		}
	}
	return target{}
}

// unique: of a symbol that the process has once, the definition that was loaded first in the namespace counts.
func (w *world) unique(o *loaded, s elf.Symbol) target {
	for _, first := range w.objects {
		if first.namespace != o.namespace {
			continue
		}
		if found, ok := first.Lookup(s.Name, s.Version); ok && found.Defined && found.Bind == bindUnique {
			return target{first, found}
		}
	}
	return target{o, s}
}

// entries lists an object's symbolic relocations, and counts all.
func (w *world) entries(o *loaded) ([]Entry, Counts, error) {
	var counts Counts
	out := []Entry{}
	rs := &resolver{w: w, o: o, known: map[reference]target{}}
	for r, err := range o.Relocations() {
		// What a RELR entry would add to is no matter here.
		if err != nil && !r.RELR {
			return nil, counts, err
		}
		if r.Type == delf.R_X86_64_NONE {
			continue
		}
		kind := kindOf(r)
		counts.add(kind)
		if r.Symbol == 0 {
			continue
		}
		s, err := o.Symbol(r.Symbol)
		if err != nil {
			return nil, counts, err
		}
		t := rs.resolve(s, kind)
		e := Entry{
			Address: Address(r.Offset), Relocation: relocationName(r.Type), Kind: kind,
			Symbol: strings.Clone(s.Name), Demangled: readable(s.Name), Version: strings.Clone(s.Version),
			Type: typeName(s.Type), Weak: s.Bind == delf.STB_WEAK,
		}
		if t.o != nil {
			e.Type = typeName(t.s.Type)
		}
		e.Bound = bound(t, e.Weak)
		if w.inMem && (kind == "plt" || kind == "got" || kind == "pointer") {
			e.Bound = w.now(o, r, s, t)
		}
		e.Class, e.Why = classOf(o, t, &e)
		out = append(out, e)
	}
	return out, counts, nil
}

// bound describes a definition that was looked up.
func bound(t target, weak bool) Bound {
	if t.o == nil {
		if weak {
			return Bound{State: StateNull, Number: -1}
		}
		return Bound{State: StateMissing, Number: -1}
	}
	b := Bound{
		State: StateBound, Object: t.o.Name, Number: t.o.number,
		Symbol: strings.Clone(t.s.Name), Version: strings.Clone(t.s.Version), Value: Address(t.s.Value),
	}
	switch {
	case !t.s.Defined:
		b.State = StateStub
	case t.s.Type == delf.STT_GNU_IFUNC:
		b.State = StateIFUNC
	}
	return b
}

// ifuncs lists what the object exports and a resolver chooses.
func (o *loaded) ifuncs() ([]Export, error) {
	out := []Export{}
	for s, err := range o.Symbols() {
		if err != nil {
			return nil, err
		}
		if s.Defined && s.Type == delf.STT_GNU_IFUNC && s.Bind != delf.STB_LOCAL {
			out = append(out, Export{strings.Clone(s.Name), readable(s.Name), strings.Clone(s.Version), Address(s.Value)})
		}
	}
	return out, nil
}

// definition is an exported symbol with the addresses that it takes.
type definition struct {
	start, size   uint64
	name, version string
}

func underscores(name string) int { return len(name) - len(strings.TrimLeft(name, "_")) }

// at gives the exported symbol whose addresses hold vaddr.
func (o *loaded) at(vaddr uint64) (definition, bool) {
	if !o.indexed {
		o.indexed = true
		for s, err := range o.Symbols() {
			if err == nil && s.Defined && s.Type != delf.STT_TLS && s.Section != delf.SHN_ABS && s.Value != 0 {
				o.addresses = append(o.addresses, definition{s.Value, s.Size, strings.Clone(s.Name), strings.Clone(s.Version)})
			}
		}
		slices.SortStableFunc(o.addresses, func(a, b definition) int {
			if a.start != b.start {
				return cmp.Compare(a.start, b.start)
			}
			// Of several names the one that programs use.
			return cmp.Compare(underscores(a.name), underscores(b.name))
		})
	}
	i, exact := slices.BinarySearchFunc(o.addresses, vaddr, func(d definition, v uint64) int {
		return cmp.Compare(d.start, v)
	})
	if exact {
		return o.addresses[i], true
	}
	if i > 0 && vaddr-o.addresses[i-1].start < o.addresses[i-1].size {
		return o.addresses[i-1], true
	}
	return definition{}, false
}
