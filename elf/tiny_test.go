// SPDX-License-Identifier: Apache-2.0

package elf

import (
	delf "debug/elf"
	"encoding/binary"
)

// tinyFile is a complete shared object made by hand, and the offsets of its parts. Addresses are file offsets.
//
// It defines twice@@V2 (symbol 3), twice@V1 (4), the unversioned plain (5), the protected kept (6) and the hidden
// secret (7), and needs puts@GLIBC_2.2.5 from libc.so.6 (1) and the unversioned absent (2).
type tinyFile struct {
	data []byte
	at   map[string]uint64
}

func (t *tinyFile) add(name string, align int, fields ...any) uint64 {
	for len(t.data)%align != 0 {
		t.data = append(t.data, 0)
	}
	t.at[name] = uint64(len(t.data))
	for _, f := range fields {
		t.data, _ = binary.Append(t.data, le, f)
	}
	return t.at[name]
}

func (t *tinyFile) put64(at, value uint64)    { le.PutUint64(t.data[at:], value) }
func (t *tinyFile) put32(at uint64, v uint32) { le.PutUint32(t.data[at:], v) }
func (t *tinyFile) put16(at uint64, v uint16) { le.PutUint16(t.data[at:], v) }

// dyn is the offset of a dynamic entry's value.
func (t *tinyFile) dyn(tag delf.DynTag) uint64 {
	for at := t.at["dynamic"]; ; at += dynSize {
		if found := delf.DynTag(le.Uint64(t.data[at:])); found == tag {
			return at + 8
		} else if found == delf.DT_NULL {
			panic("no " + tag.String())
		}
	}
}

// phdr is the offset of a program header.
func (t *tinyFile) phdr(i int) uint64 { return headerSize + uint64(i)*phdrSize }

func hashGNU(name string) uint32 {
	h := uint32(5381)
	for _, c := range []byte(name) {
		h = h*33 + uint32(c)
	}
	return h
}

func hashSysv(name string) uint32 {
	h := uint32(0)
	for _, c := range []byte(name) {
		h = h<<4 + uint32(c)
		h = (h ^ h>>24&0xf0) & 0x0fffffff
	}
	return h
}

const tinyPhdrs = 4

