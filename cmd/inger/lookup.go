// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"
)

// defaultPath is what execvp(3) searches when there is no PATH.
const defaultPath = "/bin:/usr/bin"

// lookPath finds the file to execute for name as a shell does: a name with a slash is a path; any other is looked for in
// the folders of PATH, where what is there but cannot be executed is passed over, and reported only if nothing else is
// found.
func lookPath(name string, lookup func(string) (string, bool)) (string, error) {
	if strings.Contains(name, "/") {
		return name, checkExecutable(name, name)
	}
	list, ok := lookup("PATH")
	if !ok {
		list = defaultPath
	}
	notFound := &refusal{object: name, reason: "not found in PATH", status: statusNotFound}
	if name == "" {
		return "", notFound
	}
	var inTheWay error
	for _, folder := range strings.Split(list, ":") {
		if folder == "" {
			folder = "."
		}
		path := strings.TrimSuffix(folder, "/") + "/" + name
		err := checkExecutable(path, path)
		if err == nil {
			return path, nil
		}
		var refused *refusal
		if inTheWay == nil && errors.As(err, &refused) && refused.status == statusCannotRun && exists(path) {
			inTheWay = err
		}
	}
	if inTheWay != nil {
		return "", inTheWay
	}
	return "", notFound
}

// exists tells a file in the way from a folder of PATH that cannot be searched. Folders named like the program do not
// count either: shells pass over them in silence.
func exists(path string) bool {
	var st unix.Stat_t
	return unix.Stat(path, &st) == nil && st.Mode&unix.S_IFMT != unix.S_IFDIR
}

// checkExecutable reports, in object's name, why the file at path cannot be executed, or nil.
// The effective user counts, as it does for execve(2).
func checkExecutable(object, path string) error {
	cannot := func(reason string) error {
		return &refusal{object: object, reason: reason, status: statusCannotRun}
	}
	var st unix.Stat_t
	switch err := unix.Stat(path, &st); {
	case errors.Is(err, unix.ENOENT):
		return &refusal{object: object, reason: "no such file", status: statusNotFound}
	case errors.Is(err, unix.EACCES):
		return cannot("permission denied")
	case err != nil:
		return cannot(err.Error())
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFDIR:
		return cannot("is a directory")
	default:
		return cannot("not a regular file")
	}
	if err := unix.Faccessat(unix.AT_FDCWD, path, unix.X_OK, unix.AT_EACCESS); err != nil {
		return cannot("not executable: " + err.Error())
	}
	return nil
}
