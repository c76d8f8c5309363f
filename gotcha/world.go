// SPDX-License-Identifier: Apache-2.0

package gotcha

import (
	"bytes"
	"cmp"
	delf "debug/elf"
	"fmt"
	"slices"
	"strings"

	"libinger/elf"
	"libinger/interpose"
)

// kind says what an object is to libsets; see the package comment.
type kind uint8

const (
	program kind = iota
	copied
	one
)

func (k kind) String() string { return [...]string{"program", "copied", "one"}[k] }

// object is a loaded object and what was decided about it.
type object struct {
	*elf.Object
	kind kind
	why  string
	// Of a copied object:
	batch        uint32
	at           uint64               // where its first page is in the region
	sharing      interpose.DataPolicy // of its exported variables
	oneFunctions bool                 // some of its functions are the starting libset's
	// Whether its references were looked at (program) or its recipe was written (copied).
	done bool
	// The first word of its own that was pointed somewhere, and where.
	pointed struct{ at, to uint64 }
	// Whether its symbols were searched for getopt()'s variables.
	searched bool
}

func (o *object) low() uint64  { return o.Base + o.Low }
func (o *object) high() uint64 { return o.Base + o.High }

// libc says whether the object is the C library, whose functions stay the starting libset's.
func (o *object) libc() bool { return o.SONAME == "libc.so.6" }

// world is the process as far as it was looked at.
type world struct {
	objects []*object // in link-map order
	copies  []*object // copied ones, by address
	global  int       // how many of objects make up the linker's global scope
	// addresses of exported data of copied objects that a program object, or one there is one of, refers to
	referred map[uint64]bool
	entries  map[uint64]uint32 // index in the shadow GOTs, by the original's address
	tables   map[uint64]uint64 // the program's copies of tables of virtual functions, by the original's address
}

// look brings the list of objects up to date. Objects that were unloaded are forgotten.
func (w *world) look() error {
	// An object that can't be read is named in the error and left out: it is not copied.
	known := make(map[*elf.Object]*object, len(w.objects))
	read := make([]*elf.Object, 0, len(w.objects))
	for _, o := range w.objects {
		known[o.Object] = o
		read = append(read, o.Object)
	}
	loaded, err := elf.Loaded(read...)
	if slices.ContainsFunc(loaded, func(l *elf.Object) bool { return known[l].cameBack() }) {
		// To be read again: its file may be another one.
		loaded, err = elf.Loaded(slices.DeleteFunc(loaded, func(l *elf.Object) bool { return known[l].cameBack() })...)
	}
	if len(loaded) == 0 {
		return err
	}
	objects := make([]*object, 0, len(loaded))
	for _, l := range loaded {
		o := known[l]
		if o == nil {
			o = &object{Object: l}
			o.kind, o.why = classify(l)
			o.sharing, o.oneFunctions = interpose.DataOf(l.Name), interpose.SharesFunctions(l.Name)
		}
		objects = append(objects, o)
	}
	w.objects = objects
	w.copies = w.copies[:0]
	for _, o := range objects {
		if o.kind == copied {
			w.copies = append(w.copies, o)
		}
	}
	slices.SortFunc(w.copies, func(a, b *object) int { return cmp.Compare(a.low(), b.low()) })
	w.global = globalScope(objects)
	return nil
}

// point notes one of the words that were written.
func (o *object) point(word, to uint64) {
	if o.pointed.at == 0 && word-o.low() < o.high()-o.low() && *foreign[uint64](word) == to {
		o.pointed.at, o.pointed.to = word, to
	}
}

// cameBack says whether a loaded object was unloaded and loaded at the same place since we wrote to it: the dynamic linker's
// record of it is the same, but its words are not. Where it was the object itself that changed the word, nothing is lost by
// looking at all of them once more.
func (o *object) cameBack() bool {
	if o == nil || o.pointed.at == 0 || o.Main || o.kind == copied && o.done {
		return false // the program and what is copied stay loaded
	}
	return *foreign[uint64](o.pointed.at) != o.pointed.to
}

// classify decides what an object is.
func classify(o *elf.Object) (kind, string) {
	switch {
	case o.Main:
		return program, "the program itself"
	case o.Dynamic.Size == 0:
		return one, "it has no dynamic section"
	case slices.ContainsFunc(o.Needed, func(n string) bool { return strings.HasPrefix(n, "libinger.so") }):
		return program, "it needs libinger.so, so it is part of the program"
	case o.Flags&delf.DF_TEXTREL != 0:
		return one, "its text is relocated"
	}
	if policy, why := interpose.ObjectClass(o.Name); policy != interpose.CopiedObject {
		return one, why
	}
	if _, found := o.Lookup("malloc", ""); found && o.SONAME != "libc.so.6" {
		return one, "it brings the heap, of which there is one"
	}
	if why := unmappable(o); why != "" {
		return one, why
	}
	return copied, ""
}

