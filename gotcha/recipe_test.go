// SPDX-License-Identifier: Apache-2.0

package gotcha

import (
	"bytes"
	delf "debug/elf"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"libinger/elf"
	"libinger/internal/dltest"
	"libinger/internal/fixture"
	"libinger/interpose"
)

// placed gives the copied objects places in one region, as a batch does, and their recipe.
func placed(t *testing.T, w *world) *recipe {
	t.Helper()
	at := uint64(0)
	for _, o := range w.copies {
		o.at = at
		at += o.High - o.Low
	}
	var rc recipe
	for _, o := range w.copies {
		if err := rc.add(w, o); err != nil {
			t.Fatal(err)
		}
	}
	return &rc
}

// original is the inverse of place: an address of the starting libset, and the object.
func original(t *testing.T, w *world, place uint64) (uint64, *object) {
	t.Helper()
	for _, o := range w.copies {
		if place-o.at < o.High-o.Low {
			return o.low() + place - o.at, o
		}
	}
	t.Fatalf("place %#x is in no copy", place)
	return 0, nil
}

// A copy's words lead where the original's words lead, moved.
func TestRecipeGivesTheLinkersWordsMoved(t *testing.T) {
	w := system(t, systemLibraries...)
	rc := placed(t, w)
	type relocated struct {
		elf.Relocation
		o *object
	}
	relocations, want := map[uint64]relocated{}, 0
	for _, o := range w.copies {
		for r, err := range o.Relocations() {
			if err != nil {
				t.Fatal(err)
			}
			relocations[o.Base+r.Offset] = relocated{r, o}
			if r.Type == delf.R_X86_64_TLSDESC {
				want++
			}
			want++
		}
	}
	if got := len(rc.own) + len(rc.fixed) + len(rc.resolvers) + len(rc.far); got != want {
		t.Errorf("%d words for %d", got, want)
	}
	// compare says whether memory must still be as the linker left it.
	compare := func(at uint64) (relocated, bool) {
		r, o := relocations[at], w.copyAt(at)
		if o == nil {
			t.Fatalf("%#x is in no copied object", at)
		}
		switch r.Type {
		case delf.R_X86_64_GLOB_DAT:
			return r, true
		case delf.R_X86_64_JMP_SLOT:
			return r, o.inRELRO(r.Offset) || w.copyAt(wordAt(at)) != o
		}
		return r, o.inRELRO(at - o.Base)
	}
	compared := map[string]int{}
	seen := map[uint64]bool{}
	for _, f := range rc.own {
		at, o := original(t, w, f.at)
		// An address may be the one behind the last object's end.
		target, _ := original(t, w, f.value-1)
		if target++; seen[at] {
			t.Errorf("%s: word %#x is there twice", o.Name, at-o.Base)
		}
		seen[at] = true
		if r, is := compare(at); is {
			compared[o.Name]++
			if live := wordAt(at); target != live {
				t.Errorf("%s: %v at %#x leads to the copy of %#x, the original's to %#x", o.Name, r.Type, at-o.Base, target, live)
			}
		}
	}
	for _, f := range rc.fixed {
		at, o := original(t, w, f.at)
		if seen[at] {
			t.Errorf("%s: word %#x is there twice", o.Name, at-o.Base)
		}
		seen[at] = true
		r, is := compare(at)
		live := wordAt(at)
		if s, _ := o.Symbol(r.Symbol); s.Name == "_dl_find_dso_for_object" {
			if f.value == live || f.value != findDSO() {
				t.Errorf("%s: _dl_find_dso_for_object is the linker's", o.Name)
			}
			continue
		}
		if is {
			compared[o.Name]++
			if f.value != live {
				t.Errorf("%s: %v at %#x is %#x, the original's %#x", o.Name, r.Type, at-o.Base, f.value, live)
			}
		}
	}
	for _, name := range append([]string{"libc.so.6"}, systemLibraries...) {
		if compared[name] == 0 {
			t.Errorf("%s: nothing was compared", name)
		}
	}
}

