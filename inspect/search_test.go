// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// build compiles source to a file of a folder, which is made.
func build(t *testing.T, path, source string, flags ...string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	always := []string{"-x", "c", "-", "-o", path, "-Wl,--no-as-needed", "-Wl,--allow-shlib-undefined"}
	cmd := exec.Command("gcc", append(always, flags...)...)
	cmd.Stdin = strings.NewReader(source)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	return path
}

// library makes libNAME.so in a folder.
func library(t *testing.T, folder, name string, flags ...string) {
	t.Helper()
	build(t, filepath.Join(folder, "lib"+name+".so"), "int "+name+"(void) { return 1; }\n",
		append([]string{"-shared", "-fPIC", "-Wl,-soname,lib" + name + ".so"}, flags...)...)
}

func TestLibrariesAreFoundWhereTheLinkerFindsThem(t *testing.T) {
	const main = "int main(void) { return 0; }\n"
	tests := map[string]struct {
		make    func(t *testing.T, dir string) string
		path    string // LD_LIBRARY_PATH, in the folder
		missing string
	}{
		"DT_RUNPATH with $ORIGIN": {make: func(t *testing.T, dir string) string {
			library(t, dir+"/lib", "one")
			return build(t, dir+"/bin/prog", main, "-L"+dir+"/lib", "-lone", "-Wl,--enable-new-dtags,-rpath,$ORIGIN/../lib")
		}},
		"DT_RUNPATH is not for what a library needs": {make: func(t *testing.T, dir string) string {
			library(t, dir+"/lib", "two")
			library(t, dir+"/lib", "one", "-L"+dir+"/lib", "-ltwo")
			return build(t, dir+"/prog", main, "-L"+dir+"/lib", "-lone", "-Wl,--enable-new-dtags,-rpath,"+dir+"/lib")
		}, missing: "libtwo.so"},
		"DT_RPATH is": {make: func(t *testing.T, dir string) string {
			library(t, dir+"/lib", "two")
			library(t, dir+"/lib", "one", "-L"+dir+"/lib", "-ltwo")
			return build(t, dir+"/prog", main, "-L"+dir+"/lib", "-lone", "-Wl,--disable-new-dtags,-rpath,"+dir+"/lib")
		}},
		"DT_RPATH of the program is nothing to a library with DT_RUNPATH": {make: func(t *testing.T, dir string) string {
			library(t, dir+"/lib", "two")
			library(t, dir+"/lib", "one", "-L"+dir+"/lib", "-ltwo", "-Wl,--enable-new-dtags,-rpath,/nowhere")
			return build(t, dir+"/prog", main, "-L"+dir+"/lib", "-lone", "-Wl,--disable-new-dtags,-rpath,"+dir+"/lib")
		}, missing: "libtwo.so"},
		"DT_RPATH before LD_LIBRARY_PATH": {make: func(t *testing.T, dir string) string {
			library(t, dir+"/a", "one")
			library(t, dir+"/b", "one")
			return build(t, dir+"/prog", main, "-L"+dir+"/a", "-lone", "-Wl,--disable-new-dtags,-rpath,"+dir+"/a")
		}, path: "b"},
		"LD_LIBRARY_PATH before DT_RUNPATH": {make: func(t *testing.T, dir string) string {
			library(t, dir+"/a", "one")
			library(t, dir+"/b", "one")
			return build(t, dir+"/prog", main, "-L"+dir+"/a", "-lone", "-Wl,--enable-new-dtags,-rpath,"+dir+"/a")
		}, path: "b"},
		"LD_LIBRARY_PATH before the system": {make: func(t *testing.T, dir string) string {
			build(t, dir+"/b/libz.so.1", "int z;\n", "-shared", "-fPIC", "-Wl,-soname,libz.so.1")
			return build(t, dir+"/prog", main, "-lz")
		}, path: "b"},
		"a folder for the processor's level first": {make: func(t *testing.T, dir string) string {
			library(t, dir+"/b/glibc-hwcaps/x86-64-v2", "one")
			library(t, dir+"/b", "one")
			return build(t, dir+"/prog", main, "-L"+dir+"/b", "-lone")
		}, path: "b"},
		"two names of one file are one object": {make: func(t *testing.T, dir string) string {
			library(t, dir+"/b", "one")
			library(t, dir+"/b", "two")
			prog := build(t, dir+"/prog", main, "-L"+dir+"/b", "-lone", "-ltwo")
			if err := os.Remove(dir + "/b/libtwo.so"); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink("libone.so", dir+"/b/libtwo.so"); err != nil {
				t.Fatal(err)
			}
			return prog
		}, path: "b"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			dir := realPath(t, t.TempDir())
			prog := tc.make(t, dir)
			search, env := plain(), []string{}
			if tc.path != "" {
				search.LibraryPath = filepath.Join(dir, tc.path)
				env = append(env, "LD_LIBRARY_PATH="+search.LibraryPath)
			}
			r, err := File(prog, search)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, o := range r.Objects[1:] {
				got = append(got, realPath(t, o.Path))
			}
			want := listing(t, prog, env...)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
			var missing []string
			for _, m := range r.Missing {
				missing = append(missing, m.Name)
			}
			if strings.Join(missing, " ") != tc.missing {
				t.Errorf("missing %q, want %q", missing, tc.missing)
			}
		})
	}
}

