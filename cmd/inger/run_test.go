// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestRunHandsOptionsOverInTheEnvironment(t *testing.T) {
	tests := map[string]struct {
		env, args, want []string
	}{
		"nothing but the library": {nil, nil, nil},
		"a slice":                 {nil, []string{"--slice", "100us"}, []string{"INGER_SLICE=100us"}},
		"every option": {nil,
			[]string{"--slice=1ms", "--torture", "--no-follow", "--stats", "--clock=timer", "--isolation=shared",
				"--libsets", "3", "--stack", "64K", "--seed", "7"},
			[]string{"INGER_SLICE=1ms", "INGER_TORTURE=1", "INGER_STATS=1", "INGER_FOLLOW=0", "INGER_CLOCK=timer",
				"INGER_ISOLATION=shared", "INGER_LIBSETS=3", "INGER_STACK=64K", "INGER_SEED=7"}},
		"an option wins over the environment": {[]string{"INGER_SLICE=2s"}, []string{"--slice", "1ms"}, []string{"INGER_SLICE=1ms"}},
		"the environment stays otherwise":     {[]string{"INGER_SLICE=2s"}, []string{"--stats"}, []string{"INGER_SLICE=2s", "INGER_STATS=1"}},
		"torture with the environment's slice": {[]string{"INGER_SLICE=2s"}, []string{"--torture"},
			[]string{"INGER_SLICE=2s", "INGER_TORTURE=1"}},
		"switches can be turned off": {[]string{"INGER_STATS=1"}, []string{"--stats=0", "--no-follow=0"},
			[]string{"INGER_STATS=0", "INGER_FOLLOW=1"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			args := append(append([]string{"run"}, tc.args...), "--", "env")
			got := tool(t, "", tc.env, args...)
			var ours []string
			for _, line := range strings.Split(got.stdout, "\n") {
				if strings.HasPrefix(line, "INGER_") || strings.HasPrefix(line, "LD_PRELOAD=") {
					ours = append(ours, line)
				}
			}
			want := append([]string{"LD_PRELOAD=" + libraryPath}, tc.want...)
			slices.Sort(want)
			slices.Sort(ours)
			if got.status != 0 || got.stderr != "" || !slices.Equal(ours, want) {
				t.Errorf("inger %q: status %d, stderr %q, environment %q, want %q", args, got.status, got.stderr, ours, want)
			}
		})
	}
}

func TestRunLeavesTheProgramItsOwnBehaviour(t *testing.T) {
	tests := map[string]struct {
		args []string
		want result
	}{
		"its exit status":                    {[]string{"--", "sh", "-c", "exit 7"}, result{"", "", 7}},
		"its output":                         {[]string{"--", "sh", "-c", "echo out; echo err >&2"}, result{"out\n", "err\n", 0}},
		"the signal that ends it":            {[]string{"--", "sh", "-c", "kill -9 $$"}, result{"", "", -1}},
		"its name as it was typed":           {[]string{"cat", "/proc/self/cmdline"}, result{"cat\x00/proc/self/cmdline\x00", "", 0}},
		"its options, without a double dash": {[]string{"echo", "--slice", "1ms", "--help"}, result{"--slice 1ms --help\n", "", 0}},
		"a double dash of its own":           {[]string{"--", "echo", "--", "x"}, result{"-- x\n", "", 0}},
		"empty arguments":                    {[]string{"printf", "<%s>", "", "a b"}, result{"<><a b>", "", 0}},
		"a loader as the program":            {[]string{glibcLoader, "/bin/echo", "hello"}, result{"hello\n", "", 0}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tool(t, "", nil, append([]string{"run"}, tc.args...)...); got != tc.want {
				t.Errorf("inger run %q: %+v, want %+v", tc.args, got, tc.want)
			}
		})
	}
}

// The lines of /proc/PID/status say what a program starts with; the same shell starts it with and without the tool.
func TestRunLeavesInheritedSignals(t *testing.T) {
	const ask = "grep -E '^Sig(Ign|Blk)' /proc/self/status"
	script := fmt.Sprintf("trap '' PIPE TERM QUIT CHLD USR1 HUP TSTP RTMAX; %s; exec %s run -- %s", ask, toolPath, ask)
	got := finish(t, exec.Command("bash", "-c", script))
	lines := strings.Split(strings.TrimSpace(got.stdout), "\n")
	if got.status != 0 || len(lines) != 4 {
		t.Fatalf("%+v, want four lines", got)
	}
	if !slices.Equal(lines[:2], lines[2:]) {
		t.Errorf("a program starts with %q, under the tool with %q", lines[:2], lines[2:])
	}
	if strings.HasSuffix(lines[1], "0000000000000000") {
		t.Errorf("%q: the shell ignored nothing, so nothing was tested", lines[1])
	}
}

func TestRunLeavesTheSignalMask(t *testing.T) {
	if _, err := os.Stat("/usr/bin/python3"); err != nil {
		t.Skip("the mask is set by /usr/bin/python3, which is not here")
	}
	script := `import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD, signal.SIGUSR2, signal.SIGPROF, 40])
os.execv(sys.argv[1], sys.argv[1:])`
	const want = "SigBlk:\t0000008004010800\n"
	got := finish(t, exec.Command("/usr/bin/python3", "-c", script, toolPath, "run", "grep", "^SigBlk", "/proc/self/status"))
	if got != (result{want, "", 0}) {
		t.Errorf("%+v, want %q", got, want)
	}
}

