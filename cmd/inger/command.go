// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A command is one row of the command table. The command line, --help, inger(1) and the shell completion are made from
// the rows, so that a command is described once.
//
// In the texts `this` is a name or something to type: bold in the manual, plain in the help. An empty line ends a
// paragraph.
type command struct {
	name      string
	arguments string // what follows the options in the usage line; empty when nothing does
	summary   string // half a line, without a capital and a full stop
	about     string // what it does
	options   []optionText
	statuses  []exitStatus // without 0 and without statusUsage, which are every command's
	sections  []section    // more, with headings
	notes     string       // more for the manual; may be empty
	examples  []example

	// flags declares what the command takes. Without it the command takes no option but --help.
	flags func(*pflag.FlagSet)
	// leading: the options end at the first argument that is none, as whatever follows is another program's.
	leading bool
	// run does it. Errors are printed by dispatch.
	run func(args []string, stdout io.Writer) error
	// complete proposes arguments to the shell; nil proposes files.
	complete func(args []string, word string) ([]string, cobra.ShellCompDirective)
	// values are the words that an option takes, for the shell.
	values map[string][]string
}

// optionText is an option as the help and the manual show it.
type optionText struct {
	flag     string // with dashes and argument: --slice DURATION
	variable string // its environment variable, or empty
	defaults string
	limits   string
	meaning  string
}

// exitStatus, or another term, and what it means.
type exitStatus struct{ status, meaning string }

// section is a text with a list of terms.
type section struct {
	title, text string
	items       []exitStatus
}

type example struct{ purpose, line string }

var helpOption = optionText{flag: "--help", meaning: "Show this text."}

// usage is the command's line in the synopsis.
func (c *command) usage() string {
	text := "inger " + c.name
	if len(c.options) > 0 {
		text += " [OPTION…]"
	}
	if c.arguments != "" {
		text += " " + c.arguments
	}
	return text
}

// find returns the command of that name, or nil.
func find(name string) *command {
	for _, c := range commands() {
		if c.name == name {
			return c
		}
	}
	return nil
}

// root builds the parser from the table. What --help and others write goes to stdout, and problem gets its error.
func root(stdout io.Writer, problem *error) *cobra.Command {
	asked := false
	top := &cobra.Command{Use: "inger", Args: cobra.ArbitraryArgs, SilenceErrors: true, SilenceUsage: true}
	top.SuggestionsMinimumDistance = 2
	top.CompletionOptions.DisableDefaultCmd = true
	top.Flags().Var((*switchValue)(&asked), "version", "show the version")
	top.Flags().Lookup("version").NoOptDefVal = "1"
	top.SetOut(stdout)
	top.SetErr(io.Discard)
	top.SetHelpFunc(func(c *cobra.Command, _ []string) {
		text := overview()
		if row := find(c.Name()); row != nil {
			text = row.help()
		}
		*problem = show(stdout, text)
	})
	top.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		if errors.Is(err, pflag.ErrHelp) {
			return err
		}
		return &usageError{command: rowName(c), problem: parseProblem(err)}
	})
	top.RunE = func(c *cobra.Command, args []string) error {
		switch {
		case asked && len(args) == 0:
			return show(stdout, "inger "+version+"\n")
		case len(args) == 0:
			return &usageError{problem: "no command"}
		}
		var similar []string
		if args[0] != "" { // of which everything is an extension
			if len(args[0]) <= 3 { // of which anything short is two slips away
				c.SuggestionsMinimumDistance = 1
			}
			similar = c.SuggestionsFor(args[0])
		}
		return unknownCommand(args[0], similar)
	}
	for _, row := range commands() {
		sub := row.parser(stdout)
		if row.name == "help" {
			top.SetHelpCommand(sub)
		}
		top.AddCommand(sub)
	}
	return top
}

// rowName is empty for the top command.
func rowName(c *cobra.Command) string {
	if !c.HasParent() {
		return ""
	}
	return c.Name()
}

func (c *command) parser(stdout io.Writer) *cobra.Command {
	sub := &cobra.Command{
		Use: c.name, Short: c.summary, Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error { return c.run(args, stdout) },
	}
	if c.flags != nil {
		c.flags(sub.Flags())
	}
	sub.Flags().SetInterspersed(!c.leading)
	for name, words := range c.values {
		// Fails for an unknown option only, which the test of the table would find.
		_ = sub.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	}
	if c.complete != nil {
		sub.ValidArgsFunction = func(_ *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			return c.complete(args, word)
		}
	}
	return sub
}

// runDirectly does what the framework would do, without the framework, which takes longer to set up than the rest of
// `inger run` takes.
func (c *command) runDirectly(args []string, stdout io.Writer) error {
	flags := pflag.NewFlagSet(c.name, pflag.ContinueOnError)
	flags.Usage = func() {}
	c.flags(flags)
	flags.SetInterspersed(!c.leading)
	switch err := flags.Parse(args); {
	case errors.Is(err, pflag.ErrHelp):
		return show(stdout, c.help())
	case err != nil:
		return &usageError{command: c.name, problem: parseProblem(err)}
	}
	return c.run(flags.Args(), stdout)
}

func unknownCommand(name string, similar []string) error {
	if name != "" && name[0] == '-' {
		return &usageError{problem: "unknown option " + quoted(name)}
	}
	problem := "unknown command " + quoted(name)
	if len(similar) > 0 {
		return &usageError{problem: problem + "; did you mean " + similar[0] + "?"}
	}
	return &usageError{problem: problem + "; to run a program, write: inger run PROGRAM"}
}
