// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	delf "debug/elf"
	"slices"
	"strings"

	"libinger/elf"
	"libinger/interpose"
)

// What a class of the policy is called where the policy has no row for the function.
const (
	classLibset  = "libset"   // the running libset's own copy
	classOne     = "one"      // one for all libsets, and no wrapper
	classProgram = "program"  // the program's
	classData    = "variable" // one for all libsets
	classThread  = "thread"   // thread-local: each call has its own
	classDirect  = "direct"   // to the function itself, past any wrapper
	classNone    = "none"     // leads nowhere
)

// classOf says how the policy treats what an entry leads to, and why.
func classOf(o *loaded, t target, e *Entry) (class, why string) {
	if t.o == nil {
		return classNone, "nothing defines it"
	}
	if e.Type == "tls" {
		return classThread, "each call has thread-local variables of its own"
	}
	if o.isLibinger() {
		return classDirect, "libinger's own references lead to the functions themselves"
	}
	if o.namespace != 0 {
		return classDirect, "dlmopen() opened it in a namespace of its own, where libinger is not"
	}
	row, found := interpose.Lookup(t.s.Name)
	if found && !t.o.isProgram() && (row.Class.Wrapped() || t.o.isLibc()) {
		// A wrapper is found before any library's definition, by the references of all objects.
		return row.Class.String(), row.Why
	}
	switch t.o.treatment {
	case TreatProgram:
		if t.o.isProgram() {
			return classProgram, "the program's own, of which there is one"
		}
		return classProgram, t.o.why
	case TreatOne:
		if e.Type == "object" {
			return classData, t.o.why
		}
		return classOne, t.o.why
	}
	if e.Type != "object" {
		if interpose.FunctionShared(t.o.Name, t.s.Name) {
			return classOne, "runs in the starting libset, since what it keeps is not exported and there is one of it"
		}
		return classLibset, "a function of a library that is copied"
	}
	if t.o.isLibc() {
		_, why := interpose.DataShared(t.o.Name, t.s.Name)
		return classData, why
	}
	if o.treatment != TreatCopied {
		return classData, "the program refers to it, whose code is not copied"
	}
	if shared, why := interpose.DataShared(t.o.Name, t.s.Name); shared {
		return classData, why
	}
	return classLibset, "a variable of a library that is copied"
}

// classify decides how an object is treated, as package gotcha does it in the process.
func (l *loaded) classify() (treatment, why string) {
	switch {
	case l.isProgram():
		return TreatProgram, "the program itself"
	case l.Dynamic.Size == 0:
		return TreatOne, "it has no dynamic section"
	case slices.ContainsFunc(l.Needed, func(n string) bool { return strings.HasPrefix(n, "libinger.so") }):
		return TreatProgram, "it needs libinger.so, so it is part of the program"
	case l.Flags&delf.DF_TEXTREL != 0:
		return TreatOne, "its text is relocated"
	case l.namespace != 0:
		return TreatOne, "it is in a namespace of its own, opened by dlmopen()"
	}
	policy, why := interpose.ObjectClass(l.Name)
	if policy != interpose.CopiedObject {
		return TreatOne, why
	}
	if _, found := l.Lookup("malloc", ""); found && !l.isLibc() {
		return TreatOne, "it brings the heap, of which there is one"
	}
	if l.Type != delf.ET_DYN {
		return TreatOne, "it is not position-independent"
	}
	for r, err := range l.Relocations() {
		if err != nil && !r.RELR {
			return TreatOne, oneLine(err.Error())
		}
		if kind := kindOf(r); kind == "other" && r.Type != delf.R_X86_64_NONE || kind == "copy" {
			return TreatOne, "relocation " + relocationName(r.Type) + ": not known how to repeat it"
		}
	}
	return TreatCopied, why
}

// matters says what follows from a kind of finding, for the program as it runs and for copies.
func matters(k elf.Kind) string {
	switch k {
	case elf.Static:
		return "nothing can be preloaded into it or rewritten"
	case elf.Syscall:
		return "a wait in such a call is not taken up again after our signal, and what it opens or maps is nobody's when a " +
			"function is cancelled"
	case elf.Symbolic:
		return "its own calls of its exports are not seen; inside a copy they are right"
	case elf.TextReloc:
		return "it cannot be copied: all libsets share it"
	case elf.Protected:
		return "its own references to these are not seen; inside a copy they are right"
	case elf.InnerCall:
		return "such calls are not seen, and no wrapper or budget applies to them; inside a copy they are right"
	case elf.CopyReloc:
		return "these variables are the program's, one for all libsets"
	case elf.Indirect:
		return "each copy runs the resolvers again; a word shows the variant that was chosen, not the exported name"
	}
	return ""
}

func (l *loaded) findings() ([]Finding, error) {
	found, err := l.Reach()
	if err != nil {
		return nil, err
	}
	out := []Finding{}
	for _, f := range found {
		out = append(out, Finding{f.Kind.String(), f.Count, Address(f.Address), f.Detail, matters(f.Kind)})
	}
	return out, nil
}
