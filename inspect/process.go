// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"bytes"
	delf "debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"libinger/elf"
)

// Limits for lists in another process's memory, which may change while they are read.
const (
	mostObjects = 16384
	mostSpaces  = 64
)

// Keys of the auxiliary vector.
const (
	auxPHDR  = 3
	auxPHNUM = 5
	auxBase  = 7
)

// proc is a process as /proc shows it.
type proc struct {
	pid    int
	object string // for errors
	memory *memory
	aux    []byte // the auxiliary vector, which every program has another of
}

// tries is how often a process is looked at again that became another program, or was still being loaded, meanwhile.
const tries = 5

// Process looks into a running process. The error is an *Error.
func Process(pid int) (*Report, error) {
	p := &proc{pid: pid, object: "process " + strconv.Itoa(pid), memory: &memory{pid}}
	for try := 1; ; try++ {
		r, err := p.report()
		changed := p.changed() // then nothing that was read can be believed
		var known *Error
		switch {
		case p.gone(), errors.Is(err, errGone):
			return nil, refuse(p.object, "it has ended")
		case err == nil && !changed:
			return r, nil
		case errors.As(err, &known) && !changed:
			return nil, err
		case try < tries:
		case changed:
			return nil, refuse(p.object, "it became another program while it was looked at")
		default:
			return nil, refuse(p.object, "%v", err)
		}
	}
}

// changed says whether the process has replaced its program since the report was begun.
func (p *proc) changed() bool {
	now, err := os.ReadFile(p.path("auxv"))
	return err == nil && p.aux != nil && !bytes.Equal(now, p.aux)
}

func (p *proc) path(name string) string { return "/proc/" + strconv.Itoa(p.pid) + "/" + name }

// read is a file of the process's folder.
func (p *proc) read(name string) ([]byte, error) {
	data, err := os.ReadFile(p.path(name))
	return data, p.cannot(err)
}

// cannot says in plain words why a file of the process's folder gives nothing.
func (p *proc) cannot(err error) error {
	switch {
	case errors.Is(err, os.ErrPermission):
		return refuse(p.object, "%v", errForbidden)
	case errors.Is(err, os.ErrNotExist), errors.Is(err, unix.ESRCH):
		return refuse(p.object, "no such process")
	}
	return err
}

// gone says whether the process was there and is no more: a zombie, or nothing.
func (p *proc) gone() bool {
	status, err := os.ReadFile(p.path("status"))
	return err == nil && bytes.Contains(status, []byte("\nState:\tZ")) || errors.Is(err, unix.ESRCH) ||
		p.aux != nil && errors.Is(err, os.ErrNotExist)
}

func (p *proc) report() (*Report, error) {
	status, err := p.read("status")
	if err != nil {
		return nil, err
	}
	if bytes.Contains(status, []byte("\nState:\tZ")) {
		return nil, errGone
	}
	p.aux = nil
	aux, err := p.read("auxv")
	if err != nil {
		return nil, err
	}
	p.aux = aux
	if len(aux) == 0 {
		return nil, refuse(p.object, "is a thread of the kernel, without memory of its own")
	}
	maps, err := p.read("maps")
	if err != nil {
		return nil, err
	}
	w := &world{inMem: true, memory: p.memory, maps: parseMaps(string(maps))}
	r := &Report{Schema: SchemaVersion, Kind: "process", PID: p.pid, Missing: []Missing{}, Notes: []string{}}
	if r.Path, err = os.Readlink(p.path("exe")); err != nil {
		return nil, p.cannot(err)
	}
	if err := checkHead(p.path("exe")); err != nil {
		var what *Error
		if errors.As(err, &what) && !strings.Contains(what.Reason, "permission") {
			return nil, refuse(p.object, "its program %s %s", printable(r.Path), what.Reason)
		}
	}
	vector := parseAux(aux)
	if vector[auxPHDR] == 0 {
		return nil, errors.New("it is just being started")
	}
	debug, err := p.debug(w, vector, r)
	if err != nil {
		return nil, err
	}
	if err := p.walk(w, debug, r); err != nil {
		return nil, err
	}
	if err := w.describe(r); err != nil {
		return nil, err
	}
	return r, nil
}

func parseAux(data []byte) map[uint64]uint64 {
	out := map[uint64]uint64{}
	for ; len(data) >= 16; data = data[16:] {
		out[le.Uint64(data)] = le.Uint64(data[8:])
	}
	return out
}

// imageAt reads the object whose ELF header is where the mapping of an address's file begins.
func (p *proc) imageAt(w *world, address, base uint64, known bool) (*elf.Object, error) {
	at := w.mappingAt(address)
	if at == nil {
		return nil, fmt.Errorf("nothing is mapped at 0x%x", address)
	}
	first := w.firstOf(at)
	if at.file == "" || first == nil {
		first = &mapping{start: base}
	}
	if !known {
		// The first segment is at address 0 in position-independent objects, and elsewhere in others.
		low, err := p.firstAddress(first.start)
		if err != nil {
			return nil, err
		}
		base = first.start - low
	}
	path := strings.TrimSuffix(at.path, " (deleted)")
	return p.memory.image(path, first.start, base)
}

