// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// A style is an escape sequence of ECMA-48, without the introducer.
type style string

const (
	bold   style = "1"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
)

// A painter puts styles on text, or leaves the text as it is.
type painter bool

// painterFor colours what goes to a terminal, unless NO_COLOR (https://no-color.org) or the terminal's kind forbids it.
func painterFor(out io.Writer, lookup func(string) (string, bool)) painter {
	if value, ok := lookup("NO_COLOR"); ok && value != "" {
		return false
	}
	if kind, ok := lookup("TERM"); !ok || kind == "" || kind == "dumb" {
		return false
	}
	return painter(isTerminal(out))
}

func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS)
	return err == nil
}

func (p painter) paint(s style, text string) string {
	if !p {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}
