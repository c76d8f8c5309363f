// SPDX-License-Identifier: Apache-2.0

// bench runs the benchmarks, compares two results, and writes tables and pictures of one.
//
// The cases are C, and each group of them runs in a process of its own, so that none finds stacks, timers or heap left by
// another, and one that fails takes nothing with it. Missed goals do not fail the run; a group that could not be measured does.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"
)

const usage = `usage: bench [--quick] [--list] [--rounds N] [--minutes N] [--seed N] [GROUP...]
       bench compare [--same] OLD.json NEW.json
       bench render [--document FILE.md --pictures FOLDER] RESULTS.json

A run writes results.json, results.md and pictures beside the program; one of chosen groups writes them to the folder
chosen there. compare says what has changed; with --same it fails when medians of two runs of the same program differ by
more than their intervals. render writes table and pictures again from a result, and puts them into a document.

`

// errUsage says that the command line could not be understood; exit status 2.
var errUsage = errors.New("usage")

func main() {
	err := command(os.Args[1:], os.Stdout)
	switch {
	case errors.Is(err, pflag.ErrHelp):
		fmt.Print(usage)
	case errors.Is(err, errUsage):
		fmt.Fprintf(os.Stderr, "bench: %v\n%s", err, usage)
		os.Exit(2)
	case err != nil:
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

func command(args []string, out io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case "compare":
			return compareCommand(args[1:], out)
		case "render":
			return renderCommand(args[1:], out)
		}
	}
	return runCommand(args, out)
}

// parse reads options, and the arguments between least and most of them.
func parse(flags *pflag.FlagSet, args []string, least, most int) error {
	flags.Usage = func() {}
	flags.SetOutput(io.Discard)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return err
		}
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if n := flags.NArg(); n < least || n > most {
		return fmt.Errorf("%w: %d arguments", errUsage, n)
	}
	return nil
}