// firstAddress gives the address in the file of the first segment of the object whose header is at an address.
func (p *proc) firstAddress(header uint64) (uint64, error) {
	head := make([]byte, pageBytes)
	if err := p.memory.read(header, head); err != nil {
		return 0, err
	}
	phoff, count := le.Uint64(head[32:]), int(le.Uint16(head[56:]))
	for i := range count {
		at := phoff + uint64(i)*phdrBytes
		if at+phdrBytes > pageBytes {
			break
		}
		if p := head[at:]; delf.ProgType(le.Uint32(p)) == delf.PT_LOAD {
			return pageDown(le.Uint64(p[16:])), nil
		}
	}
	return 0, fmt.Errorf("ELF header at 0x%x: nothing to load", header)
}

// debug finds the dynamic linker's r_debug: DT_DEBUG of the program, or the linker's own symbol.
func (p *proc) debug(w *world, aux map[uint64]uint64, r *Report) (uint64, error) {
	main, err := p.imageAt(w, aux[auxPHDR], 0, false)
	if err != nil {
		return 0, err
	}
	r.Interpreter = main.Interp
	base := aux[auxBase]
	if base == 0 {
		if _, linker := main.Lookup("_r_debug", ""); !linker || main.Interp != "" {
			return 0, refuse(p.object, "its program %s is statically linked: there is no dynamic linker, and nothing to rewrite",
				printable(r.Path))
		}
		base = aux[auxPHDR] // the dynamic linker was started as a program
	}
	linker, err := p.imageAt(w, base, base, false)
	if err != nil {
		return 0, err
	}
	s, found := linker.Lookup("_r_debug", "")
	if !found {
		return 0, refuse(p.object, "its dynamic linker %s is not glibc's", printable(linker.Path))
	}
	at := w.mappingAt(base)
	if first := w.firstOf(at); first != nil {
		at = first
	}
	return at.start - linker.Low + s.Value, nil
}

// walk reads the lists of objects of all namespaces.
func (p *proc) walk(w *world, debug uint64, r *Report) error {
	w.scopes = map[int][]*loaded{}
	consistent := true
	for space := 0; debug != 0 && space < mostSpaces; space++ {
		raw := make([]byte, 40) // struct r_debug
		if err := p.memory.read(debug, raw); err != nil {
			return err
		}
		version, list := le.Uint32(raw), le.Uint64(raw[8:])
		consistent = consistent && le.Uint32(raw[24:]) == 0
		if list == 0 && space == 0 {
			return errors.New("its dynamic linker has not loaded anything yet")
		}
		if list != 0 {
			if err := p.list(w, list, space, r); err != nil {
				return err
			}
			r.Namespaces++
		}
		next := uint64(0)
		if version >= 2 { // struct r_debug_extended of <link.h>
			var err error
			if next, err = p.memory.word(debug + 40); err != nil {
				return err
			}
		}
		debug = next
	}
	if !consistent {
		r.Notes = append(r.Notes, "the dynamic linker was loading or unloading something: the list may be incomplete")
	}
	return nil
}

// list reads one link map.
func (p *proc) list(w *world, address uint64, space int, r *Report) error {
	seen := map[uint64]bool{}
	for address != 0 && !seen[address] && len(seen) < mostObjects {
		seen[address] = true
		raw := make([]byte, 40) // struct link_map of <link.h>
		if err := p.memory.read(address, raw); err != nil {
			return err
		}
		base, name, dynamic := le.Uint64(raw), le.Uint64(raw[8:]), le.Uint64(raw[16:])
		address = le.Uint64(raw[24:])
		at := w.mappingAt(dynamic)
		if at != nil && at.path == "[vdso]" {
			continue
		}
		o, err := p.imageAt(w, dynamic, base, true)
		if err == nil && base+o.Dynamic.Start != dynamic {
			err = errors.New("its dynamic section is not where the dynamic linker has it")
		}
		if err != nil {
			if errors.Is(err, errGone) || len(w.objects) == 0 {
				return err
			}
			text, _ := p.memory.text(name)
			r.Notes = append(r.Notes, oneLine(fmt.Sprintf("%s: left out: %v", printable(text), err)))
			continue
		}
		l := w.add(o, "", "")
		l.namespace, l.base = space, base
		l.Main = l.number == 0
		if l.Main {
			l.Path = strings.TrimSuffix(r.Path, " (deleted)")
			if r.Interpreter == "" {
				r.Interpreter = o.Interp
			}
		}
		if strings.HasSuffix(at.path, " (deleted)") {
			r.Notes = append(r.Notes, oneLine(printable(l.Path)+": the file was removed or replaced since"))
		}
		w.scopes[space] = append(w.scopes[space], l)
	}
	w.requests(space)
	return nil
}

// requests notes who needed each object: first from the program on, then from what came by dlopen() or was preloaded.
func (w *world) requests(space int) {
	objects := w.scopes[space]
	follow := func(from int) (last int) {
		for queue := []*loaded{objects[from]}; len(queue) > 0; queue = queue[1:] {
			for _, name := range queue[0].Needed {
				i := slices.IndexFunc(objects, func(o *loaded) bool { return o.Name == name || filepath.Base(o.Path) == name })
				if i > 0 && i != from && objects[i].neededBy == "" {
					objects[i].neededBy = queue[0].Name
					last = max(last, i)
					queue = append(queue, objects[i])
				}
			}
		}
		return last
	}
	started := 0
	for i := range objects {
		if i == 0 {
			started = follow(0)
			continue
		}
		if objects[i].neededBy == "" {
			// What was preloaded is between the program and what that needs.
			if end := follow(i); i < started {
				started = max(started, end)
			}
		}
	}
	for i, o := range objects {
		o.late = i > started
	}
}