// unmappable gives the reason why the object's file can't be mapped once more.
func unmappable(o *elf.Object) string {
	if o.Type != delf.ET_DYN || len(o.Segments) == 0 {
		return "it is not position-independent"
	}
	first := o.Segments[0]
	n := min(first.FileSize, 4096)
	memory, err := o.Bytes(first.Vaddr, n)
	if err != nil {
		return err.Error()
	}
	// The first page has the program headers and, as a rule, the build id.
	file, err := o.FileBytes(first.Vaddr, n)
	if err != nil {
		return err.Error()
	}
	if !bytes.Equal(memory, file) {
		return "its file was replaced after it was loaded"
	}
	return ""
}

// globalScope counts the objects that were there when the program started: its dependencies, and what was preloaded,
// which the linker puts between them.
func globalScope(objects []*object) int {
	if len(objects) == 0 {
		return 0
	}
	wanted := map[string]bool{}
	last := 0
	queue := []*object{objects[0]}
	for len(queue) > 0 {
		o := queue[0]
		queue = queue[1:]
		for _, n := range o.Needed {
			if wanted[n] {
				continue
			}
			wanted[n] = true
			for i, d := range objects {
				if d.Name == n {
					last = max(last, i)
					queue = append(queue, d)
				}
			}
		}
	}
	return last + 1
}

// scope gives the objects in which a reference of o is looked up, in order: the global scope, o with what it needs, and
// then everything, for what was opened with RTLD_GLOBAL.
func (w *world) scope(o *object) []*object {
	out := slices.Clone(w.objects[:w.global])
	seen := map[*object]bool{}
	for _, g := range out {
		seen[g] = true
	}
	local := []*object{o}
	for i := 0; i < len(local); i++ {
		l := local[i]
		if !seen[l] {
			seen[l] = true
			out = append(out, l)
		}
		for _, n := range l.Needed {
			for _, d := range w.objects {
				if d.Name == n && !slices.Contains(local, d) {
					local = append(local, d)
				}
			}
		}
	}
	for _, r := range w.objects {
		if !seen[r] {
			out = append(out, r)
		}
	}
	return out
}

// copyAt gives the copied object whose pages hold an address; nil when there is none.
func (w *world) copyAt(address uint64) *object {
	i, found := slices.BinarySearchFunc(w.copies, address, func(o *object, a uint64) int { return cmp.Compare(o.low(), a) })
	if !found {
		i--
	}
	if i < 0 || address >= w.copies[i].high() {
		return nil
	}
	return w.copies[i]
}

// isText says whether an address of o is in an executable segment.
func (o *object) isText(address uint64) bool {
	s := o.SegmentOf(address - o.Base)
	return s != nil && s.Flags&delf.PF_X != 0
}

// inRELRO says whether the word was made read-only after relocation, so that memory still says how it was bound.
func (o *object) inRELRO(vaddr uint64) bool {
	end := o.RELRO.End() &^ (pageBytes - 1)
	return vaddr >= o.RELRO.Start && vaddr < end
}

// order sorts objects so that each comes after what it needs; the order in which constructors run.
func order(objects []*object) []*object {
	var out []*object
	state := map[*object]bool{}
	var visit func(o *object)
	visit = func(o *object) {
		if state[o] {
			return
		}
		state[o] = true
		for _, n := range o.Needed {
			for _, d := range objects {
				if d.Name == n {
					visit(d)
				}
			}
		}
		out = append(out, o)
	}
	// libc first: what has no dependency on it in its list may still call it.
	for _, o := range objects {
		if o.libc() {
			visit(o)
		}
	}
	for i := len(objects) - 1; i >= 0; i-- {
		visit(objects[i])
	}
	return out
}

// objectError is what is wrong with one object; the others can do without it.
type objectError struct {
	object *object
	err    error
}

func (e *objectError) Error() string { return e.object.Path + ": " + e.err.Error() }
func (e *objectError) Unwrap() error { return e.err }

func failure(o *object, format string, args ...any) error {
	return &objectError{o, fmt.Errorf(format, args...)}
}

// demote leaves an object to the starting libset after all.
func (w *world) demote(o *object, why error) {
	o.kind, o.why, o.done = one, why.Error(), false
	w.copies = slices.DeleteFunc(w.copies, func(c *object) bool { return c == o })
}
