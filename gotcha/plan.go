// SPDX-License-Identifier: Apache-2.0

package gotcha

/*
#include <link.h>
#include <stdlib.h>
#include "libset.h"
struct link_map *gotcha_find_dso(uint64_t address);
*/
import "C"

import (
	delf "debug/elf"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"libinger/elf"
)

// entriesHint is for how many functions the index of the shadow GOT is made at first: growing it costs as much as filling it.
const entriesHint = 1024

func findDSO() uint64 { return uint64(uintptr(unsafe.Pointer(C.gotcha_find_dso))) }

// grow makes the plan, or adds a batch with the objects that were loaded since, and points the words of new program
// objects at trampolines.
func (w *world) grow(plan *C.struct_gotcha_plan) error {
	if w.referred == nil {
		w.referred, w.entries, w.tables = map[uint64]bool{}, make(map[uint64]uint32, entriesHint), map[uint64]uint64{}
	}
	if err := w.look(); err != nil {
		return err
	}
	if plan.entries == nil {
		if err := w.begin(plan); err != nil {
			return err
		}
	}
	for {
		w.referAll()
		err := w.addBatch(plan)
		var bad *objectError
		if !errors.As(err, &bad) || bad.object.kind != copied || bad.object.done {
			if err != nil {
				return err
			}
			break
		}
		w.demote(bad.object, bad.err)
		tell("a library is not copied", bad.object.Path, bad.err)
	}
	w.findOptions(plan)
	return w.redirect(plan)
}

// begin fills in what a plan has once.
func (w *world) begin(plan *C.struct_gotcha_plan) error {
	if err := checkLinkMap(w.objects); err != nil {
		return err
	}
	plan.program_low, plan.program_high = C.uint64_t(w.objects[0].low()), C.uint64_t(w.objects[0].high())
	plan.entries = (*C.struct_gotcha_entry)(allocate(C.GOTCHA_TABLE_WORDS * C.sizeof_struct_gotcha_entry))
	return nil
}

// findOptions finds the variables of getopt(), if the program refers to them.
func (w *world) findOptions(plan *C.struct_gotcha_plan) {
	if plan.optind != nil || !slices.ContainsFunc(w.objects, func(o *object) bool {
		return o.kind == program && o.mentions("optind", "optarg")
	}) {
		return
	}
	plan.optarg = foreign[*C.char](w.variable("optarg"))
	plan.opterr = foreign[C.int](w.variable("opterr"))
	plan.optopt = foreign[C.int](w.variable("optopt"))
	plan.optind = foreign[C.int](w.variable("optind"))
}

// mentions says whether the object defines or refers to one of two symbols; it looks once.
func (o *object) mentions(one, other string) bool {
	if o.searched {
		return false
	}
	o.searched = true
	for s, err := range o.Symbols() {
		if err == nil && (s.Name == one || s.Name == other) {
			return true
		}
	}
	return false
}

// variable gives the address that a reference of the program to an exported variable of libc means.
func (w *world) variable(name string) uint64 {
	for _, o := range w.objects {
		if s, found := o.Lookup(name, ""); found {
			return o.Base + s.Value
		}
	}
	return 0
}

// checkLinkMap compares what view.c assumes of the linker's records with libc's own.
func checkLinkMap(objects []*object) error {
	for _, o := range objects {
		if o.libc() && !bool(C.gotcha_view_init(foreign[C.struct_link_map](uint64(o.LinkMap)))) {
			return errors.New(C.GoString(C.gotcha_reason()))
		}
	}
	return nil
}

