// SPDX-License-Identifier: Apache-2.0

package gotcha

import (
	delf "debug/elf"
	"errors"
	"strings"
	"testing"

	"libinger/elf"
	"libinger/internal/dltest"
)

// Looked up by us, every reference leads where the dynamic linker has bound it.
func TestLookupBindsAsTheLinkerDid(t *testing.T) {
	w := system(t, systemLibraries...)
	// What other tests have made may be loaded still, with words that lead to stubs.
	for _, name := range append([]string{"libc.so.6", "libm.so.6"}, systemLibraries...) {
		o := named(t, w.objects, name)
		t.Run(name, func(t *testing.T) {
			b, compared := w.binder(o), 0
			for r, err := range o.Relocations() {
				if err != nil {
					t.Fatal(err)
				}
				addend := uint64(0)
				switch r.Type {
				case delf.R_X86_64_64:
					if addend = uint64(r.Addend); !o.inRELRO(r.Offset) {
						continue // it may have changed since
					}
				case delf.R_X86_64_GLOB_DAT, delf.R_X86_64_JMP_SLOT:
				default:
					continue
				}
				live, err := o.Word(r.Offset)
				if err != nil {
					t.Fatal(err)
				}
				s, err := o.Symbol(r.Symbol)
				if err != nil {
					t.Fatal(err)
				}
				if r.Type == delf.R_X86_64_JMP_SLOT && live-o.low() < o.high()-o.low() {
					continue // not bound yet
				}
				got, err := b.lookup(r.Symbol)
				if err != nil || got+addend != live {
					t.Errorf("%v of %s %s at %#x: %#x (%v), the linker says %#x", r.Type, s.Name, s.Version, r.Offset, got+addend, err, live)
				}
				compared++
			}
			if compared == 0 {
				t.Error("nothing was compared")
			}
		})
	}
}

func TestLookup(t *testing.T) {
	f := newFamily(t)
	b := f.w.binder(f.user)
	find := func(symbol, version string) elf.Symbol {
		for s, err := range f.user.Symbols() {
			if err == nil && s.Name == symbol && s.Version == version {
				return s
			}
		}
		t.Fatalf("the user has no %s@%s", symbol, version)
		return elf.Symbol{}
	}
	dlsym := func(symbol, version string) uint64 {
		l, err := dltest.Open(f.base.Path)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return uint64(l.Symbol(symbol, version))
	}
	tests := map[string]struct {
		symbol elf.Symbol
		want   uint64
	}{
		"the version that is asked for":      {find("ask", "V1"), dlsym("ask", "V1")},
		"the default version":                {find("ask", "V2"), dlsym("ask", "V2")},
		"what a resolver chooses":            {find("chosen", "V1"), dlsym("chosen", "V1")},
		"an undefined weak symbol":           {find("absent", ""), 0},
		"a local symbol":                     {elf.Symbol{Name: "add", Bind: delf.STB_LOCAL, Value: 0x123, Defined: true}, f.user.Base + 0x123},
		"a protected symbol is the object's": {elf.Symbol{Name: "add", Bind: delf.STB_GLOBAL, Visibility: delf.STV_PROTECTED, Value: 0x123, Defined: true}, f.user.Base + 0x123},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := b.search(tc.symbol); err != nil || got != tc.want {
				t.Errorf("%#x, %v, want %#x", got, err, tc.want)
			}
		})
	}
	if dlsym("ask", "V1") == dlsym("ask", "V2") {
		t.Error("both versions are the same function")
	}
	t.Run("no definition", func(t *testing.T) {
		_, err := b.search(elf.Symbol{Name: "nowhere", Version: "V7", Bind: delf.STB_GLOBAL})
		var of *objectError
		if !errors.As(err, &of) || of.object != f.user || !strings.Contains(err.Error(), "symbol nowhere V7: no definition is loaded") {
			t.Errorf("%v", err)
		}
	})
}

