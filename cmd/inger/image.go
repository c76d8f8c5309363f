// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
)

// image is what an ELF file's header and program headers say. debug/elf itself is not used to open the file: it reads
// the section headers as well, which may be stripped or damaged in a file that runs.
type image struct {
	class       elf.Class
	machine     elf.Machine
	kind        elf.Type
	interpreter string // the dynamic loader; empty in a static program
}

var (
	// errNotELF is returned by readImage for a file without the ELF magic.
	errNotELF = errors.New("not an ELF file")
	// errDamaged is returned by readImage for an ELF file that the kernel would refuse as well.
	errDamaged = errors.New("damaged ELF file")
)

// maxProgramHeaders and maxInterpreter are the kernel's limits: 64 KiB of headers, and PATH_MAX.
const (
	maxProgramHeaders = 65536 / 56
	maxInterpreter    = 4096
)

// readImage reads what is needed and no more. For another class or byte order than x86-64's the result holds only class
// and machine.
func readImage(file io.ReaderAt) (image, error) {
	var raw [64]byte
	n, err := file.ReadAt(raw[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return image{}, err
	}
	if n < len(elf.ELFMAG) || string(raw[:len(elf.ELFMAG)]) != elf.ELFMAG {
		return image{}, errNotELF
	}
	if n < 20 {
		return image{}, errDamaged
	}
	img := image{class: elf.Class(raw[elf.EI_CLASS])}
	order := binary.ByteOrder(binary.LittleEndian)
	if elf.Data(raw[elf.EI_DATA]) == elf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	img.kind = elf.Type(order.Uint16(raw[16:]))
	img.machine = elf.Machine(order.Uint16(raw[18:]))
	if img.class != elf.ELFCLASS64 || img.machine != elf.EM_X86_64 {
		return img, nil
	}
	var header elf.Header64
	if n < len(raw) {
		return img, errDamaged
	}
	if err := binary.Read(bytes.NewReader(raw[:]), binary.LittleEndian, &header); err != nil {
		return img, err
	}
	if img.kind != elf.ET_EXEC && img.kind != elf.ET_DYN {
		return img, nil
	}
	img.interpreter, err = readInterpreter(file, &header)
	return img, err
}

// readInterpreter returns the contents of PT_INTERP, or "" when there is none.
func readInterpreter(file io.ReaderAt, header *elf.Header64) (string, error) {
	var prog elf.Prog64
	size := binary.Size(prog)
	if int(header.Phentsize) != size || header.Phnum == 0 || header.Phnum > maxProgramHeaders || int64(header.Phoff) < 0 {
		return "", errDamaged
	}
	table := make([]byte, size*int(header.Phnum))
	if err := readFull(file, table, header.Phoff); err != nil {
		return "", err
	}
	for ; len(table) > 0; table = table[size:] {
		if elf.ProgType(binary.LittleEndian.Uint32(table)) != elf.PT_INTERP {
			continue
		}
		if err := binary.Read(bytes.NewReader(table), binary.LittleEndian, &prog); err != nil {
			return "", err
		}
		if prog.Filesz < 2 || prog.Filesz > maxInterpreter {
			return "", errDamaged
		}
		name := make([]byte, prog.Filesz)
		if err := readFull(file, name, prog.Off); err != nil {
			return "", err
		}
		if name[len(name)-1] != 0 { // the kernel insists on it
			return "", errDamaged
		}
		return string(name[:bytes.IndexByte(name, 0)]), nil
	}
	return "", nil
}

// readFull fills b from the offset. An end of file, or an offset beyond any file, is damage.
func readFull(file io.ReaderAt, b []byte, offset uint64) error {
	if int64(offset) < 0 {
		return errDamaged
	}
	if _, err := file.ReadAt(b, int64(offset)); errors.Is(err, io.EOF) {
		return errDamaged
	} else if err != nil {
		return err
	}
	return nil
}
