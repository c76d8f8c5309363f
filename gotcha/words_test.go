// SPDX-License-Identifier: Apache-2.0

package gotcha

import (
	delf "debug/elf"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"libinger/elf"
	"libinger/gotcha/internal/standin"
	"libinger/internal/dltest"
)

// planned is a family whose libraries are in the first batch of a plan.
func planned(t *testing.T) *family {
	t.Helper()
	f := newFamily(t)
	f.w.referAll()
	if err := f.w.addBatch(newOf((*world).grow)); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestWordsOfTheProgramThatLeadToCopies(t *testing.T) {
	f := planned(t)
	refs, err := f.w.references(f.user)
	if err != nil {
		t.Fatal(err)
	}
	// By what each leads to; those in copied tables of classes are told apart below.
	names := map[uint64]string{}
	for _, symbol := range []string{"add", "twice", "table_of_base", "_ZN5Regex5matchEi"} {
		names[f.base.address(t, symbol, "")] = symbol
	}
	names[f.base.address(t, "ask", "V1")], names[f.base.address(t, "ask", "V2")] = "ask@V1", "ask@V2"
	user := func(symbol string) uint64 { return f.user.address(t, symbol, "") }
	places := map[uint64]string{user("pointer"): "pointer", user("chosen_pointer"): "chosen_pointer", user("changed"): "changed",
		user("past"): "past", user("object"): "object"}
	var got []string
	for _, r := range refs {
		if r.vaddr < f.user.low() || r.vaddr >= f.user.high() {
			continue
		}
		if live := wordAt(r.vaddr); r.before != live {
			t.Errorf("word %#x is %#x, not %#x", r.vaddr-f.user.Base, live, r.before)
		}
		place, target := places[r.vaddr], names[r.target]
		if place == "" {
			place = "GOT"
		}
		if r.after != 0 {
			target = "table"
		} else if target == "" {
			target = "chosen"
		}
		got = append(got, place+" to "+target)
	}
	slices.Sort(got)
	want := []string{"GOT to _ZN5Regex5matchEi", "GOT to add", "GOT to ask@V1", "GOT to ask@V2", "GOT to table_of_base", "GOT to twice",
		"chosen_pointer to chosen", "object to table", "pointer to add"}
	if !slices.Equal(got, want) {
		t.Errorf("words\n%q, want\n%q", got, want)
	}
}

// begun gives a plan whose words can be written.
func begun[T any](t *testing.T, f *family, begin func(*world, *T) error) *T {
	t.Helper()
	if !standin.Tables() {
		t.Fatal("no table")
	}
	plan := newOf(begin)
	if err := begin(f.w, plan); err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestOnlyTheProgramsWordsAreRedirected(t *testing.T) {
	f := planned(t)
	plan := begun(t, f, (*world).begin)
	add := f.user.relocation(t, "add", func(r elf.Relocation) bool { return r.Type == delf.R_X86_64_JMP_SLOT })
	use := f.base.relocation(t, "add", func(r elf.Relocation) bool { return r.Type == delf.R_X86_64_JMP_SLOT })
	inHeap := f.heap.relocation(t, "twice", func(elf.Relocation) bool { return true })
	before, baseBefore, heapBefore := wordAt(f.user.Base+add.Offset), wordAt(f.base.Base+use.Offset), wordAt(f.heap.Base+inHeap.Offset)
	if err := f.w.redirect(plan); err != nil {
		t.Fatal(err)
	}
	after := wordAt(f.user.Base + add.Offset)
	if after == before || f.w.copyAt(after) != nil {
		t.Fatalf("the program's word leads to %#x still", after)
	}
	if wordAt(f.base.Base+use.Offset) != baseBefore || wordAt(f.heap.Base+inHeap.Offset) != heapBefore {
		t.Error("a library's own word was written")
	}
	if entry, known := f.w.entries[before]; !known || f.w.trampoline(entry) != after {
		t.Errorf("entry %d (%t) of add()", entry, known)
	}
	entries := unsafe.Slice(plan.entries, plan.entry_count)
	if len(entries) != len(f.w.entries) {
		t.Errorf("%d entries for %d functions", len(entries), len(f.w.entries))
	}
	for target, i := range f.w.entries {
		m := f.w.copyAt(target)
		if e := entries[i]; uint64(e.original) != target || uint64(e.at) != m.at+target-m.low() || uint32(e.batch) != m.batch {
			t.Errorf("entry %d is %+v, want %#x", i, e, target)
		}
	}
	if page := mappedPages(t)[after&^(pageBytes-1)]; page.protection != 5 {
		t.Errorf("trampolines are on a page with protection %#x", page.protection)
	}
	// In the starting libset everything is as it was.
	for symbol, want := range map[string]int32{"call_add": 6, "call_pointer": 6, "call_virtual": 10, "call_table": 10, "call_asks": 12, "call_absent": 7} {
		if got := f.call(t, symbol, 5); got != want {
			t.Errorf("%s: %d, want %d", symbol, got, want)
		}
	}
	if at := dltest.Call(uintptr(f.user.address(t, "address_of_twice", "")), 0); f.w.copyAt(uint64(at)) != nil {
		t.Error("a function's address is the library's")
	}
	// Every word is in the log with what it held, so that it can be taken back.
	logged := 0
	for w := plan.written; w != nil; w = w.next {
		for _, word := range unsafe.Slice(w.words, w.count) {
			if uint64(*word.word) != uint64(word.after) || word.before == word.after {
				t.Errorf("word %p is %#x, logged %#x and %#x", word.word, *word.word, word.before, word.after)
			}
			if uint64(uintptr(unsafe.Pointer(word.word))) == f.user.Base+add.Offset && uint64(word.before) != before {
				t.Errorf("add() was at %#x, logged %#x", before, word.before)
			}
			logged++
		}
	}
	if logged < 8 {
		t.Errorf("%d words are in the log", logged)
	}
	// A second time there is nothing to do.
	count, written := plan.entry_count, plan.written
	if err := f.w.redirect(plan); err != nil || plan.entry_count != count || plan.written != written {
		t.Errorf("redirected twice: %v, %d entries", err, plan.entry_count)
	}
	if told := standin.Told(); told != "" {
		t.Error(told)
	}
}

// Its words are the dynamic linker's again, at the same place.
func TestAPartOfTheProgramThatComesBack(t *testing.T) {
	f := planned(t)
	plan := begun(t, f, (*world).begin)
	name, path, base := f.user.Name, f.user.Path, f.user.Base
	add := f.user.relocation(t, "add", func(r elf.Relocation) bool { return r.Type == delf.R_X86_64_JMP_SLOT })
	for round := range 3 {
		if err := f.w.redirect(plan); err != nil {
			t.Fatal(err)
		}
		if at := wordAt(f.user.Base + add.Offset); f.w.copyAt(at) != nil {
			t.Errorf("round %d: the word of add() leads to %#x, past the trampolines", round, at)
		}
		f.close()
		f.open(t, path)
		f.look(t)
		if f.user = f.object(t, name); f.user.Base != base {
			t.Skip("the linker put it somewhere else")
		}
	}
}

func TestAFullTableLeavesCallsInTheStartingLibset(t *testing.T) {
	f := planned(t)
	plan := begun(t, f, (*world).begin)
	refs, err := f.w.references(f.user)
	if err != nil {
		t.Fatal(err)
	}
	const room = 2
	plan.entry_count = 8192 - room
	if err := f.w.point(plan, f.user, slices.Clone(refs)); err != nil {
		t.Fatal(err)
	}
	if plan.entry_count != 8192 || len(f.w.entries) != room {
		t.Errorf("%d entries, of which %d are new", plan.entry_count, len(f.w.entries))
	}
	targets := map[uint64]bool{}
	for _, r := range refs {
		if r.after == 0 {
			targets[r.target] = true
		}
		_, known := f.w.entries[r.target]
		if live := wordAt(r.vaddr); r.after == 0 && (live == r.before) == known {
			t.Errorf("word %#x is %#x, was %#x; its function has an entry: %t", r.vaddr, live, r.before, known)
		}
	}
	want := fmt.Sprintf("some calls stay in the starting libset: %s: %d functions are more than", f.user.Path, len(targets)-room)
	if told := standin.Told(); !strings.HasPrefix(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	if got := f.call(t, "call_asks", 0); got != 12 {
		t.Errorf("call_asks: %d", got)
	}
}

func TestTablesOfClasses(t *testing.T) {
	f := planned(t)
	table := f.base.address(t, "_ZTV4Base", "")
	r := f.user.relocation(t, "_ZTV4Base", func(elf.Relocation) bool { return true })
	target, err := f.w.binder(f.user).target(r)
	if err != nil || target != table {
		t.Fatalf("%#x, %v", target, err)
	}
	refs := f.w.classTable(f.user, r, f.base, target)
	copied := f.w.tables[table]
	if copied == 0 || len(refs) != 3 {
		t.Fatalf("copy at %#x, %d words", copied, len(refs))
	}
	for i, want := range []uint64{0, 0, f.base.address(t, "add", ""), f.base.address(t, "twice", "")} {
		if got := wordAt(copied + 8*uint64(i)); got != want {
			t.Errorf("word %d of the copy is %#x, want %#x", i, got, want)
		}
	}
	for i, symbol := range []string{"add", "twice"} {
		at := f.base.address(t, symbol, "")
		if want := (reference{copied + 16 + 8*uint64(i), at, at, 0}); refs[i] != want {
			t.Errorf("%+v, want %+v", refs[i], want)
		}
	}
	// The object's pointer is past the first two words.
	if want := (reference{f.user.Base + r.Offset, table + 16, 0, copied + 16}); refs[2] != want {
		t.Errorf("%+v, want %+v", refs[2], want)
	}
	if again := f.w.classTable(f.user, r, f.base, target); len(again) != 1 || again[0] != refs[2] {
		t.Errorf("a second word makes %+v", again)
	}
	word := foreign[uint64](f.user.Base + r.Offset)
	*word += 8
	if changed := f.w.classTable(f.user, r, f.base, target); changed != nil {
		t.Errorf("a word that the program has changed: %+v", changed)
	}
	*word -= 8
	f.base.done = false
	if early, err := f.w.references(f.user); err != nil || len(early) != 0 {
		t.Errorf("a library that is in no batch: %+v, %v", early, err)
	}
}

func TestIsClassTable(t *testing.T) {
	for symbol, want := range map[string]bool{"_ZTV4Base": true, "_ZTVNSt8ios_base7failureE": true, "_ZTVN10namespaced5ThingE": true, "_ZTI4Base": false,
		"_ZTVN10__cxxabiv120__si_class_type_infoE": false, "ZTV": false, "": false} {
		if got := isClassTable(symbol); got != want {
			t.Errorf("%q: %v, want %v", symbol, got, want)
		}
	}
}

// A program that is not position-independent has a library's variable itself, as the linker copied it.
func TestVariablesThatTheProgramHasACopyOf(t *testing.T) {
	f := planned(t)
	s, found := f.user.Lookup("table", "")
	if !found {
		t.Fatal("the user has no table")
	}
	r := elf.Relocation{Offset: s.Value, Type: delf.R_X86_64_COPY, Symbol: s.Index}
	at := f.user.Base + s.Value
	add, twice := f.base.address(t, "add", ""), f.base.address(t, "twice", "")
	want := []reference{{at, add, add, 0}, {at + 24, twice, twice, 0}}
	if got := f.w.copiedTable(f.user, r); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v: neither 0 nor a variable's address", got, want)
	}
	*foreign[uint64](at) = twice
	if got := f.w.copiedTable(f.user, r); !slices.Equal(got, want[1:]) {
		t.Errorf("%+v, want %+v: the program has changed the first", got, want[1:])
	}
}

func TestTrampolinesOfEntries(t *testing.T) {
	defer func(before []run) { runs = before }(runs)
	runs = []run{{0, 3, 0x1000}, {3, 1, 0x9000}, {10, 2, 0x5000}}
	for entry, want := range map[uint32]uint64{0: 0x1000, 2: 0x1020, 3: 0x9000, 11: 0x5010} {
		if got := (&world{}).trampoline(entry); got != want {
			t.Errorf("entry %d: %#x, want %#x", entry, got, want)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("entry 4 has a trampoline")
		}
	}()
	(&world{}).trampoline(4)
}
