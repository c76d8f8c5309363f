// SPDX-License-Identifier: Apache-2.0

// Package live reads the counters of a running program that uses libinger, from outside and without stopping it.
//
// The library exports one data symbol with the places of everything (shim/view.c). It is found through the file that is
// mapped into the process, and what it points to is read with process_vm_readv(2).
package live

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"libinger/elf"
)

var (
	// ErrGone is returned when there is no such process, or no more.
	ErrGone = errors.New("no such process")
	// ErrPermission is returned when the kernel does not let this user look.
	ErrPermission = errors.New("not permitted")
	// ErrWithout is returned for a process that has not loaded libinger.so.
	ErrWithout = errors.New("it has not loaded libinger.so")
	// ErrVersion is returned for a libinger.so that says nothing, or says it in another way.
	ErrVersion = errors.New("its libinger.so is of another version than this tool")
)

// As shim/view.c has them.
const (
	symbol      = "inger_view"
	viewMagic   = "ingview\x01"
	viewVersion = 1
	viewBytes   = 8 + 12*4 + 6*8 + 128
	mostThreads = 1 << 16
	mostNested  = 1 << 10
)

// Counts are those of one moment. Counters never go back.
type Counts struct {
	Counters map[string]uint64 // launched, completed, cancelled, faulted, abandoned, slices, deferrals, spurious
	Threads  int               // that have launched
	Running  int
	Made     uint64 // libsets
	Retired  uint64
	Ready    uint32
	Stacks   uint64
	Bytes    uint64 // of stacks, address space
}

// Live is what is neither completed nor ended otherwise.
func (c *Counts) Live() uint64 {
	ended := c.Counters["completed"] + c.Counters["cancelled"] + c.Counters["faulted"] + c.Counters["abandoned"]
	return c.Counters["launched"] - min(ended, c.Counters["launched"])
}

// Paused is what of it does not run.
func (c *Counts) Paused() uint64 { return c.Live() - min(uint64(c.Running), c.Live()) }

// Process is a program that is looked at.
type Process struct {
	PID  int
	Name string
	pidf int // keeps the number from meaning another process
	view view
}

type view struct {
	names                                             []string
	threadBytes, next, inUse, current, counts         uint32
	callParent, callAdopted                           uint32
	threads, stacks, stackBytes, made, retired, ready uint64
}

var le = binary.LittleEndian

// Open finds the library in the process. Errors wrap those above.
func Open(pid int) (*Process, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	switch {
	case errors.Is(err, unix.ESRCH), errors.Is(err, unix.EINVAL): // the latter: a thread, or no number of a process
		return nil, ErrGone
	case err != nil:
		fd = -1 // before Linux 5.3
	}
	p := &Process{PID: pid, pidf: fd}
	if err := p.open(); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// Close gives back what Open took.
func (p *Process) Close() {
	if p.pidf >= 0 {
		_ = unix.Close(p.pidf)
	}
	p.pidf = -1
}

func (p *Process) open() error {
	folder := "/proc/" + strconv.Itoa(p.PID) + "/"
	name, err := os.ReadFile(folder + "comm")
	if err != nil {
		return p.why(err)
	}
	p.Name = strings.TrimSuffix(string(name), "\n")
	maps, err := os.ReadFile(folder + "maps")
	if err != nil {
		return p.why(err)
	}
	base, path, found := findLibrary(string(maps))
	if !found {
		return ErrWithout
	}
	// The file as the process sees it; when it has been replaced since, as the kernel still has it.
	object, err := elf.Open(folder + "root" + strings.TrimSuffix(path.name, " (deleted)"))
	if err != nil || strings.HasSuffix(path.name, " (deleted)") {
		if object != nil {
			_ = object.Close()
		}
		object, err = elf.Open(folder + "map_files/" + path.area)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path.name, p.why(err))
	}
	defer object.Close()
	place, ok := object.Lookup(symbol, "")
	if !ok {
		return ErrVersion
	}
	return p.readView(base + place.Value - object.Low)
}

type mapped struct{ name, area string }

// findLibrary returns where the library's first page is. Its name may have a version behind it.
func findLibrary(maps string) (uint64, mapped, bool) {
	for line := range strings.Lines(maps) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 6) // address permissions offset device inode path
		if len(fields) < 6 || fields[2] != "00000000" {
			continue
		}
		path := strings.TrimLeft(fields[5], " ")
		file := path[strings.LastIndexByte(path, '/')+1:]
		low, _, _ := strings.Cut(fields[0], "-")
		at, err := strconv.ParseUint(low, 16, 64)
		if err == nil && strings.HasPrefix(path, "/") && strings.HasPrefix(file, "libinger.so") {
			return at, mapped{path, fields[0]}, true
		}
	}
	return 0, mapped{}, false
}

