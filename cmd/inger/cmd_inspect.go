// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	facts "libinger/inspect"
)

func inspectCommand() *command {
	in := &inspectFlags{}
	return &command{
		name: "inspect", arguments: "FILE|PID",
		summary: "show what a program loads, where it is bound, and what libinger makes of it",
		about: "Show the objects that the dynamic linker loads for FILE, a program or library, or that it has loaded in the " +
			"process PID; where each reference between them is bound; how the policy treats that and why; what rewriting " +
			"references does not reach; and what a libset of the libraries costs. Nothing is started, stopped or changed.\n\n" +
			"FILE is a path; a name without a slash that is not in the current folder is looked for in `PATH`. A number is a " +
			"process; write `./123` for a file of that name. For a file, `LD_LIBRARY_PATH`, `LD_PRELOAD`, `/etc/ld.so.cache` and " +
			"`GLIBC_TUNABLES` count as they would for a program started from here. For a process, the words are read from its " +
			"memory, which takes the permission to trace it (ptrace(2)); it runs on meanwhile.\n\n" +
			"The treatment of an object: `program` is not copied, and its references follow the running libset; `copied` is in " +
			"each libset once; `one` is shared by all libsets. Class is how a function is treated when a preemptible function " +
			"calls it. `copied`: may be paused anywhere. `shared`: a pause that becomes due waits for its end. " +
			"`per-libset`: likewise, in the libset's own copy of libc. `shared-input`, `shared-output`, `shared-stream`: likewise, after a wait for " +
			"the stream that can be paused. `own-tcb`: likewise, as the kernel's thread. `exec`: replaces the program. " +
			"`restarted`: may be paused, and is taken up again. `hand`: has a wrapper of its own. `private`, `compat`: no program " +
			"refers to it. For other objects than libc: `libset`, the running libset's copy; `one`, one function for all; " +
			"`variable`, one variable for all; `program`, the program's; `thread`, thread-local; `direct`, past all wrappers; `none`, " +
			"leads nowhere.",
		options: []optionText{
			{flag: "--self", meaning: "Look at the libinger.so that `inger run` would preload. (The tool itself is statically linked.)"},
			libraryOption,
			{flag: "--all", meaning: "Show the entries and the unreached of every object, not of the first alone."},
			{flag: "--raw", meaning: "Show symbols as they are in the files, without demangling."},
			{flag: "--json", meaning: "Write everything as one JSON object, as docs/inspect.schema.json describes it."},
		},
		examples: []example{
			{"What does a program load?", "inger inspect xz"},
			{"Where do the words of this shell lead now?", "inger inspect $$"},
			{"Which functions of libpng does a program call?",
				"inger inspect --json pngtopnm | jq -r '.objects[0].entries[] | select(.bound.object | startswith(\"libpng\")).symbol'"},
		},
		statuses: []exitStatus{
			{"1", "There is no answer: FILE is damaged, static or for another machine, the process has ended, or permission " +
				"is missing. One line says why. A library that is not found is part of the answer."},
		},
		flags: in.declare,
		run:   in.run,
	}
}

type inspectFlags struct {
	self, all, raw, json bool
	library              string
}

func (in *inspectFlags) declare(flags *pflag.FlagSet) {
	for name, value := range map[string]*bool{"self": &in.self, "all": &in.all, "raw": &in.raw, "json": &in.json} {
		flags.Var((*switchValue)(value), name, "")
		flags.Lookup(name).NoOptDefVal = "1"
	}
	flags.Var((*pathValue)(&in.library), "library", "")
}

func (in *inspectFlags) run(args []string, stdout io.Writer) error {
	usage := func(problem string) error { return &usageError{command: "inspect", problem: problem} }
	switch {
	case in.self && len(args) > 0:
		return usage("--self and " + quoted(args[0]) + ": one of the two")
	case in.library != "" && !in.self:
		return usage("--library: only with --self")
	case !in.self && len(args) == 0:
		return usage("no file and no process")
	case len(args) > 1:
		return usage("one file or process at a time")
	}
	target := ""
	if in.self {
		path, err := findLibrary(in.library, os.LookupEnv)
		if err != nil {
			return err
		}
		target = path
	} else {
		target = args[0]
	}
	report, err := lookInto(target, in.self)
	if err != nil {
		return err
	}
	if in.json {
		text, err := json.MarshalIndent(report, "", "\t")
		if err != nil {
			return fmt.Errorf("inspect: %w", err)
		}
		return show(stdout, string(text)+"\n")
	}
	view := inspectView{paint: painterFor(stdout, os.LookupEnv), all: in.all, raw: in.raw}
	return show(stdout, view.text(report))
}

// lookInto finds out whether a process or a file is meant.
func lookInto(target string, isFile bool) (*facts.Report, error) {
	if !isFile && target != "" && strings.Trim(target, "0123456789") == "" {
		pid, err := strconv.ParseInt(target, 10, 32)
		if err != nil || pid == 0 {
			return nil, fmt.Errorf("process %s: no such process", target)
		}
		return facts.Process(int(pid))
	}
	path := target
	if !strings.Contains(target, "/") && errors.Is(unix.Access(target, unix.F_OK), unix.ENOENT) {
		if found, err := lookPath(target, os.LookupEnv); err == nil {
			path = found
		} else if target != "" {
			return nil, &refusal{object: target, reason: "no such file, here or in PATH", status: statusFailed}
		}
	}
	return facts.File(path, facts.System())
}
