// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	delf "debug/elf"
	"os"
	"strconv"
	"strings"
)

const pageBytes = 4096

// callMappings is what a call has of its own: stack, save area, TLS and TCB in one mapping, and its guard. (The libset's
// table is next to others, and the kernel makes one mapping of them.)
const callMappings = 2

// programMappings is a guess for what a process has besides its objects: heap, stack, vdso, caches and other anonymous memory.
const programMappings = 24

// The parts of the room for static TLS that glibc leaves: see elf/dl-tls.c. The defaults give 1664 bytes.
const (
	namespaceTLS       = 144 + 144 // of libc, and of other libraries, for each namespace that is allowed for
	defaultNamespaces  = 4
	mostNamespaces     = 16
	defaultOptionalTLS = 512
)

func pageDown(v uint64) uint64 { return v &^ (pageBytes - 1) }
func pageUp(v uint64) uint64   { return pageDown(v + pageBytes - 1) }

// mappings counts what the kernel has for one copy of the object: pieces of the file, zeroes, what was made read-only after
// relocation, and gaps, which stay reserved.
func (l *loaded) mappings() int {
	count, last := 0, l.Low
	for _, s := range l.Segments {
		start, fileEnd, end := pageDown(s.Vaddr), pageUp(s.Vaddr+s.FileSize), pageUp(s.Vaddr+s.MemSize)
		if start > last {
			count++
		}
		pieces := [][2]uint64{{start, fileEnd}, {fileEnd, end}}
		if s.FileSize == 0 {
			pieces = [][2]uint64{{start, end}}
		}
		for _, p := range pieces {
			if p[1] <= p[0] {
				continue
			}
			count++
			// The end of RELRO splits it, the beginning does so where it is not the segment's.
			relroStart, relroEnd := pageDown(l.RELRO.Start), pageDown(l.RELRO.End())
			if l.RELRO.Size > 0 && relroEnd > relroStart && s.Flags&delf.PF_W != 0 {
				for _, cut := range []uint64{relroStart, relroEnd} {
					if cut > p[0] && cut < p[1] {
						count++
					}
				}
			}
		}
		last = end
	}
	return count
}

// privateBytes is the memory that a copy has of its own from the beginning: pages with words that are written.
func (l *loaded) privateBytes() uint64 {
	pages := map[uint64]bool{}
	for r, err := range l.Relocations() {
		if err == nil && r.Type != delf.R_X86_64_NONE {
			pages[pageDown(r.Offset)] = true
		}
	}
	for _, s := range l.Segments {
		if end := s.Vaddr + s.FileSize; s.MemSize > s.FileSize && s.Flags&delf.PF_W != 0 && end != pageDown(end) {
			pages[pageDown(end)] = true // its rest is zeroed
		}
	}
	return uint64(len(pages)) * pageBytes
}

// libsets adds up what a copy of every copied object costs. now is how many there are.
func (w *world) libsets(now int) Libsets {
	out := Libsets{
		Now: now, Mappings: callMappings, PrivateBytes: pageBytes, // a page of the libset's table
		MaxMappings: maxMappings(), AvailableMemory: availableMemory(),
	}
	estimate := programMappings
	for _, o := range w.objects {
		if o.namespace != 0 {
			continue
		}
		estimate += o.mappings()
		if o.treatment != TreatCopied {
			continue
		}
		out.Objects++
		out.Mappings += o.mappings()
		out.PrivateBytes += o.privateBytes()
		out.AddressBytes += o.High - o.Low
	}
	out.OwnMappings = estimate
	if w.inMem {
		out.OwnMappings = max(len(w.maps)-now*out.Mappings, 0)
	}
	out.FitMappings = max(0, (out.MaxMappings-out.OwnMappings)/out.Mappings)
	out.FitMemory = int(out.AvailableMemory / out.PrivateBytes)
	return out
}

// staticTLS lays out thread-local variables as the dynamic linker does: downwards from the thread control block.
func (w *world) staticTLS(tunables string) StaticTLS {
	out := StaticTLS{Surplus: surplus(tunables)}
	for _, o := range w.objects {
		if o.TLS.Size == 0 || o.namespace != 0 {
			continue
		}
		align := max(o.TLSAlign, 1)
		if w.inMem && o.late {
			if o.Flags&delf.DF_STATIC_TLS != 0 {
				out.Late += (o.TLS.Size + align - 1) &^ (align - 1)
			}
			continue
		}
		out.Bytes = (out.Bytes + o.TLS.Size + align - 1) &^ (align - 1)
	}
	return out
}

// surplus is the room that the dynamic linker adds, as GLIBC_TUNABLES changes it.
func surplus(tunables string) uint64 {
	namespaces, optional := uint64(defaultNamespaces), uint64(defaultOptionalTLS)
	for _, item := range strings.Split(tunables, ":") {
		name, value, _ := strings.Cut(item, "=")
		n, err := strconv.ParseUint(value, 0, 32)
		if err != nil {
			continue
		}
		switch name {
		case "glibc.rtld.nns":
			if n >= 1 && n <= mostNamespaces {
				namespaces = n
			}
		case "glibc.rtld.optional_static_tls":
			optional = n
		}
	}
	return namespaces*namespaceTLS + optional
}

func maxMappings() int {
	data, err := os.ReadFile("/proc/sys/vm/max_map_count")
	if err != nil {
		return 65530
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		return 65530
	}
	return n
}

// availableMemory is MemAvailable of /proc/meminfo, 0 when it is not known.
func availableMemory() uint64 {
	data, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if fields := strings.Fields(line); len(fields) >= 2 && fields[0] == "MemAvailable:" {
			n, err := strconv.ParseUint(fields[1], 10, 64)
			if err != nil {
				return 0
			}
			return n << 10
		}
	}
	return 0
}
