// SPDX-License-Identifier: Apache-2.0

package elf

import (
	"bytes"
	delf "debug/elf"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// SegmentOf is the PT_LOAD that vaddr lies in, or nil.
func (o *Object) SegmentOf(vaddr uint64) *Segment {
	for i := range o.Segments {
		if s := &o.Segments[i]; vaddr-s.Vaddr < s.MemSize {
			return s
		}
	}
	return nil
}

// Bytes is a view of size bytes: of memory when the object is loaded, of the file otherwise.
// It must lie in one segment; of a file on disk, zeroes that only memory would have are an error.
func (o *Object) Bytes(vaddr, size uint64) ([]byte, error) {
	b, err := o.rest(vaddr)
	if err != nil {
		return nil, err
	}
	if size > uint64(len(b)) {
		return nil, fmt.Errorf("%s: 0x%x bytes at %s: only 0x%x are left in the segment", o.Path, size, o.where(vaddr), len(b))
	}
	return b[:size:size], nil
}

// Word is the 8 bytes at vaddr: from memory when the object is loaded, from the file otherwise, with 0 for zeroed memory.
func (o *Object) Word(vaddr uint64) (uint64, error) {
	if !o.Loaded {
		return o.fileWord(vaddr)
	}
	b, err := o.Bytes(vaddr, 8)
	if err != nil {
		return 0, err
	}
	return le.Uint64(b), nil
}

// FileBytes is a view of what the file has at vaddr, also when the object is loaded and its memory has changed since.
func (o *Object) FileBytes(vaddr, size uint64) ([]byte, error) {
	b, err := o.fileRest(vaddr)
	if err != nil {
		return nil, err
	}
	if size > uint64(len(b)) {
		return nil, fmt.Errorf("%s: 0x%x bytes at %s: the file has only 0x%x in the segment", o.Path, size, o.where(vaddr), len(b))
	}
	return b[:size:size], nil
}

// rest is what Bytes can reach from vaddr on.
func (o *Object) rest(vaddr uint64) ([]byte, error) {
	if !o.Loaded {
		return o.fileRest(vaddr)
	}
	s := o.SegmentOf(vaddr)
	if s == nil {
		return nil, o.outside(vaddr)
	}
	if s.Flags&delf.PF_R == 0 {
		return nil, fmt.Errorf("%s: %s: the segment is not readable", o.Path, o.where(vaddr))
	}
	return memory(o.Base+vaddr, s.Vaddr+s.MemSize-vaddr), nil
}

// fileRest is what FileBytes can reach from vaddr on.
func (o *Object) fileRest(vaddr uint64) ([]byte, error) {
	s := o.SegmentOf(vaddr)
	if s == nil {
		return nil, o.outside(vaddr)
	}
	data, err := o.mapped()
	if err != nil {
		return nil, err
	}
	skip := vaddr - s.Vaddr
	if skip >= s.FileSize {
		return nil, fmt.Errorf("%s: %s: not in the file, zeroed memory", o.Path, o.where(vaddr))
	}
	// The range was compared with the size of the file when the object was parsed, or when its file was mapped.
	return data[s.Offset+skip : s.Offset+s.FileSize], nil
}

// fileWord is the 8 bytes that the loader finds at vaddr before it relocates anything.
func (o *Object) fileWord(vaddr uint64) (uint64, error) {
	s := o.SegmentOf(vaddr)
	if s == nil {
		return 0, o.outside(vaddr)
	}
	skip := vaddr - s.Vaddr
	if s.MemSize-skip < 8 {
		return 0, fmt.Errorf("%s: 0x8 bytes at %s: only 0x%x are left in the segment", o.Path, o.where(vaddr), s.MemSize-skip)
	}
	if skip >= s.FileSize {
		return 0, nil
	}
	b, err := o.fileRest(vaddr)
	if err != nil {
		return 0, err
	}
	if len(b) >= 8 {
		return le.Uint64(b), nil
	}
	var word [8]byte
	copy(word[:], b)
	return le.Uint64(word[:]), nil
}

func (o *Object) outside(vaddr uint64) error {
	return fmt.Errorf("%s: address 0x%x: outside the segments", o.Path, vaddr)
}

// where names a place for an error: the offset in the file where there is one.
func (o *Object) where(vaddr uint64) string {
	if s := o.SegmentOf(vaddr); s != nil && vaddr-s.Vaddr < s.FileSize {
		return fmt.Sprintf("offset 0x%x", s.Offset+vaddr-s.Vaddr)
	}
	return fmt.Sprintf("address 0x%x", vaddr)
}

// bad is the error for a structure at vaddr.
func (o *Object) bad(what string, vaddr uint64, format string, args ...any) error {
	return fmt.Errorf("%s: %s at %s: %w", o.Path, what, o.where(vaddr), fmt.Errorf(format, args...))
}

// memory is a view of this process's memory. The address is not Go's, so the collector does not look at it.
func memory(addr, size uint64) []byte {
	p := uintptr(addr)
	return unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&p))), size)
}

// mapFile maps a regular file read-only. It does without package os, which would open descriptors of the
// runtime's own in the program. A file that is cut short while it is mapped raises SIGBUS, as it does for the linker.
func mapFile(path string) ([]byte, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	if st.Size == 0 {
		return nil, fmt.Errorf("%s: ELF header at offset 0x0: %w: empty", path, ErrNotELF)
	}
	data, err := unix.Mmap(fd, 0, int(st.Size), unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("%s: map %d bytes: %w", path, st.Size, err)
	}
	return data, nil
}

// mapped is the file's contents. Those of a loaded object are mapped when first asked for.
func (o *Object) mapped() ([]byte, error) {
	o.file.mu.Lock()
	defer o.file.mu.Unlock()
	if o.file.data != nil {
		return o.file.data, nil
	}
	if !o.Loaded {
		return nil, fmt.Errorf("%s: closed", o.Path)
	}
	data, err := mapFile(o.file.open)
	if err != nil {
		return nil, err
	}
	if !o.sameFile(data) {
		unix.Munmap(data)
		return nil, fmt.Errorf("%s: %w", o.Path, ErrReplaced)
	}
	o.file.data, o.file.unmap = data, true
	return data, nil
}

// sameFile compares the first page of a file with memory: the headers, and with nearly every linker the build id.
// Device and inode numbers in /proc/self/maps would not do: on overlay and subvolume file systems they differ from stat's.
func (o *Object) sameFile(data []byte) bool {
	for _, s := range o.Segments {
		if s.Offset > uint64(len(data)) || s.FileSize > uint64(len(data))-s.Offset {
			return false
		}
	}
	first := o.Segments[0]
	if first.Offset != 0 || first.Flags&delf.PF_R == 0 || first.Flags&delf.PF_W != 0 {
		return bytes.Equal(data[:min(headerSize, len(data))], o.file.header)
	}
	n := min(first.FileSize, pageSize)
	return bytes.Equal(data[:n], memory(o.Base+first.Vaddr, n))
}

func (o *Object) size() uint64 { return uint64(len(o.file.data)) }
