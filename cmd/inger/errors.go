// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strconv"
	"strings"
)

// A usageError is a command line that makes no sense. It is followed by a hint.
type usageError struct {
	command string // run, options, help, or empty
	problem string
}

func (e *usageError) Error() string {
	if e.command == "" {
		return e.problem
	}
	return e.command + ": " + e.problem
}

// hint returns the line that follows the error.
func (e *usageError) hint() string {
	if row := find(e.command); row != nil {
		return "usage: " + row.usage() + "   (more: inger help " + e.command + ")"
	}
	var names []string
	for _, row := range commands() {
		names = append(names, row.name)
	}
	return "usage: inger " + strings.Join(names, "|") + " …   (more: inger help)"
}

// A refusal is a program that cannot be run under libinger.
type refusal struct {
	object string // the program, and the interpreter if that is what is wrong
	reason string
	advice string // what to do; may be empty
	status int
}

func (r *refusal) Error() string {
	text := printable(r.object) + ": " + r.reason
	if r.advice != "" {
		text += "; " + r.advice
	}
	return text
}

// printable returns text as it is, or quoted when it would not show as one line or as anything at all.
func printable(text string) string {
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return strconv.Quote(text)
	}
	return text
}

func quoted(text string) string { return strconv.Quote(text) }
