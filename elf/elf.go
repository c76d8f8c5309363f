// SPDX-License-Identifier: Apache-2.0

// Package elf reads x86-64 Linux ELF objects: those mapped into this process and files on disk, through one type.
//
// Everything is found through the program headers and the dynamic section, as the dynamic linker does; section headers
// are never needed. Nothing is copied: names and byte slices point into the mapping. Whatever a damaged file says,
// the result is an error that names file, structure and offset, never a panic or a read outside the mapping.
package elf

import (
	delf "debug/elf"
	"errors"
	"sync"
)

// Reasons that a caller may want to tell apart; the errors returned wrap them.
var (
	// ErrNotELF is returned for a file that does not begin with an ELF header.
	ErrNotELF = errors.New("not an ELF file")
	// ErrForeign is returned for ELF files of another class, byte order or architecture.
	ErrForeign = errors.New("not an x86-64 object")
	// ErrStatic is returned by Loaded in a program without a dynamic linker.
	ErrStatic = errors.New("the program is statically linked")
	// ErrReplaced is returned when the file of a loaded object is no longer the one that was mapped.
	ErrReplaced = errors.New("the file was replaced after it was loaded")
)

// Range is a piece of an object; addresses are those of the file (vaddr), without the load bias.
type Range struct{ Start, Size uint64 }

// End is the first address after the range.
func (r Range) End() uint64 { return r.Start + r.Size }

// Contains says whether vaddr lies in the range.
func (r Range) Contains(vaddr uint64) bool { return vaddr-r.Start < r.Size }

// Segment is one PT_LOAD.
type Segment struct {
	Vaddr, MemSize, Offset, FileSize, Align uint64
	Flags                                   delf.ProgFlag
}

// Version is a symbol version that the object defines or needs.
type Version struct {
	Index  uint16 // as in DT_VERSYM, without the hidden bit; 0 when the slot is unused
	Name   string
	File   string // the SONAME it is needed from; empty for a version the object defines
	Base   bool   // names the object itself; no reference can ask for it
	Weak   bool   // VER_FLG_WEAK
	Hidden bool   // a needed version with the hidden bit: unversioned definitions do not satisfy it
}

// Object is an ELF object. Methods may be used from several goroutines, Close excepted.
type Object struct {
	Path    string // file it was read from or mapped from; for the main program the resolved /proc/self/exe
	Name    string // DT_SONAME, else the base name of Path
	SONAME  string
	Interp  string // PT_INTERP
	Base    uint64 // load bias: address in memory minus vaddr; 0 for a file on disk
	Loaded  bool
	Main    bool    // the program itself, first in the link map
	LinkMap uintptr // address of its struct link_map, 0 for a file

	linkName string // l_name, as it was when the object was read

	Type                               delf.Type // ET_DYN or ET_EXEC
	Entry                              uint64
	Low, High                          uint64 // page-aligned extent of the PT_LOADs (vaddr)
	Segments                           []Segment
	RELRO, TLS, EHFrameHdr, Dynamic    Range // zero when absent; TLS.Size is p_memsz
	TLSFileSize, TLSAlign              uint64
	Needed                             []string
	RunPath                            []string     // DT_RUNPATH, or DT_RPATH when there is none
	Flags                              delf.DynFlag // DT_SYMBOLIC, DT_TEXTREL and DT_BIND_NOW are folded in
	Flags1                             delf.DynFlag1
	PLTGOT                             uint64 // vaddr, 0 none
	Init, Fini                         uint64 // vaddr, 0 none
	PreinitArray, InitArray, FiniArray Range
	Versions                           []Version // by version index; unused slots have Index 0

	dyn  dynamic
	file contents
}

// contents is the object's file.
type contents struct {
	mu     sync.Mutex // held by whoever maps or unmaps
	data   []byte
	unmap  bool   // data is a mapping of ours
	open   string // for a loaded object: what to open
	header []byte // and its ELF header, copied
}

// Symbol is an entry of the dynamic symbol table. Its strings are valid until the object is closed or unloaded.
type Symbol struct {
	Index         uint32
	Name, Version string
	HiddenVersion bool // not the default version: only references that name it bind to it
	Value, Size   uint64
	Type          delf.SymType
	Bind          delf.SymBind
	Visibility    delf.SymVis
	Defined       bool
	Section       delf.SectionIndex
}

// Relocation is a dynamic relocation. RELR entries come out as R_X86_64_RELATIVE, with the addend of the file.
type Relocation struct {
	Offset uint64
	Type   delf.R_X86_64
	Symbol uint32
	Addend int64
	PLT    bool // from DT_JMPREL
	RELR   bool // from DT_RELR
}
