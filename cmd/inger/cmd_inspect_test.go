// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	facts "libinger/inspect"
)

// sample is a report with one of everything.
func sample() *facts.Report {
	return &facts.Report{
		Schema: 1, Kind: "process", PID: 42, Path: "/opt/prog", Interpreter: glibcLoader, Libinger: "/opt/libinger.so", Namespaces: 2,
		Objects: []facts.Object{
			{
				Name: "prog", Path: "/opt/prog", Treatment: facts.TreatProgram, Why: "the program itself",
				Relocations: facts.Counts{PLT: 3, Copy: 1}, PrivateBytes: 8192,
				Entries: []facts.Entry{
					{Kind: "plt", Symbol: "read", Version: "GLIBC_2.2.5", Type: "func", Class: "hand", Why: "may wait",
						Bound: facts.Bound{State: facts.StateBound, Object: "libinger.so.0", Number: 2, Symbol: "read"}},
					{Kind: "plt", Symbol: "_ZN3foo3barEi", Demangled: "foo::bar(int)", Type: "func", Class: "libset", Why: "copied",
						Bound: facts.Bound{State: facts.StateTrampoline, Object: "libfoo.so", Number: 1, Symbol: "_ZN3foo3barEi"}},
					{Kind: "plt", Symbol: "old", Type: "func", Class: "libset", Why: "copied",
						Bound: facts.Bound{State: facts.StateBound, Object: "libfoo.so", Number: 1, Symbol: "new"}},
					{Kind: "got", Symbol: "absent", Type: "notype", Weak: true, Class: "none", Why: "nothing defines it",
						Bound: facts.Bound{State: facts.StateNull, Number: -1}},
					{Kind: "copy", Symbol: "stdout", Version: "GLIBC_2.2.5", Type: "object", Class: "variable", Why: "one",
						Bound: facts.Bound{State: facts.StateBound, Object: "libfoo.so", Number: 1, Symbol: "stdout"}},
				},
				Unreached: []facts.Finding{{Kind: "syscall", Count: 1, Detail: "one of them", Matters: "it is not seen"}},
			},
			{
				Number: 1, Name: "libfoo.so", Path: "/opt/libfoo.so", Treatment: facts.TreatCopied, TLSBytes: 16, InitialExec: true, Copies: 3,
				IFUNCs: []facts.Export{{Symbol: "fast"}, {Symbol: "_ZN3foo4fastEv", Demangled: "foo::fast()"}},
			},
			{Number: 2, Namespace: 1, Name: "libinger.so.0", Path: "/opt/libinger.so", Treatment: facts.TreatOne, Why: "there is one"},
		},
		Missing:   []facts.Missing{{Name: "libgone.so", NeededBy: "libfoo.so", Reason: "not found"}},
		StaticTLS: facts.StaticTLS{Bytes: 160, Surplus: 1664, Late: 32},
		Libsets: facts.Libsets{Objects: 1, Mappings: 7, PrivateBytes: 12288, AddressBytes: 1 << 20, Now: 3, MaxMappings: 65530, OwnMappings: 50,
			FitMappings: 9354, AvailableMemory: 1 << 30, FitMemory: 87381},
		Notes: []string{"something is less than complete"},
	}
}

const sampleText = `/opt/prog: process 42, 2 namespaces, 3 objects
libinger is there: /opt/libinger.so
note: something is less than complete

Objects
  #  OBJECT         NAMESPACE  COPIES  TREATMENT  PLT  GOT  POINTER  COPY  TLS  IFUNC  TLS BYTES  PRIVATE  PATH
  0  prog           0          0       program    3    0    0        1     0    0      0          8 KiB    /opt/prog
  1  libfoo.so      0          3       copied     0    0    0        0     0    2      16 static  0 KiB    /opt/libfoo.so
  2  libinger.so.0  1          0       one        0    0    0        0     0    0      0          0 KiB    /opt/libinger.so
  libinger.so.0 is one for all libsets: there is one
  missing: libgone.so, needed by libfoo.so: not found

Not reached by rewriting in prog
  syscall: one of them
      it is not seen

Thread-local variables and libsets
  static TLS: 160 bytes in each thread and call; the dynamic linker keeps 1664 more for objects that come later, of which 32 are taken
  a libset needs 0 bytes of it: its copies use the call's
  a libset: 1 object, 7 mappings with its call, 12 KiB of private memory from the beginning, 1024 KiB of address space
  that fit: 9354 by mappings (vm.max_map_count 65530, 50 taken), 87381 by memory (1024 MiB available now)
  there now: 3

Variables of libraries that are in prog (copy relocations): 1
  libfoo.so  stdout

Entries of prog, by class: 5
  hand (1): may wait
    plt  libinger.so.0  GLIBC_2.2.5  read
  libset (2): copied
    plt  libfoo.so (trampoline)    foo::bar(int)
    plt  libfoo.so                 old → new
  none (1): nothing defines it
    got  - (null)    absent
  variable (1): one
    copy  libfoo.so  GLIBC_2.2.5  stdout
(--all shows the entries of the other objects as well)
`

func TestInspectTextOfAReport(t *testing.T) {
	view := inspectView{}
	if got := view.text(sample()); got != sampleText {
		t.Errorf("got:\n%s\nwant:\n%s", got, sampleText)
	}
}

