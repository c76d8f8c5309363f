// SPDX-License-Identifier: Apache-2.0

package elf

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Open maps a file read-only and parses it. Whoever opens an object closes it; its symbols' names end with it.
func Open(path string) (*Object, error) {
	data, err := mapFile(path)
	if err != nil {
		return nil, err
	}
	o, err := Parse(path, data)
	if err != nil {
		unix.Munmap(data)
		return nil, err
	}
	o.file.unmap = true
	return o, nil
}

// Parse reads an object from the contents of its file, which must not change while the object is in use.
func Parse(name string, data []byte) (*Object, error) {
	o := &Object{Path: name}
	o.file.data = data
	h, err := decodeHeader(name, data)
	if err != nil {
		return nil, err
	}
	if h.phdrsEnd() > o.size() {
		return nil, fmt.Errorf("%s: program headers at offset 0x%x: %d of them are outside the file (%d bytes)",
			name, h.phoff, h.phnum, len(data))
	}
	if err := o.setLayout(h, decodePhdrs(data[h.phoff:], h.phnum)); err != nil {
		return nil, err
	}
	if err := o.setDynamic(); err != nil {
		return nil, err
	}
	o.setName()
	return o, nil
}

// Close unmaps the file. A file on disk has no symbols, relocations and bytes afterwards; a loaded object stays usable
// and maps its file again when that is asked for.
func (o *Object) Close() error {
	o.file.mu.Lock()
	defer o.file.mu.Unlock()
	data, unmap := o.file.data, o.file.unmap
	o.file.data, o.file.unmap = nil, false
	if !o.Loaded {
		o.dyn = dynamic{}
	}
	if !unmap {
		return nil
	}
	if err := unix.Munmap(data); err != nil {
		return fmt.Errorf("%s: unmap: %w", o.Path, err)
	}
	return nil
}
