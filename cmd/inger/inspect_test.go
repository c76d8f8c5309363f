// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// elfFile makes the beginning of a 64-bit program: header, one program header, interpreter.
func elfFile(change func(*elf.Header64, *elf.Prog64), interpreter string) string {
	const headerSize, progSize = 64, 56
	header := elf.Header64{
		Type: uint16(elf.ET_DYN), Machine: uint16(elf.EM_X86_64), Version: 1,
		Phoff: headerSize, Ehsize: headerSize, Phentsize: progSize, Phnum: 1,
	}
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS] = byte(elf.ELFCLASS64)
	header.Ident[elf.EI_DATA] = byte(elf.ELFDATA2LSB)
	header.Ident[elf.EI_VERSION] = byte(elf.EV_CURRENT)
	prog := elf.Prog64{Type: uint32(elf.PT_INTERP), Off: headerSize + progSize, Filesz: uint64(len(interpreter) + 1)}
	if change != nil {
		change(&header, &prog)
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if header.Ident[elf.EI_DATA] == byte(elf.ELFDATA2MSB) {
		order = binary.BigEndian
	}
	var out bytes.Buffer
	_ = binary.Write(&out, order, &header) // a bytes.Buffer does not fail
	_ = binary.Write(&out, order, &prog)
	out.WriteString(interpreter + "\x00")
	return out.String()
}

func TestRunRefusesWhatCannotBePreloaded(t *testing.T) {
	machine := func(m elf.Machine) func(*elf.Header64, *elf.Prog64) {
		return func(h *elf.Header64, _ *elf.Prog64) { h.Machine = uint16(m) }
	}
	tests := map[string]struct{ contents, want string }{
		"a static program": {elfFile(func(_ *elf.Header64, p *elf.Prog64) { p.Type = uint32(elf.PT_LOAD) }, glibcLoader),
			"is statically linked; " + linkAdvice},
		"another architecture": {elfFile(machine(elf.EM_AARCH64), "/lib/ld-linux-aarch64.so.1"),
			"is a program for another architecture (aarch64); build it for x86-64"},
		"another byte order": {elfFile(func(h *elf.Header64, _ *elf.Prog64) {
			h.Machine, h.Ident[elf.EI_DATA] = uint16(elf.EM_S390), byte(elf.ELFDATA2MSB)
		}, "/lib/ld64.so.1"), "is a program for another architecture (s390); build it for x86-64"},
		"a 32-bit program": {elfFile(func(h *elf.Header64, _ *elf.Prog64) {
			h.Machine, h.Ident[elf.EI_CLASS] = uint16(elf.EM_386), byte(elf.ELFCLASS32)
		}, ""), "is a 32-bit program; build it for x86-64"},
		"an x32 program": {elfFile(func(h *elf.Header64, _ *elf.Prog64) { h.Ident[elf.EI_CLASS] = byte(elf.ELFCLASS32) }, ""),
			"is a program for x32, not for x86-64; build it for x86-64"},
		"an object file": {elfFile(func(h *elf.Header64, _ *elf.Prog64) { h.Type = uint16(elf.ET_REL) }, ""),
			"exec format error: an ELF file, but no program"},
		"a program for musl": {elfFile(nil, "/lib/ld-musl-x86_64.so.1"),
			"is linked with musl, and libinger needs glibc; build it with glibc"},
		"a missing loader":      {elfFile(nil, "/no/such/ld.so"), "its loader /no/such/ld.so is missing"},
		"a header cut off":      {elfFile(nil, glibcLoader)[:40], "exec format error: damaged ELF file"},
		"a magic number alone":  {elf.ELFMAG, "exec format error: damaged ELF file"},
		"a header without rest": {elfFile(nil, glibcLoader)[:64], "exec format error: damaged ELF file"},
		"an interpreter cut off": {elfFile(nil, glibcLoader)[:64+56+3],
			"exec format error: damaged ELF file"},
		"an interpreter without an end": {elfFile(func(_ *elf.Header64, p *elf.Prog64) { p.Filesz-- }, glibcLoader),
			"exec format error: damaged ELF file"},
		"an interpreter of any length": {elfFile(func(_ *elf.Header64, p *elf.Prog64) { p.Filesz = 1 << 62 }, glibcLoader),
			"exec format error: damaged ELF file"},
		"program headers beyond any file": {elfFile(func(h *elf.Header64, _ *elf.Prog64) { h.Phoff = 1 << 63 }, glibcLoader),
			"exec format error: damaged ELF file"},
		"program headers of another size": {elfFile(func(h *elf.Header64, _ *elf.Prog64) { h.Phentsize = 32 }, glibcLoader),
			"exec format error: damaged ELF file"},
		"bytes of no format": {"\x01\x02\x00\x03", "exec format error: neither a program nor a script"},
		"a script whose interpreter is missing": {"#!/no/such/interpreter -x\n",
			"interpreter /no/such/interpreter: no such file"},
		"a script whose interpreter is a folder": {"#! /tmp\n", "interpreter /tmp: is a directory"},
		"a script with a carriage return":        {"#!/bin/sh\r\n", "no such file"},
		"a script whose interpreter is static":   {"#!STATIC\n", "interpreter STATIC: is statically linked; " + linkAdvice},
		"a script that is its own interpreter":   {"#!./prog\n", "too many interpreters that are scripts themselves"},
		"a first line beyond what the kernel reads": {"#!/" + strings.Repeat("x", 300) + "\n",
			"the first line is too long"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			// The tool itself is a static program.
			path := write(t, folder, "prog", strings.ReplaceAll(tc.contents, "STATIC", toolPath), 0o755)
			want := strings.ReplaceAll(tc.want, "STATIC", toolPath)
			got := tool(t, folder, nil, "run", "--", "./prog")
			if got.status != statusCannotRun || got.stdout != "" || !strings.HasSuffix(got.stderr, want+"\n") {
				t.Errorf("%+v, want status 126 and %q", got, want)
			}
			if strings.Count(got.stderr, "\n") != 1 || !strings.Contains(got.stderr, "./prog") {
				t.Errorf("%q: want one line that names the program %s", got.stderr, path)
			}
		})
	}
}

