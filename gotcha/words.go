// SPDX-License-Identifier: Apache-2.0

package gotcha

/*
#include "../shim/limit.h"
#include "libset.h"
*/
import "C"

import (
	delf "debug/elf"
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"libinger/elf"
	"libinger/interpose"
)

// reference is a word of a program object that leads to a function of a copied library.
type reference struct {
	vaddr  uint64
	before uint64
	target uint64
	after  uint64 // 0: the target's trampoline
}

// redirect points the words of program objects that were not looked at yet at trampolines.
func (w *world) redirect(plan *C.struct_gotcha_plan) error {
	for _, o := range w.objects {
		if o.kind == copied || o.done {
			continue
		}
		o.done = true
		if o.kind != program || o.Name == "libinger.so.0" {
			continue
		}
		refs, err := w.references(o)
		if err != nil {
			return err
		}
		if err := w.point(plan, o, refs); err != nil {
			return err
		}
	}
	return nil
}

// callable gives the copied library that a function address belongs to. libc's functions are reached directly: those
// that have state are wrappers of ours.
func (w *world) callable(address uint64) *object {
	m := w.copyAt(address)
	if m == nil || m.libc() || !m.done || !m.isText(address) {
		return nil
	}
	return m
}

func (w *world) references(o *object) ([]reference, error) {
	var refs []reference
	b := w.binder(o)
	for r, err := range o.Relocations() {
		if err != nil {
			return nil, err
		}
		switch r.Type {
		case delf.R_X86_64_COPY:
			refs = append(refs, w.copiedTable(o, r)...)
		case delf.R_X86_64_GLOB_DAT, delf.R_X86_64_JMP_SLOT, delf.R_X86_64_64:
			target, err := b.target(r)
			if err != nil {
				continue // not bound, and perhaps never to be
			}
			m := w.copyAt(target)
			if m == nil || m.libc() || !m.done {
				continue
			}
			if !m.isText(target) {
				refs = append(refs, w.classTable(o, r, m, target)...)
				continue
			}
			if r.Type == delf.R_X86_64_64 && r.Addend != 0 || w.staysWith(m, o, r) {
				continue
			}
			before, err := o.Word(r.Offset)
			if err != nil {
				return nil, err
			}
			if stub, is := theLimits.made[before]; is {
				// The stub of a limit goes on to the function: there it follows the libset.
				refs = append(refs, w.behind(stub.limit)...)
				continue
			}
			if before != target && r.Type == delf.R_X86_64_64 {
				continue // the program has changed it since
			}
			refs = append(refs, reference{o.Base + r.Offset, before, target, 0})
		}
	}
	return refs, nil
}

// staysWith says whether the function that a reference names is the starting libset's for all.
func (w *world) staysWith(m, o *object, r elf.Relocation) bool {
	if !m.oneFunctions {
		return false
	}
	s, err := o.Symbol(r.Symbol)
	return err == nil && interpose.FunctionShared(m.Name, s.Name)
}

// behind is the word by which the stub of a limit reaches its function. Several words of the program lead to one stub.
func (w *world) behind(l *C.struct_shim_limit) []reference {
	target := uint64(l.target)
	if w.callable(target) == nil {
		return nil // also when it leads to a trampoline already
	}
	return []reference{{uint64(uintptr(unsafe.Pointer(&l.target))), target, target, 0}}
}

// copiedTable looks through a variable that the program took a copy of (R_X86_64_COPY), such as a class's table of
// virtual functions: its pointers to functions follow the libset, too.
func (w *world) copiedTable(o *object, r elf.Relocation) []reference {
	s, err := o.Symbol(r.Symbol)
	if err != nil {
		return nil
	}
	for _, m := range w.copies {
		d, ok := m.Lookup(s.Name, s.Version)
		if !ok || !m.done || m.libc() {
			continue
		}
		var refs []reference
		for off := uint64(0); off+8 <= min(s.Size, d.Size); off += 8 {
			value, err := o.Word(r.Offset + off)
			original, err2 := m.Word(d.Value + off)
			if err == nil && err2 == nil && value == original && w.callable(value) != nil {
				refs = append(refs, reference{o.Base + r.Offset + off, value, value, 0})
			}
		}
		return refs
	}
	return nil
}

