// SPDX-License-Identifier: Apache-2.0

package result

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"libinger/bench/record"
)

func line(name, base string, own, other float64) record.Record {
	l := &record.Line{Name: name, Count: 10, Batch: 100, Unit: "ns", Own: record.Single(own), Base: base,
		Figures: []record.Figure{{Name: "more", Value: own - other, Unit: "ns"}}}
	if base != "" {
		l.Samples = record.Single(other)
	}
	return record.Record{Line: l}
}

func judged(r record.Record, reached bool) record.Record {
	r.Line.Goal, r.Line.Reached = "<=10ns", &reached
	return r
}

func point(series string, x, y float64) record.Record {
	return record.Record{Point: &record.Point{Curve: "scale", Title: "T", Parameter: "functions", Unit: "ns", Series: series, LogX: true,
		X: x, Own: record.Single(y)}}
}

func histogram(series string, values ...float64) record.Record {
	s := &record.Samples{N: len(values), Min: values[0], Max: values[len(values)-1], Median: values[len(values)/2], Quantiles: values}
	return record.Record{Histogram: &record.Histogram{Name: "late", Title: "L", Unit: "ns", Series: series, Own: s}}
}

// three rounds of a group: medians 10, 12, 11.
func merged(t *testing.T) *File {
	t.Helper()
	f := &File{Schema: Schema, Settings: Settings{Rounds: 3, Seed: 1, Ignored: []string{}}}
	var rounds [][]record.Record
	for i, own := range []float64{10, 12, 11} {
		rounds = append(rounds, []record.Record{
			judged(line("launch", "fork", own, 100), i != 1), judged(line("launch", "thread", own, 50), i == 1), line("alone", "", own, 0),
			point("ours", 100, 2*own), point("ours", 1, own), point("floor", 1, 1), histogram("ours", own, own+1),
		})
	}
	if problems := f.Merge("launch", "auto", rounds); len(problems) > 0 {
		t.Fatal(problems)
	}
	return f
}

func TestRoundsBecomeCases(t *testing.T) {
	f := merged(t)
	if len(f.Cases) != 3 {
		t.Fatalf("%d cases", len(f.Cases))
	}
	c := &f.Cases[0]
	if c.Name != "launch" || c.Base != "fork" || c.Own.Value != 11 || c.Own.Low > 10 || c.Own.High < 12 || c.Own.Max != 12 {
		t.Errorf("case = %+v", c)
	}
	if c.Ratio == nil || c.Ratio.Value != 0.11 || c.Other.Value != 100 || len(c.OtherRounds) != 3 {
		t.Errorf("ratio = %+v of base %+v", c.Ratio, c.Other)
	}
	if !c.Noisy || c.Other.Noisy() {
		t.Errorf("rounds that are 18 %% apart: noisy %v; equal rounds: noisy %v", c.Noisy, c.Other.Noisy())
	}
	if len(c.Figures) != 1 || c.Figures[0].Value != -89 {
		t.Errorf("figures = %+v", c.Figures)
	}
	if alone := &f.Cases[2]; alone.Ratio != nil || alone.Other != nil || alone.Goal != nil {
		t.Errorf("a case without base or goal = %+v", alone)
	}
}

func TestWhatRoundsSay(t *testing.T) {
	f := &File{}
	var rounds [][]record.Record
	for _, text := range []string{"crashes", "ends", "crashes"} {
		r := line("a", "", 1, 0)
		r.Line.Text = text
		same := line("b", "", 1, 0)
		same.Line.Text = "ends"
		rounds = append(rounds, []record.Record{r, same})
	}
	f.Merge("g", "auto", rounds)
	if got, want := f.Cases[0].Text, "crashes (2 of 3 rounds); ends (1 of 3 rounds)"; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
	if got := f.Cases[1].Text; got != "ends" {
		t.Errorf("text %q", got)
	}
}

func TestAGoalIsReachedWhenMostRoundsDo(t *testing.T) {
	f := merged(t)
	if g := f.Cases[0].Goal; g == nil || !g.Reached || g.ReachedIn != 2 || g.JudgedIn != 3 {
		t.Errorf("reached in 2 of 3: %+v", g)
	}
	if g := f.Cases[1].Goal; g == nil || g.Reached || g.ReachedIn != 1 {
		t.Errorf("reached in 1 of 3: %+v", g)
	}
}

func TestPointsBecomeCurves(t *testing.T) {
	f := merged(t)
	if len(f.Curves) != 1 || len(f.Curves[0].Series) != 2 {
		t.Fatalf("curves = %+v", f.Curves)
	}
	ours := f.Curves[0].Series[0]
	if ours.Name != "ours" || len(ours.Points) != 2 || ours.Points[0].X != 1 || ours.Points[1].Value != 22 || len(ours.Points[1].Medians) != 3 {
		t.Errorf("series = %+v", ours)
	}
	// Another group draws in the same picture.
	if problems := f.Merge("other", "timer", [][]record.Record{{point("theirs", 5, 5)}}); len(problems) > 0 {
		t.Fatal(problems)
	}
	if len(f.Curves) != 1 || len(f.Curves[0].Series) != 3 {
		t.Errorf("curves = %+v", f.Curves)
	}
}

func TestARoundThatIsNotWhole(t *testing.T) {
	f := &File{Settings: Settings{Seed: 1}}
	f.Merge("launch", "auto", [][]record.Record{{line("a", "", 1, 0), line("b", "", 2, 0)}, {line("a", "", 1, 0)}, nil})
	if len(f.Cases) != 2 || len(f.Cases[0].Rounds) != 2 || len(f.Cases[1].Rounds) != 1 {
		t.Errorf("cases = %+v", f.Cases)
	}
}

func TestWhatIsReportedTwiceIsAProblem(t *testing.T) {
	f := &File{}
	problems := f.Merge("launch", "auto", [][]record.Record{{line("a", "", 1, 0), line("a", "", 2, 0), point("s", 1, 1), point("s", 1, 2)}})
	if len(problems) != 2 || !strings.Contains(problems[0].Error(), "a is reported twice") {
		t.Errorf("problems = %v", problems)
	}
	if len(f.Cases) != 1 || len(f.Cases[0].Rounds) != 1 || f.Cases[0].Own.Value != 1 {
		t.Errorf("cases = %+v", f.Cases)
	}
}

func TestAFileIsReadAsItWasWritten(t *testing.T) {
	f := merged(t)
	f.Groups = []Group{{Name: "launch", Clock: "auto", Seconds: []float64{1, 2, 3}, Problems: []string{}}}
	path := filepath.Join(t.TempDir(), "results.json")
	if err := f.Write(path); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, f) {
		t.Errorf("read %+v\nwritten %+v", got, f)
	}
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*"))
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	whole := merged(t)
	text, err := whole.encode()
	if err != nil {
		t.Fatal(err)
	}
	replace := func(old, new string) string { return strings.Replace(string(text), old, new, 1) }
	tests := map[string]struct {
		text string
		want string
	}{
		"cut off":                 {string(text[:len(text)/2]), "unexpected end"},
		"empty":                   {"", "unexpected end"},
		"another version":         {replace(`"schema": 1`, `"schema": 2`), "another version"},
		"a case without rounds":   {replace(`"rounds":[{`, `"rounds":[],"r":[{`), "no rounds"},
		"a round without samples": {replace(`"rounds":[{"n":1`, `"rounds":[{"n":0`), "without samples"},
		"a base without rounds":   {replace(`"base_rounds":[{`, `"r":[{`), "belong together"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "results.json")
			if err := os.WriteFile(path, []byte(tc.text), 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := Read(path); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}
