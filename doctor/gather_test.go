// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"libinger/options"
)

func TestGatherAgreesWithThisMachine(t *testing.T) {
	m := Gather(options.Defaults())
	if out, err := exec.Command("uname", "-r").Output(); err != nil || m.Release != strings.TrimSpace(string(out)) {
		t.Errorf("release %q, uname says %q, %v", m.Release, out, err)
	}
	if m.Kernel == (Version{}) || m.Libc.Problem != "" || !m.XSave.Enabled || m.XSave.Bytes < 576 || m.XSave.Components&3 != 3 {
		t.Errorf("%+v", m)
	}
	if out, err := exec.Command("getconf", "GNU_LIBC_VERSION").Output(); err == nil {
		if got := parseVersion(strings.TrimPrefix(string(out), "glibc ")); got != m.Libc.Version {
			t.Errorf("glibc %v, getconf says %q", m.Libc.Version, out)
		}
	}
	if out, err := exec.Command("dpkg-query", "-W", "-f", "${Version}", "libc6:amd64").Output(); err == nil && m.Libc.Package != string(out) {
		t.Errorf("libc6 %q, dpkg-query says %q", m.Libc.Package, out)
	}
	if !m.MaxMapCount.Known || !m.Seccomp.Known || m.Timer != nil {
		t.Errorf("%+v", m)
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_STACK, &limit); err != nil || m.Stack.Known && m.Stack.Value != limit.Cur {
		t.Errorf("stack %+v, limit %+v, %v", m.Stack, limit, err)
	}
}

func TestVersionsAreRead(t *testing.T) {
	for text, want := range map[string]Version{"6.18.44-fc": {6, 18}, "2.36.\n": {2, 36}, "6.1": {6, 1}, "": {}, "x6.1": {}, "6": {},
		"99999999999999999999.1": {}} {
		if got := parseVersion(text); got != want {
			t.Errorf("parseVersion(%q) = %v, want %v", text, got, want)
		}
	}
}

// build compiles C to a file in folder.
func build(t *testing.T, folder, name, source string, flags ...string) string {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path+".c", []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("gcc", append([]string{"-o", path, path + ".c"}, flags...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	return path
}

func TestLookSeesTheProgramAndItsLibraries(t *testing.T) {
	folder := t.TempDir()
	build(t, folder, "libinner.so", "void *malloc(unsigned long n) { return (void *)(n & 0); }", "-shared", "-fPIC", "-Wl,-soname,libinner.so")
	build(t, folder, "libouter.so", "int launch(void) { return 1; }", "-shared", "-fPIC", "-Wl,-soname,libouter.so", "-Wl,-Bsymbolic",
		"-L"+folder, "-Wl,--no-as-needed", "-linner", "-Wl,-rpath,$ORIGIN")
	program := build(t, folder, "prog", "int main(void) { return 0; }", "-L"+folder, "-Wl,--no-as-needed", "-louter", "-Wl,-rpath,$ORIGIN",
		"-Wl,--allow-shlib-undefined")
	p := &Program{Name: "prog", Path: program}
	if err := p.Look(); err != nil {
		t.Fatal(err)
	}
	seen := map[string]Object{}
	for _, o := range p.Objects {
		seen[o.Name] = o
	}
	if p.Objects[0].Name != "prog" || len(p.Missing) != 0 || p.Go {
		t.Errorf("%+v", p)
	}
	if o := seen["libouter.so"]; !o.Symbolic || !slices.Equal(o.Defines, []string{"launch"}) {
		t.Errorf("%+v, want -Bsymbolic and launch", o)
	}
	if o := seen["libinner.so"]; o.Symbolic || !slices.Equal(o.Defines, []string{"malloc"}) {
		t.Errorf("%+v, want malloc", o)
	}
	if o := seen["libc.so.6"]; !slices.Contains(o.Defines, "calloc") {
		t.Errorf("%+v, want libc's heap", o)
	}
	if err := os.Remove(filepath.Join(folder, "libinner.so")); err != nil {
		t.Fatal(err)
	}
	p = &Program{Name: "prog", Path: program}
	if err := p.Look(); err != nil || !slices.Equal(p.Missing, []string{"libinner.so"}) {
		t.Errorf("missing %q, %v, want libinner.so", p.Missing, err)
	}
}

func TestLookKnowsSanitizersAndGo(t *testing.T) {
	folder := t.TempDir()
	inside := build(t, folder, "inside", "void __tsan_init(void) {} int main(void) { return 0; }", "-rdynamic")
	p := &Program{Path: inside}
	if err := p.Look(); err != nil || p.Objects[0].Sanitizer != "tsan" {
		t.Errorf("%+v, %v, want tsan inside", p.Objects, err)
	}
	build(t, folder, "libasan.so.8", "int nothing;", "-shared", "-fPIC", "-Wl,-soname,libasan.so.8")
	linked := build(t, folder, "linked", "int main(void) { return 0; }", "-Wl,--no-as-needed", folder+"/libasan.so.8", "-Wl,-rpath,"+folder)
	p = &Program{Path: linked}
	if err := p.Look(); err != nil || !slices.ContainsFunc(p.Objects, func(o Object) bool { return o.Sanitizer == "libasan" }) {
		t.Errorf("%+v, %v, want libasan", p.Objects, err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p = &Program{Path: self}
	if err := p.Look(); err != nil || !p.Go {
		t.Errorf("Go %v, %v, want this test to be known as Go's", p.Go, err)
	}
}

func TestLookReportsWhatItCannotRead(t *testing.T) {
	folder := t.TempDir()
	damaged := filepath.Join(folder, "damaged")
	if err := os.WriteFile(damaged, []byte("\x7fELF\x02\x01\x01"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{folder + "/none", folder, damaged} {
		if err := (&Program{Path: path}).Look(); err == nil {
			t.Errorf("%s: no error", path)
		}
	}
	if l := LookAtLibrary(damaged); l.Problem == "" {
		t.Errorf("%+v, want a problem", l)
	}
}
