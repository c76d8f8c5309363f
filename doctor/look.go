// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"bytes"
	delf "debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"libinger/elf"
)

// LookAtLibrary reads what the checks want to know of libinger.so.
func LookAtLibrary(path string) Library {
	o, err := elf.Open(path)
	if err != nil {
		return Library{Path: path, Problem: err.Error()}
	}
	defer o.Close()
	return Library{Path: path, TLSBytes: o.TLS.Size}
}

// defaultFolders are where the loader looks last.
var defaultFolders = []string{"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib"}

// maxObjects is more than any program has, and an end for libraries that name each other.
const maxObjects = 4096

// Look reads the program at p.Path, or its interpreter p.Script, and all libraries it needs.
func (p *Program) Look() error {
	path := p.Path
	if p.Script != "" {
		path = p.Script
	}
	main, err := elf.Open(path)
	if err != nil {
		return err
	}
	defer main.Close()
	p.Syscalls = systemCalls(main)
	p.Go = isGo(main)
	type wanted struct {
		name    string
		folders []string
	}
	var queue []wanted
	seen := map[string]bool{}
	library := folders(os.Getenv("LD_LIBRARY_PATH"), "")
	note := func(o *elf.Object) {
		own := make([]string, 0, len(o.RunPath))
		for _, entry := range o.RunPath {
			own = append(own, folders(entry, filepath.Dir(o.Path))...)
		}
		for _, name := range o.Needed {
			if !seen[name] {
				seen[name] = true
				queue = append(queue, wanted{name, append(append([]string{}, library...), append(own, configured()...)...)})
			}
		}
	}
	object := facts(main)
	object.Name = filepath.Base(path)
	p.Objects = append(p.Objects, object)
	note(main)
	for len(queue) > 0 && len(p.Objects) < maxObjects {
		next := queue[0]
		queue = queue[1:]
		o := locate(next.name, next.folders)
		if o == nil {
			p.Missing = append(p.Missing, next.name)
			continue
		}
		p.Objects = append(p.Objects, facts(o))
		note(o)
		if err := o.Close(); err != nil {
			return err
		}
	}
	return nil
}

// folders splits a search path. $ORIGIN is the folder of the object that has it.
func folders(list, origin string) []string {
	var all []string
	for _, folder := range strings.FieldsFunc(list, func(r rune) bool { return r == ':' || r == ';' }) {
		folder = strings.NewReplacer("${ORIGIN}", origin, "$ORIGIN", origin, "${LIB}", "lib/x86_64-linux-gnu", "$LIB", "lib/x86_64-linux-gnu").
			Replace(folder)
		all = append(all, folder)
	}
	return all
}

// configured are the folders of ld.so.conf(5), and the default ones. The cache that ldconfig makes of them has no other.
func configured() []string {
	all := append([]string{}, defaultFolders...)
	files, err := filepath.Glob("/etc/ld.so.conf.d/*.conf")
	if err != nil {
		return all
	}
	for _, file := range append(files, "/etc/ld.so.conf") {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for _, entry := range strings.Split(string(text), "\n") {
			if entry = strings.TrimSpace(entry); strings.HasPrefix(entry, "/") {
				all = append(all, entry)
			}
		}
	}
	return all
}

// locate opens the first object of that name that suits, or returns nil.
func locate(name string, folders []string) *elf.Object {
	if strings.Contains(name, "/") {
		folders = []string{""}
	}
	for _, folder := range folders {
		if o, err := elf.Open(filepath.Join(folder, name)); err == nil {
			return o
		}
	}
	return nil
}

func facts(o *elf.Object) Object {
	object := Object{Name: o.Name, Symbolic: o.Flags&delf.DF_SYMBOLIC != 0, TextRel: o.Flags&delf.DF_TEXTREL != 0}
	for _, name := range AskedNames {
		if _, found := o.Lookup(name, ""); found {
			object.Defines = append(object.Defines, strings.Clone(name))
		}
	}
	_, object.Libinger = o.Lookup("inger_launch", "")
	if matches(sanitizerRuntimes, o.Name) {
		object.Sanitizer, _, _ = strings.Cut(o.Name, ".so")
	}
	for _, name := range object.Defines {
		if strings.HasSuffix(name, "san_init") && object.Sanitizer == "" {
			object.Sanitizer = strings.TrimSuffix(strings.TrimPrefix(name, "__"), "_init")
		}
	}
	return object
}

func systemCalls(o *elf.Object) int {
	findings, err := o.Reach()
	if err != nil {
		return 0
	}
	for _, f := range findings {
		if f.Kind == elf.Syscall {
			return f.Count
		}
	}
	return 0
}

// goBuildInfo begins the section that the Go linker puts into what it makes, at the start of the data.
var goBuildInfo = []byte("\xff Go buildinf:")

func isGo(o *elf.Object) bool {
	for i := range o.Segments {
		s := &o.Segments[i]
		if s.Flags&delf.PF_X != 0 {
			continue // ours would be found there, in the code of a tool that looks for it
		}
		if data, err := o.FileBytes(s.Vaddr, s.FileSize); err == nil && bytes.Contains(data, goBuildInfo) {
			return true
		}
	}
	return false
}

// Unknown says why a program could not be looked at.
func (p *Program) Unknown(err error) { p.Unread = fmt.Sprint(err) }
