// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"debug/elf"
	"fmt"
	"path/filepath"
	"slices"
	"sort"

	"github.com/ianlancetaylor/demangle"
)

// symbols names addresses of a recorded process by the files that were loaded. Each file is read once.
type symbols struct {
	objects []object
	files   map[string]*file
	known   map[uint64]string
}

type file struct {
	low, high uint64
	functions []elf.Symbol // by value
}

func newSymbols(objects []object) *symbols {
	return &symbols{objects, map[string]*file{}, map[uint64]string{}}
}

// function is the name of the function that the address is in, or a place in a file, or the bare address.
func (s *symbols) function(address uint64) string {
	if name, ok := s.known[address]; ok {
		return name
	}
	name := s.find(address)
	s.known[address] = name
	return name
}

func (s *symbols) find(address uint64) string {
	for _, o := range s.objects {
		f := s.file(o.path)
		at := address - o.base
		if f == nil || at < f.low || at >= f.high {
			continue
		}
		i := sort.Search(len(f.functions), func(i int) bool { return f.functions[i].Value > at }) - 1
		if i >= 0 && at-f.functions[i].Value < max(f.functions[i].Size, 1) {
			return demangle.Filter(f.functions[i].Name)
		}
		return fmt.Sprintf("%s+0x%x", filepath.Base(o.path), at)
	}
	return fmt.Sprintf("0x%x", address)
}

func (s *symbols) file(path string) *file {
	if f, ok := s.files[path]; ok {
		return f
	}
	f := readFile(path)
	s.files[path] = f
	return f
}

// readFile returns nil when the file is gone or damaged: its functions then have no names.
func readFile(path string) *file {
	e, err := elf.Open(path)
	if err != nil {
		return nil
	}
	defer e.Close()
	f := &file{low: ^uint64(0)}
	for _, p := range e.Progs {
		if p.Type == elf.PT_LOAD {
			f.low = min(f.low, p.Vaddr)
			f.high = max(f.high, p.Vaddr+p.Memsz)
		}
	}
	static, _ := e.Symbols() // either may be missing
	dynamic, _ := e.DynamicSymbols()
	for _, s := range append(static, dynamic...) {
		if kind := elf.ST_TYPE(s.Info); (kind == elf.STT_FUNC || kind == elf.STT_GNU_IFUNC) && s.Section != elf.SHN_UNDEF {
			f.functions = append(f.functions, s)
		}
	}
	slices.SortStableFunc(f.functions, func(a, b elf.Symbol) int {
		switch {
		case a.Value < b.Value:
			return -1
		case a.Value > b.Value:
			return 1
		}
		return 0
	})
	return f
}
