// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"strconv"
	"strings"
)

// mapping is a line of /proc/PID/maps.
type mapping struct {
	start, end  uint64
	permissions string
	offset      uint64
	file        string // device and inode; empty for anonymous memory
	path        string // as the kernel shows it, with " (deleted)"
}

func parseMaps(text string) []mapping {
	var out []mapping
	for line := range strings.Lines(text) {
		// Address range, permissions, offset, device, inode, then the path, which may have blanks.
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 6)
		if len(fields) < 5 {
			continue
		}
		low, high, _ := strings.Cut(fields[0], "-")
		start, err1 := strconv.ParseUint(low, 16, 64)
		end, err2 := strconv.ParseUint(high, 16, 64)
		offset, err3 := strconv.ParseUint(fields[2], 16, 64)
		if err1 != nil || err2 != nil || err3 != nil {
			continue
		}
		m := mapping{start: start, end: end, permissions: fields[1], offset: offset}
		if fields[4] != "0" {
			m.file = fields[3] + ":" + fields[4]
		}
		if len(fields) == 6 {
			// The kernel writes a line feed in a name as an octal escape.
			m.path = strings.ReplaceAll(strings.TrimLeft(fields[5], " "), `\012`, "\n")
		}
		out = append(out, m)
	}
	return out
}

// mappingAt gives the mapping that holds an address.
func (w *world) mappingAt(address uint64) *mapping {
	for i := range w.maps {
		if m := &w.maps[i]; address >= m.start && address < m.end {
			return m
		}
	}
	return nil
}

// firstOf gives the mapping of the beginning of the file that is mapped at an address: the one right before it.
func (w *world) firstOf(at *mapping) *mapping {
	var first *mapping
	for i := range w.maps {
		m := &w.maps[i]
		if m.start > at.start {
			break
		}
		if m.offset == 0 && m.file == at.file {
			first = m
		}
	}
	return first
}

// copies counts the executable mappings of an object's file beyond those of the dynamic linker: one for each libset.
func (w *world) copies(o *loaded) int {
	own := w.mappingAt(o.base + o.Low)
	if own == nil || own.file == "" {
		return 0
	}
	texts, objects := map[uint64]int{}, 0
	for _, m := range w.maps {
		if m.file == own.file && strings.Contains(m.permissions, "x") {
			texts[m.offset]++
		}
	}
	for _, other := range w.objects {
		if m := w.mappingAt(other.base + other.Low); m != nil && m.file == own.file {
			objects++
		}
	}
	most := 0
	for _, n := range texts {
		most = max(most, n)
	}
	return max(0, most-objects)
}
