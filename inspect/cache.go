// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"bytes"
	"encoding/binary"
	"os"
	"strings"
)

// The parts of /etc/ld.so.cache, as glibc's sysdeps/generic/dl-cache.h has them.
const (
	cachePath       = "/etc/ld.so.cache"
	cacheMagic      = "glibc-ld.so.cache1.1"
	cacheOldMagic   = "ld.so-1.7.0"
	cacheOldHead    = 16 // of the format before, which may come first
	cacheOldEntry   = 12
	cacheHead       = 48
	cacheEntry      = 24
	cacheX86Libc6   = 0x0303  // FLAG_ELF_LIBC6 | FLAG_X8664_LIB64
	cacheExtended   = 1 << 62 // in an entry's hwcap: the lower half is a number in the section of subfolders
	cacheExtMagic   = 0xEAA42174
	cacheSubfolders = 1 // tag of that section
)

// cached is one line of `ldconfig -p`.
type cached struct {
	path      string
	subfolder string // of glibc-hwcaps, or empty
}

// readCache gives the cache's libraries for x86-64 by name. A cache that is missing or damaged has none, as for the linker.
func readCache(path string) map[string][]cached {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return parseCache(data)
}

func parseCache(data []byte) map[string][]cached {
	le := binary.LittleEndian
	if bytes.HasPrefix(data, []byte(cacheOldMagic)) && len(data) >= cacheOldHead {
		skip := cacheOldHead + uint64(le.Uint32(data[12:]))*cacheOldEntry
		skip = (skip + 7) &^ 7
		if skip > uint64(len(data)) {
			return nil
		}
		data = data[skip:]
	}
	if !bytes.HasPrefix(data, []byte(cacheMagic)) || len(data) < cacheHead {
		return nil
	}
	text := func(at uint32) string {
		if uint64(at) >= uint64(len(data)) {
			return ""
		}
		name, _, found := bytes.Cut(data[at:], []byte{0})
		if !found {
			return ""
		}
		return string(name)
	}
	count := uint64(le.Uint32(data[20:]))
	if count > uint64(len(data)-cacheHead)/cacheEntry {
		return nil
	}
	subfolders := cacheSections(data, text)
	out := map[string][]cached{}
	for i := range count {
		e := data[cacheHead+i*cacheEntry:][:cacheEntry]
		if le.Uint32(e) != cacheX86Libc6 {
			continue
		}
		name, c := text(le.Uint32(e[4:])), cached{path: text(le.Uint32(e[8:]))}
		if hwcap := le.Uint64(e[16:]); hwcap&cacheExtended != 0 {
			n := uint64(uint32(hwcap))
			if n >= uint64(len(subfolders)) {
				continue
			}
			c.subfolder = subfolders[n]
		} else if hwcap != 0 {
			continue // for a folder scheme that newer linkers ignore
		}
		if name != "" && strings.HasPrefix(c.path, "/") {
			out[name] = append(out[name], c)
		}
	}
	return out
}

// cacheSections gives the names of the subfolders that entries refer to.
func cacheSections(data []byte, text func(uint32) string) []string {
	le := binary.LittleEndian
	at := uint64(le.Uint32(data[32:]))
	if at == 0 || at+8 > uint64(len(data)) || le.Uint32(data[at:]) != cacheExtMagic {
		return nil
	}
	count := uint64(le.Uint32(data[at+4:]))
	var out []string
	for i := range count {
		head := at + 8 + i*16
		if head+16 > uint64(len(data)) {
			break
		}
		tag, offset, size := le.Uint32(data[head:]), uint64(le.Uint32(data[head+8:])), uint64(le.Uint32(data[head+12:]))
		if tag != cacheSubfolders || offset+size > uint64(len(data)) {
			continue
		}
		for j := uint64(0); j+4 <= size; j += 4 {
			out = append(out, text(le.Uint32(data[offset+j:])))
		}
	}
	return out
}
