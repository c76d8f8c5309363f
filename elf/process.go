// SPDX-License-Identifier: Apache-2.0

package elf

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Keys of the auxiliary vector.
const (
	atPHDR  = 3
	atPHNUM = 5
	atBase  = 7
	atVDSO  = 33
)

// auxv reads the auxiliary vector. A set-user-ID program may not open its own; the runtime's copy is the second choice.
func auxv() (map[uint64]uint64, error) {
	aux := map[uint64]uint64{}
	data, err := readFile("/proc/self/auxv")
	if err != nil {
		pairs, second := unix.Auxv()
		if second != nil || len(pairs) == 0 {
			return nil, err
		}
		for _, p := range pairs {
			aux[uint64(p[0])] = uint64(p[1])
		}
		return aux, nil
	}
	for ; len(data) >= 16; data = data[16:] {
		aux[le.Uint64(data)] = le.Uint64(data[8:])
	}
	return aux, nil
}

// peek copies memory that may not be mapped. ok is false when it is not.
func peek(addr uint64, to []byte) (ok bool) {
	local := []unix.Iovec{{Base: &to[0], Len: uint64(len(to))}}
	remote := []unix.RemoteIovec{{Base: uintptr(addr), Len: len(to)}}
	n, err := unix.ProcessVMReadv(unix.Getpid(), local, remote, 0)
	if err == nil || err == unix.EFAULT {
		return n == len(to)
	}
	// The call may be forbidden or missing.
	fd, err := unix.Open("/proc/self/mem", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	n, err = unix.Pread(fd, to, int64(addr))
	return err == nil && n == len(to)
}

// peekUpTo is as much of size bytes at addr as is mapped, in whole pages.
func peekUpTo(addr uint64, size int) []byte {
	to := make([]byte, size)
	for size > 0 && !peek(addr, to[:size]) {
		size = (size - 1) &^ (pageSize - 1)
	}
	return to[:size]
}

// cstring is the string at addr in memory, copied.
func cstring(addr uint64) string {
	if addr == 0 {
		return ""
	}
	size := uint64(0)
	for memory(addr+size, 1)[0] != 0 {
		size++
	}
	return string(memory(addr, size))
}

// readFile is os.ReadFile without package os, which would open descriptors of the runtime's own in the program.
func readFile(path string) ([]byte, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer unix.Close(fd)
	data := make([]byte, 0, pageSize)
	for {
		n, err := unix.Read(fd, data[len(data):cap(data)])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if n == 0 {
			return data, nil
		}
		if data = data[:len(data)+n]; len(data) == cap(data) {
			data = append(data, make([]byte, len(data))...)[:len(data)]
		}
	}
}

// mappedFrom is the file that is mapped at addr, as /proc/self/maps has it.
func mappedFrom(addr uint64) (string, error) {
	maps, err := readFile("/proc/self/maps")
	if err != nil {
		return "", err
	}
	for line := range bytes.Lines(maps) {
		// Address range, permissions, offset, device, inode, then the path, which may have blanks.
		rest := string(bytes.TrimRight(line, "\n"))
		low, rest, _ := strings.Cut(rest, "-")
		high, rest, _ := strings.Cut(rest, " ")
		from, err1 := strconv.ParseUint(low, 16, 64)
		to, err2 := strconv.ParseUint(high, 16, 64)
		if err1 != nil || err2 != nil || addr < from || addr >= to {
			continue
		}
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			return strings.TrimSuffix(rest[i:], " (deleted)"), nil
		}
		break
	}
	return "", fmt.Errorf("no file is mapped at 0x%x", addr)
}

func readlink(path string) (string, error) {
	buf := make([]byte, unix.PathMax)
	n, err := unix.Readlink(path, buf)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return strings.TrimSuffix(string(buf[:n]), " (deleted)"), nil
}