// Isolation: no word of a copy leads into the original of a copied library, but for libc's and what the policy shares.
func TestNoWordLeavesItsLibset(t *testing.T) {
	w := system(t, systemLibraries...)
	rc := placed(t, w)
	shared, own := map[string]bool{}, 0
	for _, f := range rc.fixed {
		m := w.copyAt(f.value)
		if m == nil || m.libc() {
			continue
		}
		at, o := original(t, w, f.at)
		for s, err := range m.Symbols() {
			if err != nil || m.Base+s.Value != f.value {
				continue
			}
			if data, why := interpose.DataShared(m.Name, s.Name); !data && !interpose.FunctionShared(m.Name, s.Name) {
				t.Errorf("%s: word %#x leads to %s's %s, but: %s", o.Name, at-o.Base, m.Name, s.Name, why)
			}
			shared[s.Name] = true
		}
	}
	for _, name := range []string{"_ZSt4cout", "_ZNSs4_Rep20_S_empty_rep_storageE"} {
		if !shared[name] {
			t.Errorf("%s is not shared", name)
		}
	}
	for _, f := range rc.own {
		at, o := original(t, w, f.at)
		target, _ := original(t, w, f.value-1)
		if m := w.copyAt(target + 1); m != nil && m.libc() && !o.libc() {
			t.Errorf("%s: word %#x leads to a copy of libc", o.Name, at-o.Base)
		}
		own++
	}
	if own < 1000 {
		t.Errorf("only %d words lead to copies", own)
	}
}

func TestFunctionsOfTheStartingLibset(t *testing.T) {
	w := system(t, "libstdc++.so.6")
	m := named(t, w.objects, "libstdc++.so.6")
	for symbol, want := range map[string]bool{"_ZNSt8ios_base4InitC1Ev": true, "_ZNKSt6locale2id5_M_idEv": true, "_ZNSt6localeC1Ev": false, "_ZSt4cout": true, "_ZTVSt9exception": false} {
		if got := w.starting(m, m.address(t, symbol, ""), symbol); got != want {
			t.Errorf("%s: %v, want %v", symbol, got, want)
		}
	}
}

func TestWordsOfABatchAreInOrder(t *testing.T) {
	rc := recipe{own: []word{{30, 1}, {10, 2}, {20, 3}}, fixed: []word{{8, 1}, {0, 2}}}
	rc.sort()
	if got := fmt.Sprint(rc.own, rc.fixed); got != "[{10 2} {20 3} {30 1}] [{0 2} {8 1}]" {
		t.Error(got)
	}
}

// A call has a thread control block of its own: its variables are where the original's are.
func TestRecipeOfThreadLocalVariables(t *testing.T) {
	tests := map[string]struct {
		flag  string
		words map[delf.R_X86_64]uint64
	}{
		"a module and an offset": {"-mtls-dialect=gnu", map[delf.R_X86_64]uint64{delf.R_X86_64_DTPMOD64: 1, delf.R_X86_64_DTPOFF64: 1}},
		"a descriptor":           {"-mtls-dialect=gnu2", map[delf.R_X86_64]uint64{delf.R_X86_64_TLSDESC: 2}},
		"an offset":              {"-ftls-model=initial-exec", map[delf.R_X86_64]uint64{delf.R_X86_64_TPOFF64: 1}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			path := fixture.Link(t, `__thread int v = 3; int *at(void) { return &v; }`, "-shared", "-fPIC", "-O1", "-Wl,-soname,libthread.so", tc.flag)
			l, err := dltest.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			w := system(t)
			rc, o := placed(t, w), named(t, w.objects, "libthread.so")
			found := 0
			for r, err := range o.Relocations() {
				if err != nil {
					t.Fatal(err)
				}
				for i := range tc.words[r.Type] {
					found++
					at := r.Offset + 8*i
					if want := (word{o.place(at), wordAt(o.Base + at)}); !slices.Contains(rc.fixed, want) {
						t.Errorf("word %d of %v is not the original's %#x", i, r.Type, want.value)
					}
				}
			}
			if found < len(tc.words) {
				t.Errorf("%d words of %v", found, tc.words)
			}
		})
	}
}

