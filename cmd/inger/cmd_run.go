// SPDX-License-Identifier: Apache-2.0

package main

import "io"

// libraryOption belongs to the tool and not to the library, so it is no row of the option table.
var libraryOption = optionText{flag: "--library PATH", variable: libraryVariable,
	meaning: "The libinger.so to preload. Without it: the file that INGER_LIBRARY names, or one beside the " +
		"tool, or in the lib folder beside the tool's own."}

func runCommand() *command {
	in := &invocation{env: map[string]string{}}
	return &command{
		name: "run", arguments: "[--] PROGRAM [ARGUMENT…]",
		summary: "run PROGRAM with libinger preloaded",
		about: "Preload `libinger`(7) into PROGRAM, and become that program by `execve`(2). With `--slice` the program's " +
			"main() runs as a preemptible function: it is paused whenever it has run for one slice, and resumed at once. The " +
			"program is not changed, and its exit status, its signals, its output and its core dumps are its own. Programs " +
			"that it starts are treated alike, unless `--no-follow` is given.\n\n" +
			"PROGRAM is looked for in `PATH` as shells do, unless its name contains a slash. A script runs through its " +
			"interpreter; a text file without `#!` is given to `/bin/sh`.\n\n" +
			"Each option sets a variable in the program's environment. An option that is not given leaves its variable as " +
			"it is; a variable that is absent or empty means the default. A variable with a wrong value is reported by the " +
			"library on standard error, and the default is used.\n\n" +
			"A DURATION is a number and a unit, such as 50us, 1ms, 1.5s or 1m30s; the units are ns, us, ms, s, m and h. A " +
			"number without a unit is refused, except 0. A SIZE is a number of bytes, or a number with the suffix K, M, G or " +
			"T (powers of 1024). A switch can be turned off by `=0`, as in `--torture=0`.",
		options: append(optionRows(), libraryOption),
		statuses: []exitStatus{
			{"0", "The program's own status, as are all others that are not below."},
			{"126", "The program was found and cannot be executed, or libinger cannot be preloaded into it: it is statically " +
				"linked, set-uid, set-gid, has file capabilities, is for another architecture or another C library, or " +
				"libinger.so itself is missing. One line says which."},
			{"127", "The program was not found."},
		},
		sections: []section{limitsSection},
		notes: "Signals that were ignored or blocked when `inger` was started are ignored or blocked when the program starts. " +
			"A program that is executable but not readable is started without a look at it.",
		examples: []example{
			{"Pause and resume sort every 100 microseconds, and say how often that was:",
				"inger run --slice 100us --stats -- sort big.txt"},
			{"Look for library calls that are not safe to interrupt:",
				"inger run --slice 50us --torture --seed 7 -- ./program"},
			{"Give a decoder a quarter of a second for each image, and let the program say what it says of damaged ones:",
				"inger run --limit 'libpng16.so:png_read_image=250ms:return=0' -- pngtopnm photo.png"},
			{"Which library calls take longer than 10 ms?", "inger run --limit '*=10ms:log' -- ./program"},
			{"Without the tool:", "LD_PRELOAD=/usr/local/lib/libinger.so.0 INGER_SLICE=1ms ./program"},
		},
		flags: in.runFlags, leading: true, values: tableWords(), complete: completeProgram,
		run: func(args []string, _ io.Writer) error {
			if len(args) == 0 {
				return &usageError{command: "run", problem: "no program"}
			}
			in.program, in.args = args[0], args[1:]
			return run(in)
		},
	}
}
