// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"libinger/options"
)

// listOptions shows the table with the values in force, as a program started from here would see them.
func listOptions(args []string, stdout io.Writer) error {
	switch {
	case len(args) == 1 && (args[0] == "--help" || args[0] == "-h"):
		return help([]string{"options"}, stdout)
	case len(args) > 0:
		return &usageError{command: "options", problem: "unexpected argument " + quoted(args[0])}
	}
	settings, errs := options.Load(os.LookupEnv)
	if err := show(stdout, listing(&settings, errs, os.LookupEnv)); err != nil {
		return err
	}
	if len(errs) != 0 {
		return fmt.Errorf("options: %w", errors.Join(oneLine(errs)))
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

func listing(settings *options.Settings, errs []error, lookup func(string) (string, bool)) string {
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
		switch {
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
