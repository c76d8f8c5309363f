// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestFilesWithoutAnAnswer(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	program, err := os.ReadFile("/usr/bin/true")
	if err != nil {
		t.Fatal(err)
	}
	patched := func(name string, at int, with ...byte) string {
		data := append([]byte{}, program...)
		copy(data[at:], with)
		return put(name, data)
	}
	static := func(name, flag string) string {
		return build(t, filepath.Join(dir, name), "int main(void) { return 0; }\n", flag)
	}
	fifo := filepath.Join(dir, "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	const other = "is an object for another architecture "
	tests := map[string]struct{ path, want string }{
		"nothing there":          {filepath.Join(dir, "nothing"), "no such file"},
		"a file as a folder":     {put("file", []byte("x")) + "/x", "not a directory"},
		"a folder":               {dir, "is a directory"},
		"a FIFO":                 {fifo, "not a regular file"},
		"a device":               {"/dev/null", "not a regular file"},
		"an empty file":          {put("empty", nil), "is empty"},
		"text":                   {put("text", []byte("hello\n")), "not an ELF file"},
		"a script":               {put("script", []byte("#! /bin/sh -e\n")), "is a script; its interpreter is /bin/sh"},
		"a magic number alone":   {put("magic", program[:4]), "damaged ELF file: cut off in the header"},
		"a header alone":         {put("header", program[:64]), "damaged ELF file: program headers"},
		"half a program":         {put("half", program[:len(program)/2]), "damaged ELF file"},
		"a program for arm":      {patched("arm", 18, 183, 0), other + "(aarch64), not for x86-64"},
		"a 32-bit program":       {patched("i386", 18, 3, 0), "is a 32-bit object (i386), not one for x86-64"},
		"a program for x32":      {patched("x32", 4, 1), "is an object for x32, not for x86-64"},
		"big-endian":             {put("s390", bigEndian(program)), other + "(s390), not for x86-64"},
		"an unknown machine":     {patched("unknown", 18, 0x34, 0x92), other + "(number 37428), not for x86-64"},
		"an object file":         {patched("object", 16, 1), "is an object file that is not linked yet"},
		"a core dump":            {patched("core", 16, 4), "is a core dump"},
		"a static program":       {static("static", "-static"), "is statically linked"},
		"a static-pie program":   {static("static-pie", "-static-pie"), "is statically linked"},
		"a name with line feeds": {put("a\nb", []byte("x")), "not an ELF file"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := File(tc.path, plain())
			want := printable(tc.path) + ": " + tc.want
			if r != nil || err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, %q; want %q", r, err, tc.want)
			}
		})
	}
}

// bigEndian is the header of a program for s390.
func bigEndian(program []byte) []byte {
	data := append([]byte{}, program...)
	data[5] = 2
	copy(data[16:], []byte{0, 3, 0, 22})
	return data
}

func TestUnreadableFilesAreTold(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("nothing is unreadable to root")
	}
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("x"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := File(path, plain()); err == nil || err.Error() != path+": permission denied" {
		t.Errorf("%v", err)
	}
}

// Whatever bytes are damaged, there is an answer or one line.
func TestDamageGivesAnAnswerOrOneLine(t *testing.T) {
	seed := rand.Uint64()
	if text := os.Getenv("INGER_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 0, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("INGER_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	path := filepath.Join(t.TempDir(), "prog")
	for _, source := range []string{"/usr/bin/true", "/usr/lib/x86_64-linux-gnu/libbz2.so.1.0"} {
		whole, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		refused := 0
		for range 300 {
			data := append([]byte{}, whole...)
			for range 1 + random.IntN(8) {
				// Nearly everything that is looked at is in the first pages, or near the end.
				span := len(data)
				if random.IntN(4) > 0 {
					span = min(span, 8192)
				}
				data[random.IntN(span)] = byte(random.Uint32())
			}
			if random.IntN(8) == 0 {
				data = data[:random.IntN(len(data))]
			}
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
			r, err := File(path, plain())
			if err != nil {
				refused++
				if strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), path+": ") {
					t.Errorf("%q is not one line about the file", err)
				}
			} else if len(r.Objects) == 0 || r.Objects[0].Path != path {
				t.Errorf("%d objects", len(r.Objects))
			}
		}
		if refused == 0 || refused == 300 {
			t.Errorf("%s: %d of 300 refused: the damage is not what it should be", source, refused)
		}
	}
}

func TestDamagedMapsAreReadAsFarAsTheyGo(t *testing.T) {
	maps := parseMaps("400000-401000 r-xp 00001000 08:01 42    /a file (deleted)\n" +
		"nonsense\n7000-x r--p 0 0 0\n\n8000-9000 rw-p 00000000 00:00 0 \n9000-a000 r--p 00000000 00:01 7 /a\\012b\n")
	want := []mapping{
		{0x400000, 0x401000, "r-xp", 0x1000, "08:01:42", "/a file (deleted)"},
		{0x8000, 0x9000, "rw-p", 0, "", ""},
		{0x9000, 0xa000, "r--p", 0, "00:01:7", "/a\nb"},
	}
	if len(maps) != len(want) {
		t.Fatalf("%+v, want %+v", maps, want)
	}
	for i := range want {
		if maps[i] != want[i] {
			t.Errorf("%+v, want %+v", maps[i], want[i])
		}
	}
}

// A library that is damaged is part of the answer about the program.
func TestDamagedLibrariesAreMissing(t *testing.T) {
	dir := t.TempDir()
	library(t, dir, "one")
	prog := build(t, filepath.Join(dir, "prog"), "int main(void) { return 0; }\n", "-L"+dir, "-lone", "-Wl,-rpath,"+dir)
	if err := os.Truncate(filepath.Join(dir, "libone.so"), 100); err != nil {
		t.Fatal(err)
	}
	r := inspectFile(t, prog)
	if len(r.Missing) != 1 || r.Missing[0].Name != "libone.so" || r.Missing[0].NeededBy != "prog" ||
		!strings.Contains(r.Missing[0].Reason, "damaged") {
		t.Errorf("missing: %+v", r.Missing)
	}
}

// Files are mapped: a page that is gone raises SIGBUS.
func TestFilesThatAreCutShortMeanwhileGiveOneLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "library")
	data, err := os.ReadFile("/usr/lib/x86_64-linux-gnu/libz.so.1")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	err = whole(path, func() error {
		o, err := open(path)
		if err != nil {
			return err
		}
		defer o.Close()
		if err := os.Truncate(path, 0); err != nil {
			return err
		}
		_, err = o.Reach()
		return err
	})
	if want := path + ": a file was cut short while it was read"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
