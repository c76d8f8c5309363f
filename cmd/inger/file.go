// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"io"

	"golang.org/x/sys/unix"
)

// file is an open descriptor. An os.File would set up epoll(7) for the sake of two small reads.
type file int

func openFile(path string) (file, error) {
	for {
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if !errors.Is(err, unix.EINTR) {
			return file(fd), err
		}
	}
}

func (f file) close() { _ = unix.Close(int(f)) }

// ReadAt is io.ReaderAt's.
func (f file) ReadAt(b []byte, offset int64) (int, error) {
	done := 0
	for done < len(b) {
		n, err := unix.Pread(int(f), b[done:], offset+int64(done))
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return done, err
		case n == 0:
			return done, io.EOF
		default:
			done += n
		}
	}
	return done, nil
}
