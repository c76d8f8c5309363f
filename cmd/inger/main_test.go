// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Built once for all tests: the tool, and a library that does nothing, in a folder of their own.
var (
	toolPath    string
	libraryPath string
)

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	folder, err := os.MkdirTemp("", "inger-test-")
	if err == nil {
		defer os.RemoveAll(folder)
		folder, err = filepath.EvalSymlinks(folder)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	toolPath = filepath.Join(folder, "inger")
	libraryPath = filepath.Join(folder, "libinger.so")
	source := filepath.Join(folder, "empty.c")
	if err := os.WriteFile(source, []byte("extern int nothing;\n"), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	build := exec.Command("go", "build", "-o", toolPath, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	for _, cmd := range []*exec.Cmd{build, exec.Command("gcc", "-shared", "-fPIC", "-o", libraryPath, source)} {
		if out, err := cmd.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%v: %v\n%s", cmd.Args, err, out)
			return 1
		}
	}
	return m.Run()
}

// result is what a process left behind.
type result struct {
	stdout, stderr string
	status         int // -1 when a signal ended it
}

// tool runs the built command in folder, with changes to an environment without our variables.
func tool(t *testing.T, folder string, changes []string, args ...string) result {
	t.Helper()
	cmd := exec.Command(toolPath, args...)
	cmd.Dir = folder
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "INGER_") && !strings.HasPrefix(entry, "LD_PRELOAD=") {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	cmd.Env = append(cmd.Env, changes...)
	return finish(t, cmd)
}

func finish(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%v: %v", cmd.Args, err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// write makes a file in a test's folder and returns its path.
func write(t *testing.T, folder, name, contents string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, []byte(contents), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask is
		t.Fatal(err)
	}
	return path
}

func TestAnswers(t *testing.T) {
	tests := map[string]struct {
		args []string
		want string
	}{
		"the version":               {[]string{"--version"}, "inger " + version + "\n"},
		"the overview":              {[]string{"--help"}, overview()},
		"the overview, short":       {[]string{"-h"}, overview()},
		"help alone":                {[]string{"help"}, overview()},
		"help about help":           {[]string{"help", "help"}, find("help").help()},
		"help about run":            {[]string{"help", "run"}, find("run").help()},
		"run's own help":            {[]string{"run", "--help"}, find("run").help()},
		"run's own help, short":     {[]string{"run", "-h"}, find("run").help()},
		"help about options":        {[]string{"help", "options"}, find("options").help()},
		"options' own help":         {[]string{"options", "--help"}, find("options").help()},
		"doctor's own help":         {[]string{"doctor", "--help"}, find("doctor").help()},
		"completion's own help":     {[]string{"completion", "--help"}, find("completion").help()},
		"help after another option": {[]string{"run", "--stats", "--help"}, find("run").help()},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tool(t, "", nil, tc.args...); got != (result{tc.want, "", 0}) {
				t.Errorf("inger %v: %+v, want status 0 and %q", tc.args, got, tc.want)
			}
		})
	}
}

