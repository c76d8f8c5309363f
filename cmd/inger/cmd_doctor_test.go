// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"libinger/doctor"
)

// lines returns the findings of a check, without their padding.
func lines(output, check string) []string {
	var found []string
	for _, line := range strings.Split(output, "\n") {
		if words := strings.Fields(line); len(words) > 2 && words[1] == check {
			found = append(found, strings.Join(words, " "))
		}
	}
	return found
}

func TestDoctorSaysWhatIsWrongWithAProgram(t *testing.T) {
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	write(t, folder, "plain", "text", 0o644)
	write(t, folder, "empty", "", 0o755)
	write(t, folder, "damaged", "\x7fELF\x02\x01\x01", 0o755)
	write(t, folder, "script", "#!/bin/sh\necho started >"+folder+"/trace\n", 0o755)
	write(t, folder, "nested", "#!"+folder+"/script\n", 0o755)
	write(t, folder, "orphan", "#!/no/such/interpreter\n", 0o755)
	write(t, folder, "binary", "\x00\x01\x02\x03", 0o755)
	tests := map[string]struct {
		name   string
		status int
		want   string // the line of the check "program"
	}{
		"a program in PATH":          {"sh", 0, "ok program sh ("},
		"a program by its path":      {"/bin/sh", 0, "ok program /bin/sh: libinger can be preloaded"},
		"a script":                   {"./script", 0, "ok program ./script: a script; what follows is about its interpreter /bin/sh"},
		"a script run by a script":   {"./nested", 0, "ok program ./nested: a script; what follows is about its interpreter /bin/sh"},
		"an empty file":              {"./empty", 0, "ok program ./empty: a script; what follows is about its interpreter /bin/sh"},
		"an unknown format":          {"./binary", 0, "warn program ./binary: nothing more is known of it: it is neither a program nor a script"},
		"nothing":                    {"no-such-program", 1, "fail program no-such-program: not found in PATH"},
		"an empty name":              {"", 1, `fail program "": not found in PATH`},
		"a missing path":             {"./nothing", 1, "fail program ./nothing: no such file"},
		"a file that is no program":  {"./plain", 1, "fail program ./plain: not executable: permission denied"},
		"a folder":                   {".", 1, "fail program .: not found in PATH"},
		"a folder by its path":       {"./", 1, "fail program ./: is a directory"},
		"a device":                   {"/dev/null", 1, "fail program /dev/null: not a regular file"},
		"a damaged file":             {"./damaged", 1, "fail program ./damaged: exec format error: damaged ELF file"},
		"a missing interpreter":      {"./orphan", 1, "fail program ./orphan: interpreter /no/such/interpreter: no such file"},
		"a static program":           {toolPath, 1, "fail program " + toolPath + ": is statically linked; nothing can be preloaded into it"},
		"a name with a line break":   {"a\nb", 1, `fail program "a\nb": not found in PATH`},
		"an option after two dashes": {"--quick", 1, "fail program --quick: not found in PATH"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := tool(t, folder, nil, "doctor", "--quick", "--", tc.name)
			found := lines(got.stdout, "program")
			if got.status != tc.status || got.stderr != "" || len(found) != 1 || !strings.HasPrefix(found[0], tc.want) {
				t.Errorf("inger doctor %q: %+v, want status %d and %q", tc.name, got, tc.status, tc.want)
			}
			if strings.Contains(got.stdout, "\x1b") {
				t.Errorf("%q: colours in a pipe", got.stdout)
			}
		})
	}
	if _, err := os.Stat(folder + "/trace"); err == nil {
		t.Error("the program was started")
	}
}

func TestDoctorSaysWhatIsWrongHere(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "text.so", "not a library", 0o644)
	tests := map[string]struct {
		env, args []string
		status    int
		check     string
		want      string
	}{
		"nothing":                {nil, nil, 0, "options", "ok options no wrong value"},
		"a wrong value":          {[]string{"INGER_CLOCK=sun"}, nil, 1, "options", `fail options INGER_CLOCK: "sun": write auto, timer or timekeeper; the default is used`},
		"a library that is none": {nil, []string{"--library", "text.so"}, 1, "library", "fail library --library: text.so: not a shared library"},
		"the library":            {nil, nil, 0, "library", "ok library " + libraryPath},
		"FSGSBASE left unused":   {[]string{"INGER_FSGSBASE=0"}, nil, 0, "fsgsbase", "warn fsgsbase"},
		"a tunable":              {[]string{"GLIBC_TUNABLES=glibc.malloc.check=3"}, nil, 0, "tunables", "warn tunables glibc.malloc.check=3"},
		"an auditor":             {[]string{"LD_AUDIT=/a.so"}, nil, 0, "preload", `warn preload LD_AUDIT is "/a.so"`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := tool(t, folder, tc.env, append([]string{"doctor", "--quick"}, tc.args...)...)
			found := lines(got.stdout, tc.check)
			if got.status != tc.status || got.stderr != "" || len(found) != 1 || !strings.HasPrefix(found[0], tc.want) {
				t.Errorf("%+v, want status %d and %q", got, tc.status, tc.want)
			}
		})
	}
}

