// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"libinger/trace"
)

func reportCommand() *command {
	in := &reportFlags{}
	return &command{
		name: "report", arguments: "FILE…",
		summary: "sum up what inger trace or run --trace has recorded",
		about: "Show how long slices were and by how much they overshot, which functions put pauses off and for how long, what " +
			"was waited for, and what was cancelled.\n\n" +
			"FILE is a trace in JSON, as `inger trace` writes it, or a recording of `inger run --trace`, also of a program that " +
			"crashed or still runs. Several recordings are put on one time axis. Functions are named by the files of the " +
			"program and its libraries: a recording should be read where it was made.\n\n" +
			"Overshoot is how long after its deadline a slice ended, of slices that the clock ended. A deferral lasts from when a " +
			"pause was due to when it came: the function in question holds a lock of the C library, for example.",
		options: []optionText{
			{flag: "--svg OUT", meaning: "Write a picture: a lane for each thread, and histograms."},
			{flag: "--json OUT", meaning: "Write the trace in the Trace Event format, which Perfetto and chrome://tracing open."},
		},
		examples: []example{
			{"After inger trace -o sort.json --slice 100us -- sort big.txt:", "inger report --svg sort.svg sort.json"},
			{"After a crash of inger run --trace crash.ring --slice 1ms -- ./program:",
				"inger report --json crash.json crash.ring"},
		},
		flags: in.declare,
		run: func(args []string, stdout io.Writer) error {
			if len(args) == 0 {
				return &usageError{command: "report", problem: "no file"}
			}
			return in.run(args, stdout)
		},
	}
}

type reportFlags struct{ svg, json string }

func (in *reportFlags) declare(flags *pflag.FlagSet) {
	flags.Var((*pathValue)(&in.svg), "svg", "")
	flags.Var((*pathValue)(&in.json), "json", "")
}

func (in *reportFlags) run(args []string, stdout io.Writer) error {
	for _, out := range []string{in.svg, in.json} {
		if named, ok := sameFile(out, args); ok {
			return &usageError{command: "report", problem: quoted(out) + " is " + quoted(named) + ", which is to be read"}
		}
	}
	t, err := trace.Read(args...)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	summary := trace.Summarize(t)
	if in.svg != "" {
		picture := func(to io.Writer) error {
			_, err := io.WriteString(to, trace.SVG(t, summary))
			return err
		}
		if err := writeFile(in.svg, picture); err != nil {
			return fmt.Errorf("report: %w", err)
		}
	}
	if in.json != "" {
		if err := writeFile(in.json, t.WriteJSON); err != nil {
			return fmt.Errorf("report: %w", err)
		}
	}
	return show(stdout, summary.Text())
}

// sameFile finds out among the names.
func sameFile(out string, names []string) (string, bool) {
	a, err := os.Stat(out)
	for _, name := range names {
		if b, second := os.Stat(name); out != "" && err == nil && second == nil && os.SameFile(a, b) {
			return name, true
		}
	}
	return "", false
}

// writeFile writes beside the file and renames, so that a full disk leaves the old one; what is no regular file, such as
// /dev/stdout, is written to.
func writeFile(path string, write func(io.Writer) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("write %s: %w", quoted(path), bare(err))
		}
	}()
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".inger-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone by now when all went well
	if err := errors.Join(write(f), f.Chmod(newFileMode(path)), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// newFileMode is what the file has, or would get.
func newFileMode(path string) os.FileMode {
	if st, err := os.Stat(path); err == nil {
		return st.Mode().Perm()
	}
	return 0o666 &^ umask()
}

// bare takes path and operation off: the message says both.
func bare(err error) error {
	var path *os.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
