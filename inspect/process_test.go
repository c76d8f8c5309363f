// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// start runs a program that says "ready" and then reads its standard input until the test ends it.
func start(t *testing.T, path string, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(path)
	cmd.Env = append(os.Environ(), env...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("%s says %q (%v)", path, line, err)
	}
	return cmd
}

const waits = "#include <unistd.h>\nstatic void wait_here(void) { char c; write(1, \"ready\\n\", 6); read(0, &c, 1); }\n"

func inspectProcess(t *testing.T, pid int) *Report {
	t.Helper()
	r, err := Process(pid)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func entry(t *testing.T, o *Object, symbol, kind string) Entry {
	t.Helper()
	i := slices.IndexFunc(o.Entries, func(e Entry) bool { return e.Symbol == symbol && e.Kind == kind })
	if i < 0 {
		t.Fatalf("%s has no entry of kind %s for %s", o.Name, kind, symbol)
	}
	return o.Entries[i]
}

// What the linker has bound in a process is what the rules say it binds.
func TestProcessAndFileAgree(t *testing.T) {
	prog := build(t, filepath.Join(t.TempDir(), "prog"), waits+`
#include <stdio.h>
#include <string.h>
#include <zlib.h>
const char *(*pointer)(void) = zlibVersion;
int main(int n, char **v) {
	char b[9];
	memset(b, n, 9);
	fprintf(stderr, "%.0s", zlibVersion());
	wait_here();
	return strlen(v[0]) + b[1];
}
`, "-O0", "-fno-builtin", "-Wl,-z,now", "-lz", "-lstdc++")
	file := inspectFile(t, prog)
	process := inspectProcess(t, start(t, prog, "LD_BIND_NOW=1").Process.Pid)
	if process.Namespaces != 1 || len(process.Notes) != 0 || process.Path != realPath(t, prog) ||
		process.Interpreter != file.Interpreter {
		t.Errorf("%d namespaces, notes %v, path %s, interpreter %s", process.Namespaces, process.Notes, process.Path, process.Interpreter)
	}
	if process.StaticTLS.Bytes != file.StaticTLS.Bytes || process.StaticTLS.Late != 0 {
		t.Errorf("static TLS %+v, want %+v", process.StaticTLS, file.StaticTLS)
	}
	compared := 0
	for _, o := range file.Objects {
		i := slices.IndexFunc(process.Objects, func(p Object) bool { return p.Name == o.Name })
		if i < 0 {
			t.Errorf("%s is not in the process", o.Name)
			continue
		}
		p := process.Objects[i]
		if p.Treatment != o.Treatment || p.Relocations != o.Relocations || p.TLSBytes != o.TLSBytes || p.Mappings != o.Mappings ||
			p.PrivateBytes != o.PrivateBytes || len(p.Entries) != len(o.Entries) || len(p.IFUNCs) != len(o.IFUNCs) {
			t.Errorf("%s: %+v, want %+v", o.Name, p, o)
			continue
		}
		if strings.HasPrefix(o.Name, "ld-linux") {
			continue // it changes its own words after the start
		}
		for j, want := range o.Entries {
			got := p.Entries[j]
			if got.Bound.State == StateIFUNC && got.Bound.Object == "[vdso]" {
				continue
			}
			same := got.Bound.State == want.Bound.State && got.Bound.Object == want.Bound.Object && got.Bound.Symbol == want.Bound.Symbol
			if !same || got.Class != want.Class || got.Why != want.Why {
				t.Errorf("%s in %s: %+v (%s), want %+v (%s)", want.Symbol, o.Name, got.Bound, got.Class, want.Bound, want.Class)
			}
			compared++
		}
	}
	if compared < 4000 {
		t.Errorf("%d entries compared: libstdc++ alone has more", compared)
	}
}

func TestCallsThatWereNotMadeAreLazy(t *testing.T) {
	prog := build(t, filepath.Join(t.TempDir(), "prog"), waits+`
#include <stdlib.h>
int main(int n, char **v) { volatile int one = atoi("1"); wait_here(); (void)one; return n > 1 ? atol(v[1]) : 0; }
`, "-O0", "-fno-builtin", "-Wl,-z,lazy")
	cmd := start(t, prog, "LD_BIND_NOW=")
	o := inspectProcess(t, cmd.Process.Pid).Objects[0]
	if b := entry(t, &o, "atoi", "plt").Bound; b.State != StateBound || b.Object != "libc.so.6" {
		t.Errorf("a function that was called: %+v", b)
	}
	if b := entry(t, &o, "atol", "plt").Bound; b.State != StateLazy || b.Object != "libc.so.6" {
		t.Errorf("a function that was not called: %+v", b)
	}
}

func TestWordsThatWereChangedLeadElsewhere(t *testing.T) {
	prog := build(t, filepath.Join(t.TempDir(), "prog"), waits+`
#include <stdlib.h>
#include <sys/mman.h>
#include <zlib.h>
const char *(*pointer)(void) = zlibVersion;
void *(*other)(size_t) = malloc;
int main(void) {
	pointer = mmap(0, 4096, 7, 34, -1, 0);
	other = (void *(*)(size_t))calloc;
	wait_here();
	return 0;
}
`, "-lz", "-fPIE", "-pie", "-Wl,-z,norelro")
	o := inspectProcess(t, start(t, prog).Process.Pid).Objects[0]
	if b := entry(t, &o, "zlibVersion", "pointer").Bound; b.State != StateElsewhere || b.Object != "[anonymous]" {
		t.Errorf("a word that leads to anonymous memory: %+v", b)
	}
	if b := entry(t, &o, "malloc", "pointer").Bound; b.State != StateBound || b.Symbol != "calloc" {
		t.Errorf("a word that leads to calloc: %+v", b)
	}
}

func TestNamespacesAndLateObjectsAreSeen(t *testing.T) {
	prog := build(t, filepath.Join(t.TempDir(), "prog"), waits+`
#define _GNU_SOURCE
#include <dlfcn.h>
void *dlmopen(long, const char *, int);
int main(void) {
	if (!dlmopen(-1, "libz.so.1", RTLD_NOW) || !dlopen("libbz2.so.1.0", RTLD_NOW)) return 1;
	wait_here();
	return 0;
}
`)
	r := inspectProcess(t, start(t, prog).Process.Pid)
	if r.Namespaces != 2 {
		t.Errorf("%d namespaces, want 2", r.Namespaces)
	}
	where := map[string][]int{}
	for _, o := range r.Objects {
		where[o.Name] = append(where[o.Name], o.Namespace)
	}
	for name, want := range map[string][]int{"libz.so.1": {1}, "libbz2.so.1.0": {0}, "libc.so.6": {0, 1}} {
		if !slices.Equal(where[name], want) {
			t.Errorf("%s is in namespaces %v, want %v", name, where[name], want)
		}
	}
	for _, o := range r.Objects {
		for _, e := range o.Entries {
			// The dynamic linker is in all namespaces, and is the same one.
			if strings.HasPrefix(o.Name, "ld-linux") || strings.HasPrefix(e.Bound.Object, "ld-linux") {
				continue
			}
			if e.Bound.Number >= 0 && e.Kind != "tls" && r.Objects[e.Bound.Number].Namespace != o.Namespace {
				t.Errorf("%s of %s in namespace %d is bound to %+v", e.Symbol, o.Name, o.Namespace, e.Bound)
			}
		}
		if o.Copies != 0 {
			t.Errorf("%s: %d copies, but nobody made libsets", o.Name, o.Copies)
		}
	}
}

func TestProgramsWithFixedAddressesAndByTheLinker(t *testing.T) {
	prog := build(t, filepath.Join(t.TempDir(), "prog"), waits+`
#include <stdio.h>
int (*print)(const char *) = puts;
int main(void) { wait_here(); return print(""); }
`, "-no-pie", "-fno-pie")
	r := inspectProcess(t, start(t, prog).Process.Pid)
	if r.Objects[0].Base != 0 || r.Objects[1].Name != "libc.so.6" {
		t.Errorf("base %#x, then %s", r.Objects[0].Base, r.Objects[1].Name)
	}
	if b := entry(t, &r.Objects[0], "read", "plt").Bound; b.Object != "libc.so.6" {
		t.Errorf("read: %+v", b)
	}
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nexec /lib64/ld-linux-x86-64.so.2 "+prog+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	r = inspectProcess(t, start(t, script).Process.Pid)
	if b := entry(t, &r.Objects[0], "read", "plt").Bound; b.Object != "libc.so.6" || len(r.Objects) != 3 {
		t.Errorf("started by the linker: read: %+v, %d objects", b, len(r.Objects))
	}
}

func TestFilesThatWereRemovedAreNoted(t *testing.T) {
	dir := t.TempDir()
	library(t, dir, "one")
	prog := build(t, filepath.Join(dir, "prog"), waits+"int one(void);\nint main(void) { wait_here(); return one(); }\n",
		"-L"+dir, "-lone", "-Wl,-rpath,"+dir, "-Wl,-z,now")
	cmd := start(t, prog)
	for _, name := range []string{"prog", "libone.so"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	r := inspectProcess(t, cmd.Process.Pid)
	if b := entry(t, &r.Objects[0], "one", "plt").Bound; b.State != StateBound || b.Object != "libone.so" {
		t.Errorf("one: %+v", b)
	}
	if len(r.Notes) != 2 || !strings.Contains(r.Notes[1], "libone.so: the file was removed or replaced since") {
		t.Errorf("notes %q", r.Notes)
	}
}

func TestProcessesWithoutAnAnswer(t *testing.T) {
	static := build(t, filepath.Join(t.TempDir(), "static"), waits+"int main(void) { wait_here(); return 0; }\n", "-static")
	ended := exec.Command("true")
	if err := ended.Start(); err != nil {
		t.Fatal(err)
	}
	zombie := ended.Process.Pid
	for {
		status, err := os.ReadFile("/proc/" + itoa(zombie) + "/status")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(status), "\nState:\tZ") {
			break
		}
	}
	tests := map[string]struct {
		pid  int
		want string
	}{
		"a static program":       {start(t, static).Process.Pid, "is statically linked"},
		"a process that ended":   {zombie, "it has ended"},
		"one that never existed": {1 << 30, "no such process"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := Process(tc.pid)
			if r != nil || err == nil || !strings.HasPrefix(err.Error(), "process "+itoa(tc.pid)+": ") ||
				!strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, %v; want %q", r, err, tc.want)
			}
		})
	}
	_ = ended.Wait()
}

// A process that ends, or runs another program, at any moment gives an answer or one line.
func TestProcessesMayVanishMeanwhile(t *testing.T) {
	said := map[string]int{}
	for range 60 {
		cmd := exec.Command("/bin/sh", "-c", "exec /bin/sh -c 'exec /usr/bin/xz --version'")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- cmd.Wait() }()
		for running := true; running; {
			r, err := Process(cmd.Process.Pid)
			switch {
			case err == nil && len(r.Objects) < 2:
				t.Errorf("%d objects", len(r.Objects))
			case err == nil:
				said["an answer"]++
			case strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "process "):
				t.Errorf("%q is not one clear line", err)
			default:
				_, reason, _ := strings.Cut(err.Error(), ": ")
				said[reason]++
			}
			select {
			case err := <-done:
				if err != nil {
					t.Error(err)
				}
				running = false
			default:
			}
		}
	}
	t.Logf("%v", said)
	if said["it has ended"]+said["no such process"] == 0 {
		t.Error("no process was met after its end")
	}
}
