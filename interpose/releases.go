// SPDX-License-Identifier: Apache-2.0

package interpose

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
)

// Which functions each release of glibc exports is kept as data, so that the policy can be compared with all of them on any
// machine, and what a libc has beyond them can be told. A new release needs a few lines in that file and rows for what is
// new in it.

//go:embed libc_functions.txt
var functionsText string

// The releases of glibc whose functions are known: 2.OldestRelease to 2.NewestRelease. libinger does not run on older ones.
const (
	OldestRelease = 35
	NewestRelease = 43
)

// Presence says how a release of glibc exports a function.
type Presence uint8

// The ways to be exported.
const (
	Absent      Presence = iota
	Linkable             // one of its versions is the default one
	OldOnly              // for programs linked before
	PrivateOnly          // for libc's own family
)

// change is a line's word on one function.
type change struct {
	release int
	now     Presence
}

var signs = map[string]Presence{"+": Linkable, "~": OldOnly, "*": PrivateOnly, "-": Absent}

// history has the changes of each function, oldest first.
var history = sync.OnceValue(func() map[string][]change {
	out := make(map[string][]change)
	for line := range strings.Lines(functionsText) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		release, err := strconv.Atoi(strings.TrimPrefix(words[0], "2."))
		now, known := signs[words[1]]
		if err != nil || !known {
			panic("libc_functions.txt: not understood: " + line) // a test reads it all
		}
		for _, symbol := range words[2:] {
			out[symbol] = append(out[symbol], change{release, now})
		}
	}
	return out
})

// In says how glibc 2.release exports a function, going by the last release that is known before it.
func In(release int, symbol string) Presence {
	now := Absent
	for _, c := range history()[symbol] {
		if c.release <= release {
			now = c.now
		}
	}
	return now
}

// Since gives the first known release in which a program could be linked to a function, 0 when there is none. What is older
// than all known releases has the oldest.
func Since(symbol string) int {
	for _, c := range history()[symbol] {
		if c.now == Linkable {
			return c.release
		}
	}
	return 0
}

// Until gives the first known release in which a program can no longer be linked to a function, 0 when there is none.
func Until(symbol string) int {
	until := 0
	for _, c := range history()[symbol] {
		switch {
		case c.now == Linkable:
			until = 0
		case Since(symbol) != 0 && until == 0:
			until = c.release
		}
	}
	return until
}
