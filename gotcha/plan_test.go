// SPDX-License-Identifier: Apache-2.0

package gotcha

import (
	"bufio"
	delf "debug/elf"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"libinger/elf"
	"libinger/internal/dltest"
	"libinger/internal/fixture"
)

// newOf makes what a function takes a pointer to: tests can't name types of C.
func newOf[W, T any](func(W, *T) error) *T { return new(T) }

// page is a page of this process as the kernel has it.
type page struct {
	protection int
	offset     uint64
	file       bool
}

func mappedPages(t *testing.T) map[uint64]page {
	t.Helper()
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pages := map[uint64]page{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var low, high, offset, major, minor, inode uint64
		var flags string
		if n, _ := fmt.Sscanf(lines.Text(), "%x-%x %s %x %x:%x %d", &low, &high, &flags, &offset, &major, &minor, &inode); n < 7 {
			t.Fatalf("maps: %q", lines.Text())
		}
		if high-low > 1<<30 {
			continue // the Go heap's
		}
		p := page{file: inode != 0}
		for i, bit := range []int{unix.PROT_READ, unix.PROT_WRITE, unix.PROT_EXEC} {
			if flags[i] != '-' {
				p.protection |= bit
			}
		}
		for at := low; at < high; at += pageBytes {
			p.offset = offset + at - low
			pages[at] = p
		}
	}
	return pages
}

// A copy has the same pages as the original: from the same place of the file, with the same protection.
func TestLayoutIsTheLinkers(t *testing.T) {
	w := system(t, systemLibraries...)
	pages := mappedPages(t)
	for _, o := range w.copies {
		t.Run(o.Name, func(t *testing.T) {
			o.at = 0x10000
			l := o.layout()
			got := map[uint64]page{}
			for _, s := range l.segments {
				if s.at%pageBytes != 0 || s.bytes%pageBytes != 0 || s.bytes == 0 || !s.anonymous && s.offset%pageBytes != 0 {
					t.Errorf("segment %+v is not of whole pages", s)
				}
				for at := uint64(0); at < s.bytes; at += pageBytes {
					p := page{protection: protection(s.flags), file: !s.anonymous}
					if p.file {
						p.offset = s.offset + at
					}
					if s.at+at >= l.relroAt && s.at+at < l.relroAt+l.relroBytes {
						p.protection = unix.PROT_READ
					}
					got[o.low()+s.at+at-o.at] = p
				}
			}
			for at := o.low(); at < o.high(); at += pageBytes {
				want, mapped := pages[at]
				if want.protection == 0 {
					mapped = false // a gap between segments
				}
				if !want.file {
					want.offset = 0
				}
				if p, has := got[at]; has != mapped || mapped && p != want {
					t.Errorf("page %#x: %+v (%t), want %+v (%t)", at-o.Base, p, has, want, mapped)
				}
			}
			init := o.address(t, o.anyFunction(t), "")
			if init < l.textLow || init >= l.textHigh {
				t.Errorf("text %#x to %#x is without a function at %#x", l.textLow, l.textHigh, init)
			}
		})
	}
}

func (o *object) anyFunction(t *testing.T) string {
	t.Helper()
	for s, err := range o.Symbols() {
		if err == nil && s.Defined && s.Type == delf.STT_FUNC && s.Bind == delf.STB_GLOBAL && !s.HiddenVersion {
			return s.Name
		}
	}
	t.Fatalf("%s has no function", o.Name)
	return ""
}

