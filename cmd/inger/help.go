// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"strings"

	"github.com/spf13/cobra"

	"libinger/options"
)

// The width of the help, indentation included.
const helpWidth = 110

func helpCommand() *command {
	return &command{
		name: "help", arguments: "[COMMAND]",
		summary: "say more about a command",
		about: "Show what a command does, its options, its exit statuses and examples. Without COMMAND, list the commands. " +
			"`inger COMMAND --help` is the same.",
		examples: []example{{"What `inger run` takes:", "inger help run"}},
		run:      help,
		complete: func(args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var names []string
			for _, row := range commands() {
				names = append(names, row.name+"\t"+row.summary)
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

func help(args []string, stdout io.Writer) error {
	switch {
	case len(args) == 0:
		return show(stdout, overview())
	case len(args) > 1:
		return &usageError{command: "help", problem: "one command at a time"}
	}
	row := find(args[0])
	if row == nil {
		return &usageError{command: "help", problem: "no command " + quoted(args[0])}
	}
	return show(stdout, row.help())
}

// overview is what `inger help` shows.
func overview() string {
	var text strings.Builder
	text.WriteString(whatItIs + "\n\nusage:\n")
	width := len("inger --version")
	for _, row := range commands() {
		width = max(width, len("inger ")+len(row.name))
	}
	line := func(usage, summary string) {
		text.WriteString("  " + usage + strings.Repeat(" ", width-len(usage)+2) + summary + "\n")
	}
	for _, row := range commands() {
		line("inger "+row.name, row.summary)
	}
	line("inger --version", "show the version")
	text.WriteString("\n`inger help COMMAND` says more. An example:\n  inger run --slice 100us --stats -- sort big.txt\n")
	return plain(text.String())
}

// help is what `inger help NAME` and `inger NAME --help` show.
func (c *command) help() string {
	var text strings.Builder
	text.WriteString("usage: " + c.usage() + "\n")
	for _, paragraph := range paragraphs(c.about) {
		text.WriteString("\n")
		wrap(&text, paragraph, "", helpWidth)
	}
	text.WriteString("\nOptions:\n")
	for _, option := range append(c.options, helpOption) {
		text.WriteString("  " + option.flag + "\n")
		meaning := option.meaning
		if option.limits != "" {
			meaning += " Range: " + option.limits + "."
		}
		if option.variable != "" {
			meaning += " [" + option.variable
			if option.defaults != "" {
				meaning += ", default " + option.defaults
			}
			meaning += "]"
		}
		wrap(&text, meaning, "      ", helpWidth)
	}
	for _, section := range c.sections {
		text.WriteString("\n" + section.title + ":\n")
		for _, paragraph := range paragraphs(section.text) {
			wrap(&text, paragraph, "  ", helpWidth)
		}
		for _, item := range section.items {
			text.WriteString("  " + item.status + "\n")
			wrap(&text, item.meaning, "      ", helpWidth)
		}
	}
	text.WriteString("\nExit status:\n")
	for _, status := range c.allStatuses() {
		wrap(&text, status.meaning, "  "+status.status+strings.Repeat(" ", 6-len(status.status)), helpWidth)
	}
	if len(c.examples) > 0 {
		text.WriteString("\nExamples:\n")
	}
	for _, e := range c.examples {
		wrap(&text, e.purpose, "  ", helpWidth)
		text.WriteString("      " + e.line + "\n")
	}
	return plain(text.String())
}

// allStatuses are the command's own; where it says nothing of a common one, that comes with the common text.
func (c *command) allStatuses() []exitStatus {
	var all []exitStatus
	for _, common := range commonStatuses {
		own := false
		for _, status := range c.statuses {
			own = own || status.status == common.status
		}
		if !own {
			all = append(all, common)
		}
	}
	all = append(all, c.statuses...)
	for i := range all { // few, and nearly in order
		for j := i; j > 0 && statusBefore(all[j].status, all[j-1].status); j-- {
			all[j], all[j-1] = all[j-1], all[j]
		}
	}
	return all
}

// statusBefore orders numbers by value, and words after them.
func statusBefore(a, b string) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}

// optionRows are the options that have a variable, as texts.
func optionRows() []optionText {
	var rows []optionText
	for i := range options.Table {
		o := &options.Table[i]
		row := optionText{flag: "--" + o.Flag, variable: o.Name, defaults: o.Default, limits: o.Range, meaning: o.Meaning}
		if o.Arg != "" {
			row.flag += " " + o.Arg
		} else {
			row.limits = ""
		}
		rows = append(rows, row)
	}
	return rows
}

func paragraphs(text string) []string { return strings.Split(text, "\n\n") }

// plain takes the marks out of a text.
func plain(text string) string { return strings.ReplaceAll(text, "`", "") }

// wrap writes text in lines of at most width columns. The first begins with the lead, the others are indented as far.
// It counts bytes, which is near enough here.
func wrap(out *strings.Builder, text, lead string, width int) {
	line, empty := lead, true
	for _, word := range strings.Fields(text) {
		if !empty && len(line)+len(word) >= width {
			out.WriteString(line + "\n")
			line, empty = strings.Repeat(" ", len(lead)), true
		}
		if !empty {
			line += " "
		}
		line += word
		empty = false
	}
	out.WriteString(line + "\n")
}