func TestInspectTextVaries(t *testing.T) {
	if view := (inspectView{raw: true}); !strings.Contains(view.text(sample()), "  _ZN3foo3barEi\n") {
		t.Error("--raw demangles")
	}
	all := inspectView{all: true}
	if text := all.text(sample()); !strings.Contains(text, "Exports of libfoo.so that a resolver chooses (IFUNC): 2\n  fast foo::fast()\n") ||
		strings.Contains(text, "--all") {
		t.Errorf("--all:\n%s", text)
	}
	colours := inspectView{paint: true}
	if text := colours.text(sample()); !strings.Contains(text, "\x1b[1mObjects\x1b[0m\n") {
		t.Errorf("no colour:\n%s", text)
	}
	evil := sample()
	evil.Objects[0].Entries[0].Symbol = "a\x1b[31m\nb"
	plain := inspectView{}
	if text := plain.text(evil); strings.Contains(text, "\x1b") {
		t.Errorf("a name of a damaged file reaches the terminal as it is:\n%q", text)
	}
}

func TestInspectAsANewUserTriesIt(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "123", "x", 0o644)
	write(t, folder, "text", "hello\n", 0o644)
	const missing = "1073741824"
	tests := map[string]struct {
		args   []string
		status int
		stderr string // its beginning
		stdout string // a part of it
	}{
		"a program in PATH":         {[]string{"xz"}, 0, "", "lzma_code"},
		"a path":                    {[]string{"/usr/bin/xz"}, 0, "", "Entries of xz"},
		"options after the file":    {[]string{"xz", "--all"}, 0, "", "Entries of libc.so.6"},
		"a library":                 {[]string{"/usr/lib/x86_64-linux-gnu/libz.so.1"}, 0, "", "libz.so.1: library, 3 objects"},
		"its own library":           {[]string{"--self"}, 0, "", "libinger is there: " + libraryPath},
		"another of its own":        {[]string{"--self", "--library", libraryPath}, 0, "", "libinger is there: " + libraryPath},
		"nothing":                   {nil, statusUsage, "inger: inspect: no file and no process\n", ""},
		"an empty name":             {[]string{""}, statusFailed, "inger: \"\": no such file\n", ""},
		"two":                       {[]string{"a", "b"}, statusUsage, "inger: inspect: one file or process at a time\n", ""},
		"--self and a file":         {[]string{"--self", "xz"}, statusUsage, "inger: inspect: --self and \"xz\": one of the two\n", ""},
		"--library alone":           {[]string{"--library", "/x", "xz"}, statusUsage, "inger: inspect: --library: only with --self\n", ""},
		"an unknown option":         {[]string{"--sections"}, statusUsage, "inger: inspect: unknown option \"--sections\"\n", ""},
		"a name that is nowhere":    {[]string{"no-such-program"}, statusFailed, "inger: no-such-program: no such file, here or in PATH\n", ""},
		"a path that is nowhere":    {[]string{"./nothing"}, statusFailed, "inger: ./nothing: no such file\n", ""},
		"text":                      {[]string{"text"}, statusFailed, "inger: text: not an ELF file\n", ""},
		"a file named by digits":    {[]string{"./123"}, statusFailed, "inger: ./123: not an ELF file\n", ""},
		"no process":                {[]string{missing}, statusFailed, "inger: process " + missing + ": no such process\n", ""},
		"too large a number":        {[]string{"99999999999999999999"}, statusFailed, "inger: process 99999999999999999999: no such process\n", ""},
		"process 0":                 {[]string{"0"}, statusFailed, "inger: process 0: no such process\n", ""},
		"the tool, which is static": {[]string{toolPath}, statusFailed, "inger: " + toolPath + ": is statically linked", ""},
		"help":                      {[]string{"--help"}, 0, "", "usage: inger inspect [OPTION…] FILE|PID\n"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := tool(t, folder, nil, append([]string{"inspect"}, tc.args...)...)
			silent := tc.stderr != "" || got.stderr == ""
			if got.status != tc.status || !strings.HasPrefix(got.stderr, tc.stderr) || !silent ||
				!strings.Contains(got.stdout, tc.stdout) || tc.status != 0 && got.stdout != "" {
				t.Errorf("%+v, want status %d, %q and %q", got, tc.status, tc.stderr, tc.stdout)
			}
		})
	}
}

// mayTrace says whether the tool may look into a process that it did not start.
func mayTrace() bool {
	scope, err := os.ReadFile("/proc/sys/kernel/yama/ptrace_scope")
	return os.Geteuid() == 0 || err != nil || strings.TrimSpace(string(scope)) == "0"
}

func TestInspectWritesJSON(t *testing.T) {
	// A shell that has said something has been loaded.
	shell := exec.Command("/bin/sh", "-c", "echo ready; read line")
	in, err := shell.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := shell.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		in.Close()
		_ = shell.Wait() // it fails, since there is no line
	}()
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	path, err := filepath.EvalSymlinks("/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	for kind, target := range map[string]string{"file": path, "process": strconv.Itoa(shell.Process.Pid)} {
		if kind == "process" && !mayTrace() {
			t.Log("kernel.yama.ptrace_scope lets only parents trace: no process is looked into")
			continue
		}
		got := tool(t, "", nil, "inspect", "--json", target)
		var r map[string]any
		if err := json.Unmarshal([]byte(got.stdout), &r); err != nil || got.stderr != "" || got.status != 0 {
			t.Errorf("%s: %v; status %d, %q", target, err, got.status, got.stderr)
			continue
		}
		objects, _ := r["objects"].([]any)
		if r["schema"] != float64(facts.SchemaVersion) || len(objects) < 2 || r["path"] != path || r["kind"] != kind {
			t.Errorf("%s: %v of %v with %d objects", target, r["kind"], r["path"], len(objects))
		}
	}
}
