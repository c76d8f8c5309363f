// SPDX-License-Identifier: Apache-2.0

package main

import (
	"debug/elf"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

const libraryVariable = "INGER_LIBRARY"

// libraryNames are the link of a development package and the name that programs are linked to.
var libraryNames = []string{"libinger.so", "libinger.so.0"}

// libraryFolders are searched relative to the folder of the tool: a build folder, then an installation.
var libraryFolders = []string{".", "../lib", "../lib/x86_64-linux-gnu", "../lib64"}

// findLibrary returns the path of libinger.so for LD_PRELOAD: the one asked for, or the one that belongs to this tool.
func findLibrary(asked string, lookup func(string) (string, bool)) (string, error) {
	if asked != "" {
		return usableLibrary("--library", asked)
	}
	if named, ok := lookup(libraryVariable); ok && named != "" {
		return usableLibrary(libraryVariable, named)
	}
	tool, err := os.Executable()
	if err == nil {
		tool, err = filepath.EvalSymlinks(tool)
	}
	if err != nil {
		return "", &refusal{object: "libinger.so", reason: "not found: this tool's own place is unknown: " + err.Error(),
			advice: "name the library with --library or " + libraryVariable, status: statusCannotRun}
	}
	return libraryBeside(filepath.Dir(tool))
}

func libraryBeside(folder string) (string, error) {
	for _, f := range libraryFolders {
		for _, name := range libraryNames {
			path := filepath.Join(folder, f, name)
			if unix.Access(path, unix.F_OK) == nil {
				return usableLibrary("", path)
			}
		}
	}
	return "", &refusal{object: "libinger.so",
		reason: "not found in " + printable(folder) + " or in ../lib beside it",
		advice: "name it with --library or " + libraryVariable, status: statusCannotRun}
}

// usableLibrary returns path in the form that LD_PRELOAD needs. A path that the loader would not understand, or a file
// that it would refuse, is an error: the loader only warns, and the program would run without us.
func usableLibrary(source, path string) (string, error) {
	object := path
	if source != "" {
		object = source + ": " + path
	}
	cannot := func(reason, advice string) (string, error) {
		return "", &refusal{object: object, reason: reason, advice: advice, status: statusCannotRun}
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return cannot(err.Error(), "")
	}
	var st unix.Stat_t
	switch err := unix.Stat(absolute, &st); {
	case err != nil:
		return cannot(err.Error(), "")
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		return cannot("not a regular file", "")
	}
	file, err := openFile(absolute)
	if err != nil {
		return cannot(err.Error(), "")
	}
	defer file.close()
	switch image, err := readImage(file); {
	case err != nil, image.class != elf.ELFCLASS64, image.machine != elf.EM_X86_64, image.kind != elf.ET_DYN:
		return cannot("not a shared library for x86-64", "")
	}
	if resolved, err := filepath.EvalSymlinks(absolute); err == nil && preloadable(resolved) {
		return resolved, nil
	}
	if !preloadable(absolute) {
		return cannot("LD_PRELOAD cannot express a path with a blank, a colon or a dollar sign",
			"move the library, or reach it through a link elsewhere")
	}
	return absolute, nil
}

// preloadable: LD_PRELOAD is split at blanks and colons, and $ORIGIN and its like are replaced; nothing can be escaped.
func preloadable(path string) bool { return !strings.ContainsAny(path, " :$") }