func TestRunStartsScripts(t *testing.T) {
	const preloaded = "case $LD_PRELOAD in */libinger.so) echo preloaded $1;; esac\n"
	tests := map[string]string{
		"with an interpreter":                  "#!/bin/sh\n" + preloaded,
		"with blanks and an argument":          "#! \t/bin/sh -e\n" + preloaded,
		"through env":                          "#!/usr/bin/env sh\n" + preloaded,
		"without a first line, by the shell":   preloaded,
		"with an empty first line's #!":        "#!\n" + preloaded,
		"with bytes of another encoding later": "#!/bin/sh\n" + preloaded + ": \xff\xfe\n",
	}
	for name, contents := range tests {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			write(t, folder, "prog", contents, 0o755)
			if got := tool(t, folder, nil, "run", "./prog", "it"); got != (result{"preloaded it\n", "", 0}) {
				t.Errorf("%+v, want the script's line", got)
			}
		})
	}
	t.Run("through scripts as interpreters, as many as the kernel takes", func(t *testing.T) {
		folder := t.TempDir()
		write(t, folder, "s1", "#!/bin/echo\n", 0o755)
		for i := 2; i <= maxScripts+1; i++ {
			write(t, folder, "s"+string(rune('0'+i)), "#!./s"+string(rune('0'+i-1))+"\n", 0o755)
		}
		last, beyond := "./s"+string(rune('0'+maxScripts)), "./s"+string(rune('0'+maxScripts+1))
		if got := tool(t, folder, nil, "run", last); got.status != 0 || !strings.HasSuffix(got.stdout, last+"\n") {
			t.Errorf("%s: %+v, want it to run", last, got)
		}
		if got := tool(t, folder, nil, "run", beyond); got.status != statusCannotRun || !strings.Contains(got.stderr, "too many interpreters") {
			t.Errorf("%s: %+v, want a refusal", beyond, got)
		}
		direct := exec.Command(beyond)
		direct.Dir = folder
		if err := direct.Run(); err == nil {
			t.Errorf("%s runs without the tool, so the refusal is wrong", beyond)
		}
	})
	t.Run("that are empty, as shells do", func(t *testing.T) {
		folder := t.TempDir()
		write(t, folder, "prog", "", 0o755)
		if got := tool(t, folder, nil, "run", "./prog"); got != (result{}) {
			t.Errorf("%+v, want nothing", got)
		}
	})
}

