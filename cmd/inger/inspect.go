// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"debug/elf"
	"errors"
	"io"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// fileFormat says how the file that was asked for is started.
type fileFormat int

const (
	program    fileFormat = iota // an ELF program
	scriptFile                   // begins with #!
	textFile                     // neither, but its first line is text: /bin/sh is tried when the kernel refuses it
	otherFile                    // neither, and not text: only the kernel can say, it may know the format (binfmt_misc)
	unreadable                   // executable but not readable: only the kernel can say
)

// maxScripts is how many files of one start may begin with #!, each naming the next; then the kernel gives up (ELOOP).
const maxScripts = 5

// headBytes is how much of a script the kernel looks at for the first line.
const headBytes = 256

// glibcLoader is where the ABI puts the loader. A file that is this one can be run as a program, and preloads although it
// has no interpreter itself.
const glibcLoader = "/lib64/ld-linux-x86-64.so.2"

const linkAdvice = "nothing can be preloaded into it; build it with -linger instead"

// inspect looks whether libinger can be preloaded into the file at path, and into its interpreter if it is a script.
// Preconditions: checkExecutable(path) found nothing. object names the program in errors.
func inspect(object, path string) (fileFormat, error) {
	first := program
	for level := 0; ; level++ {
		if level > maxScripts {
			return first, &refusal{object: object, reason: "too many interpreters that are scripts themselves", status: statusCannotRun}
		}
		format, interpreter, err := inspectFile(object, path)
		if level == 0 {
			first = format
		}
		if err != nil || format != scriptFile {
			return first, err
		}
		object += ": interpreter " + interpreter
		path = interpreter
		if err := checkExecutable(object, path); err != nil {
			var refused *refusal
			if errors.As(err, &refused) {
				refused.status = statusCannotRun // the program itself was found
			}
			return first, err
		}
	}
}

// inspectFile looks at one file; for a script it returns the interpreter.
func inspectFile(object, path string) (fileFormat, string, error) {
	cannot := func(reason, advice string) error {
		return &refusal{object: object, reason: reason, advice: advice, status: statusCannotRun}
	}
	file, err := openFile(path)
	if errors.Is(err, unix.EACCES) {
		return unreadable, "", nil
	}
	if err != nil {
		return unreadable, "", cannot("cannot read it: "+err.Error(), "")
	}
	defer file.close()
	img, err := readImage(file)
	switch {
	case errors.Is(err, errNotELF):
		format, interpreter, err := inspectText(file)
		if err != nil {
			err = cannot(err.Error(), "")
		}
		return format, interpreter, err
	case errors.Is(err, errDamaged):
		return program, "", cannot("exec format error: damaged ELF file", "")
	case err != nil:
		return program, "", cannot("cannot read it: "+err.Error(), "")
	}
	if reason, advice := imageProblem(&img, file); reason != "" {
		return program, "", cannot(reason, advice)
	}
	reason, err := secureExecution(file)
	if err != nil {
		return program, "", cannot("cannot tell whether it is set-uid: "+err.Error(), "")
	}
	if reason != "" {
		return program, "", cannot(reason, "the loader ignores LD_PRELOAD in it")
	}
	return program, "", nil
}

// imageProblem says why libinger cannot be preloaded into a program, or "".
func imageProblem(img *image, f file) (reason, advice string) {
	switch {
	case img.machine == elf.EM_X86_64 && img.class == elf.ELFCLASS32:
		return "is a program for x32, not for x86-64", "build it for x86-64"
	case img.machine == elf.EM_386:
		return "is a 32-bit program", "build it for x86-64"
	case img.machine != elf.EM_X86_64:
		return "is a program for another architecture (" + machineName(img.machine) + ")", "build it for x86-64"
	case img.kind != elf.ET_EXEC && img.kind != elf.ET_DYN:
		return "exec format error: an ELF file, but no program", ""
	case img.interpreter == "" && isLoader(f):
		return "", ""
	case img.interpreter == "":
		return "is statically linked", linkAdvice
	}
	if strings.HasPrefix(path.Base(img.interpreter), "ld-musl-") {
		return "is linked with musl, and libinger needs glibc", "build it with glibc"
	}
	if unix.Access(img.interpreter, unix.F_OK) != nil {
		return "its loader " + printable(img.interpreter) + " is missing", ""
	}
	return "", ""
}

func machineName(m elf.Machine) string {
	return strings.ToLower(strings.TrimPrefix(m.String(), "EM_"))
}

func isLoader(f file) bool {
	var this, loader unix.Stat_t
	return unix.Fstat(int(f), &this) == nil && unix.Stat(glibcLoader, &loader) == nil &&
		this.Dev == loader.Dev && this.Ino == loader.Ino
}

// inspectText tells scripts from other text and from unknown formats, as the kernel and shells do.
func inspectText(file io.ReaderAt) (fileFormat, string, error) {
	head := make([]byte, headBytes)
	n, err := file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return unreadable, "", err
	}
	line, _, complete := bytes.Cut(head[:n], []byte("\n"))
	if !bytes.HasPrefix(line, []byte("#!")) {
		if bytes.IndexByte(line, 0) >= 0 {
			return otherFile, "", nil
		}
		return textFile, "", nil
	}
	words := bytes.FieldsFunc(line[2:], func(r rune) bool { return r == ' ' || r == '\t' || r == 0 })
	if len(words) == 0 {
		return textFile, "", nil // the kernel refuses it, and shells then run it
	}
	if !complete && n == headBytes && len(words) == 1 && !bytes.HasSuffix(line, []byte(" ")) && !bytes.HasSuffix(line, []byte("\t")) {
		return scriptFile, "", errors.New("the first line is too long")
	}
	return scriptFile, string(words[0]), nil
}
