// SPDX-License-Identifier: Apache-2.0

package elf

import (
	delf "debug/elf"
	"errors"
	"fmt"
	"testing"
)

// at fills in the offset of a part, for the expected text.
func (t *tinyFile) text(format string, args ...any) string {
	for i, a := range args {
		if part, ok := a.(string); ok {
			if offset, ok := t.at[part]; ok {
				args[i] = offset
			}
		}
	}
	return "tiny: " + fmt.Sprintf(format, args...)
}

func TestDamagedFilesAreRefused(t *testing.T) {
	type edit = func(f *tinyFile) (want string)
	tests := map[string]edit{
		"empty": func(f *tinyFile) string {
			f.data = nil
			return f.text("ELF header at offset 0x0: not an ELF file")
		},
		"a script": func(f *tinyFile) string {
			copy(f.data, "#!/bin/sh")
			return f.text("ELF header at offset 0x0: not an ELF file")
		},
		"cut in the header": func(f *tinyFile) string {
			f.data = f.data[:40]
			return f.text("ELF header at offset 0x0: cut off after 40 of 64 bytes")
		},
		"32-bit": func(f *tinyFile) string {
			f.data[delf.EI_CLASS] = byte(delf.ELFCLASS32)
			return f.text("ELF header at offset 0x4: ELFCLASS32: not an x86-64 object")
		},
		"big-endian": func(f *tinyFile) string {
			f.data[delf.EI_DATA] = byte(delf.ELFDATA2MSB)
			return f.text("ELF header at offset 0x5: ELFDATA2MSB: not an x86-64 object")
		},
		"another version of ELF": func(f *tinyFile) string {
			f.data[delf.EI_VERSION] = 2
			return f.text("ELF header at offset 0x6: version 2 is unknown")
		},
		"another architecture": func(f *tinyFile) string {
			f.put16(18, uint16(delf.EM_AARCH64))
			return f.text("ELF header at offset 0x12: EM_AARCH64: not an x86-64 object")
		},
		"a relocatable file": func(f *tinyFile) string {
			f.put16(16, uint16(delf.ET_REL))
			return f.text("ELF header at offset 0x10: ET_REL is neither a program nor a shared object")
		},
		"no program headers": func(f *tinyFile) string {
			f.put16(56, 0)
			return f.text("ELF header at offset 0x38: no program headers")
		},
		"too many program headers": func(f *tinyFile) string {
			f.put16(56, phnumExtended)
			return f.text("ELF header at offset 0x38: more than 65534 program headers")
		},
		"program headers of another size": func(f *tinyFile) string {
			f.put16(54, 32)
			return f.text("ELF header at offset 0x36: program headers of 32 bytes instead of 56")
		},
		"program headers far outside": func(f *tinyFile) string {
			f.put64(32, ^uint64(0)-8)
			return f.text("ELF header at offset 0x20: program headers at offset 0xfffffffffffffff7 are outside the file")
		},
		"cut in the program headers": func(f *tinyFile) string {
			f.data = f.data[:200]
			return f.text("program headers at offset 0x40: 4 of them are outside the file (200 bytes)")
		},
		"cut in the segment": func(f *tinyFile) string {
			size := len(f.data)
			f.data = f.data[:f.at["dynamic"]]
			return f.text("program header 0 at offset 0x40: file range 0x0+0x%x is outside the file (%d bytes)", size, len(f.data))
		},
		"nothing to load": func(f *tinyFile) string {
			f.put32(f.phdr(0), uint32(delf.PT_NULL))
			return f.text("program headers at offset 0x40: nothing to load")
		},
		"segment beyond the address space": func(f *tinyFile) string {
			f.put64(f.phdr(0)+40, ^uint64(0))
			return f.text("program header 0 at offset 0x40: addresses 0x0+0xffffffffffffffff are outside the address space")
		},
		"more file than memory": func(f *tinyFile) string {
			f.put64(f.phdr(0)+40, 8)
			return f.text("program header 0 at offset 0x40: 0x%x bytes of file for 0x8 bytes of memory", len(f.data))
		},
		"odd alignment": func(f *tinyFile) string {
			f.put64(f.phdr(0)+48, 24)
			return f.text("program header 0 at offset 0x40: alignment 0x18 is not a power of two")
		},
		"address and offset that do not fit": func(f *tinyFile) string {
			f.put64(f.phdr(0)+16, 8)
			return f.text("program header 0 at offset 0x40: address 0x8 and file offset 0x0 differ modulo the alignment 0x1000")
		},
		"overlapping segments": func(f *tinyFile) string {
			copy(f.data[f.phdr(3):], f.data[f.phdr(0):][:phdrSize])
			return f.text("program header 3 at offset 0xe8: address 0x0 is not after the segment before it")
		},
		"RELRO outside": func(f *tinyFile) string {
			f.put64(f.phdr(2)+16, 0x2000)
			return f.text("program header 2 at offset 0xb0: PT_GNU_RELRO addresses 0x2000+0x10 are outside the segments")
		},
		"more TLS in the file than in memory": func(f *tinyFile) string {
			f.put64(f.phdr(3)+32, 0x20)
			return f.text("program header 3 at offset 0xe8: PT_TLS of 0x10 bytes with 0x20 bytes of file")
		},
		"TLS image outside": func(f *tinyFile) string {
			at := uint64(len(f.data)) - 4
			f.put64(f.phdr(3)+16, at)
			return f.text("program header 3 at offset 0xe8: PT_TLS image 0x%x+0x8 is outside the segments", at)
		},
		"dynamic section after the file": func(f *tinyFile) string {
			f.put64(f.phdr(1)+16, uint64(len(f.data)))
			f.put64(f.phdr(1)+40, 0x20)
			return f.text("dynamic section at address 0x%x: 32 bytes are not in a segment of the file", len(f.data))
		},
		"dynamic section without end": func(f *tinyFile) string {
			f.put64(f.phdr(1)+40, 32)
			return f.text("dynamic section at offset 0x%x: no DT_NULL in 2 entries", "dynamic")
		},
		"string table outside": func(f *tinyFile) string {
			f.put64(f.dyn(delf.DT_STRTAB), 0x10000)
			return f.text("DT_STRTAB at address 0x10000: not in a readable segment of the file")
		},
		"string table without size": func(f *tinyFile) string {
			f.put64(f.dyn(delf.DT_STRSZ)-8, 0x6ffffe00)
			return f.text("dynamic section at offset 0x%x: DT_STRTAB without DT_STRSZ", "dynamic")
		},
		"string table too long": func(f *tinyFile) string {
			f.put64(f.dyn(delf.DT_STRSZ), 1<<40)
			return f.text("DT_STRTAB at offset 0x%x: 1099511627776 bytes, but the segment ends after %d", "strtab", uint64(len(f.data))-f.at["strtab"])
		},
		"SONAME outside the string table": func(f *tinyFile) string {
			f.put64(f.dyn(delf.DT_SONAME), 0xffff)
			return f.text("DT_SONAME at offset 0x%x: name 0xffff is outside the string table (%d bytes)", "strtab", le.Uint64(f.data[f.dyn(delf.DT_STRSZ):]))
		},
		"symbols of another size": func(f *tinyFile) string {
			f.put64(f.dyn(delf.DT_SYMENT), 16)
			return f.text("DT_SYMTAB at offset 0x%x: entries of 16 bytes instead of 24", "symtab")
		},
		"symbol table outside": func(f *tinyFile) string {
			f.put64(f.dyn(delf.DT_SYMTAB), 0x10000)
			return f.text("DT_SYMTAB at address 0x10000: not in a readable segment of the file")
		},
		"symbol table at the end": func(f *tinyFile) string {
			at := uint64(len(f.data) - 8)
			f.put64(f.dyn(delf.DT_SYMTAB), at)
			return f.text("DT_SYMTAB at offset 0x%x: 8 symbols, but the segment ends after 8 bytes", at)
		},
		"GNU hash filter": func(f *tinyFile) string {
			f.put32(f.at["gnuhash"]+8, 3)
			return f.text("DT_GNU_HASH at offset 0x%x: 3 filter words are not a power of two", "gnuhash")
		},
		"GNU hash buckets": func(f *tinyFile) string {
			f.put32(f.at["gnuhash"], 0xffffffff)
			return f.text("DT_GNU_HASH at offset 0x%x: 1 filter words and 4294967295 buckets, but the segment ends after %d bytes",
				"gnuhash", uint64(len(f.data))-f.at["gnuhash"])
		},
		"GNU hash bucket before the first symbol": func(f *tinyFile) string {
			f.put32(f.at["gnuhash"]+24, 2)
			return f.text("DT_GNU_HASH at offset 0x%x: bucket 0 begins with symbol 2, before the first hashed symbol 3", "gnuhash")
		},
		"GNU hash chain": func(f *tinyFile) string {
			f.put32(f.at["gnuhash"]+24, 1<<30)
			return f.text("DT_GNU_HASH at offset 0x%x: the chain of symbol 1073741824 does not end in the segment", "gnuhash")
		},
		"hash at the end": func(f *tinyFile) string {
			f.put64(f.dyn(delf.DT_HASH), uint64(len(f.data)-4))
			return f.text("DT_HASH at offset 0x%x: the segment ends after 4 bytes", len(f.data)-4)
		},
		"hash chains": func(f *tinyFile) string {
			f.put32(f.at["hash"]+4, 1<<31)
			return f.text("DT_HASH at offset 0x%x: 1 buckets and 2147483648 chains, but the segment ends after %d bytes",
				"hash", uint64(len(f.data))-f.at["hash"])
		},
		"version table outside": func(f *tinyFile) string {
			f.put64(f.dyn(delf.DT_VERSYM), uint64(len(f.data)-2))
			return f.text("DT_VERSYM at offset 0x%x: 16 bytes, but the segment ends after 2", len(f.data)-2)
		},
		"version definition outside": func(f *tinyFile) string {
			f.put32(f.at["verdef"]+16, 1<<20)
			return f.text("DT_VERDEF at offset 0x%x: definition 1 at +0x100000 is outside the segment", "verdef")
		},
		"name of a version outside": func(f *tinyFile) string {
			f.put32(f.at["verdef"]+verdefSize, 1<<20)
			return f.text("DT_VERDEF at offset 0x%x: definition 0 at +0x0: name 0x100000 is outside the string table (%d bytes)",
				"verdef", le.Uint64(f.data[f.dyn(delf.DT_STRSZ):]))
		},
		"needed version outside": func(f *tinyFile) string {
			f.put32(f.at["verneed"]+8, 1<<20)
			return f.text("DT_VERNEED at offset 0x%x: version at +0x100000 of entry 0 is outside the segment", "verneed")
		},
		"relocations without addend": func(f *tinyFile) string {
			f.put64(f.dyn(delf.DT_RELA)-8, uint64(delf.DT_REL))
			f.put64(f.dyn(delf.DT_RELASZ)-8, uint64(delf.DT_RELSZ))
			return f.text("DT_REL at offset 0x%x: x86-64 has only relocations with addend", "rela")
		},
		"PLT relocations without addend": func(f *tinyFile) string {
			f.put64(f.dyn(delf.DT_PLTREL), uint64(delf.DT_REL))
			return f.text("DT_JMPREL at offset 0x%x: DT_PLTREL is DT_REL: x86-64 has only relocations with addend", "jmprel")
		},
		"relocations of another size": func(f *tinyFile) string {
			f.put64(f.dyn(delf.DT_RELAENT), 16)
			return f.text("DT_RELA at offset 0x%x: entries of 16 bytes instead of 24", "rela")
		},
		"a broken number of relocations": func(f *tinyFile) string {
			f.put64(f.dyn(delf.DT_RELASZ), 25)
			return f.text("DT_RELA at offset 0x%x: 25 bytes are not a whole number of entries of 24", "rela")
		},
		"relocations without address": func(f *tinyFile) string {
			f.put64(f.dyn(delf.DT_JMPREL)-8, 0x6ffffe00)
			return f.text("dynamic section at offset 0x%x: DT_PLTRELSZ without DT_JMPREL", "dynamic")
		},
		"relative relocations outside": func(f *tinyFile) string {
			f.put64(f.dyn(dtRELR), uint64(len(f.data)-8))
			return f.text("DT_RELR at offset 0x%x: 16 bytes, but the segment ends after 8", len(f.data)-8)
		},
		"constructors outside": func(f *tinyFile) string {
			f.put64(f.dyn(delf.DT_INIT_ARRAY), 0x5000)
			return f.text("DT_INIT_ARRAY at address 0x5000: not in a readable segment of the file")
		},
		"initialiser outside": func(f *tinyFile) string {
			f.put64(f.dyn(delf.DT_INIT), 0x5000)
			return f.text("DT_INIT at address 0x5000: outside the segments")
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			f := tiny(true)
			want := change(f)
			_, err := Parse("tiny", f.data)
			if err == nil || err.Error() != want {
				t.Errorf("error\n%v, want\n%s", err, want)
			}
		})
	}
}

