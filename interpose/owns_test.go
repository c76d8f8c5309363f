// SPDX-License-Identifier: Apache-2.0

package interpose

import (
	"bytes"
	"strings"
	"testing"
)

// A block is noted as the caller's by the section it is allocated in, so there has to be one. A copy of libc keeps what it
// allocates, and streams keep their buffers.
func TestFunctionsThatAllocateForTheirCallerAreDeferred(t *testing.T) {
	seen := make(map[string]bool)
	for _, row := range ownsTable {
		if row.why == "" {
			t.Errorf("%q: no reason", row.symbols)
		}
		for _, symbol := range strings.Fields(row.symbols) {
			r, ok := Lookup(symbol)
			if !ok || r.Class != Shared {
				t.Errorf("%s: what it allocates is its caller's, but its class is %v (exported by libc: %v)", symbol, r.Class, ok)
			}
			if seen[symbol] {
				t.Errorf("%s is named twice", symbol)
			}
			seen[symbol] = true
		}
	}
	if len(seen) == 0 {
		t.Error("no function is named, and the section of their slots is missing")
	}
}

func TestOwns(t *testing.T) {
	tests := map[string]struct {
		symbol string
		want   bool
	}{
		"an obstack is the caller's":              {"obstack_printf", true},
		"so is a list of names":                   {"backtrace_symbols", true},
		"a stream's buffer is the stream's":       {"fgetc", false},
		"the environment is the process's":        {"setenv", false},
		"where part is kept, the result is noted": {"getaddrinfo", false},
		"part of a name is none":                  {"obstack", false},
		"nothing is none":                         {"", false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if why, ok := Owns(tc.symbol); ok != tc.want || ok != (why != "") {
				t.Errorf("Owns(%q) = %q, %v; want %v", tc.symbol, why, ok, tc.want)
			}
		})
	}
}

// The assembler has to know them when it meets their slots.
func TestHeaderNamesOwningFunctionsBeforeTheirWrappers(t *testing.T) {
	header := Header()
	for _, row := range ownsTable {
		for _, symbol := range strings.Fields(row.symbols) {
			owns := bytes.Index(header, []byte("\nSHIM_OWNS("+symbol+")\n"))
			wrapper := bytes.Index(header, []byte("\nSHIM_DEFER("+symbol+")\n"))
			if owns < 0 || wrapper < owns {
				t.Errorf("%s: SHIM_OWNS at %d, SHIM_DEFER at %d", symbol, owns, wrapper)
			}
		}
	}
}
