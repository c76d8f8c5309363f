// SPDX-License-Identifier: Apache-2.0

package main

// limitsSection says what --limit takes.
var limitsSection = section{
	title: "Limits",
	text: "A limit gives each call of a function a budget of time, counted from its call by the clock on the wall. It holds for " +
		"functions of shared libraries that the program, or one of its libraries, calls through the dynamic linker, with " +
		"whatever arguments and result; on every thread, in children, and in libraries that come by `dlopen`(3). A call costs " +
		"30 to 60 ns more. Not reached are calls inside one library or program that do not pass the linker (static, inline, " +
		"hidden, `-Bsymbolic`), and what `libinger`(7) calls itself.\n\n" +
		"A call that is given up is left where it is, as by `siglongjmp`(3) out of a signal handler. The function runs on the " +
		"program's own libraries and data: locks that it took are let go of, but its heap blocks and descriptors stay, and so " +
		"does what it had half changed. That suits a decoder, a matcher or a compressor, whose state is thrown away after an " +
		"error. It does not suit what leaves something behind that goes on being used: a database handle, a stream, a " +
		"cache, a C++ container that is shared. `abort`, `log` and `signal` change nothing and suit every function.",
	items: []exitStatus{
		{"PATTERN", "[LIBRARY:]SYMBOL, both shell patterns (*, ?, [a-z]) on whole names. LIBRARY is the file's name or the SONAME, " +
			"with or without what follows .so; * without it. SYMBOL may also be a C++ or Rust name as people write it, with its " +
			"parameters, without them, or without template arguments as well."},
		{"BUDGET", "A DURATION, from 10us to 24h. A call inside a limited call has the lesser of its own and what is left outside, up " +
			"to 16 inside one another; deeper ones have no limit of their own."},
		{"return=VALUE", "The call returns VALUE: an integer (10, -1, 0x7f), NULL, true, false, or the name of an errno such as " +
			"ETIMEDOUT, which returns -1 and sets errno. A result of floating point is 0. Not for functions that return a struct of " +
			"more than 16 bytes: its memory stays as it is."},
		{"abort", "SIGABRT in the function, with a message that names it, whatever the program does with that signal; the core " +
			"dump shows where it was. This is the action when none is given."},
		{"log", "The call goes on, and when it returns, how long it took is reported on standard error."},
		{"signal=NAME", "The thread gets the signal (TERM, USR1, SIGALRM …), and the call goes on if that lets it."},
		{"FILE of --config", "PATTERN=BUDGET[:ACTION] on each line."},
	},
}
