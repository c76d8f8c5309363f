// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"libinger/bench/record"
	"libinger/bench/result"
)

// script is a program that stands in for the cases: the shell's $1 is the group.
func script(t *testing.T, body string) program {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cases")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o755); err != nil {
		t.Fatal(err)
	}
	return program{path, []string{"PATH=/bin:/usr/bin"}, time.Minute}
}

// reported is a line of a script that reports a case.
func reported(name, value string) string {
	return `echo '{"line":"` + name + `","count":1,"batch":1,"unit":"ns","value":` + value + `}' >>"$BENCH_RECORDS"` + "\n"
}

func runOnce(t *testing.T, p program, variables []string, arguments ...string) ([]record.Record, string, error) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := adopt(); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	records, err := p.run(context.Background(), &log, variables, arguments...)
	return records, log.String(), err
}

func TestAProgramIsStartedWithItsVariables(t *testing.T) {
	records, log, err := runOnce(t, script(t, reported("a", "1")+`echo "$1 $INGER_CLOCK $2"`), []string{"INGER_CLOCK=timer"}, "launch", "--quick")
	if err != nil || log != "launch timer --quick\n" || len(records) != 1 {
		t.Errorf("%d records, log %q, %v", len(records), log, err)
	}
}

func TestEndsOfPrograms(t *testing.T) {
	tests := map[string]struct {
		body    string
		limit   time.Duration
		records int
		want    string
	}{
		"a status":             {reported("a", "1") + "exit 3", time.Minute, 1, "exit status 3"},
		"a signal":             {reported("a", "1") + "kill -SEGV $$", time.Minute, 1, "ended by signal 11"},
		"a hang":               {reported("a", "1") + "sleep 100", 300 * time.Millisecond, 1, "ended after 300ms"},
		"nothing reported":     {"exit 0", time.Minute, 0, "nothing was reported"},
		"a damaged record":     {reported("a", "1") + "echo '{\"line\":' >>\"$BENCH_RECORDS\"", time.Minute, 1, "damaged record: line 2"},
		"damaged and a status": {"echo x >>\"$BENCH_RECORDS\"; exit 1", time.Minute, 0, "exit status 1\ndamaged record"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p := script(t, tc.body)
			p.limit = tc.limit
			records, _, err := runOnce(t, p, nil)
			if err == nil || !strings.Contains(err.Error(), tc.want) || len(records) != tc.records {
				t.Errorf("%d records, error %v; want %d, %q", len(records), err, tc.records, tc.want)
			}
		})
	}
}

func TestNothingIsLeftRunning(t *testing.T) {
	_, log, err := runOnce(t, script(t, reported("a", "1")+"sleep 100 >/dev/null & echo $!"), nil)
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	for _, digit := range strings.TrimSpace(log) {
		pid = pid*10 + int(digit-'0')
	}
	if err := unix.Kill(pid, 0); pid == 0 || !errors.Is(err, unix.ESRCH) {
		t.Errorf("process %d is still there: %v", pid, err)
	}
}

func TestEnvironment(t *testing.T) {
	kept, ignored := environment([]string{"PATH=/bin", "INGER_LIMITS=x", "INGER_CONFIG=y", "INGER_CLOCK=timer", "LD_PRELOAD=z", "INGERX=1", "HOME=/", "INGER_SEED=5"})
	if !slices.Equal(kept, []string{"PATH=/bin", "INGERX=1", "HOME=/", "INGER_SEED=5"}) {
		t.Errorf("kept %q", kept)
	}
	if !slices.Equal(ignored, []string{"INGER_LIMITS", "INGER_CONFIG", "INGER_CLOCK", "LD_PRELOAD"}) {
		t.Errorf("ignored %q", ignored)
	}
}

func TestGroups(t *testing.T) {
	p := script(t, `[ "$1" = --list ] && printf 'launch auto\novershoot timer\novershoot timekeeper\n'`)
	groups, err := p.list()
	if err != nil || len(groups) != 3 || groups[2] != (group{"overshoot", "timekeeper"}) {
		t.Fatalf("%v, %v", groups, err)
	}
	if got := groups[2].variables(); !slices.Equal(got, []string{"INGER_CLOCK=timekeeper"}) || groups[0].variables() != nil {
		t.Errorf("variables %q", got)
	}
	if chosen, err := choose(groups, []string{"overshoot"}); err != nil || len(chosen) != 2 {
		t.Errorf("chosen %v, %v", chosen, err)
	}
	if _, err := choose(groups, []string{"overshot"}); !errors.Is(err, errUsage) {
		t.Errorf("an unknown group: %v", err)
	}
	bad := script(t, "echo launch")
	if _, err := bad.list(); err == nil {
		t.Error("a list that is none was taken")
	}
}

func newRun(t *testing.T, cases program, rounds int, groups ...group) (*run, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	noise := script(t, reported("spin", "10")+reported("timer", "10"))
	return &run{cases: cases, noise: noise, groups: groups, rounds: rounds, until: time.Now().Add(time.Hour), quick: true, log: &log,
		progress: io.Discard}, &log
}