// addBatch writes the recipe of the copied objects that have none yet.
func (w *world) addBatch(plan *C.struct_gotcha_plan) error {
	var fresh []*object
	for _, o := range w.objects {
		if o.kind == copied && !o.done {
			fresh = append(fresh, o)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	number := uint32(plan.batch_count)
	if number == C.GOTCHA_BATCHES {
		return fmt.Errorf("%s and %d more: libraries were opened in too many steps to be copied", fresh[0].Path, len(fresh)-1)
	}
	fresh = order(fresh)
	batch, err := w.batch(fresh, number)
	if err != nil {
		return err
	}
	for _, o := range fresh {
		o.done = true
	}
	plan.batches[number] = batch
	plan.batch_count = C.uint(number + 1)
	return nil
}

func (w *world) batch(objects []*object, number uint32) (*C.struct_gotcha_batch, error) {
	var at, align uint64 = 0, pageBytes
	for _, o := range objects {
		for _, s := range o.Segments {
			align = max(align, s.Align)
		}
	}
	for _, o := range objects {
		own := uint64(pageBytes)
		for _, s := range o.Segments {
			own = max(own, s.Align)
		}
		at = (at + own - 1) &^ (own - 1)
		o.batch, o.at = number, at
		at += o.High - o.Low
	}
	var rc recipe
	for _, o := range objects {
		if err := rc.add(w, o); err != nil {
			return nil, err
		}
	}
	rc.sort()
	members, err := w.members(objects)
	if err != nil {
		return nil, err
	}
	b := (*C.struct_gotcha_batch)(allocate(C.sizeof_struct_gotcha_batch))
	b.bytes, b.align = C.uint64_t(at), C.uint64_t(align)
	b.members, b.member_count = members, C.uint64_t(len(objects))
	b.own, b.own_count = fixes(rc.own)
	b.fixed, b.fixed_count = fixes(rc.fixed)
	b.resolvers, b.resolver_count = fixes(rc.resolvers)
	far := array[C.struct_gotcha_far_fix](len(rc.far))
	for i, f := range rc.far {
		far[i] = C.struct_gotcha_far_fix{C.uint64_t(f.at), C.uint64_t(f.value), C.uint64_t(f.batch)}
	}
	b.far, b.far_count = unsafe.SliceData(far), C.uint64_t(len(far))
	return b, nil
}

func (w *world) members(objects []*object) (*C.struct_gotcha_member, error) {
	out := array[C.struct_gotcha_member](len(objects))
	for i, o := range objects {
		m, l := &out[i], o.layout()
		info, err := os.Stat(o.Path)
		if err != nil {
			return nil, failure(o, "%w", err)
		}
		status, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return nil, failure(o, "no device and inode")
		}
		m.path = C.CString(o.Path)
		m._map = foreign[C.struct_link_map](uint64(o.LinkMap))
		m.device, m.inode = C.uint64_t(status.Dev), C.uint64_t(status.Ino)
		m.kept = C.gotcha_keep_file(m, C.uint64_t(status.Size))
		m.low, m.high, m.bias, m.at = C.uint64_t(o.low()), C.uint64_t(o.high()), C.uint64_t(o.Base), C.uint64_t(o.at)
		segments := array[C.struct_gotcha_segment](len(l.segments))
		for j, s := range l.segments {
			segments[j].at, segments[j].bytes = C.uint64_t(s.at), C.uint64_t(s.bytes)
			segments[j].offset, segments[j].protection = C.uint64_t(s.offset), C.uint32_t(protection(s.flags))
			segments[j].zero_at, segments[j].zero_bytes = C.uint64_t(s.zeroAt), C.uint64_t(s.zeroBytes)
			if s.anonymous {
				segments[j].anonymous = 1
			}
		}
		m.segments, m.segment_count = unsafe.SliceData(segments), C.uint64_t(len(segments))
		m.text_low, m.text_high = C.uint64_t(l.textLow), C.uint64_t(l.textHigh)
		m.relro_at, m.relro_bytes = C.uint64_t(l.relroAt), C.uint64_t(l.relroBytes)
		o.initialisers(m)
		shared := w.sharedData(o)
		addresses := array[C.uint64_t](len(shared))
		for j, a := range shared {
			addresses[j] = C.uint64_t(a)
		}
		m.shared_data, m.shared_count = unsafe.SliceData(addresses), C.uint64_t(len(shared))
		for j, p := range w.objects {
			if p == o && j >= w.global {
				m.pin = 1
			}
		}
		if o.libc() {
			m.is_libc = 1
			init, found := o.Lookup("__libc_early_init", "GLIBC_PRIVATE")
			if !found {
				return nil, failure(o, "symbol __libc_early_init: not there: not a known glibc")
			}
			m.early_init_at = C.uint64_t(o.place(init.Value))
		}
	}
	return unsafe.SliceData(out), nil
}

func (o *object) initialisers(m *C.struct_gotcha_member) {
	if o.Init != 0 {
		m.init_at = C.uint64_t(o.place(o.Init))
	}
	if o.Fini != 0 {
		m.fini_at = C.uint64_t(o.place(o.Fini))
	}
	m.init_array_at, m.init_array_count = o.functions(o.InitArray)
	m.fini_array_at, m.fini_array_count = o.functions(o.FiniArray)
}

func (o *object) functions(r elf.Range) (at, count C.uint64_t) {
	if r.Size == 0 {
		return 0, 0
	}
	return C.uint64_t(o.place(r.Start)), C.uint64_t(r.Size / 8)
}

func protection(f delf.ProgFlag) int {
	p := 0
	if f&delf.PF_R != 0 {
		p |= unix.PROT_READ
	}
	if f&delf.PF_W != 0 {
		p |= unix.PROT_WRITE
	}
	if f&delf.PF_X != 0 {
		p |= unix.PROT_EXEC
	}
	return p
}

func fixes(words []word) (*C.struct_gotcha_fix, C.uint64_t) {
	out := array[C.struct_gotcha_fix](len(words))
	for i, f := range words {
		out[i] = C.struct_gotcha_fix{C.uint64_t(f.at), C.uint64_t(f.value)}
	}
	return unsafe.SliceData(out), C.uint64_t(len(out))
}

// foreign makes a pointer of an address in memory that is not Go's.
func foreign[T any](address uint64) *T { return *(**T)(unsafe.Pointer(&address)) }

// allocate gives zeroed C memory that is never freed: plans live as long as the process.
func allocate(bytes C.size_t) unsafe.Pointer {
	p := C.calloc(1, bytes)
	if p == nil {
		panic("no memory for a plan")
	}
	return p
}

func array[T any](n int) []T {
	if n == 0 {
		return nil
	}
	var one T
	return unsafe.Slice((*T)(allocate(C.size_t(n)*C.size_t(unsafe.Sizeof(one)))), n)
}
