// SPDX-License-Identifier: Apache-2.0

// Package inspect finds the facts about a program that decide what libinger can do in it: which objects the dynamic linker
// loads, where each reference between them is bound, how the policy treats it, what rewriting cannot reach, and what a
// libset of its libraries costs.
//
// File answers for a file, by the dynamic linker's rules and without running anything. Process answers for a running
// process, from its memory. Both only read. Lists have the dynamic linker's order.
package inspect

import "fmt"

// SchemaVersion is Report.Schema: it changes when a field changes its meaning or goes.
const SchemaVersion = 1

// Address is written as hexadecimal text, which no reader of JSON rounds.
type Address uint64

// MarshalText gives 0x….
func (a Address) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "0x%x", uint64(a)), nil }

// Report is what is known about a file or a process.
type Report struct {
	Schema      int       `json:"schema"`
	Kind        string    `json:"kind"` // file or process
	PID         int       `json:"pid,omitempty"`
	Path        string    `json:"path"`        // the file, or the process's program
	Interpreter string    `json:"interpreter"` // the dynamic linker that it asks for; empty for a library
	Libinger    string    `json:"libinger"`    // libinger.so, if it is among the objects
	Namespaces  int       `json:"namespaces"`  // of the dynamic linker; 1 for a file
	Objects     []Object  `json:"objects"`
	Missing     []Missing `json:"missing"` // what was needed and not found
	StaticTLS   StaticTLS `json:"static_tls"`
	Libsets     Libsets   `json:"libsets"`
	Notes       []string  `json:"notes"` // what made the answer less than complete
}

// Object is one loaded object, or one that would be.
type Object struct {
	Number       int       `json:"number"` // index in Report.Objects
	Namespace    int       `json:"namespace"`
	Name         string    `json:"name"` // SONAME, or base name of the file
	Path         string    `json:"path"`
	Needed       []string  `json:"needed"`
	Found        string    `json:"found"`     // for a file: where the search ended; for a process: empty
	NeededBy     string    `json:"needed_by"` // the first object that asked for it
	Base         Address   `json:"base"`
	Treatment    string    `json:"treatment"` // program, copied or one; see the constants
	Why          string    `json:"why"`
	Relocations  Counts    `json:"relocations"`
	Entries      []Entry   `json:"entries"`
	IFUNCs       []Export  `json:"ifuncs"`    // exported functions that a resolver chooses
	TLSBytes     uint64    `json:"tls_bytes"` // 0: no thread-local variables
	TLSAlign     uint64    `json:"tls_align"`
	InitialExec  bool      `json:"initial_exec"` // its thread-local variables must be in static TLS (DF_STATIC_TLS)
	Unreached    []Finding `json:"unreached"`
	Mappings     int       `json:"mappings"`      // of one copy of it
	PrivateBytes uint64    `json:"private_bytes"` // that each copy has from the beginning
	Copies       int       `json:"copies"`        // for a process: how many libsets have one now
}

// The treatments of an object.
const (
	TreatProgram = "program" // its references are rewritten, it is not copied
	TreatCopied  = "copied"  // each libset has its own
	TreatOne     = "one"     // there is one for all libsets
)

// Counts are an object's dynamic relocations by kind.
type Counts struct {
	PLT       int `json:"plt"`       // functions that are called
	GOT       int `json:"got"`       // addresses in the global offset table
	Pointer   int `json:"pointer"`   // addresses in initialised data
	Copy      int `json:"copy"`      // variables of libraries that are in the program
	TLS       int `json:"tls"`       // thread-local variables
	Irelative int `json:"irelative"` // addresses that a resolver of its own gives
	Relative  int `json:"relative"`  // addresses inside the object
	Other     int `json:"other"`
}

// Entry is a word that the dynamic linker fills in with the address of a symbol.
type Entry struct {
	Address    Address `json:"address"` // in the file, without the load address
	Relocation string  `json:"relocation"`
	Kind       string  `json:"kind"` // plt, got, pointer, copy, tls or other
	Symbol     string  `json:"symbol"`
	Demangled  string  `json:"demangled,omitempty"` // when it differs
	Version    string  `json:"version"`
	Type       string  `json:"type"` // func, object, tls, ifunc or notype: of the definition, if there is one
	Weak       bool    `json:"weak"`
	Bound      Bound   `json:"bound"`
	Class      string  `json:"class"` // of the policy; see classOf
	Why        string  `json:"why"`
}

// Bound says where an entry leads.
type Bound struct {
	State  string `json:"state"`  // see the constants
	Object string `json:"object"` // name; empty when it leads nowhere
	Number int    `json:"number"` // the object's number, -1 for none
	// What is there; differs from the entry's symbol where the word leads to something else now.
	Symbol  string  `json:"symbol"`
	Version string  `json:"version"`
	Value   Address `json:"value"` // for a process: the word; for a file: the symbol's value in its object
}

// The states of a binding.
const (
	StateBound      = "bound"      // to the object and symbol
	StateIFUNC      = "ifunc"      // to what the symbol's resolver chooses, or has chosen
	StateStub       = "stub"       // to the program's PLT entry, which stands for the function's address everywhere
	StateLazy       = "lazy"       // for a process: the function has not been called yet
	StateTrampoline = "trampoline" // for a process: to libinger's, and from there to the running libset's copy
	StateNull       = "null"       // weak, and nothing defines it
	StateMissing    = "missing"    // nothing defines it
	StateElsewhere  = "elsewhere"  // for a process: to memory that is no object's
)

// Export is a symbol that an object defines.
type Export struct {
	Symbol    string  `json:"symbol"`
	Demangled string  `json:"demangled,omitempty"`
	Version   string  `json:"version"`
	Value     Address `json:"value"`
}

// Finding is something that rewriting references does not reach.
type Finding struct {
	Kind    string  `json:"kind"`
	Count   int     `json:"count"`
	Address Address `json:"address"` // of the first, in the file
	Detail  string  `json:"detail"`
	Matters string  `json:"matters"`
}

// Missing is an object that was needed and not found.
type Missing struct {
	Name     string `json:"name"`
	NeededBy string `json:"needed_by"`
	Reason   string `json:"reason"`
}

// StaticTLS is the room for thread-local variables that each thread and each call has from its beginning.
type StaticTLS struct {
	Bytes   uint64 `json:"bytes"`   // of the objects that are loaded at start
	Surplus uint64 `json:"surplus"` // what the dynamic linker adds for objects that come later
	Late    uint64 `json:"late"`    // for a process: of objects that came later and must be in it
}

// Libsets is what copies of the libraries cost, and what that allows.
type Libsets struct {
	Objects         int    `json:"objects"`          // that each has a copy of
	Mappings        int    `json:"mappings"`         // of one libset with its call
	PrivateBytes    uint64 `json:"private_bytes"`    // that one has from the beginning; more as its variables are written to
	AddressBytes    uint64 `json:"address_bytes"`    // address space of one
	TLSBytes        uint64 `json:"tls_bytes"`        // static TLS that one needs besides its call's: copies use the original's
	Now             int    `json:"now"`              // for a process: that are there
	MaxMappings     int    `json:"max_mappings"`     // vm.max_map_count
	OwnMappings     int    `json:"own_mappings"`     // of the process without libsets; estimated for a file
	FitMappings     int    `json:"fit_mappings"`     // how many the mappings allow
	AvailableMemory uint64 `json:"available_memory"` // of the machine, now
	FitMemory       int    `json:"fit_memory"`       // how many the memory allows
}