// tiny makes the object; with gnu false it has only the older hash table.
func tiny(gnu bool) *tinyFile {
	t := &tinyFile{at: map[string]uint64{}}
	t.add("header", 1, make([]byte, headerSize+tinyPhdrs*phdrSize))

	strings := map[string]uint32{}
	t.add("strtab", 1, byte(0))
	for _, s := range []string{"puts", "absent", "twice", "plain", "kept", "secret", "libtiny.so.1", "libc.so.6", "GLIBC_2.2.5",
		"V1", "V2", "$ORIGIN/a:/b"} {
		strings[s] = uint32(uint64(len(t.data)) - t.at["strtab"])
		t.data = append(append(t.data, s...), 0)
	}
	strsz := uint64(len(t.data)) - t.at["strtab"]

	type sym struct {
		Name        uint32
		Info, Other byte
		Section     uint16
		Value, Size uint64
	}
	const function = byte(delf.STB_GLOBAL)<<4 | byte(delf.STT_FUNC)
	t.add("symtab", 8,
		sym{}, sym{Name: strings["puts"], Info: function}, sym{Name: strings["absent"], Info: function},
		sym{strings["twice"], function, 0, 1, 0x40, 4}, sym{strings["twice"], function, 0, 1, 0x44, 4},
		sym{strings["plain"], function, 0, 1, 0x48, 4}, sym{strings["kept"], function, byte(delf.STV_PROTECTED), 1, 0x4c, 4},
		sym{strings["secret"], function, byte(delf.STV_HIDDEN), 1, 0x50, 4})
	const symbols = 8
	t.add("versym", 2, []uint16{0, 4, 1, 3, 2 | versionHidden, 1, 1, 1})

	// One bucket, so that a chain is all that can be hashed.
	var chain []uint32
	for _, name := range []string{"twice", "twice", "plain", "kept", "secret"} {
		chain = append(chain, hashGNU(name)&^1)
	}
	chain[len(chain)-1] |= 1
	t.add("gnuhash", 8, []uint32{1, 3, 1, 5}, ^uint64(0), uint32(3), chain)
	t.add("hash", 8, []uint32{1, symbols, 3}, []uint32{0, 0, 0, 4, 5, 6, 7, 0})

	base := uint16(delf.VER_FLG_BASE)
	t.add("verdef", 8,
		[]uint16{1, base, 1, 1}, []uint32{hashSysv("libtiny.so.1"), verdefSize, verdefSize + verdauxSize}, []uint32{strings["libtiny.so.1"], 0},
		[]uint16{1, 0, 2, 1}, []uint32{hashSysv("V1"), verdefSize, verdefSize + verdauxSize}, []uint32{strings["V1"], 0},
		[]uint16{1, 0, 3, 1}, []uint32{hashSysv("V2"), verdefSize, 0}, []uint32{strings["V2"], 0})
	t.add("verneed", 8, []uint16{1, 1}, []uint32{strings["libc.so.6"], verneedSize, 0},
		hashSysv("GLIBC_2.2.5"), []uint16{0, 4}, []uint32{strings["GLIBC_2.2.5"], 0})

	got := t.add("got", 8, []uint64{0, 0, 0x40, 0x44, 0x48})
	info := func(symbol uint64, kind delf.R_X86_64) uint64 { return symbol<<32 | uint64(kind) }
	t.add("rela", 8, []uint64{got, info(3, delf.R_X86_64_GLOB_DAT), 0})
	t.add("jmprel", 8, []uint64{got + 8, info(1, delf.R_X86_64_JMP_SLOT), 0})
	// The word at got+16, and by the bitmap the two after it.
	t.add("relr", 8, []uint64{got + 16, 0b111})
	t.add("code", 1, []byte{0x0f, 0x05, 0xc3})

	entries := []uint64{
		uint64(delf.DT_NEEDED), uint64(strings["libc.so.6"]), uint64(delf.DT_SONAME), uint64(strings["libtiny.so.1"]),
		uint64(delf.DT_RUNPATH), uint64(strings["$ORIGIN/a:/b"]),
		uint64(delf.DT_STRTAB), t.at["strtab"], uint64(delf.DT_STRSZ), strsz,
		uint64(delf.DT_SYMTAB), t.at["symtab"], uint64(delf.DT_SYMENT), symSize,
		uint64(delf.DT_RELA), t.at["rela"], uint64(delf.DT_RELASZ), relaSize, uint64(delf.DT_RELAENT), relaSize,
		uint64(delf.DT_JMPREL), t.at["jmprel"], uint64(delf.DT_PLTRELSZ), relaSize, uint64(delf.DT_PLTREL), uint64(delf.DT_RELA),
		uint64(dtRELR), t.at["relr"], uint64(dtRELRSZ), 2 * relrSize, uint64(dtRELRENT), relrSize,
		uint64(delf.DT_VERSYM), t.at["versym"], uint64(delf.DT_VERDEF), t.at["verdef"], uint64(delf.DT_VERDEFNUM), 3,
		uint64(delf.DT_VERNEED), t.at["verneed"], uint64(delf.DT_VERNEEDNUM), 1,
		uint64(delf.DT_INIT_ARRAY), got, uint64(delf.DT_INIT_ARRAYSZ), 8, uint64(delf.DT_INIT), 0x40,
		uint64(delf.DT_FLAGS), uint64(delf.DF_SYMBOLIC), uint64(delf.DT_BIND_NOW), 0,
		uint64(delf.DT_HASH), t.at["hash"],
	}
	if gnu {
		entries = append(entries, uint64(delf.DT_GNU_HASH), t.at["gnuhash"])
	}
	t.add("dynamic", 8, append(entries, 0, 0))
	size := uint64(len(t.data))

	header := []any{
		[]byte(delf.ELFMAG), []byte{byte(delf.ELFCLASS64), byte(delf.ELFDATA2LSB), 1, 0}, uint64(0),
		uint16(delf.ET_DYN), uint16(delf.EM_X86_64), uint32(1), []uint64{0, headerSize, 0}, uint32(0),
		[]uint16{headerSize, phdrSize, tinyPhdrs, 0, 0, 0},
	}
	for _, p := range []struct {
		kind                         delf.ProgType
		flags                        delf.ProgFlag
		at, filesz, memsz, alignment uint64
	}{
		{delf.PT_LOAD, delf.PF_R | delf.PF_W | delf.PF_X, 0, size, size + 0x20, pageSize},
		{delf.PT_DYNAMIC, delf.PF_R, t.at["dynamic"], size - t.at["dynamic"], size - t.at["dynamic"], 8},
		{delf.PT_GNU_RELRO, delf.PF_R, got, 16, 16, 1},
		{delf.PT_TLS, delf.PF_R, got, 8, 16, 8},
	} {
		header = append(header, uint32(p.kind), uint32(p.flags), []uint64{p.at, p.at, p.at, p.filesz, p.memsz, p.alignment})
	}
	head := &tinyFile{at: map[string]uint64{}}
	head.add("header", 1, header...)
	copy(t.data, head.data)
	return t
}
