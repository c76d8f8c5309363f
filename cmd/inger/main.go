// SPDX-License-Identifier: Apache-2.0

// Command inger runs unmodified programs under libinger.
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
	err := command(args, stdout)
	if err == nil {
		return 0
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

func command(args []string, stdout io.Writer) error {
	if len(args) == 0 {
		return &usageError{problem: "no command"}
	}
	switch args[0] {
	case "run":
		return run(args[1:], stdout)
	case "options":
		return listOptions(args[1:], stdout)
	case "help":
		return help(args[1:], stdout)
	case "--help", "-h":
		return help(nil, stdout)
	case "--version":
		return show(stdout, "inger "+version+"\n")
	}
	if args[0] != "" && args[0][0] == '-' {
		return &usageError{problem: "unknown option " + quoted(args[0])}
	}
	return &usageError{problem: "unknown command " + quoted(args[0]) + "; to run a program, write: inger run PROGRAM"}
}

// show writes an answer; one that could not be written is an error like any other.
func show(stdout io.Writer, text string) error {
	if _, err := io.WriteString(stdout, text); err != nil {
		return fmt.Errorf("write to standard output: %w", err)
	}
	return nil
}