func (p *Process) readView(at uint64) error {
	raw := make([]byte, viewBytes)
	if err := p.read(at, raw); err != nil {
		return err
	}
	if string(raw[:8]) != viewMagic || le.Uint32(raw[8:]) != viewVersion || le.Uint32(raw[12:]) < viewBytes {
		return ErrVersion
	}
	count := le.Uint32(raw[16:])
	v := &p.view
	for i, field := range []*uint32{&v.threadBytes, &v.next, &v.inUse, nil, &v.current, &v.counts, &v.callParent, &v.callAdopted} {
		if field != nil {
			*field = le.Uint32(raw[20+4*i:])
		}
	}
	for i, field := range []*uint64{&v.threads, &v.stacks, &v.stackBytes, &v.made, &v.retired, &v.ready} {
		*field = le.Uint64(raw[56+8*i:])
	}
	names, _, _ := strings.Cut(string(raw[104:]), "\x00")
	v.names = strings.Fields(names)
	if int(count) != len(v.names) || v.threadBytes > 1<<16 || max(v.next+8, v.inUse+1, v.current+8, v.counts+8*count) > v.threadBytes {
		return ErrVersion
	}
	return nil
}

// Read takes the counters as they are now.
func (p *Process) Read() (*Counts, error) {
	v := &p.view
	c := &Counts{Counters: map[string]uint64{}}
	for _, word := range []struct {
		at uint64
		to *uint64
	}{{v.made, &c.Made}, {v.retired, &c.Retired}, {v.stacks, &c.Stacks}, {v.stackBytes, &c.Bytes}} {
		value, err := p.word(word.at)
		if err != nil {
			return nil, err
		}
		*word.to = value
	}
	ready := make([]byte, 4)
	if err := p.read(v.ready, ready); err != nil {
		return nil, err
	}
	c.Ready = le.Uint32(ready)
	thread, err := p.word(v.threads)
	raw := make([]byte, v.threadBytes)
	for n := 0; err == nil && thread != 0 && n < mostThreads; n++ {
		if err = p.read(thread, raw); err != nil {
			break
		}
		for i, name := range v.names {
			c.Counters[name] += le.Uint64(raw[int(v.counts)+8*i:])
		}
		if raw[v.inUse] != 0 {
			c.Threads++
		}
		c.Running += p.running(le.Uint64(raw[v.current:]))
		thread = le.Uint64(raw[v.next:])
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// running counts the calls on a thread, innermost first; main() under `inger run` is none. One that has just ended may
// be gone.
func (p *Process) running(call uint64) int {
	count := 0
	for n := 0; call != 0 && n < mostNested; n++ {
		adopted := make([]byte, 4)
		parent, err := p.word(call + uint64(p.view.callParent))
		if err != nil || p.read(call+uint64(p.view.callAdopted), adopted) != nil {
			break
		}
		if le.Uint32(adopted) == 0 {
			count++
		}
		call = parent
	}
	return count
}

func (p *Process) word(at uint64) (uint64, error) {
	raw := make([]byte, 8)
	err := p.read(at, raw)
	return le.Uint64(raw), err
}

func (p *Process) read(at uint64, to []byte) error {
	if p.pidf >= 0 { // the number may be somebody else's by now
		if err := unix.PidfdSendSignal(p.pidf, 0, nil, 0); errors.Is(err, unix.ESRCH) {
			return ErrGone
		}
	}
	local := []unix.Iovec{{Base: &to[0], Len: uint64(len(to))}}
	remote := []unix.RemoteIovec{{Base: uintptr(at), Len: len(to)}}
	n, err := unix.ProcessVMReadv(p.PID, local, remote, 0)
	if err == nil && n != len(to) {
		err = unix.EFAULT
	}
	return p.why(err)
}

// why says what an error means here. A process whose memory is not there any more is on its way out, or another program
// by now.
func (p *Process) why(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.ESRCH), errors.Is(err, unix.ENOENT), errors.Is(err, unix.EFAULT):
		return ErrGone
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return ErrPermission
	}
	return err
}
