// SPDX-License-Identifier: Apache-2.0

// Command inger runs unmodified programs under libinger, and looks at them and at the machine.
//
// `inger run` looks at the program, sets INGER_* and LD_PRELOAD, and turns itself into the program with execve(2): no
// process of ours stays behind, so exit status, signals, output and core dumps are the program's own.
//
// It is started once for each program it runs, so its start counts: nothing is done at init time, and a file is read
// only when its contents decide something.
//
// The two debug settings keep the Go runtime from reading control groups at start.
//
//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

//go:generate go test . -run TestManual -update

// version is the release; the Makefile may set another with -ldflags "-X main.version=…".
var version = "0.1.0"

// The exit statuses of inger itself. A program's own status is never changed.
const (
	statusFailed    = 1   // an answer could not be given
	statusUsage     = 2   // the command line is wrong
	statusCannotRun = 126 // the program is there and cannot be executed, or libinger cannot be preloaded into it
	statusNotFound  = 127 // there is no such program
)

func main() {
	os.Exit(dispatch(os.Args[1:], os.Stdout, os.Stderr))
}

// dispatch runs the command that args name and returns the exit status. It does not return when a program was started.
func dispatch(args []string, stdout, stderr io.Writer) int {
	var err error
	if len(args) > 0 && args[0] == "run" {
		err = runCommand().runDirectly(args[1:], stdout)
	} else {
		err = parse(args, stdout)
	}
	if err == nil {
		return 0
	}
	if errors.Is(err, errFindings) {
		return statusFailed
	}
	if status, ok := isProgramStatus(err); ok {
		return status
	}
	fmt.Fprintf(stderr, "inger: %v\n", err)
	var usage *usageError
	if errors.As(err, &usage) {
		fmt.Fprintln(stderr, usage.hint())
		return statusUsage
	}
	var refused *refusal
	if errors.As(err, &refused) {
		return refused.status
	}
	return statusFailed
}

// parse lets the framework find the command.
func parse(args []string, stdout io.Writer) error {
	var problem error // of the texts that the parser shows by itself
	parser := root(stdout, &problem)
	parser.SetArgs(append([]string{}, args...)) // nil would mean this process's own
	if err := parser.Execute(); err != nil {
		return err
	}
	return problem
}

// errFindings ends a command that has already said in its answer what is wrong.
var errFindings = errors.New("the answer says what is wrong")

// show writes an answer; one that could not be written is an error like any other.
func show(stdout io.Writer, text string) error {
	if _, err := io.WriteString(stdout, text); err != nil {
		return fmt.Errorf("write to standard output: %w", err)
	}
	return nil
}
