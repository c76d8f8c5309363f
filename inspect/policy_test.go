// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestEntriesHaveTheirClassInThePolicy(t *testing.T) {
	dir := t.TempDir()
	library(t, dir, "one")
	const heap = "#include <stddef.h>\nvoid *malloc(size_t n) { (void)n; return 0; }\nint heap(void) { return 0; }\n"
	build(t, filepath.Join(dir, "libheap.so"), heap, "-shared", "-fPIC", "-Wl,-soname,libheap.so")
	prog := build(t, filepath.Join(dir, "prog"), `
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
int one(void), heap(void), missing(void) __attribute__((weak));
double (*c)(double) = cos;
int own(void) { return 1; }
int main(int n, char **v) {
	char *words = strtok(v[0], " ");
	fprintf(stdout, "%s%s%p", words, zlibVersion(), malloc(n));
	return one() + heap() + (missing ? missing() : 0) + (int)read(0, v[0], 1) + rand();
}
`, "-fPIE", "-pie", "-include", "unistd.h", "-fno-builtin", "-L"+dir, "-lone", "-lheap", "-lz", "-lm", "-Wl,-rpath,"+dir)
	r := inspectFile(t, prog)
	classes := map[string]string{}
	for _, e := range r.Objects[0].Entries {
		classes[e.Symbol] = e.Class
		if e.Why == "" || e.Class == "" {
			t.Errorf("%s: class %q because %q", e.Symbol, e.Class, e.Why)
		}
	}
	for symbol, want := range map[string]string{
		"strtok": "per-libset", "fprintf": "shared-output", "read": "hand", "rand": "per-libset", "malloc": "hand",
		"zlibVersion": "libset", "one": "libset", "heap": "one", "cos": "one", "missing": "none", "stdout": "variable",
	} {
		if classes[symbol] != want {
			t.Errorf("%s: class %q, want %q", symbol, classes[symbol], want)
		}
	}
	for name, want := range map[string]string{
		"prog": TreatProgram, "libone.so": TreatCopied, "libheap.so": TreatOne, "libm.so.6": TreatOne, "libc.so.6": TreatCopied,
		"libz.so.1": TreatCopied, "ld-linux-x86-64.so.2": TreatOne,
	} {
		i := slices.IndexFunc(r.Objects, func(o Object) bool { return o.Name == name })
		if i < 0 || r.Objects[i].Treatment != want || r.Objects[i].Why == "" {
			t.Errorf("%s: %+v, want it %s", name, i, want)
		}
	}
}

func TestCopyRelocationsAndWhatIsOutOfReach(t *testing.T) {
	dir := t.TempDir()
	symbolic := build(t, filepath.Join(dir, "libsym.so"), `
int exported(void) { return 1; }
int caller(void) { return exported(); }
static int (*choose(void))(void) { return caller; }
int chosen(void) __attribute__((ifunc("choose")));
__attribute__((visibility("protected"))) int kept = 1;
long direct(void) { long r; __asm__ volatile("syscall" : "=a"(r) : "a"(39L) : "rcx", "r11", "memory"); return r; }
`, "-shared", "-fPIC", "-Wl,-Bsymbolic")
	kinds := map[string]Finding{}
	o := inspectFile(t, symbolic).Objects[0]
	for _, f := range o.Unreached {
		kinds[f.Kind] = f
	}
	for _, kind := range []string{"syscall", "symbolic", "protected", "inner-call", "ifunc"} {
		if f := kinds[kind]; f.Count == 0 || f.Matters == "" || f.Detail == "" {
			t.Errorf("%s: %+v", kind, f)
		}
	}
	if len(o.IFUNCs) != 1 || o.IFUNCs[0].Symbol != "chosen" {
		t.Errorf("resolvers: %+v", o.IFUNCs)
	}
	prog := build(t, filepath.Join(dir, "prog"), "#include <stdio.h>\nint main(void) { return stdout == 0; }\n", "-no-pie", "-fno-pie")
	r := inspectFile(t, prog)
	if b := entry(t, &r.Objects[0], "stdout", "copy").Bound; b.Object != "libc.so.6" || b.State != StateBound {
		t.Errorf("a copied variable is bound to %+v", b)
	}
	// libc's own reference then leads into the program.
	libc := &r.Objects[slices.IndexFunc(r.Objects, func(o Object) bool { return o.Name == "libc.so.6" })]
	if b := entry(t, libc, "stdout", "got").Bound; b.Object != "prog" {
		t.Errorf("libc's reference to the copied variable is bound to %+v", b)
	}
}

