// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"strings"

	"libinger/options"
)

// synopses are the commands, in one line each.
var synopses = map[string]string{
	"run":     "inger run [OPTION…] [--] PROGRAM [ARGUMENT…]",
	"options": "inger options",
	"help":    "inger help [run|options]",
}

const overview = `inger runs unmodified programs under libinger, which pauses C functions anywhere and resumes them.

usage:
  inger run [OPTION…] [--] PROGRAM [ARGUMENT…]   run PROGRAM with libinger preloaded
  inger options                                  show the options in force and where each comes from
  inger help [run|options]                       say more about a command
  inger --version                                show the version

example:
  inger run --slice 100us --stats -- sort big.txt
`

const runIntro = `usage: inger run [OPTION…] [--] PROGRAM [ARGUMENT…]

Run PROGRAM with libinger preloaded. PROGRAM is looked for in PATH unless it contains a slash. Exit status, signals,
output and core dumps are the program's own.

Options (an option that is not given keeps the value its variable has in the environment):
`

const runOutro = `
Exit status: the program's own; 2 for a wrong command line, 126 when the program cannot be executed or libinger cannot
be preloaded into it, 127 when it is not found.
`

const optionsText = `usage: inger options

Show each option, the value in force for programs started from here, and where that value comes from. The exit status
is 1 when a value in the environment is wrong, and the default therefore in force.
`

// libraryMeaning belongs to the tool and not to the library, so it is no row of the table.
const libraryMeaning = "The libinger.so to preload. Without it: the file that INGER_LIBRARY names, or one beside the " +
	"tool, or in the lib folder beside the tool's own."

func help(args []string, stdout io.Writer) error {
	switch {
	case len(args) == 0:
		return show(stdout, overview)
	case len(args) > 1:
		return &usageError{command: "help", problem: "one command at a time"}
	}
	switch args[0] {
	case "run":
		return show(stdout, runHelp())
	case "options":
		return show(stdout, optionsText)
	case "help":
		return show(stdout, overview)
	}
	return &usageError{command: "help", problem: "no command " + quoted(args[0])}
}

// helpRow is an option as `inger help run` and inger(1) show it.
type helpRow struct{ flag, variable, defaults, limits, meaning string }

func helpRows() []helpRow {
	var rows []helpRow
	for i := range options.Table {
		o := &options.Table[i]
		row := helpRow{flag: "--" + o.Flag, variable: o.Name, defaults: o.Default, limits: o.Range, meaning: o.Meaning}
		if o.Arg != "" {
			row.flag += " " + o.Arg
		} else {
			row.limits = ""
		}
		rows = append(rows, row)
	}
	return append(rows,
		helpRow{flag: "--library PATH", variable: libraryVariable, meaning: libraryMeaning},
		helpRow{flag: "--help", meaning: "Show this text."})
}

func runHelp() string {
	var text strings.Builder
	text.WriteString(runIntro)
	for _, row := range helpRows() {
		text.WriteString("  " + row.flag + "\n")
		meaning := row.meaning
		if row.limits != "" {
			meaning += " Range: " + row.limits + "."
		}
		if row.variable != "" {
			meaning += " [" + row.variable
			if row.defaults != "" {
				meaning += ", default " + row.defaults
			}
			meaning += "]"
		}
		wrap(&text, meaning, "      ", 110)
	}
	text.WriteString(runOutro)
	return text.String()
}

// wrap writes text in lines of at most width columns, each behind indent. It counts bytes, which is near enough here.
func wrap(out *strings.Builder, text, indent string, width int) {
	line := indent
	for _, word := range strings.Fields(text) {
		if line != indent && len(line)+len(word) >= width {
			out.WriteString(line + "\n")
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	out.WriteString(line + "\n")
}
