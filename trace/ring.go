// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// As shim/trace.h has them.
const (
	magic       = "inger\x01tr"
	ringVersion = 1
	eventBytes  = 32
	pageEvents  = 128
	nameBytes   = 64
	callMain    = 0xfffff
	callLimited = 0xfff00 // and more: each thread has its own
	never       = ^uint64(0)
)

type kind uint8

const (
	kindLaunch kind = iota + 1
	kindSliceBegin
	kindSliceEnd
	kindDefer
	kindWaitBegin
	kindWaitEnd
	kindCancelBegin
	kindCancelEnd
	kindFault
	kindLibset
	kindSignal
	kindExit
)

// record is an event as the library has written it.
type record struct {
	ticks, a, b uint64
	kind        kind
	tid         int
	call        uint64 // who it is: the number in the event, and the thread where that counts its own
}

type object struct {
	base uint64
	path string
}

// ring is a recording of one process.
type ring struct {
	pid      int
	program  string
	startNS  uint64
	start    uint64 // ticks
	nsPerQ32 uint64
	names    []string
	objects  []object
	records  []record // by time
	lost     uint64
}

// isRing says whether a file begins as a ring does. The library writes the magic last.
func isRing(data []byte) bool { return bytes.HasPrefix(data, []byte(magic)) }

func parseRing(data []byte) (*ring, error) {
	le := binary.LittleEndian
	if len(data) < 4096 || !isRing(data) {
		return nil, ErrForeign
	}
	if v := le.Uint32(data[8:]); v != ringVersion {
		return nil, fmt.Errorf("recorded by another version of libinger (format %d)", v)
	}
	header, events := uint64(le.Uint32(data[12:])), le.Uint64(data[16:])
	namesAt, names := uint64(le.Uint32(data[52:])), uint64(le.Uint32(data[56:]))
	objectsAt, objectBytes := uint64(le.Uint32(data[60:])), uint64(le.Uint32(data[64:]))
	size := uint64(len(data))
	switch {
	case events < pageEvents || bits.OnesCount64(events) != 1 || events > size/eventBytes || header > size-events*eventBytes:
		return nil, fmt.Errorf("damaged: %d events do not fit into %d bytes: %w", events, size, ErrForeign)
	case namesAt+names*nameBytes > header || objectsAt+objectBytes > header || header < 336:
		return nil, fmt.Errorf("damaged: the header's tables lie outside of it: %w", ErrForeign)
	}
	r := &ring{
		start: le.Uint64(data[24:]), startNS: le.Uint64(data[32:]), nsPerQ32: le.Uint64(data[40:]),
		pid: int(le.Uint32(data[48:])), program: text(data[80:336]),
	}
	if r.nsPerQ32 == 0 {
		return nil, fmt.Errorf("damaged: the clock stands still: %w", ErrForeign)
	}
	for i := range names {
		at := namesAt + i*nameBytes
		r.names = append(r.names, text(data[at+8:at+nameBytes]))
	}
	r.setObjects(text(data[objectsAt : objectsAt+objectBytes]))
	r.setRecords(data[header:header+events*eventBytes], le.Uint64(data[72:]))
	return r, nil
}

func text(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

func (r *ring) setObjects(lines string) {
	for line := range strings.Lines(lines) {
		base, path, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if at, err := strconv.ParseUint(base, 16, 64); ok && err == nil && strings.HasPrefix(path, "/") {
			r.objects = append(r.objects, object{at, path})
		}
	}
}

// setRecords takes the events whose mark says that they belong to the last lap that has come to their page. What is left of
// the lap before has lost its neighbours.
func (r *ring) setRecords(data []byte, pages uint64) {
	le := binary.LittleEndian
	all := uint64(len(data)) / eventBytes / pageEvents
	if pages > all {
		r.lost = (pages - all) * pageEvents
	}
	for i := uint64(0); i < min(pages, all)*pageEvents; i++ {
		event := data[i*eventBytes:]
		mark := le.Uint64(event[24:])
		last := (pages - 1 - i/pageEvents) / all // laps that this page has seen, from 0
		if mark == 0 || mark>>50 != (last+1)&0x3fff {
			continue
		}
		rec := record{
			ticks: le.Uint64(event), a: le.Uint64(event[8:]), b: le.Uint64(event[16:]),
			kind: kind(mark >> 42), tid: int(mark >> 20 & 0x3fffff), call: callOf(mark),
		}
		if rec.kind < kindLaunch || rec.kind > kindExit || rec.ticks < r.start {
			continue
		}
		r.records = append(r.records, rec)
	}
	slices.SortStableFunc(r.records, func(a, b record) int {
		switch {
		case a.ticks < b.ticks:
			return -1
		case a.ticks > b.ticks:
			return 1
		}
		return 0
	})
}

// ns is a moment on the machine's monotonic clock.
func (r *ring) ns(ticks uint64) Time {
	high, low := bits.Mul64(ticks-r.start, r.nsPerQ32)
	return Time(r.startNS + (high<<32 | low>>32))
}

// between is how long after b a is; negative: before.
func (r *ring) between(a, b uint64) Time {
	if a < b {
		return -r.between(b, a)
	}
	high, low := bits.Mul64(a-b, r.nsPerQ32)
	return Time(high<<32 | low>>32)
}

func (r *ring) name(number uint64) string {
	if number == 0 || number > uint64(len(r.names)) || r.names[number-1] == "" {
		return "a function without a name"
	}
	return r.names[number-1]
}

func callOf(mark uint64) uint64 {
	number := mark & 0xfffff
	if number >= callLimited && number < callMain {
		number = mark & (1<<42 - 1)
	}
	return number
}
