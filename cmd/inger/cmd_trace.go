// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"libinger/trace"
)

const defaultTrace = "inger-trace.json"

func traceCommand() *command {
	in := &traceFlags{invocation: invocation{env: map[string]string{}}, out: defaultTrace}
	return &command{
		name: "trace", arguments: "[--] PROGRAM [ARGUMENT…]",
		summary: "run PROGRAM as run does, and write a timeline of what happened",
		about: "Run PROGRAM as `inger run` does, and write launches, slices, deferred pauses, waits and cancels of it and of the " +
			"programs that it starts in the Trace Event format, which Perfetto and chrome://tracing open. Without `--slice` only " +
			"functions that the program launches itself are there.\n\n" +
			"The program records into files beside FILE, which are put together and removed when it has ended, however it " +
			"has: a program that crashes or is killed leaves what it had recorded. `inger` stays as its parent meanwhile, hands " +
			"signals on, and ends with its status.\n\n" +
			"An event costs about 20 ns. The oldest are overwritten when there are more than `INGER_TRACE_EVENTS` in a process.",
		options: append([]optionText{
			{flag: "--output FILE", meaning: "Where to write the timeline. Without it: " + defaultTrace + ". `-o FILE` is the same."},
		}, withoutTrace(runCommand().options)...),
		statuses: []exitStatus{
			{"0", "The program's own status, as are all others that are not below; 128 and the signal's number when it was " +
				"ended by one."},
			{"1", "FILE cannot be written."},
			{"126", "The program cannot be executed, or libinger cannot be preloaded into it."},
			{"127", "The program was not found."},
		},
		examples: []example{{"A timeline of sort in slices of 100 microseconds:", "inger trace -o sort.json --slice 100us -- sort big.txt"}},
		flags:    in.declare, leading: true, values: tableWords(), complete: completeProgram,
		run: func(args []string, _ io.Writer) error {
			if len(args) == 0 {
				return &usageError{command: "trace", problem: "no program"}
			}
			in.program, in.args = args[0], args[1:]
			return in.run()
		},
	}
}

func withoutTrace(rows []optionText) []optionText {
	var kept []optionText
	for _, row := range rows {
		if row.variable != "INGER_TRACE" {
			kept = append(kept, row)
		}
	}
	return kept
}

type traceFlags struct {
	invocation
	out string
}

func (in *traceFlags) declare(flags *pflag.FlagSet) {
	of := pflag.NewFlagSet("run", pflag.ContinueOnError)
	in.runFlags(of)
	of.VisitAll(func(f *pflag.Flag) {
		if f.Name != "trace" { // the file is named by --output
			flags.AddFlag(f)
		}
	})
	flags.VarP((*pathValue)(&in.out), "output", "o", "")
}

// programStatus is the error of a command that ends as the program did that it ran.
type programStatus int

func (s programStatus) Error() string { return fmt.Sprintf("the program ended with status %d", int(s)) }

func (in *traceFlags) run() error {
	if err := prepare(in.env); err != nil {
		return err
	}
	path, err := lookPath(in.program, os.LookupEnv)
	if err != nil {
		return err
	}
	if in.library, err = findLibrary(in.library, os.LookupEnv); err != nil {
		return err
	}
	if _, err := inspect(in.program, path); err != nil {
		return err
	}
	// That it can be written is known before the program runs, perhaps for hours.
	if st, err := os.Stat(in.out); err == nil && st.IsDir() {
		return fmt.Errorf("trace: %s: it is a directory", quoted(in.out))
	}
	folder, err := filepath.Abs(filepath.Dir(in.out))
	if err == nil {
		folder, err = os.MkdirTemp(folder, ".inger-trace-")
	}
	if err != nil {
		return fmt.Errorf("trace: %s: %w", quoted(in.out), bare(err))
	}
	status, err := in.start(filepath.Join(folder, "ring"))
	if err != nil {
		_ = os.RemoveAll(folder)
		return err
	}
	if err := in.convert(folder); err != nil {
		return fmt.Errorf("trace: %w; what was recorded is in %s", err, quoted(folder))
	}
	_ = os.RemoveAll(folder)
	if status == 0 {
		return nil
	}
	return programStatus(status)
}

// convert puts the recordings in folder together.
func (in *traceFlags) convert(folder string) error {
	rings, err := filepath.Glob(filepath.Join(folder, "ring*"))
	if err != nil {
		return err
	}
	if len(rings) == 0 {
		fmt.Fprintf(os.Stderr, "inger: trace: %s: nothing was recorded; main() is with --slice, other functions when they are launched\n",
			printable(in.program))
		return nil
	}
	var complete []string
	for _, ring := range rings { // a process that was killed while it began has nothing to say
		if trace.Begun(ring) {
			complete = append(complete, ring)
		}
	}
	t, err := trace.Read(complete...)
	if err != nil {
		return err
	}
	return writeFile(in.out, t.WriteJSON)
}

// start runs the program to its end by way of `inger run`, which becomes the program, and returns its status.
func (in *traceFlags) start(ring string) (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("trace: this tool's own place is unknown: %w", err)
	}
	for name, value := range in.env { // the options of `inger run`, which hands them on
		if err := os.Setenv(name, value); err != nil {
			return 0, fmt.Errorf("trace: %s: %w", name, err)
		}
	}
	args := append([]string{"inger", "run", "--library=" + in.library, "--trace=" + ring, "--", in.program}, in.args...)
	signals := make(chan os.Signal, 16)
	for _, s := range []os.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGUSR1, unix.SIGUSR2, unix.SIGWINCH,
		unix.SIGALRM, unix.SIGCONT} {
		if !signal.Ignored(s) { // nohup's program is to keep ignoring it
			signal.Notify(signals, s)
		}
	}
	process, err := os.StartProcess(self, args, &os.ProcAttr{Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}})
	if err != nil {
		return 0, fmt.Errorf("trace: start %s: %w", quoted(in.program), bare(err))
	}
	go func() {
		for s := range signals {
			if !fromTerminal(s) {
				_ = process.Signal(s) // it may have ended
			}
		}
	}()
	state, err := process.Wait()
	if err != nil {
		return 0, fmt.Errorf("trace: wait for %s: %w", quoted(in.program), err)
	}
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal()), nil
	}
	return state.ExitCode(), nil
}

// fromTerminal: a terminal sends its signals to the whole foreground group, so the program has got it already.
func fromTerminal(s os.Signal) bool {
	if s != unix.SIGINT && s != unix.SIGQUIT && s != unix.SIGWINCH {
		return false
	}
	fd, err := unix.Open("/dev/tty", unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// umask can only be read by being set.
func umask() os.FileMode {
	old := unix.Umask(0o077)
	unix.Umask(old)
	return os.FileMode(old) & 0o777
}

// isProgramStatus says whether the error only hands a program's status on.
func isProgramStatus(err error) (int, bool) {
	var status programStatus
	ok := errors.As(err, &status)
	return int(status), ok
}