func TestWrongCommandLines(t *testing.T) {
	tests := map[string]struct {
		args []string
		want string // the first line
	}{
		"nothing":                        {nil, "inger: no command"},
		"an unknown command":             {[]string{"ls"}, `inger: unknown command "ls"; to run a program, write: inger run PROGRAM`},
		"an unknown option":              {[]string{"--quiet"}, `inger: unknown option "--quiet"`},
		"an empty command":               {[]string{""}, `inger: unknown command ""; to run a program, write: inger run PROGRAM`},
		"help about nothing known":       {[]string{"help", "me"}, `inger: help: no command "me"`},
		"help about two things":          {[]string{"help", "run", "options"}, "inger: help: one command at a time"},
		"options with an argument":       {[]string{"options", "now"}, `inger: options: unexpected argument "now"`},
		"an option with a wrong value":   {[]string{"options", "--slice=1"}, `inger: options: --slice: "1": not a duration; write 50us, 1ms or 2s`},
		"an option where none is":        {[]string{"options", "--fast"}, `inger: options: unknown option "--fast"`},
		"a slip of the finger":           {[]string{"doktor"}, `inger: unknown command "doktor"; did you mean doctor?`},
		"a value where none is":          {[]string{"--version=x"}, `inger: --version: "x": takes no value but 0 or 1`},
		"the version and more":           {[]string{"--version", "now"}, `inger: unknown command "now"; to run a program, write: inger run PROGRAM`},
		"doctor with two programs":       {[]string{"doctor", "a", "b"}, "inger: doctor: one program at a time"},
		"doctor with an unknown option":  {[]string{"doctor", "--fast"}, `inger: doctor: unknown option "--fast"`},
		"doctor with an empty library":   {[]string{"doctor", "--library="}, `inger: doctor: --library: "": is empty`},
		"completion without a shell":     {[]string{"completion"}, "inger: completion: no shell; write: inger completion bash"},
		"completion for another shell":   {[]string{"completion", "csh"}, `inger: completion: no completion for "csh", only for bash`},
		"completion for two":             {[]string{"completion", "bash", "zsh"}, `inger: completion: unexpected argument "zsh"`},
		"run without a program":          {[]string{"run"}, "inger: run: no program"},
		"run with options only":          {[]string{"run", "--stats", "--"}, "inger: run: no program"},
		"an unknown option of run":       {[]string{"run", "--fast", "true"}, `inger: run: unknown option "--fast"`},
		"an unknown short option of run": {[]string{"run", "-q", "true"}, `inger: run: unknown option "-q"`},
		"a malformed option":             {[]string{"run", "--=1", "true"}, "inger: run: bad flag syntax: --=1"},
		"a duration without a unit": {[]string{"run", "--slice", "100", "true"},
			`inger: run: --slice: "100": not a duration; write 50us, 1ms or 2s`},
		"a duration out of range":  {[]string{"run", "--slice=2h", "true"}, `inger: run: --slice: "2h": not between 10us and 1h`},
		"an empty duration":        {[]string{"run", "--slice=", "true"}, `inger: run: --slice: "": is empty`},
		"a duration left out":      {[]string{"run", "--slice"}, "inger: run: --slice: needs a value"},
		"an unknown clock":         {[]string{"run", "--clock", "sun", "true"}, `inger: run: --clock: "sun": write auto, timer or timekeeper`},
		"a bad size":               {[]string{"run", "--stack", "8MB", "true"}, `inger: run: --stack: "8MB": not a size; write 262144, 256K, 8M or 1G`},
		"a bad isolation":          {[]string{"run", "--isolation", "auto", "true"}, `inger: run: --isolation: "auto": write isolated or shared`},
		"a bad number of libsets":  {[]string{"run", "--libsets=all", "true"}, `inger: run: --libsets: "all": not a number`},
		"a bad seed":               {[]string{"run", "--seed", "-1", "true"}, `inger: run: --seed: "-1": not an integer of 0 or more`},
		"a switch with a value":    {[]string{"run", "--stats=yes", "true"}, `inger: run: --stats: "yes": takes no value but 0 or 1`},
		"an empty library":         {[]string{"run", "--library=", "true"}, `inger: run: --library: "": is empty`},
		"torture without slices":   {[]string{"run", "--torture", "true"}, "inger: run: --torture: acts between slices, so it needs --slice"},
		"torture with slices off":  {[]string{"run", "--slice=0", "--torture", "true"}, "inger: run: --torture: acts between slices, so it needs --slice"},
		"a line break in an value": {[]string{"run", "--clock", "a\nb", "true"}, `inger: run: --clock: "a\nb": write auto, timer or timekeeper`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := tool(t, "", nil, tc.args...)
			lines := strings.Split(got.stderr, "\n")
			if got.status != statusUsage || got.stdout != "" || lines[0] != tc.want {
				t.Errorf("inger %q: %+v, want status 2 and %q", tc.args, got, tc.want)
			}
			if len(lines) != 3 || !strings.HasPrefix(lines[1], "usage: inger ") || lines[2] != "" {
				t.Errorf("inger %q: %q, want one line and a hint", tc.args, got.stderr)
			}
		})
	}
}

func TestAnswerThatCannotBeWrittenIsAnError(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	var stderr bytes.Buffer
	if status := dispatch([]string{"help"}, full, &stderr); status != statusFailed || !strings.Contains(stderr.String(), "no space left") {
		t.Errorf("status %d, %q, want %d and the reason", status, stderr.String(), statusFailed)
	}
}

func TestOptionsShowsValuesAndTheirOrigin(t *testing.T) {
	got := tool(t, "", []string{"INGER_SLICE=1m", "INGER_STACK=9999x", "INGER_CLOCK="}, "options")
	if got.status != statusFailed || got.stderr != "inger: options: INGER_STACK: \"9999x\": not a size; write 262144, 256K, 8M or 1G\n" {
		t.Errorf("status %d, stderr %q, want 1 and the refused value", got.status, got.stderr)
	}
	for name, want := range map[string][]string{
		"INGER_SLICE": {"INGER_SLICE", "1m", "environment", "none"},
		"INGER_STACK": {"INGER_STACK", "0", "default,", "since", `"9999x"`, "is", "refused"},
		"INGER_CLOCK": {"INGER_CLOCK", "auto", "default", "auto"},
		"INGER_SEED":  {"INGER_SEED", "random", "default", "random"},
	} {
		found := false
		for _, line := range strings.Split(got.stdout, "\n") {
			words := strings.Fields(line)
			if len(words) > 0 && words[0] == name {
				found = len(words) >= len(want) && strings.Join(words[:len(want)], " ") == strings.Join(want, " ")
			}
		}
		if !found {
			t.Errorf("%s: no line that begins with %q in\n%s", name, want, got.stdout)
		}
	}
}

func TestOptionsShowsWhatOptionsWouldDo(t *testing.T) {
	got := tool(t, "", []string{"INGER_SLICE=1m", "INGER_STACK=1M"}, "options", "--slice", "2ms", "--stats")
	lines := map[string]string{}
	for _, line := range strings.Split(got.stdout, "\n") {
		if words := strings.Fields(line); len(words) > 2 {
			lines[words[0]] = words[1] + " " + words[2]
		}
	}
	for name, want := range map[string]string{"INGER_SLICE": "2ms --slice", "INGER_STATS": "1 --stats", "INGER_STACK": "1M environment"} {
		if lines[name] != want {
			t.Errorf("%s: %q, want %q", name, lines[name], want)
		}
	}
	if got.status != 0 || got.stderr != "" {
		t.Errorf("status %d, stderr %q", got.status, got.stderr)
	}
}

func TestAnOptionOfTheEnvironmentIsOverruledThoughWrong(t *testing.T) {
	got := tool(t, "", []string{"INGER_SLICE=soon"}, "options", "--slice", "2ms")
	if got.status != 0 || got.stderr != "" {
		t.Errorf("%+v, want no complaint about a value that is not used", got)
	}
}
