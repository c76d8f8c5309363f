// SPDX-License-Identifier: Apache-2.0

package main

// commands returns the command table, in the order in which it is printed. It is made anew each time: nothing is built
// before main() for a command that is not asked for.
func commands() []*command {
	return []*command{
		runCommand(),
		traceCommand(),
		reportCommand(),
		topCommand(),
		inspectCommand(),
		doctorCommand(),
		optionsCommand(),
		completionCommand(),
		helpCommand(),
	}
}

// whatItIs is the first sentence of the overview and of inger(1).
const whatItIs = "Run unmodified programs under libinger, which pauses C functions anywhere and resumes them."

// commonStatuses are those of every command.
var commonStatuses = []exitStatus{
	{"0", "It was done."},
	{"1", "An answer could not be given or written. One line says why."},
	{"2", "The command line is wrong. One line says why, another how it is used."},
}