// The linker's own sum is rounded and has the thread control block in it, which is the same in both programs.
func TestStaticTLSIsThatOfTheLinker(t *testing.T) {
	dir := t.TempDir()
	const source = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
int main(void) {
	size_t size = 0, align = 0;
	void (*info)(size_t *, size_t *) = (void (*)(size_t *, size_t *))dlsym(RTLD_DEFAULT, "_dl_get_tls_static_info");
	if (!info) return 1;
	info(&size, &align);
	return printf("%zu\n", size) < 0;
}
`
	build(t, filepath.Join(dir, "libbig.so"), "__thread char a[1000] = \"x\"; __thread long b;\n",
		"-shared", "-fPIC", "-Wl,-soname,libbig.so")
	programs := []string{
		build(t, filepath.Join(dir, "small"), source),
		build(t, filepath.Join(dir, "large"), source, "-L"+dir, "-lbig", "-lstdc++", "-Wl,-rpath,"+dir),
		build(t, filepath.Join(dir, "tls"), "__thread int own[100] = {1};"+source, "-L"+dir, "-lbig", "-Wl,-rpath,"+dir),
	}
	tunables := []string{"", "glibc.rtld.nns=8", "glibc.rtld.optional_static_tls=4096:glibc.rtld.nns=2", "glibc.rtld.nns=99:x=1"}
	first := uint64(0)
	for i, prog := range programs {
		for j, tunable := range tunables {
			text := command(t, []string{"GLIBC_TUNABLES=" + tunable}, prog)
			real, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			r := inspectFile(t, prog)
			rounded := (r.StaticTLS.Bytes + surplus(tunable) + 63) &^ 63
			if i == 0 && j == 0 {
				first = real - rounded
			}
			if real-rounded != first {
				t.Errorf("%s with %q: the linker has %d bytes, we %d + %d", filepath.Base(prog), tunable, real, rounded, first)
			}
		}
	}
	// struct pthread has between 2 and 3 KiB in all versions.
	if first < 2048 || first > 3072 {
		t.Errorf("the thread control block would have %d bytes", first)
	}
}

func TestMappingsOfACopyAreThoseOfTheLinker(t *testing.T) {
	prog := build(t, filepath.Join(t.TempDir(), "prog"), waits+"int main(void) { wait_here(); return 0; }\n",
		"-lz", "-lsqlite3", "-lstdc++", "-ljpeg", "-llua5.4")
	cmd := start(t, prog, "LD_BIND_NOW=1")
	text, err := os.ReadFile("/proc/" + itoa(cmd.Process.Pid) + "/maps")
	if err != nil {
		t.Fatal(err)
	}
	maps := parseMaps(string(text))
	for _, o := range inspectProcess(t, cmd.Process.Pid).Objects[1:] {
		if o.Treatment != TreatCopied {
			continue
		}
		// Anonymous memory right behind an object is its .bss, or has become one with it.
		n := 0
		for i, m := range maps {
			behind := i > 0 && m.file == "" && m.path == "" && maps[i-1].path == o.Path && m.start == maps[i-1].end
			if m.path == o.Path || behind {
				n++
			}
		}
		if d := n - o.Mappings; d < 0 || d > 1 {
			t.Errorf("%s: %d mappings, the linker's has %d", o.Name, o.Mappings, n)
		}
	}
}
