// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"bytes"
	delf "debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"libinger/elf"
)

// Error is why there is no answer: one line, with the object first.
type Error struct {
	Object string
	Reason string
}

func (e *Error) Error() string { return printable(e.Object) + ": " + e.Reason }

func refuse(object, format string, args ...any) error {
	return &Error{object, oneLine(fmt.Sprintf(format, args...))}
}

// printable quotes what would not show as one line.
func printable(text string) string {
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\ufffd' }) {
		return fmt.Sprintf("%q", text)
	}
	return text
}

// oneLine: names in a damaged file may hold anything.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, text)
}

// open opens an object of which the dynamic linker could make something.
func open(path string) (*elf.Object, error) {
	info, err := os.Stat(path)
	var reason *os.PathError
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, refuse(path, "no such file")
	case errors.As(err, &reason):
		return nil, refuse(path, "%v", reason.Err)
	case err != nil:
		return nil, refuse(path, "%v", err)
	case info.IsDir():
		return nil, refuse(path, "is a directory")
	case !info.Mode().IsRegular():
		return nil, refuse(path, "not a regular file")
	}
	if info.Size() == 0 {
		return nil, refuse(path, "is empty")
	}
	if err := checkHead(path); err != nil {
		return nil, err
	}
	o, err := elf.Open(path)
	if err != nil {
		return nil, refuse(path, "damaged ELF file: %s", strings.TrimPrefix(err.Error(), path+": "))
	}
	return o, nil
}

// checkHead says in plain words what a file is that is no object for x86-64.
func checkHead(path string) error {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		var reason *os.PathError
		if errors.As(err, &reason) {
			err = reason.Err
		}
		return refuse(path, "%v", err)
	}
	defer file.Close()
	head := make([]byte, 256)
	n, err := file.ReadAt(head, 0)
	if n == 0 && err != nil {
		return refuse(path, "cannot read it: %v", err)
	}
	if what := notOurs(head[:n]); what != "" {
		return refuse(path, "%s", what)
	}
	return nil
}

// notOurs describes the beginning of a file that is no program or library for x86-64; "" when it may be one.
func notOurs(head []byte) string {
	if line, ok := bytes.CutPrefix(head, []byte("#!")); ok {
		line, _, _ = bytes.Cut(line, []byte("\n"))
		if words := bytes.Fields(line); len(words) > 0 {
			return "is a script; its interpreter is " + printable(string(words[0]))
		}
	}
	if !bytes.HasPrefix(head, []byte(delf.ELFMAG)) {
		return "not an ELF file"
	}
	if len(head) < 20 {
		return "damaged ELF file: cut off in the header"
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if delf.Data(head[delf.EI_DATA]) == delf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	kind, machine := delf.Type(order.Uint16(head[16:])), delf.Machine(order.Uint16(head[18:]))
	switch {
	case machine == delf.EM_386:
		return "is a 32-bit object (i386), not one for x86-64"
	case machine == delf.EM_X86_64 && delf.Class(head[delf.EI_CLASS]) == delf.ELFCLASS32:
		return "is an object for x32, not for x86-64"
	case machine != delf.EM_X86_64:
		return "is an object for another architecture (" + machineName(machine) + "), not for x86-64"
	case kind == delf.ET_REL:
		return "is an object file that is not linked yet"
	case kind == delf.ET_CORE:
		return "is a core dump"
	}
	return ""
}

func machineName(m delf.Machine) string {
	name := m.String()
	if !strings.HasPrefix(name, "EM_") || strings.Contains(name, "+") {
		return fmt.Sprintf("number %d", uint16(m))
	}
	return strings.ToLower(strings.TrimPrefix(name, "EM_"))
}

// isStatic says whether an object is a program without a dynamic linker, where nothing is bound at run time.
func isStatic(o *elf.Object) bool {
	return o.Dynamic.Size == 0 || o.Interp == "" && (o.Type == delf.ET_EXEC || o.Flags1&delf.DF_1_PIE != 0)
}
