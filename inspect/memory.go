// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

var le = binary.LittleEndian

// memory is another process's.
type memory struct{ pid int }

var (
	// errGone is returned when the process has no memory any more.
	errGone = errors.New("it has ended")
	// errForbidden is returned when the kernel does not let this process trace that one.
	errForbidden = errors.New("no permission to look into it: that to trace it is needed (its user, root, kernel.yama.ptrace_scope)")
)

// read fills b from an address.
func (m *memory) read(address uint64, b []byte) error {
	for len(b) > 0 {
		local := []unix.Iovec{{Base: &b[0], Len: uint64(len(b))}}
		remote := []unix.RemoteIovec{{Base: uintptr(address), Len: len(b)}}
		n, err := unix.ProcessVMReadv(m.pid, local, remote, 0)
		switch {
		case errors.Is(err, unix.ESRCH):
			return errGone
		case errors.Is(err, unix.EPERM):
			return errForbidden
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("memory at 0x%x: %w", address, err)
		case n == 0:
			return fmt.Errorf("memory at 0x%x: nothing there", address)
		}
		b, address = b[n:], address+uint64(n)
	}
	return nil
}

// readPages fills b, and leaves pages that are not readable as they are.
func (m *memory) readPages(address uint64, b []byte) error {
	for len(b) > 0 {
		n := min(len(b), 16<<20)
		err := m.read(address, b[:n])
		if err != nil && !errors.Is(err, unix.EFAULT) {
			return err
		}
		if err != nil {
			for at := 0; at < n; {
				piece := min(n-at, pageBytes-int((address+uint64(at))%pageBytes))
				if err := m.read(address+uint64(at), b[at:at+piece]); err != nil && !errors.Is(err, unix.EFAULT) {
					return err
				}
				at += piece
			}
		}
		b, address = b[n:], address+uint64(n)
	}
	return nil
}

func (m *memory) word(address uint64) (uint64, error) {
	var b [8]byte
	err := m.read(address, b[:])
	return le.Uint64(b[:]), err
}

// text is the string at an address, of at most a path's length.
func (m *memory) text(address uint64) (string, error) {
	if address == 0 {
		return "", nil
	}
	var out []byte
	for len(out) < unix.PathMax {
		piece := make([]byte, min(256, pageBytes-address%pageBytes))
		if err := m.read(address, piece); err != nil {
			return "", err
		}
		for i, c := range piece {
			if c == 0 {
				return string(append(out, piece[:i]...)), nil
			}
		}
		out, address = append(out, piece...), address+uint64(len(piece))
	}
	return "", fmt.Errorf("the name at 0x%x does not end", address)
}