// Rounds take turns, a group that fails in one is measured in the others, and what failed is said.
func TestRounds(t *testing.T) {
	counter := filepath.Join(t.TempDir(), "counter")
	cases := script(t, `echo x >>`+counter+"\n"+reported("a", "1")+`[ "$(wc -l <`+counter+`)" = 4 ] && exit 7; exit 0`)
	r, log := newRun(t, cases, 3, group{"first", "auto"}, group{"second", "timer"})
	file := &result.File{Settings: result.Settings{Rounds: 3, Seed: 1}}
	if err := r.measure(file); err != nil {
		t.Fatal(err)
	}
	want := "# round 1 first clock=auto\n# round 1 second clock=timer\n# round 2 first clock=auto\n" +
		"# round 2 second clock=timer\n# round 3 first clock=auto\n# round 3 second clock=timer\n"
	if log.String() != want {
		t.Errorf("order:\n%s", log)
	}
	if problems := r.merge(file); problems != 1 {
		t.Errorf("%d groups with problems", problems)
	}
	if len(file.Groups) != 2 || len(file.Groups[0].Problems) != 0 || !slices.Equal(file.Groups[1].Problems, []string{"round 2: exit status 7"}) {
		t.Errorf("groups = %+v", file.Groups)
	}
	if len(file.Cases) != 2 || len(file.Cases[0].Rounds) != 3 || file.Cases[1].Clock != "timer" {
		t.Errorf("cases = %+v", file.Cases)
	}
	if len(file.Noise.Looks) != 4 {
		t.Errorf("%d looks at the machine", len(file.Noise.Looks))
	}
}

func TestTimeLimitsTheRoundsAfterTheFirst(t *testing.T) {
	r, log := newRun(t, script(t, reported("a", "1")), 5, group{"first", "auto"}, group{"second", "auto"})
	r.until = time.Now()
	if err := r.measure(&result.File{}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(log.String(), "# round"); n != 2 {
		t.Errorf("%d groups were run:\n%s", n, log)
	}
}

func TestCommandLines(t *testing.T) {
	for name, args := range map[string][]string{
		"an unknown option":            {"--fast"},
		"one file to compare":          {"compare", "a.json"},
		"nothing to render":            {"render"},
		"a document without a folder":  {"render", "--document", "a.md", "r.json"},
		"a negative number of rounds":  {"--rounds", "-1"},
		"a seed that is not a number":  {"--seed", "x"},
		"an option of another command": {"compare", "--quick", "a", "b"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := command(args, io.Discard); !errors.Is(err, errUsage) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// written is a result on disk with a case whose rounds are given, and a curve.
func written(t *testing.T, values ...string) string {
	t.Helper()
	var rounds [][]record.Record
	for _, v := range values {
		records, err := record.Parse(strings.NewReader(`{"line":"a","count":1,"batch":1,"unit":"ns","value":` + v + "}\n" +
			`{"curve":"scale","title":"T","unit":"ns","series":"s","parameter":"n","x":1,"value":5}` + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		rounds = append(rounds, records)
	}
	f := &result.File{Schema: result.Schema}
	f.Merge("g", "auto", rounds)
	path := filepath.Join(t.TempDir(), "results.json")
	if err := f.Write(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCompareCommand(t *testing.T) {
	a, b, far := written(t, "10", "11", "12"), written(t, "11", "12", "13"), written(t, "100", "101", "102")
	var out bytes.Buffer
	if err := command([]string{"compare", "--same", a, b}, &out); err != nil || !strings.Contains(out.String(), "# same:") {
		t.Errorf("near: %v\n%s", err, out.String())
	}
	out.Reset()
	if err := command([]string{"compare", "--same", a, far}, &out); err == nil || !strings.Contains(out.String(), "apart: a: 11") {
		t.Errorf("far: %v\n%s", err, out.String())
	}
	if err := command([]string{"compare", a, far}, &out); err != nil {
		t.Errorf("without --same a change is no failure: %v", err)
	}
}

func TestRenderCommand(t *testing.T) {
	from := written(t, "10", "11")
	if err := command([]string{"render", from}, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"results.md", "results.txt", "scale.svg"} {
		if _, err := os.Stat(filepath.Join(filepath.Dir(from), name)); err != nil {
			t.Error(err)
		}
	}
	folder := t.TempDir()
	document, pictures := filepath.Join(folder, "performance.md"), filepath.Join(folder, "performance")
	if err := errors.Join(os.Mkdir(pictures, 0o755), os.WriteFile(filepath.Join(pictures, "former.svg"), nil, 0o644),
		os.WriteFile(document, []byte("text\n<!-- bench: other -->\n<!-- bench end -->\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if err := command([]string{"render", "--document", document, "--pictures", pictures, from}, io.Discard); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(document)
	if err != nil || !strings.Contains(string(text), "(performance/scale.svg)") {
		t.Errorf("%v: %s", err, text)
	}
	left, _ := filepath.Glob(filepath.Join(pictures, "*"))
	if len(left) != 1 || filepath.Base(left[0]) != "scale.svg" {
		t.Errorf("pictures = %v", left)
	}
}
