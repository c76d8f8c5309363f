// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"strings"

	"github.com/spf13/pflag"

	"libinger/options"
)

// invocation is a command line of `inger run`, checked as far as that is possible without looking at files.
type invocation struct {
	env     map[string]string // INGER_* variables that the options ask for
	library string            // --library, or empty
	program string
	args    []string // the program's arguments, without its name
}

// errHelp is returned by parseRun for --help.
var errHelp = errors.New("help was asked for")

// optionValue is the pflag.Value of one row of the option table. It notes the text for the environment.
type optionValue struct {
	row *options.Option
	env map[string]string
}

func (v optionValue) String() string { return "" }
func (v optionValue) Type() string   { return v.row.Arg }

func (v optionValue) Set(text string) error {
	if v.row.On != "" { // a switch: 1, which pflag supplies, or 0 written by hand as in --torture=0
		switch text {
		case "1":
			text = v.row.On
		case "0":
			text = v.row.Off()
		default:
			return errors.New("takes no value but 0 or 1")
		}
	}
	if text == "" {
		return errors.New("is empty")
	}
	var scratch options.Settings
	if err := v.row.Set(&scratch, text); err != nil {
		var bad *options.Error
		if errors.As(err, &bad) {
			return errors.New(bad.Reason)
		}
		return err
	}
	v.env[v.row.Name] = text
	return nil
}

// parseRun reads the arguments that follow `inger run`. Options end at the first argument that is none, or at --.
func parseRun(args []string) (invocation, error) {
	in := invocation{env: map[string]string{}}
	flags := pflag.NewFlagSet("run", pflag.ContinueOnError)
	flags.SetInterspersed(false)
	flags.Usage = func() {}
	for i := range options.Table {
		row := &options.Table[i]
		flag := flags.VarPF(optionValue{row, in.env}, row.Flag, "", "")
		if row.On != "" {
			flag.NoOptDefVal = "1"
		}
	}
	flags.StringVar(&in.library, "library", "", "")
	if err := flags.Parse(args); errors.Is(err, pflag.ErrHelp) {
		return in, errHelp
	} else if err != nil {
		return in, &usageError{command: "run", problem: parseProblem(err)}
	}
	if flags.Changed("library") && in.library == "" {
		return in, &usageError{command: "run", problem: `--library: "": is empty`}
	}
	if flags.NArg() == 0 {
		return in, &usageError{command: "run", problem: "no program"}
	}
	in.program, in.args = flags.Arg(0), flags.Args()[1:]
	return in, nil
}

// parseProblem says in our words what pflag found.
func parseProblem(err error) string {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		return "--" + invalid.GetFlag().Name + ": " + quoted(invalid.GetValue()) + ": " + invalid.Unwrap().Error()
	}
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		name := unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			return "unknown option " + quoted("-"+name)
		}
		return "unknown option " + quoted("--"+name)
	}
	var missing *pflag.ValueRequiredError
	if errors.As(err, &missing) {
		return "--" + missing.GetSpecifiedName() + ": needs a value"
	}
	// What is left is a malformed option, such as --=x; its text may hold a line break.
	return printable(strings.TrimPrefix(err.Error(), "pflag: "))
}
