// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

func completionCommand() *command {
	return &command{
		name: "completion", arguments: "bash",
		summary: "write the completion script of a shell",
		about: "Write a script that makes the shell complete commands, options and their values, and programs. " +
			"`make install` puts it where the package bash-completion finds it, which it needs.",
		examples: []example{{"For this shell only:", "source <(inger completion bash)"}},
		run:      completion,
		complete: func(args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return []string{"bash"}, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

func completion(args []string, stdout io.Writer) error {
	switch {
	case len(args) == 0:
		return &usageError{command: "completion", problem: "no shell; write: inger completion bash"}
	case len(args) > 1:
		return &usageError{command: "completion", problem: "unexpected argument " + quoted(args[1])}
	case args[0] != "bash":
		return &usageError{command: "completion", problem: "no completion for " + quoted(args[0]) + ", only for bash"}
	}
	var script bytes.Buffer
	var ignored error // a bytes.Buffer does not fail
	if err := root(io.Discard, &ignored).GenBashCompletionV2(&script, true); err != nil {
		return err
	}
	return show(stdout, script.String())
}

// completeProgram proposes what `inger run` and others take: a program, and then files, as its own completion is out of reach.
func completeProgram(args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 || strings.Contains(word, "/") {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var names []string
	for _, folder := range strings.Split(os.Getenv("PATH"), ":") {
		entries, err := os.ReadDir(folder)
		if err != nil {
			continue
		}
		for _, entry := range entries {
			if strings.HasPrefix(entry.Name(), word) && unix.Access(folder+"/"+entry.Name(), unix.X_OK) == nil {
				names = append(names, entry.Name())
			}
		}
	}
	if len(names) == 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