// The load address of such an object is not the address of its first page.
func TestRecipeOfAnObjectWhoseFirstPageIsNotAtZero(t *testing.T) {
	const low = 0x40000
	path := fixture.Link(t, `static int v; int *p = &v; int f(void) { return *p; } int (*g)(void) = f;`, "-shared", "-fPIC",
		"-Wl,-soname,liblow.so", "-Wl,-Ttext-segment=0x40000")
	l, err := dltest.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w := system(t)
	rc, o := placed(t, w), named(t, w.objects, "liblow.so")
	if o.Low != low {
		t.Fatalf("its first page is at %#x", o.Low)
	}
	found := 0
	for r, err := range o.Relocations() {
		if err != nil {
			t.Fatal(err)
		}
		at := r.Offset
		if live := wordAt(o.Base + at); o.inRELRO(at) || live-o.low() >= o.high()-o.low() {
			continue
		} else if want := (word{o.at + at - low, o.at + live - o.Base - low}); !slices.Contains(rc.own, want) {
			t.Errorf("%v at %#x is not %+v", r.Type, at, want)
		}
		found++
	}
	if s := o.layout().segments[0]; found < 2 || s.at != o.at || s.offset != 0 {
		t.Errorf("%d words, first segment %+v", found, s)
	}
}

func TestRecipeOfSharedVariables(t *testing.T) {
	f := newFamily(t)
	f.w.referAll()
	rc := placed(t, f.w)
	is := func(r elf.Relocation) bool { return r.Type == delf.R_X86_64_GLOB_DAT }
	number := f.base.relocation(t, "number", is)
	if at := f.base.address(t, "number", ""); !slices.Contains(rc.fixed, word{f.base.place(number.Offset), at}) {
		t.Error("a variable that the program refers to is not the starting libset's")
	}
	delete(f.w.referred, f.base.address(t, "number", ""))
	rc = placed(t, f.w)
	if at := f.base.address(t, "number", "") - f.base.Base; !slices.Contains(rc.own, word{f.base.place(number.Offset), f.base.place(at)}) {
		t.Error("a variable that nobody refers to is not the libset's")
	}
}

// What was copied before has a region of its own: places in it are no places of this batch.
func TestWordsThatLeadToAnEarlierBatch(t *testing.T) {
	w := system(t, "libpng16.so.16")
	png, z := named(t, w.objects, "libpng16.so.16"), named(t, w.objects, "libz.so.1")
	z.batch, z.at = 3, 0x5000
	png.batch, png.at = 4, 0x9000
	var rc recipe
	if err := rc.add(w, png); err != nil {
		t.Fatal(err)
	}
	inflate := png.relocation(t, "inflate", func(elf.Relocation) bool { return true })
	s, _ := z.Lookup("inflate", "")
	want := farWord{word{png.place(inflate.Offset), z.place(s.Value)}, 3}
	found := false
	for _, f := range rc.far {
		found = found || f == want
		if f.batch != 3 || f.value-z.at >= z.High-z.Low {
			t.Errorf("word %+v leads to no place of libz", f)
		}
	}
	if !found {
		t.Errorf("inflate() of libpng is not %+v", want)
	}
}

func TestRelocationsThatCanNotBeRepeated(t *testing.T) {
	f := newFamily(t)
	edit := func(change func(data []byte, rela int)) *object {
		data, err := os.ReadFile(f.base.Path)
		if err != nil {
			t.Fatal(err)
		}
		section := delfFile(t, data).SectionByType(delf.SHT_RELA)
		change(data, int(section.Offset))
		o, err := elf.Parse("damaged", data)
		if err != nil {
			t.Fatal(err)
		}
		return &object{Object: o, kind: copied}
	}
	// The first relocations of a library are relative ones: offset, type and symbol, addend.
	tests := map[string]struct {
		o    *object
		want string
	}{
		"an unknown type": {edit(func(d []byte, at int) { d[at+8] = byte(delf.R_X86_64_PC32) }),
			"damaged: relocation R_X86_64_PC32 at 0x"},
		"a symbol that is not there": {edit(func(d []byte, at int) { d[at+8], d[at+14] = byte(delf.R_X86_64_GLOB_DAT), 0xff }),
			"damaged: symbol 16711680: the table has"},
		"a word outside": {edit(func(d []byte, at int) { d[at+8], d[at+5] = byte(delf.R_X86_64_TPOFF64), 1 }),
			"damaged: address 0x10000"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var rc recipe
			err := rc.add(&world{objects: []*object{tc.o}}, tc.o)
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("%v, want %s", err, tc.want)
			}
		})
	}
}

func delfFile(t *testing.T, data []byte) *delf.File {
	t.Helper()
	f, err := delf.NewFile(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return f
}