func TestErrorsCanBeToldApart(t *testing.T) {
	for name, tc := range map[string]struct {
		at   int
		want error
	}{
		"not ELF": {0, ErrNotELF}, "class": {int(delf.EI_CLASS), ErrForeign}, "order": {int(delf.EI_DATA), ErrForeign}, "machine": {18, ErrForeign},
	} {
		f := tiny(true)
		f.data[tc.at] ^= 3
		if _, err := Parse("tiny", f.data); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v is not %v", name, err, tc.want)
		}
	}
}

// What a table says about one entry is an error of that entry only.
func TestDamagedEntriesAreErrorsOfTheirOwn(t *testing.T) {
	f := tiny(true)
	symbol := f.at["symtab"] + 5*symSize
	f.put32(symbol, 0xabcdef)
	f.put16(f.at["versym"]+2*7, 9)
	f.put64(f.at["relr"], 0x7000)
	o, err := Parse("tiny", f.data)
	if err != nil {
		t.Fatal(err)
	}
	want := map[uint32]string{
		5: f.text("symbol at offset 0x%x: number 5: name 0xabcdef is outside the string table (%d bytes)", symbol, le.Uint64(f.data[f.dyn(delf.DT_STRSZ):])),
		7: f.text("DT_VERSYM at offset 0x%x: nothing defines version 9 of symbol 7 (secret)", f.at["versym"]+14),
	}
	seen := 0
	for s, err := range o.Symbols() {
		seen++
		if err == nil && want[s.Index] != "" || err != nil && err.Error() != want[s.Index] {
			t.Errorf("symbol %d: %v, want %q", s.Index, err, want[s.Index])
		}
	}
	if seen != 7 {
		t.Errorf("%d symbols, want 7", seen)
	}
	if _, err := o.Symbol(8); err == nil || err.Error() != "tiny: symbol 8: the table has 8" {
		t.Errorf("symbol 8: %v", err)
	}
	failed := 0
	for r, err := range o.Relocations() {
		if err != nil {
			failed++
			if want := fmt.Sprintf("tiny: address 0x%x: outside the segments", r.Offset); err.Error() != want {
				t.Errorf("relocation: %v, want %s", err, want)
			}
		}
	}
	if failed != 3 {
		t.Errorf("%d relocations failed, want 3", failed)
	}
}

func TestChainsThatGoRoundInACircleEnd(t *testing.T) {
	f := tiny(false)
	f.put32(f.at["hash"]+12+4*7, 3) // after the last symbol comes the first
	o, err := Parse("tiny", f.data)
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := o.Lookup("elsewhere", ""); ok {
		t.Errorf("found %+v", s)
	}
	f = tiny(true)
	f.put64(f.dyn(delf.DT_VERDEFNUM), 1<<60)
	f.put64(f.dyn(delf.DT_VERNEEDNUM), 1<<60)
	if _, err := Parse("tiny", f.data); err != nil {
		t.Errorf("lists that end by themselves, with a count too large: %v", err)
	}
}

// Every prefix, and every single byte changed, is either parsed or refused.
func TestNoDamageIsFatal(t *testing.T) {
	for _, gnu := range []bool{true, false} {
		whole := tiny(gnu).data
		for n := range whole {
			walk("tiny", whole[:n])
			for _, change := range []byte{0x01, 0x80, 0xff} {
				data := append([]byte(nil), whole...)
				data[n] ^= change
				walk("tiny", data)
			}
		}
	}
}