func TestSecureExecutionIsTold(t *testing.T) {
	user := identity{uid: 1000, euid: 1000, gid: 1000, egid: 1000}
	root := identity{}
	locked := user
	locked.noNewPrivs = true
	switched := user
	switched.euid = 0
	const setUID, setGID = unix.S_ISUID | 0o755, unix.S_ISGID | 0o755
	tests := map[string]struct {
		file privileges
		who  identity
		want string
	}{
		"an ordinary program":                     {privileges{mode: 0o755}, user, ""},
		"set-uid of another user":                 {privileges{mode: setUID}, user, "is set-uid"},
		"set-uid of the user's own":               {privileges{mode: setUID, owner: 1000}, user, ""},
		"set-uid root, run by root":               {privileges{mode: setUID}, root, ""},
		"set-uid of a user, run by root":          {privileges{mode: setUID, owner: 1000}, root, "is set-uid"},
		"set-gid of another group":                {privileges{mode: setGID, group: 5}, user, "is set-gid"},
		"set-gid of the user's own group":         {privileges{mode: setGID, group: 1000}, user, ""},
		"the old mark of mandatory locking":       {privileges{mode: unix.S_ISGID | 0o745, group: 5}, user, ""},
		"set-uid on a nosuid mount":               {privileges{mode: setUID, noSuid: true}, user, ""},
		"set-uid without new privileges":          {privileges{mode: setUID}, locked, ""},
		"capabilities":                            {privileges{mode: 0o755, capabilities: true}, user, "has file capabilities"},
		"capabilities, run by root":               {privileges{mode: 0o755, capabilities: true}, root, ""},
		"capabilities on a nosuid mount":          {privileges{mode: 0o755, capabilities: true, noSuid: true}, user, ""},
		"any program, from a set-uid environment": {privileges{mode: 0o755}, switched, "this process runs with changed user or group ids"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := secureReason(tc.file, tc.who); got != tc.want {
				t.Errorf("secureReason(%+v, %+v) = %q, want %q", tc.file, tc.who, got, tc.want)
			}
		})
	}
}

func TestRunRefusesSetUIDPrograms(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make a program of another user")
	}
	folder := t.TempDir()
	contents, err := os.ReadFile("/bin/true")
	if err != nil {
		t.Fatal(err)
	}
	path := write(t, folder, "prog", string(contents), 0o755)
	var fs unix.Statfs_t
	if err := unix.Statfs(path, &fs); err != nil {
		t.Fatal(err)
	}
	if fs.Flags&unix.MS_NOSUID != 0 {
		t.Skip("the temporary folder is on a nosuid mount")
	}
	if err := os.Chown(path, 65534, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.Chmod(path, unix.S_ISUID|0o755); err != nil {
		t.Fatal(err)
	}
	want := result{"", "inger: ./prog: is set-uid; the loader ignores LD_PRELOAD in it\n", statusCannotRun}
	if got := tool(t, folder, nil, "run", "./prog"); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestStaticProgramsOfTheCompilerAreRefused(t *testing.T) {
	folder := t.TempDir()
	source := write(t, folder, "main.c", "int main(void) { return 0; }\n", 0o644)
	for _, flag := range []string{"-static", "-static-pie"} {
		program := filepath.Join(folder, "prog"+flag)
		if out, err := exec.Command("gcc", flag, "-o", program, source).CombinedOutput(); err != nil {
			t.Fatalf("gcc %s: %v: %s", flag, err, out)
		}
		if got := tool(t, "", nil, "run", program); got.status != statusCannotRun || !strings.Contains(got.stderr, "is statically linked") {
			t.Errorf("%s: %+v, want a refusal", flag, got)
		}
	}
}