func TestPreloadedObjectsComeFirst(t *testing.T) {
	dir := t.TempDir()
	library(t, dir, "one")
	search := plain()
	search.Preload = filepath.Join(dir, "libone.so")
	r, err := File("/usr/bin/xz", search)
	if err != nil {
		t.Fatal(err)
	}
	if r.Objects[1].Name != "libone.so" || r.Objects[1].NeededBy != "LD_PRELOAD" {
		t.Errorf("after the program comes %s, needed by %s", r.Objects[1].Name, r.Objects[1].NeededBy)
	}
}

// cacheFile makes an ld.so.cache of entries: name, path, flags, hwcap.
func cacheFile(entries [][2]string, flags uint32, hwcaps []uint64, subfolder string) []byte {
	text := []byte{}
	base := uint32(cacheHead + cacheEntry*len(entries))
	put := func(s string) uint32 {
		at := base + uint32(len(text))
		text = append(append(text, s...), 0)
		return at
	}
	out := make([]byte, base)
	copy(out, cacheMagic)
	binary.LittleEndian.PutUint32(out[20:], uint32(len(entries)))
	for i, e := range entries {
		at := out[cacheHead+i*cacheEntry:]
		binary.LittleEndian.PutUint32(at, flags)
		binary.LittleEndian.PutUint32(at[4:], put(e[0]))
		binary.LittleEndian.PutUint32(at[8:], put(e[1]))
		binary.LittleEndian.PutUint64(at[16:], hwcaps[i])
	}
	name := put(subfolder)
	for len(text)%4 != 0 {
		text = append(text, 0)
	}
	section := base + uint32(len(text))
	text = binary.LittleEndian.AppendUint32(text, name)
	binary.LittleEndian.PutUint32(out[32:], base+uint32(len(text)))
	for _, word := range []uint32{cacheExtMagic, 1, cacheSubfolders, 0, section, 4} {
		text = binary.LittleEndian.AppendUint32(text, word)
	}
	return append(out, text...)
}

func TestCacheEntriesForTheProcessorComeFirst(t *testing.T) {
	entries := [][2]string{{"libx.so.1", "/l/v3/libx.so.1"}, {"libx.so.1", "/l/libx.so.1"}}
	hwcaps := []uint64{cacheExtended, 0}
	data := cacheFile(entries, cacheX86Libc6, hwcaps, "x86-64-v3")
	tests := map[string]struct {
		data       []byte
		subfolders []string
		want       string
	}{
		"a level that the processor has":       {data, []string{"x86-64-v3", "x86-64-v2"}, "/l/v3/libx.so.1"},
		"a level that it does not have":        {data, []string{"x86-64-v2"}, "/l/libx.so.1"},
		"behind the format before":             {append([]byte("ld.so-1.7.0\x00\x00\x00\x00\x00"), data...), nil, "/l/libx.so.1"},
		"libraries of another architecture":    {cacheFile(entries, 0x0803, hwcaps, ""), nil, ""},
		"an entry for the folders of old":      {cacheFile(entries[:1], cacheX86Libc6, []uint64{4}, ""), nil, ""},
		"a cache that is cut off":              {data[:cacheHead+30], nil, ""},
		"a cache with too large a number":      {slices.Concat(data[:20], []byte{0xff, 0xff, 0xff, 0xff}, data[24:]), nil, ""},
		"something else":                       {[]byte("no cache at all"), nil, ""},
		"an empty cache":                       {nil, nil, ""},
		"a number of folder that is not there": {cacheFile(entries[:1], cacheX86Libc6, []uint64{cacheExtended + 7}, "x"), []string{"x"}, ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			f := finder{search: Search{Subfolders: tc.subfolders}, cache: parseCache(tc.data)}
			if f.cache == nil {
				f.cache = map[string][]cached{}
			}
			if got := f.inCache("libx.so.1"); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

func TestCacheIsThatOfLdconfig(t *testing.T) {
	got := readCache(cachePath)
	want := 0
	for line := range strings.Lines(command(t, nil, "/sbin/ldconfig", "-p")) {
		// libz.so.1 (libc6,x86-64) => /lib/x86_64-linux-gnu/libz.so.1
		name, path, ok := strings.Cut(strings.TrimSpace(line), " => ")
		name, kind, _ := strings.Cut(name, " ")
		if !ok || !strings.HasPrefix(kind, "(libc6,x86-64") {
			continue
		}
		want++
		if !slices.ContainsFunc(got[name], func(c cached) bool { return c.path == path }) {
			t.Errorf("%s: %v, want %s among them", name, got[name], path)
		}
	}
	if want == 0 {
		t.Error("ldconfig lists nothing")
	}
}

func TestProcessorLevelsCountWithThoseBelow(t *testing.T) {
	v2 := "flags : fpu " + levels[2].flags
	tests := map[string]struct{ cpuinfo, want string }{
		"none":                       {"flags : fpu", ""},
		"the second":                 {v2, "x86-64-v2"},
		"the third":                  {v2 + " " + levels[1].flags, "x86-64-v3 x86-64-v2"},
		"the third without a second": {"flags : fpu " + levels[1].flags, ""},
		"the fourth":                 {v2 + " " + levels[1].flags + " " + levels[0].flags, "x86-64-v4 x86-64-v3 x86-64-v2"},
		"nothing known":              {"", ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "cpuinfo")
			if err := os.WriteFile(path, []byte("processor : 0\n"+tc.cpuinfo+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(subfolders(path), " "); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}
