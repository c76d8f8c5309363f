// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"libinger/options"
)

func optionsCommand() *command {
	given := map[string]string{}
	return &command{
		name:    "options",
		summary: "show the options in force and where each comes from",
		about: "Show each option, the value in force for programs started from here, and where that value comes from: the " +
			"default, the environment, or an option of this command, which takes those of `inger run`.",
		options:  optionRows(),
		statuses: []exitStatus{{"1", "A value in the environment is wrong, and the default therefore in force."}},
		examples: []example{{"What a run with this slice would use:", "inger options --slice 1ms"}},
		flags:    func(flags *pflag.FlagSet) { tableFlags(flags, given) },
		values:   tableWords(),
		run: func(args []string, stdout io.Writer) error {
			if len(args) > 0 {
				return &usageError{command: "options", problem: "unexpected argument " + quoted(args[0])}
			}
			return listOptions(given, os.LookupEnv, stdout)
		},
		complete: func([]string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// listOptions shows the table with the values in force, as a program started from here with the given ones would see them.
func listOptions(given map[string]string, environ func(string) (string, bool), stdout io.Writer) error {
	settings, errs := options.Load(func(name string) (string, bool) {
		if value, ok := given[name]; ok {
			return value, true
		}
		return environ(name)
	})
	if err := show(stdout, listing(&settings, errs, given, environ)); err != nil {
		return err
	}
	if len(errs) != 0 {
		return fmt.Errorf("options: %w", oneLine(errs))
	}
	return nil
}

// oneLine keeps the first of several errors and counts the others: a message is one line, and the listing names all.
func oneLine(errs []error) error {
	if len(errs) == 1 {
		return errs[0]
	}
	return fmt.Errorf("%w (and %d more)", errs[0], len(errs)-1)
}

func listing(settings *options.Settings, errs []error, given map[string]string, lookup func(string) (string, bool)) string {
	refused := map[string]bool{}
	for _, err := range errs {
		var bad *options.Error
		if errors.As(err, &bad) {
			refused[bad.Name] = true
		}
	}
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 8, 2, ' ', 0)
	row := func(cells ...string) { _, _ = io.WriteString(table, strings.Join(cells, "\t")+"\n") }
	row("OPTION", "VALUE", "FROM", "DEFAULT", "RANGE")
	for i := range options.Table {
		o := &options.Table[i]
		from := "default"
		value, ok := lookup(o.Name)
		_, asked := given[o.Name]
		switch {
		case asked:
			from = "--" + o.Flag
		case refused[o.Name]:
			from = "default, since " + quoted(value) + " is refused"
		case ok && value != "":
			from = "environment"
		}
		row(o.Name, o.Value(settings), from, o.Default, o.Range)
	}
	_ = table.Flush() // a strings.Builder does not fail
	return text.String()
}
