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
	if before, given := v.env[v.row.Name]; given && v.row.List {
		text = before + "\n" + text
	}
	v.env[v.row.Name] = text
	return nil
}

// runFlags declares the options of the table on flags; what is given goes to in.
func (in *invocation) runFlags(flags *pflag.FlagSet) {
	tableFlags(flags, in.env)
	in.libraryFlag(flags)
}

func (in *invocation) libraryFlag(flags *pflag.FlagSet) {
	flags.Var((*pathValue)(&in.library), "library", "")
}

// tableFlags declares the options of the table on flags; env gets the values of those that are given, by variable.
func tableFlags(flags *pflag.FlagSet, env map[string]string) {
	for i := range options.Table {
		row := &options.Table[i]
		flag := flags.VarPF(optionValue{row, env}, row.Flag, "", "")
		if row.On != "" {
			flag.NoOptDefVal = "1"
		}
	}
}

// tableWords are the options of the table that take one of a few words, for the shell.
func tableWords() map[string][]string {
	words := map[string][]string{}
	for i := range options.Table {
		if row := &options.Table[i]; row.Unit == "word" {
			words[row.Flag] = strings.Split(strings.ReplaceAll(row.Range, " or ", ", "), ", ")
		}
	}
	return words
}

// switchValue is an option of the tool that takes nothing.
type switchValue bool

func (v *switchValue) String() string { return "" }
func (v *switchValue) Type() string   { return "" }

func (v *switchValue) Set(text string) error {
	if text != "0" && text != "1" {
		return errors.New("takes no value but 0 or 1")
	}
	*v = text == "1"
	return nil
}

// pathValue is a file's name: an empty one is a mistake of the script that calls us.
type pathValue string

func (v *pathValue) String() string { return string(*v) }
func (v *pathValue) Type() string   { return "PATH" }

func (v *pathValue) Set(text string) error {
	if text == "" {
		return errors.New("is empty")
	}
	*v = pathValue(text)
	return nil
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
