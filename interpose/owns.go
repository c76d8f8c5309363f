// SPDX-License-Identifier: Apache-2.0

package interpose

import (
	"slices"
	"strings"
)

// ownsRow names deferred functions whose blocks are their caller's.
type ownsRow struct {
	why     string
	symbols string
}

// ownsTable: what libc allocates in a deferred section is its own, a stream's buffer or a translation, and outlives the
// function that called it. These functions allocate for their caller and keep nothing for later: what they allocate is noted
// as the calling function's. Functions that do both have a wrapper of their own, which notes the result alone
// (shim/wrap_result.c).
var ownsTable = []ownsRow{
	{"grows the caller's obstack by the caller's own allocator", `
		obstack_printf obstack_vprintf __obstack_printf_chk __obstack_vprintf_chk`},
	{"the list is the caller's, and the socket is closed again", `getifaddrs if_nameindex`},
	{"a catalogue is its caller's", `catopen`},
	{"the names are one block, for the caller to free", `backtrace_symbols __backtrace_symbols`},
}

// Owns says whether what a deferred function allocates belongs to who called it, and why.
func Owns(symbol string) (why string, ok bool) {
	for _, row := range ownsTable {
		if slices.Contains(strings.Fields(row.symbols), symbol) {
			return row.why, true
		}
	}
	return "", false
}