// Of an inline variable there is one in the process, although each library's scope has one of its own.
func TestUniqueSymbolsAreTheFirstObjects(t *testing.T) {
	first, second := newFamily(t), newFamily(t)
	second.look(t)
	user := second.user
	r := user.relocation(t, "once", func(elf.Relocation) bool { return true })
	s, err := user.Symbol(r.Symbol)
	if err != nil {
		t.Fatal(err)
	}
	got, err := second.w.binder(user).search(s)
	live := wordAt(user.Base + r.Offset)
	if err != nil || got != live {
		t.Errorf("%#x, %v, the linker says %#x", got, err, live)
	}
	if live == second.base.address(t, "once", "") || first.base.address(t, "once", "") == 0 {
		t.Error("the linker took the second library's: this test shows nothing")
	}
}

func TestTargetsOfWords(t *testing.T) {
	f := newFamily(t)
	b := f.w.binder(f.user)
	is := func(kind delf.R_X86_64, addend int64) func(elf.Relocation) bool {
		return func(r elf.Relocation) bool { return r.Type == kind && r.Addend == addend }
	}
	add, twice := f.base.address(t, "add", ""), f.base.address(t, "twice", "")
	tests := map[string]struct {
		relocation elf.Relocation
		want       uint64
	}{
		"a word of the GOT":              {f.user.relocation(t, "twice", is(delf.R_X86_64_GLOB_DAT, 0)), twice},
		"a word of the PLT":              {f.user.relocation(t, "add", is(delf.R_X86_64_JMP_SLOT, 0)), add},
		"initialised data":               {f.user.relocation(t, "add", is(delf.R_X86_64_64, 0)), add},
		"data with an addend":            {f.user.relocation(t, "add", is(delf.R_X86_64_64, 1)), add},
		"data that has changed since":    {f.user.relocation(t, "twice", is(delf.R_X86_64_64, 0)), twice},
		"the inside of a class's table":  {f.user.relocation(t, "_ZTV4Base", is(delf.R_X86_64_64, 16)), f.base.address(t, "_ZTV4Base", "")},
		"a weak function that is absent": {f.user.relocation(t, "absent", is(delf.R_X86_64_GLOB_DAT, 0)), 0},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := b.target(tc.relocation); err != nil || got != tc.want {
				t.Errorf("%#x, %v, want %#x", got, err, tc.want)
			}
		})
	}
	t.Run("a word of the PLT that is not bound yet", func(t *testing.T) {
		// A lazy word leads into the object's own PLT.
		r := tests["a word of the PLT"].relocation
		word := foreign[uint64](f.user.Base + r.Offset)
		bound := *word
		*word = f.user.low() + 0x10
		defer func() { *word = bound }()
		if got, err := b.target(r); err != nil || got != add {
			t.Errorf("%#x, %v, want %#x", got, err, add)
		}
	})
	for name, r := range map[string]elf.Relocation{
		"a symbol that is not there": {Type: delf.R_X86_64_64, Offset: tests["data that has changed since"].relocation.Offset, Symbol: 1 << 20},
		"a word outside":             {Type: delf.R_X86_64_GLOB_DAT, Offset: 1 << 40, Symbol: 1},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := b.target(r); err == nil || !strings.Contains(err.Error(), f.user.Path) {
				t.Errorf("%#x, %v, want an error that names the object", got, err)
			}
		})
	}
}

// What an object that is not copied refers to is shared; its references to functions are not about variables.
func TestVariablesThatOneObjectsReferToAreShared(t *testing.T) {
	f := newFamily(t)
	f.w.referAll()
	tests := map[string]bool{
		"referred": true, // by the other heap
		"number":   true, // by the program
		"both":     true,
		"table":    false, // by nobody: the user has its own
		"twice":    false, // a function
		"add":      false,
	}
	for symbol, want := range tests {
		if got := f.w.referred[f.base.address(t, symbol, "")]; got != want {
			t.Errorf("%s: referred to %v, want %v", symbol, got, want)
		}
	}
	if !f.w.shared(f.base, f.base.address(t, "number", ""), "number") || f.w.shared(f.base, f.base.address(t, "table", ""), "table") {
		t.Error("a variable is shared when the program refers to it, and only then")
	}
	if at := f.base.address(t, "_ZTV4Base", ""); !f.w.referred[at] || f.w.shared(f.base, at, "_ZTV4Base") {
		t.Error("a class's table that the program refers to leads to functions of the libset")
	}
	libc := named(t, f.w.objects, "libc.so.6")
	if !f.w.shared(libc, libc.address(t, "environ", ""), "environ") {
		t.Error("libc's variables are shared")
	}
}