// The library of these tests does nothing, so there are no statistics: that must be said, and not taken for zero.
func TestDoctorReportsAMeasurementThatFailed(t *testing.T) {
	got := tool(t, "", nil, "doctor")
	found := lines(got.stdout, "pause")
	if got.status != 1 || len(found) != 1 || !strings.HasPrefix(found[0], "fail pause a busy program could not be run in slices: it printed no statistics") {
		t.Errorf("%+v, want a failed measurement", got)
	}
}

func TestDoctorMeasuresWithAStandIn(t *testing.T) {
	source := write(t, t.TempDir(), "stats.c", `#include <stdio.h>
#include <stdlib.h>
/* dash ends without destructors */
__attribute__((constructor)) static void print(void)
{
	const char *slice = getenv("INGER_SLICE"), *stats = getenv("INGER_STATS"), *follow = getenv("INGER_FOLLOW");
	if (!stats || *stats != '1' || !follow || *follow != '0' || !slice)
		return;
	fprintf(stderr, "libinger: pauses=1000 deferrals=1 slice_us median=100.0 p99=101.0 max=102.0 "
		"overshoot_us median=0.5 p99=9.5 max=10.0\n");
}
`, 0o644)
	got := tool(t, "", nil, "doctor", "--library", standIn(t, source))
	found := lines(got.stdout, "pause")
	const want = "pause 1000 pauses in slices of 100.0 us: overshoot median 0.5 us, p99 9.5 us"
	if got.status != 0 || len(found) != 1 || !strings.Contains(found[0], want) {
		t.Errorf("%+v, want %q", got, want)
	}
}

// standIn compiles a library in place of libinger.so.
func standIn(t *testing.T, source string) string {
	t.Helper()
	library := strings.TrimSuffix(source, ".c") + ".so"
	if out, err := exec.Command("gcc", "-shared", "-fPIC", "-o", library, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return library
}

func TestDoctorIsEndedByAnInterruptWithItsMeasurement(t *testing.T) {
	folder := t.TempDir()
	source := write(t, folder, "stays.c", `#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
__attribute__((constructor)) static void stay(void)
{
	FILE *file = fopen(getenv("STAYS_FILE"), "w");
	fprintf(file, "%d\n", (int)getpid());
	fclose(file);
	for (;;)
		pause();
}
`, 0o644)
	note := filepath.Join(folder, "pid")
	cmd := exec.Command(toolPath, "doctor", "--library", standIn(t, source))
	cmd.Env = append(os.Environ(), "STAYS_FILE="+note)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var busy string
	for deadline := time.Now().Add(time.Minute); !strings.HasSuffix(busy, "\n"); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			_ = cmd.Process.Kill()
			t.Fatal("the busy program was not started")
		}
		text, err := os.ReadFile(note)
		if err == nil {
			busy = string(text)
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("%v, want the end by an interrupt", cmd.ProcessState)
	}
	stat := "/proc/" + strings.TrimSpace(busy) + "/stat"
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		text, err := os.ReadFile(stat)
		if err != nil || strings.Contains(string(text), ") Z ") || strings.Contains(string(text), ") X ") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the busy program is still there: %s", text)
		}
	}
}

func TestDiagnosisIsOneLineAFinding(t *testing.T) {
	findings := []doctor.Finding{
		{Check: "libc", Mark: doctor.Warn, Says: "is old", Advice: "upgrade"},
		{Check: "pause", Mark: doctor.Fail, Says: "a\nb"},
		{Check: "secure", Mark: doctor.OK, Says: "is so"},
	}
	want := "warn  libc       is old; upgrade\nfail  pause      \"a\\nb\"\nok    secure     is so\n1 ok, 1 warn, 1 fail\n"
	if got := diagnosis(findings, false); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	coloured := diagnosis(findings, true)
	if !strings.HasPrefix(coloured, "\x1b[33mwarn\x1b[0m  libc       is old; \x1b[1mupgrade\x1b[0m\n") {
		t.Errorf("%q, want a coloured mark and bold advice", coloured)
	}
}

func TestColoursAreForTerminals(t *testing.T) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("there is no terminal to be had: ", err)
	}
	defer terminal.Close()
	environ := func(pairs ...string) func(string) (string, bool) {
		return func(name string) (string, bool) {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1], true
				}
			}
			return "", false
		}
	}
	if !painterFor(terminal, environ("TERM", "xterm")) || !painterFor(terminal, environ("TERM", "xterm", "NO_COLOR", "")) {
		t.Error("no colours on a terminal")
	}
	if painterFor(terminal, environ("TERM", "xterm", "NO_COLOR", "1")) {
		t.Error("colours in spite of NO_COLOR")
	}
	if painterFor(terminal, environ("TERM", "dumb")) || painterFor(terminal, environ()) {
		t.Error("colours on a terminal without them")
	}
	if painterFor(&bytes.Buffer{}, environ("TERM", "xterm")) {
		t.Error("colours in a buffer")
	}
}
