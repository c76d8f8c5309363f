// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"libinger/doctor"
	"libinger/options"
)

func doctorCommand() *command {
	in := &doctorFlags{}
	return &command{
		name: "doctor", arguments: "[PROGRAM]",
		summary: "check this machine, and a program, for libinger",
		about: "Check kernel, processor, C library, limits and settings, measure what a pause costs at this moment, and say " +
			"in one line each what is so, what it means and what to do. `ok` is good; `warn` works, with a limit or a cost that " +
			"is worth knowing; `fail` does not work.\n\n" +
			"With PROGRAM, look at it as well: whether libinger can be preloaded into it, and what in it or in its libraries is " +
			"out of reach. PROGRAM is looked for in `PATH` unless its name contains a slash; it is not started.\n\n" +
			"Known mistakes of the C library are looked up by its release, and on Debian by the revision of the package `libc6`. " +
			"Other distributions correct some of them in packages of their own, which is not known here.\n\n" +
			"A pause is measured with a busy `/bin/sh`, run twice with slices and twice without, about half a second in all. " +
			"Options in the environment, such as `INGER_CLOCK`, are in force.",
		options: []optionText{
			{flag: "--quick", meaning: "Measure nothing."},
			libraryOption,
		},
		statuses: []exitStatus{
			{"0", "Nothing fails; there may be warnings."},
			{"1", "Something fails: a check, or the look at PROGRAM."},
		},
		examples: []example{
			{"Is this machine fit?", "inger doctor"},
			{"Can this program be run in slices?", "inger doctor --quick /usr/bin/python3"},
		},
		flags: in.declare,
		run: func(args []string, stdout io.Writer) error {
			if len(args) > 1 {
				return &usageError{command: "doctor", problem: "one program at a time"}
			}
			return in.run(args, stdout)
		},
		complete: completeProgram,
	}
}

type doctorFlags struct {
	quick   bool
	library string
}

func (in *doctorFlags) declare(flags *pflag.FlagSet) {
	flags.Var((*switchValue)(&in.quick), "quick", "")
	flags.Lookup("quick").NoOptDefVal = "1"
	flags.Var((*pathValue)(&in.library), "library", "")
}

func (in *doctorFlags) run(args []string, stdout io.Writer) error {
	settings, errs := options.Load(os.LookupEnv)
	m := doctor.Gather(settings)
	for _, err := range errs {
		m.BadOptions = append(m.BadOptions, err.Error())
	}
	// The rule for a program without privileges of its own: what is left is what this process hands on.
	m.Secure = secureReason(privileges{}, self())
	path, err := findLibrary(in.library, os.LookupEnv)
	if err != nil {
		m.Library.Problem = err.Error()
	} else {
		m.Library = doctor.LookAtLibrary(path)
	}
	switch {
	case in.quick:
		m.Pause.Skipped = true
	case m.Library.Problem != "":
		m.Pause.Problem = "there is no library"
	default:
		m.Pause = measurePauses(path)
	}
	findings := m.Check()
	if len(args) == 1 {
		m.Program = lookAtProgram(args[0])
		findings = append(findings, m.CheckProgram()...)
	}
	if err := show(stdout, diagnosis(findings, painterFor(stdout, os.LookupEnv))); err != nil {
		return err
	}
	if doctor.Worst(findings) == doctor.Fail {
		return errFindings
	}
	return nil
}

var markStyles = map[doctor.Mark]style{doctor.OK: green, doctor.Warn: yellow, doctor.Fail: red}

// diagnosis is one line a finding, and one that counts.
func diagnosis(findings []doctor.Finding, p painter) string {
	var text strings.Builder
	var count [doctor.Fail + 1]int
	for _, f := range findings {
		count[f.Mark]++
		mark := f.Mark.String()
		says := printable(f.Says)
		if f.Advice != "" {
			says += "; " + p.paint(bold, printable(f.Advice))
		}
		fmt.Fprintf(&text, "%s%s  %-9s  %s\n", p.paint(markStyles[f.Mark], mark), strings.Repeat(" ", 4-len(mark)), f.Check, says)
	}
	fmt.Fprintf(&text, "%d ok, %d warn, %d fail\n", count[doctor.OK], count[doctor.Warn], count[doctor.Fail])
	return text.String()
}

// lookAtProgram is what `inger run` would find, and more when it would start it.
func lookAtProgram(name string) *doctor.Program {
	p := &doctor.Program{Name: printable(name)}
	refuse := func(err error) *doctor.Program {
		p.Refused = err.Error()
		var refused *refusal
		if errors.As(err, &refused) {
			p.Refused, p.Advice = printable(refused.object)+": "+refused.reason, refused.advice
		}
		return p
	}
	path, err := lookPath(name, os.LookupEnv)
	if err != nil {
		return refuse(err)
	}
	p.Path = path
	format, err := inspect(name, path)
	if err != nil {
		return refuse(err)
	}
	switch format {
	case unreadable:
		p.Unread = "it cannot be read"
		return p
	case otherFile:
		p.Unread = "it is neither a program nor a script"
		return p
	case textFile:
		p.Script = "/bin/sh"
	case scriptFile:
		if p.Script, err = lastInterpreter(path); err != nil {
			p.Unknown(err)
			return p
		}
	case program:
	}
	if err := p.Look(); err != nil {
		p.Unknown(err)
	}
	return p
}

// lastInterpreter follows a script to the program that runs it. inspect() has found nothing wrong with any of them.
func lastInterpreter(path string) (string, error) {
	for range maxScripts + 1 {
		format, interpreter, err := inspectFile(path, path)
		if err != nil || format != scriptFile {
			return path, err
		}
		path = interpreter
	}
	return path, nil
}