func TestRunLeavesNoDescriptorOpen(t *testing.T) {
	want := finish(t, exec.Command("ls", "/proc/self/fd"))
	if got := tool(t, "", nil, "run", "ls", "/proc/self/fd"); got != want {
		t.Errorf("descriptors under the tool %+v, without it %+v", got, want)
	}
}

func TestRunLeavesTheFileLimit(t *testing.T) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	got := finish(t, exec.Command("bash", "-c", "ulimit -S -n 123; exec "+toolPath+" run bash -c 'ulimit -S -n'"))
	if got != (result{"123\n", "", 0}) {
		t.Errorf("%+v, want the soft limit of 123", got)
	}
}

func TestPreloadEnvironment(t *testing.T) {
	const library = "/lib/libinger.so"
	tests := map[string]struct{ environ, want []string }{
		"an empty environment":           {nil, []string{"LD_PRELOAD=/lib/libinger.so"}},
		"an empty list":                  {[]string{"LD_PRELOAD="}, []string{"LD_PRELOAD=/lib/libinger.so"}},
		"another library comes second":   {[]string{"LD_PRELOAD=/a.so"}, []string{"LD_PRELOAD=/lib/libinger.so:/a.so"}},
		"a list with blanks":             {[]string{"LD_PRELOAD=/a.so /b.so"}, []string{"LD_PRELOAD=/lib/libinger.so:/a.so:/b.so"}},
		"the library is not named twice": {[]string{"LD_PRELOAD=/a.so:/lib/libinger.so"}, []string{"LD_PRELOAD=/lib/libinger.so:/a.so"}},
		"an option named twice is set once": {[]string{"INGER_SLICE=1s", "A=1", "INGER_SLICE=2s"},
			[]string{"A=1", "INGER_SLICE=5us", "LD_PRELOAD=/lib/libinger.so"}},
		"an entry without a name stays": {[]string{"=x", "y"}, []string{"=x", "y", "LD_PRELOAD=/lib/libinger.so"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			set := map[string]string{}
			if strings.HasPrefix(name, "an option") {
				set["INGER_SLICE"] = "5us"
			}
			if got := preloadEnvironment(tc.environ, set, library); !slices.Equal(got, tc.want) {
				t.Errorf("preloadEnvironment(%q) = %q, want %q", tc.environ, got, tc.want)
			}
		})
	}
}

func TestLookPathSearchesAsShellsDo(t *testing.T) {
	folder := t.TempDir()
	for _, sub := range []string{"folder/prog", "plain", "good", "later"} {
		if err := os.MkdirAll(filepath.Join(folder, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, folder, "plain/prog", "text", 0o644)
	write(t, folder, "good/prog", "#!/bin/sh\necho good\n", 0o755)
	write(t, folder, "later/prog", "#!/bin/sh\necho later\n", 0o755)
	write(t, folder, "prog", "#!/bin/sh\necho here\n", 0o755)
	in := func(subs ...string) string {
		for i, sub := range subs {
			subs[i] = filepath.Join(folder, sub)
		}
		return "PATH=" + strings.Join(subs, ":") + ":/usr/bin:/bin"
	}
	tests := map[string]struct {
		path, name string
		want       result
	}{
		"the first one counts":             {in("good", "later"), "prog", result{"good\n", "", 0}},
		"a folder is passed over":          {in("folder", "later"), "prog", result{"later\n", "", 0}},
		"a plain file is passed over":      {in("plain", "good"), "prog", result{"good\n", "", 0}},
		"a missing folder is passed over":  {in("nowhere", "good"), "prog", result{"good\n", "", 0}},
		"a file as a folder is no error":   {in("prog", "good"), "prog", result{"good\n", "", 0}},
		"an empty entry is this folder":    {"PATH=:/bin", "prog", result{"here\n", "", 0}},
		"a slash means a path":             {in("good"), "./prog", result{"here\n", "", 0}},
		"a plain file alone is 126":        {in("plain"), "prog", result{"", "inger: " + folder + "/plain/prog: not executable: permission denied\n", 126}},
		"a folder alone is 127":            {in("folder"), "prog", result{"", "inger: prog: not found in PATH\n", 127}},
		"nothing is 127":                   {in("good"), "no-such-program", result{"", "inger: no-such-program: not found in PATH\n", 127}},
		"an empty name is 127":             {in("good"), "", result{"", "inger: \"\": not found in PATH\n", 127}},
		"a missing path is 127":            {in("good"), "./nothing", result{"", "inger: ./nothing: no such file\n", 127}},
		"a path through a file is 126":     {in("good"), "./prog/x", result{"", "inger: ./prog/x: not a directory\n", 126}},
		"a folder as a path is 126":        {in("good"), "./good", result{"", "inger: ./good: is a directory\n", 126}},
		"a device is 126":                  {in("good"), "/dev/null", result{"", "inger: /dev/null: not a regular file\n", 126}},
		"a plain file as a path is 126":    {in("good"), "plain/prog", result{"", "inger: plain/prog: not executable: permission denied\n", 126}},
		"a strange name stays on one line": {in("good"), "a\nb", result{"", "inger: \"a\\nb\": not found in PATH\n", 127}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tool(t, folder, []string{tc.path}, "run", "--", tc.name); got != tc.want {
				t.Errorf("%s inger run %q: %+v, want %+v", tc.path, tc.name, got, tc.want)
			}
		})
	}
}