func TestLayoutOfZeroedMemory(t *testing.T) {
	data := delf.PF_R | delf.PF_W
	of := func(vaddr, mem, offset, file uint64, flags delf.ProgFlag) elf.Segment {
		return elf.Segment{Vaddr: vaddr, MemSize: mem, Offset: offset, FileSize: file, Flags: flags, Align: pageBytes}
	}
	tests := map[string]struct {
		segment elf.Segment
		want    []segment
	}{
		"none": {of(0x1010, 0x20, 0x10, 0x20, data), []segment{{at: 0x1000, bytes: 0x1000, flags: data}}},
		"on the last page of the file": {of(0x1010, 0x100, 0x10, 0x20, data),
			[]segment{{at: 0x1000, bytes: 0x1000, flags: data, zeroAt: 0x1030, zeroBytes: 0xe0}}},
		"on pages of its own, too": {of(0x1010, 0x2000, 0x10, 0x20, data),
			[]segment{{at: 0x1000, bytes: 0x1000, flags: data, zeroAt: 0x1030, zeroBytes: 0xfd0}, {at: 0x2000, bytes: 0x2000, flags: data, anonymous: true}}},
		"nothing else": {of(0x1000, 0x1800, 0x400, 0, data), []segment{{at: 0x1000, bytes: 0x2000, flags: data, anonymous: true}}},
		"of a page that can't be written": {of(0x1000, 0x30, 0, 0x20, delf.PF_R),
			[]segment{{at: 0x1000, bytes: 0x1000, flags: delf.PF_R}}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			o := &object{Object: &elf.Object{Segments: []elf.Segment{tc.segment}}}
			if got := o.layout().segments; !slices.Equal(got, tc.want) {
				t.Errorf("%+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestRegionOfABatch(t *testing.T) {
	path := fixture.Link(t, `int here(void) { return 1; }`, "-shared", "-fPIC", "-Wl,-soname,libaligned.so", "-Wl,-z,max-page-size=0x200000")
	l, err := dltest.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	w := system(t, systemLibraries...)
	w.referAll()
	objects := order(slices.Clone(w.copies))
	b, err := w.batch(objects, 7)
	if err != nil {
		t.Fatal(err)
	}
	if b.align != 0x200000 {
		t.Errorf("alignment %#x", b.align)
	}
	members := unsafe.Slice(b.members, b.member_count)
	if len(members) != len(objects) {
		t.Fatalf("%d members for %d objects", len(members), len(objects))
	}
	end := uint64(0)
	for i, o := range objects {
		m := &members[i]
		at, bytes := uint64(m.at), uint64(m.high-m.low)
		if at != o.at || o.batch != 7 || at < end || at%pageBytes != 0 || uint64(m.low) != o.low() || uint64(m.bias) != o.Base {
			t.Errorf("%s: at %#x (%#x), batch %d, after %#x, low %#x", o.Name, at, o.at, o.batch, end, m.low)
		}
		if o.Name == "libaligned.so" && at%0x200000 != 0 {
			t.Errorf("%s: at %#x, which is no multiple of its alignment", o.Name, at)
		}
		end = at + bytes
	}
	if uint64(b.bytes) != end {
		t.Errorf("region of %#x bytes, the last member ends at %#x", b.bytes, end)
	}
	for _, f := range unsafe.Slice(b.own, b.own_count) {
		if uint64(f.at) >= end || uint64(f.value) > end {
			t.Fatalf("word %#x with %#x is outside the region", f.at, f.value)
		}
	}
	if b.fixed_count == 0 || b.resolver_count == 0 || b.far_count != 0 {
		t.Errorf("%d fixed words, %d resolvers, %d far ones", b.fixed_count, b.resolver_count, b.far_count)
	}
}

func TestMembersOfABatch(t *testing.T) {
	f := newFamily(t)
	f.w.referAll()
	libc := named(t, f.w.objects, "libc.so.6")
	f.base.at, libc.at = 0, f.base.High-f.base.Low
	first, err := f.w.members([]*object{f.base, libc})
	if err != nil {
		t.Fatal(err)
	}
	members := unsafe.Slice(first, 2)
	var st syscall.Stat_t
	if err := syscall.Stat(f.base.Path, &st); err != nil {
		t.Fatal(err)
	}
	m := &members[0]
	if uint64(m.device) != st.Dev || uint64(m.inode) != st.Ino || uintptr(unsafe.Pointer(m._map)) != f.base.LinkMap {
		t.Errorf("device %d, inode %d, map %p", m.device, m.inode, m._map)
	}
	if m.pin != 1 || members[1].pin != 0 {
		t.Error("what was opened later has to stay, and nothing else")
	}
	if m.is_libc != 0 || m.early_init_at != 0 || members[1].is_libc != 1 || members[1].early_init_at == 0 {
		t.Error("libc, and libc alone, has an early initialiser")
	}
	if uint64(m.init_array_count) != f.base.InitArray.Size/8 || uint64(m.init_array_at) != f.base.InitArray.Start-f.base.Low ||
		uint64(m.fini_array_count) != f.base.FiniArray.Size/8 || m.init_array_count < 2 || m.fini_array_count < 2 ||
		uint64(m.fini_array_at) != f.base.FiniArray.Start-f.base.Low || uint64(m.init_at) != f.base.Init-f.base.Low || uint64(m.fini_at) != f.base.Fini-f.base.Low {
		t.Errorf("%d constructors at %#x, %d destructors at %#x, init %#x, fini %#x", m.init_array_count, m.init_array_at,
			m.fini_array_count, m.fini_array_at, m.init_at, m.fini_at)
	}
	var want []uint64
	for _, name := range []string{"both", "number", "referred"} {
		want = append(want, f.base.address(t, name, ""))
	}
	// A unique variable is an earlier family's when there is one.
	once := f.user.relocation(t, "once", func(elf.Relocation) bool { return true })
	if at := f.base.address(t, "once", ""); wordAt(f.user.Base+once.Offset) == at {
		want = append(want, at)
	}
	slices.Sort(want)
	var got []uint64
	for _, a := range unsafe.Slice(m.shared_data, m.shared_count) {
		got = append(got, uint64(a))
	}
	if !slices.Equal(got, want) {
		t.Errorf("shared variables at %#x, want %#x", got, want)
	}
}

func TestMembersWithoutAFileAreAnError(t *testing.T) {
	f := newFamily(t)
	if err := os.Remove(f.base.Path); err != nil {
		t.Fatal(err)
	}
	if _, err := f.w.members([]*object{f.base}); err == nil || !strings.HasPrefix(err.Error(), f.base.Path) {
		t.Errorf("%v", err)
	}
}

func TestBatchesGrow(t *testing.T) {
	f := newFamily(t)
	plan := newOf((*world).grow)
	if err := f.w.addBatch(plan); err != nil {
		t.Fatal(err)
	}
	if plan.batch_count != 1 || plan.batches[0] == nil || !f.base.done || f.user.done {
		t.Errorf("%d batches, base done %t, user done %t", plan.batch_count, f.base.done, f.user.done)
	}
	if err := f.w.addBatch(plan); err != nil || plan.batch_count != 1 {
		t.Errorf("a batch of nothing new: %v, %d batches", err, plan.batch_count)
	}
	second := newFamily(t)
	f.look(t)
	if err := f.w.addBatch(plan); err != nil || plan.batch_count != 2 || plan.batches[1].member_count != 1 {
		t.Errorf("what came since: %v, %d batches", err, plan.batch_count)
	}
	if o := f.object(t, second.base.Name); o.batch != 1 || o.at != 0 {
		t.Errorf("%s is in batch %d", o.Name, o.batch)
	}
	third := newFamily(t)
	f.look(t)
	plan.batch_count = 160
	if err := f.w.addBatch(plan); err == nil || !strings.Contains(err.Error(), third.base.Name) || !strings.Contains(err.Error(), "too many steps") {
		t.Errorf("more batches than there is room for: %v", err)
	}
}

func TestVariablesOfGetoptAreFoundWhenTheProgramRefersToThem(t *testing.T) {
	f := newFamily(t)
	plan := newOf((*world).grow)
	if f.w.findOptions(plan); plan.optind != nil || plan.optarg != nil {
		t.Error("found, although nobody refers to them")
	}
	path := fixture.Link(t, `extern int optind; int *at(void) { return &optind; }`, "-shared", "-fPIC")
	l, err := dltest.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	f.look(t)
	for _, o := range f.w.objects {
		if o.Path == path {
			o.kind = program
		}
	}
	f.w.findOptions(plan)
	if at := dltest.Call(l.Symbol("at", ""), 0); uintptr(unsafe.Pointer(plan.optind)) != at || plan.optarg == nil || plan.opterr == nil || plan.optopt == nil {
		t.Errorf("optind at %p, want %#x", plan.optind, at)
	}
}

func TestProtection(t *testing.T) {
	for flags, want := range map[delf.ProgFlag]int{0: 0, delf.PF_R: unix.PROT_READ, delf.PF_R | delf.PF_W: unix.PROT_READ | unix.PROT_WRITE,
		delf.PF_R | delf.PF_X: unix.PROT_READ | unix.PROT_EXEC} {
		if got := protection(flags); got != want {
			t.Errorf("%v: %#x, want %#x", flags, got, want)
		}
	}
}
