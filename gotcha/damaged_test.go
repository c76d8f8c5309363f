// SPDX-License-Identifier: Apache-2.0

package gotcha

import (
	delf "debug/elf"
	"os"
	"testing"

	"libinger/elf"
	"libinger/interpose"
)

// Whatever an object says of itself, what can't be done is an error: nothing panics, and nothing outside the file is read.
// (outcome() would save the program from a panic, but not from a fault.)
func TestNoDamageIsFatal(t *testing.T) {
	f := newFamily(t)
	defer func(real func(uint64) uint64) { callResolver = real }(callResolver)
	callResolver = func(address uint64) uint64 { return address } // there is no code at the addresses of files
	read := func(o *object) []byte {
		data, err := os.ReadFile(o.Path)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	whole := map[string][]byte{"base": read(f.base), "user": read(f.user)}
	refused, failed, went := 0, 0, 0
	for name, data := range whole {
		for _, part := range damageable(t, data) {
			for at := part.Start; at < part.End(); at++ {
				for _, change := range []byte{0x01, 0x10, 0x80, 0xff} {
					damaged := map[string][]byte{"base": whole["base"], "user": whole["user"]}
					damaged[name] = append([]byte(nil), data...)
					damaged[name][at] ^= change
					switch parsed, err := consider(damaged["base"], damaged["user"]); {
					case !parsed:
						refused++
					case err != nil:
						failed++
					default:
						went++
					}
				}
			}
		}
	}
	if refused < 100 || failed < 100 || went < 100 {
		t.Errorf("%d files were refused, %d could not be copied, %d were not harmed: the test does not show much", refused, failed, went)
	}
}

// damageable are the parts of a file that we read: its header and program headers, and all tables of the dynamic linker.
func damageable(t *testing.T, data []byte) []elf.Range {
	t.Helper()
	parts := []elf.Range{{Start: 0, Size: 64 + 4*56}}
	for _, s := range delfFile(t, data).Sections {
		switch s.Type {
		case delf.SHT_DYNAMIC, delf.SHT_RELA, delf.SHT_DYNSYM, delf.SHT_GNU_HASH, delf.SHT_GNU_VERSYM, delf.SHT_GNU_VERNEED, delf.SHT_GNU_VERDEF:
			parts = append(parts, elf.Range{Start: s.Offset, Size: min(s.FileSize, 400)})
		}
	}
	return parts
}

// consider does with two files, one of which needs the other, what is done with loaded objects.
func consider(base, user []byte) (parsed bool, err error) {
	w := &world{referred: map[uint64]bool{}, entries: map[uint64]uint32{}, tables: map[uint64]uint64{}}
	for i, data := range [][]byte{user, base} {
		e, err := elf.Parse("damaged", data)
		if err != nil {
			return false, err
		}
		e.Base = uint64(i+1) << 32
		o := &object{Object: e, sharing: interpose.DataOf(e.Name)}
		classify(e)
		if o.kind = program; i == 1 {
			o.kind, o.done = copied, true
			w.copies = append(w.copies, o)
		}
		w.objects = append(w.objects, o)
	}
	w.global = globalScope(w.objects)
	order(w.objects)
	w.closure(w.objects[0])
	u, b := w.objects[0], w.objects[1]
	w.sharedData(b)
	b.layout()
	u.mentions("optind", "optarg")
	var rc recipe
	err = w.refer(u)
	if _, e := w.references(u); err == nil {
		err = e
	}
	if e := rc.add(w, b); err == nil {
		err = e
	}
	rc.sort()
	return true, err
}

func TestAPanicIsAnErrorOfTheProgramsCall(t *testing.T) {
	if outcome(func() error { panic("a mistake of ours") }) == 0 {
		t.Error("no error")
	}
	if got := reason(); got != "libsets: internal error: a mistake of ours" {
		t.Errorf("%q", got)
	}
	if outcome(func() error { return os.ErrNotExist }) == 0 || reason() != "libsets: file does not exist" {
		t.Errorf("%q", reason())
	}
	if outcome(func() error { return nil }) != 0 {
		t.Error("an error without a reason")
	}
}