// point makes the entries and trampolines that are missing, then writes the words.
func (w *world) point(plan *C.struct_gotcha_plan, o *object, refs []reference) error {
	if len(refs) == 0 {
		return nil
	}
	first := uint32(plan.entry_count)
	fresh := make([]uint64, 0, len(refs))
	for _, r := range refs {
		if _, known := w.entries[r.target]; !known && r.after == 0 {
			w.entries[r.target] = first + uint32(len(fresh))
			fresh = append(fresh, r.target)
		}
	}
	if room := C.GOTCHA_TABLE_WORDS - int(first); len(fresh) > room {
		tell("some calls stay in the starting libset", o.Path, fmt.Errorf("%d functions are more than a shadow GOT has room for", len(fresh)-room))
		for _, target := range fresh[room:] {
			delete(w.entries, target)
		}
		fresh = fresh[:room]
		refs = slices.DeleteFunc(refs, func(r reference) bool { _, known := w.entries[r.target]; return !known && r.after == 0 })
	}
	if err := w.publish(plan, first, fresh); err != nil {
		return err
	}
	words := array[C.struct_gotcha_word](len(refs))
	for i, r := range refs {
		words[i].word = foreign[C.uint64_t](r.vaddr)
		if r.after == 0 {
			r.after = w.trampoline(w.entries[r.target])
		}
		words[i].before, words[i].after = C.uint64_t(r.before), C.uint64_t(r.after)
	}
	done := (*C.struct_gotcha_written)(allocate(C.sizeof_struct_gotcha_written))
	done.words, done.count = unsafe.SliceData(words), C.uint64_t(len(words))
	done.base, done.low, done.high = C.uint64_t(o.Base), C.uint64_t(o.low()), C.uint64_t(o.high())
	if l := o.layoutRELRO(); l.Size > 0 {
		done.relro, done.relro_bytes = C.uint64_t(o.Base+l.Start), C.uint64_t(l.Size)
	}
	if C.gotcha_install(done.words, C.uint32_t(done.count), false, done.relro, done.relro_bytes) == 0 {
		return failure(o, "its GOT was not written")
	}
	// A word of the PLT that was not bound yet is, from now on: what inger_shutdown() put back would be bound by the next call, and then not
	// be the word that is known here.
	for i, r := range refs {
		if r.before != r.target && r.before-o.low() < o.high()-o.low() {
			words[i].before = C.uint64_t(r.target)
		}
	}
	for _, w := range words {
		o.point(uint64(uintptr(unsafe.Pointer(w.word))), uint64(w.after))
	}
	done.next, plan.written = plan.written, done
	return nil
}

// layoutRELRO gives the whole pages that are read-only after relocation.
func (o *object) layoutRELRO() elf.Range {
	start, end := down(o.RELRO.Start), down(o.RELRO.End())
	if end <= start {
		return elf.Range{}
	}
	return elf.Range{Start: start, Size: end - start}
}

// run is a stretch of entries whose trampolines lie together.
type run struct {
	first, count uint32
	address      uint64
}

var runs []run

func (w *world) trampoline(entry uint32) uint64 {
	for _, r := range runs {
		if entry-r.first < r.count {
			return r.address + uint64(entry-r.first)*16
		}
	}
	panic(fmt.Sprintf("entry %d has no trampoline", entry))
}

func (w *world) publish(plan *C.struct_gotcha_plan, first uint32, targets []uint64) error {
	if len(targets) == 0 {
		return nil
	}
	entries := make([]C.struct_gotcha_entry, len(targets))
	for i, target := range targets {
		m := w.copyAt(target)
		entries[i].original, entries[i].batch = C.uint64_t(target), C.uint64_t(m.batch)
		entries[i].at = C.uint64_t(m.place(target - m.Base))
	}
	C.gotcha_publish(plan, unsafe.SliceData(entries), C.uint32_t(len(entries)))
	address := C.gotcha_trampolines(C.uint32_t(first), C.uint32_t(len(targets)))
	if address == 0 {
		return errors.New(C.GoString(C.gotcha_reason()))
	}
	runs = append(runs, run{first, uint32(len(targets)), uint64(address)})
	return nil
}
