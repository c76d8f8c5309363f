// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	delf "debug/elf"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"libinger/elf"
)

// loaded is an object with its place among the others.
type loaded struct {
	*elf.Object
	number    int
	namespace int
	base      uint64 // load address; 0 for a file
	from      string // where it was found
	neededBy  string
	late      bool     // it came after the start of the process
	aliases   []string // names by which it was asked for

	treatment, why string
	addresses      []definition // made when somebody asks
	indexed        bool
}

// world is everything that is loaded, in the dynamic linker's order.
type world struct {
	objects []*loaded
	scopes  map[int][]*loaded // by namespace: where references are looked up, in order
	inMem   bool              // a process: the words are what the dynamic linker made of them
	memory  *memory
	maps    []mapping
}

// File looks into a program or library as the dynamic linker would load it from here. The error is an *Error.
func File(path string, search Search) (r *Report, err error) {
	err = whole(path, func() error {
		r, err = file(path, search)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// whole does something with files, which are mapped. One that is cut short meanwhile must not end this process.
func whole(path string, do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if fault := recover(); fault != nil {
			if _, ok := fault.(interface{ Addr() uintptr }); !ok {
				panic(fault)
			}
			err = refuse(path, "a file was cut short while it was read")
		}
	}()
	return do()
}

func file(path string, search Search) (*Report, error) {
	first, err := open(path)
	if err != nil {
		return nil, err
	}
	w := &world{}
	defer w.close()
	r := &Report{
		Schema: SchemaVersion, Kind: "file", Path: path, Interpreter: first.Interp, Namespaces: 1,
		Missing: []Missing{}, Notes: []string{},
	}
	if isStatic(first) {
		first.Close()
		return nil, refuse(path, "is statically linked: there is no dynamic linker, and nothing to rewrite")
	}
	r.Missing = append(r.Missing, w.load(first, search)...)
	w.scopes = map[int][]*loaded{0: w.objects}
	return r, w.describe(r)
}

func (w *world) close() {
	for _, o := range w.objects {
		_ = o.Close() // a file that was only read
	}
}

// load opens what the first object needs, breadth first, as the dynamic linker does.
func (w *world) load(first *elf.Object, search Search) []Missing {
	f := &finder{search: search}
	main := newRequester(first, nil)
	f.origin = main.folder
	requesters := []*requester{main}
	w.add(first, "the file itself", "")
	var missing []Missing
	ask := func(name string, r *requester, by string) {
		if w.known(name) != nil {
			return
		}
		o, from, err := f.find(name, r)
		if err != nil {
			missing = append(missing, Missing{Name: name, NeededBy: by, Reason: err.Error()})
			return
		}
		if same := w.sameFile(o); same != nil {
			same.aliases = append(same.aliases, name)
			o.Close()
			return
		}
		w.add(o, from, by).aliases = []string{name}
		requesters = append(requesters, newRequester(o, r))
	}
	if first.Interp != "" {
		for _, name := range strings.FieldsFunc(search.Preload, func(c rune) bool { return strings.ContainsRune(" :\n\t", c) }) {
			ask(name, main, "LD_PRELOAD")
		}
	}
	for i := 0; i < len(requesters); i++ {
		for _, name := range requesters[i].Needed {
			ask(name, requesters[i], requesters[i].Name)
		}
	}
	return missing
}

func (w *world) add(o *elf.Object, from, by string) *loaded {
	l := &loaded{Object: o, number: len(w.objects), from: from, neededBy: by}
	w.objects = append(w.objects, l)
	return l
}

// known gives the object that a name means, if it is loaded: by the name it was asked for, or by its SONAME.
func (w *world) known(name string) *loaded {
	for _, o := range w.objects {
		if o.SONAME == name || o.Path == name || slices.Contains(o.aliases, name) ||
			o.Interp == "" && o.SONAME == "" && o.number > 0 && filepath.Base(o.Path) == name {
			return o
		}
	}
	return nil
}

func (w *world) sameFile(o *elf.Object) *loaded {
	info, err := os.Stat(o.Path)
	if err != nil {
		return nil
	}
	for _, l := range w.objects {
		if other, err := os.Stat(l.Path); err == nil && os.SameFile(info, other) {
			return l
		}
	}
	return nil
}

// isProgram says whether the object is what was started, or would be. Libraries that can be started, such as libc, ask for a
// dynamic linker as well, but have a name to be needed by.
func (l *loaded) isProgram() bool {
	return l.number == 0 && (l.Main || l.Interp != "" && l.SONAME == "" || l.Type == delf.ET_EXEC || l.Flags1&delf.DF_1_PIE != 0)
}

// isLibc says whether the object is the C library.
func (l *loaded) isLibc() bool { return l.SONAME == "libc.so.6" }

// isLibinger says whether the object is the library of this project.
func (l *loaded) isLibinger() bool { return strings.HasPrefix(l.Name, "libinger.so") }
