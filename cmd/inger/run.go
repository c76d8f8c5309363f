// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"libinger/limit"
	"libinger/options"
)

// run is `inger run`. It returns only when the program was not started.
func run(in *invocation) error {
	if err := prepare(in.env); err != nil {
		return err
	}
	path, err := lookPath(in.program, os.LookupEnv)
	if err != nil {
		return err
	}
	library, err := findLibrary(in.library, os.LookupEnv)
	if err != nil {
		return err
	}
	format, err := inspect(in.program, path)
	if err != nil {
		return err
	}
	return execute(in, path, format, preloadEnvironment(os.Environ(), in.env, library))
}

// prepare checks what the options ask for as far as that can be done here, and makes file names mean the same wherever the
// program and its children go.
func prepare(env map[string]string) error {
	if err := checkTorture(env, os.LookupEnv); err != nil {
		return err
	}
	for i := range options.Table {
		row := &options.Table[i]
		file := env[row.Name]
		if row.Unit != "file name" || file == "" || file == "none" {
			continue
		}
		absolute, err := filepath.Abs(file)
		if err != nil {
			return &refusal{object: "--" + row.Flag + ": " + file, reason: err.Error(), status: statusFailed}
		}
		env[row.Name] = absolute
	}
	if file := env["INGER_CONFIG"]; file != "" && file != "none" {
		if _, err := limit.ReadFile(file); err != nil {
			return &refusal{object: "--config", reason: err.Error(), status: statusUsage}
		}
	}
	return nil
}

// checkTorture refuses torture of a program that would never be paused: such a run would pass and show nothing.
// A value in the environment that makes no sense is the library's to report, and counts as absent here.
func checkTorture(env map[string]string, lookup func(string) (string, bool)) error {
	if env["INGER_TORTURE"] != "1" {
		return nil
	}
	settings, _ := options.Load(func(name string) (string, bool) {
		if value, ok := env[name]; ok {
			return value, true
		}
		return lookup(name)
	})
	if settings.Slice == 0 {
		return &usageError{command: "run", problem: "--torture: acts between slices, so it needs --slice"}
	}
	return nil
}

// execute turns this process into the program.
func execute(in *invocation, path string, format fileFormat, environ []string) error {
	restoreSignals()
	err := unix.Exec(path, append([]string{in.program}, in.args...), environ)
	if errors.Is(err, unix.ENOEXEC) && format == textFile {
		// A text file without #!: shells and execvp(3) give it to /bin/sh.
		const shell = "/bin/sh"
		if _, err := inspect(in.program+": "+shell, shell); err != nil {
			return err
		}
		err = unix.Exec(shell, append([]string{shell, path}, in.args...), environ)
	}
	return &refusal{object: in.program, reason: execProblem(path, err), status: statusCannotRun}
}

func execProblem(path string, err error) string {
	switch {
	case errors.Is(err, unix.ENOEXEC):
		return "exec format error: neither a program nor a script"
	case errors.Is(err, unix.E2BIG):
		return "arguments and environment are too long"
	}
	return "cannot execute " + printable(path) + ": " + err.Error()
}

// preloadEnvironment returns environ with the variables in set changed and library in front of LD_PRELOAD.
// environ is not changed.
func preloadEnvironment(environ []string, set map[string]string, library string) []string {
	result := make([]string, 0, len(environ)+len(set)+1)
	preload := ""
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if name == "LD_PRELOAD" {
			if preload == "" { // the first of two is the one that getenv finds
				preload = value
			}
			continue
		}
		if _, changed := set[name]; !changed {
			result = append(result, entry)
		}
	}
	for i := range options.Table { // in the table's order, so that the result does not depend on the map's
		if value, ok := set[options.Table[i].Name]; ok {
			result = append(result, options.Table[i].Name+"="+value)
		}
	}
	return append(result, "LD_PRELOAD="+joinPreload(library, preload))
}

// joinPreload puts library first, and drops it from where it is already: under a preloaded shell it would be named twice.
func joinPreload(library, old string) string {
	list := library
	for _, entry := range strings.FieldsFunc(old, func(r rune) bool { return r == ' ' || r == ':' }) {
		if entry != library {
			list += ":" + entry
		}
	}
	return list
}
