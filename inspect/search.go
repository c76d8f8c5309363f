// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	delf "debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"libinger/elf"
)

// defaultFolders are where Debian's dynamic linker looks at last.
var defaultFolders = []string{"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib", "/usr/lib"}

// Search is what decides where the dynamic linker finds a library, besides the objects themselves.
type Search struct {
	LibraryPath string   // LD_LIBRARY_PATH
	Preload     string   // LD_PRELOAD, and /etc/ld.so.preload
	Cache       string   // path of ld.so.cache
	Subfolders  []string // of glibc-hwcaps that this processor can use, the best first
}

// System is the search as a program started from here would have it.
func System() Search {
	preload, _ := os.ReadFile("/etc/ld.so.preload")
	return Search{
		LibraryPath: os.Getenv("LD_LIBRARY_PATH"),
		Preload:     os.Getenv("LD_PRELOAD") + " " + string(preload),
		Cache:       cachePath,
		Subfolders:  subfolders("/proc/cpuinfo"),
	}
}

// levels are the processor levels of the x86-64 ABI above the base, the highest first, with the names that Linux gives the
// features that each adds.
var levels = []struct{ name, flags string }{
	{"x86-64-v4", "avx512f avx512bw avx512cd avx512dq avx512vl"},
	{"x86-64-v3", "avx avx2 bmi1 bmi2 f16c fma abm movbe"},
	{"x86-64-v2", "cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3"},
}

func subfolders(cpuinfo string) []string {
	data, err := os.ReadFile(cpuinfo)
	if err != nil {
		return nil
	}
	var have []string
	for line := range strings.Lines(string(data)) {
		if key, flags, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "flags" {
			have = strings.Fields(flags)
			break
		}
	}
	var out []string
	for i := len(levels) - 1; i >= 0; i-- { // a level counts only with those below
		for _, flag := range strings.Fields(levels[i].flags) {
			if !slices.Contains(have, flag) {
				return out
			}
		}
		out = slices.Insert(out, 0, levels[i].name)
	}
	return out
}

// finder finds libraries for one program.
type finder struct {
	search Search
	cache  map[string][]cached
	origin string // folder of the program
}

// requester is an object that needs others.
type requester struct {
	*elf.Object
	folder         string
	rpath, runpath []string
	hasRunpath     bool // then no DT_RPATH counts, not even of those that needed it
	by             *requester
}

func newRequester(o *elf.Object, by *requester) *requester {
	r := &requester{Object: o, by: by}
	r.folder = filepath.Dir(o.Path)
	if resolved, err := filepath.EvalSymlinks(o.Path); err == nil {
		r.folder = filepath.Dir(resolved)
	}
	if hasTag(o, delf.DT_RUNPATH) {
		r.runpath, r.hasRunpath = o.RunPath, true
	} else {
		r.rpath = o.RunPath
	}
	return r
}

// hasTag looks into the dynamic section, which elf has checked.
func hasTag(o *elf.Object, tag delf.DynTag) bool {
	section, err := o.Bytes(o.Dynamic.Start, o.Dynamic.Size)
	if err != nil {
		return false
	}
	for ; len(section) >= 16; section = section[16:] {
		switch t := delf.DynTag(binary.LittleEndian.Uint64(section)); t {
		case tag:
			return true
		case delf.DT_NULL:
			return false
		}
	}
	return false
}

// find opens what the dynamic linker would for a name that r needs, and says where it was.
func (f *finder) find(name string, r *requester) (*elf.Object, string, error) {
	if strings.Contains(name, "/") {
		path := expand(name, r.folder)
		o, err := open(path)
		return o, "path", err
	}
	var passed error
	try := func(path string) *elf.Object {
		o, err := open(path)
		if err == nil {
			return o
		}
		// What is for another machine is passed over in silence; the reason counts when nothing else is found.
		if _, missing := os.Stat(path); missing == nil && passed == nil {
			passed = err
		}
		return nil
	}
	inFolders := func(folders []string, origin string) *elf.Object {
		for _, folder := range folders {
			if folder = expand(folder, origin); folder == "" {
				folder = "."
			}
			for _, sub := range f.search.Subfolders {
				if o := try(filepath.Join(folder, "glibc-hwcaps", sub, name)); o != nil {
					return o
				}
			}
			if o := try(filepath.Join(folder, name)); o != nil {
				return o
			}
		}
		return nil
	}
	if !r.hasRunpath {
		for l := r; l != nil; l = l.by {
			if o := inFolders(l.rpath, l.folder); o != nil {
				return o, "DT_RPATH of " + l.Name, nil
			}
		}
	}
	if f.search.LibraryPath != "" {
		list := strings.FieldsFunc(f.search.LibraryPath, func(c rune) bool { return c == ':' || c == ';' })
		if o := inFolders(list, f.origin); o != nil {
			return o, "LD_LIBRARY_PATH", nil
		}
	}
	if o := inFolders(r.runpath, r.folder); o != nil {
		return o, "DT_RUNPATH of " + r.Name, nil
	}
	noDefault := r.Flags1&delf.DF_1_NODEFLIB != 0
	if path := f.inCache(name); path != "" && !(noDefault && slices.Contains(defaultFolders, filepath.Dir(path))) {
		if o := try(path); o != nil {
			return o, "ld.so.cache", nil
		}
	}
	if !noDefault {
		if o := inFolders(defaultFolders, ""); o != nil {
			return o, "default folders", nil
		}
	}
	if passed != nil {
		return nil, "", passed
	}
	return nil, "", errors.New("not found")
}

// inCache gives the path for a name: that of the best subfolder that the processor can use, or the plain one.
func (f *finder) inCache(name string) string {
	if f.cache == nil {
		f.cache = readCache(f.search.Cache)
	}
	best, path := len(f.search.Subfolders)+1, ""
	for _, c := range f.cache[name] {
		rank := len(f.search.Subfolders)
		if c.subfolder != "" {
			if rank = slices.Index(f.search.Subfolders, c.subfolder); rank < 0 {
				continue
			}
		}
		if rank < best {
			best, path = rank, c.path
		}
	}
	return path
}

// expand replaces the dynamic linker's variables in a folder's name.
func expand(text, origin string) string {
	if !strings.Contains(text, "$") {
		return text
	}
	return strings.NewReplacer("${ORIGIN}", origin, "$ORIGIN", origin, "${LIB}", "lib/x86_64-linux-gnu",
		"$LIB", "lib/x86_64-linux-gnu", "${PLATFORM}", "x86_64", "$PLATFORM", "x86_64").Replace(text)
}
