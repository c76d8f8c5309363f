// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"strings"
	"testing"

	"libinger/bench/machine"
	"libinger/bench/record"
	"libinger/bench/result"
)

// file has the cases named, with a round for each value, and a curve of one point.
func file(t *testing.T, cases map[string][]float64, at float64) *result.File {
	t.Helper()
	f := &result.File{Schema: result.Schema, Machine: machine.Machine{CPU: "a"}, Settings: result.Settings{Seed: 1}}
	var rounds [][]record.Record
	for name, values := range cases {
		for i, v := range values {
			for len(rounds) <= i {
				rounds = append(rounds, []record.Record{{Point: &record.Point{Curve: "c", Unit: "ns", Series: "s", X: 1, Own: record.Single(at)}}})
			}
			rounds[i] = append(rounds[i], record.Record{Line: &record.Line{Name: name, Count: 1, Batch: 1, Unit: "ns", Own: record.Single(v)}})
		}
	}
	if problems := f.Merge("g", "auto", rounds); len(problems) > 0 {
		t.Fatal(problems)
	}
	return f
}

func row(t *testing.T, c *Comparison, name string) *Row {
	t.Helper()
	for i := range c.Rows {
		if c.Rows[i].Name == name {
			return &c.Rows[i]
		}
	}
	t.Fatalf("no row %s", name)
	return nil
}

func TestChangesAreToldFromChance(t *testing.T) {
	old := file(t, map[string][]float64{"faster": {100, 101, 102, 103, 104}, "same": {50, 51, 52, 53, 54}, "gone": {1, 1, 1, 1, 1}}, 10)
	new := file(t, map[string][]float64{"faster": {80, 81, 82, 83, 84}, "same": {54, 53, 52, 51, 50}, "added": {1, 1, 1, 1, 1}}, 20)
	c := Results(old, new)
	if r := row(t, c, "faster"); !r.Changed() || r.Test.FormatDelta(r.Old.Value, r.New.Value) != "-19.61%" {
		t.Errorf("faster: %+v", r)
	}
	if r := row(t, c, "same"); r.Changed() || r.Test.FormatDelta(r.Old.Value, r.New.Value) != "~" {
		t.Errorf("same: %+v", r)
	}
	if len(c.OldOnly) != 1 || c.OldOnly[0] != "gone" || len(c.NewOnly) != 1 || c.NewOnly[0] != "added" {
		t.Errorf("only in one: %v, %v", c.OldOnly, c.NewOnly)
	}
	text := c.Text()
	for _, want := range []string{"-19.61% (p=0.008 n=5)", "only in old: gone", "only in new: added", "c[s] at 1", "+100.00% (p=", "3 compared, 2 changed", "-19.61% (p=0.008 n=5) apart"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}

func TestTooFewRoundsAreSaid(t *testing.T) {
	c := Results(file(t, map[string][]float64{"a": {1, 2}}, 1), file(t, map[string][]float64{"a": {100, 200}}, 1))
	if c.Rows[0].Changed() || !strings.Contains(c.Text(), "too few rounds") {
		t.Errorf("two rounds:\n%s", c.Text())
	}
}

func TestApart(t *testing.T) {
	old := file(t, map[string][]float64{"near": {100, 101, 102, 103, 104}, "far": {100, 101, 102, 103, 104}}, 10)
	new := file(t, map[string][]float64{"near": {103, 104, 105, 106, 107}, "far": {200, 201, 202, 203, 204}}, 10)
	apart := Results(old, new).Apart()
	if len(apart) != 1 || apart[0].Name != "far" {
		t.Errorf("apart = %+v", apart)
	}
}

func TestRemarks(t *testing.T) {
	old, new := file(t, map[string][]float64{"a": {1}}, 1), file(t, map[string][]float64{"a": {1}}, 1)
	if remarks := Results(old, new).Remarks; len(remarks) != 0 {
		t.Errorf("remarks on the same machine: %v", remarks)
	}
	new.Machine.CPU, new.Settings.Quick, new.Noise.Reasons = "b", true, []string{"stolen"}
	text := strings.Join(Results(old, new).Remarks, "\n")
	for _, want := range []string{"machines differ: processor: a, b", "one run is quick", "noisy (new): stolen"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}

// A case is compared once, however many bases it has, and a base once that several cases share. Clocks are told apart.
func TestEachFigureIsComparedOnce(t *testing.T) {
	f := &result.File{}
	for _, clock := range []string{"timer", "timekeeper"} {
		var records []record.Record
		for _, name := range []string{"a", "b"} {
			for base, value := range map[string]float64{"thread": 5, "of " + name: 7} {
				records = append(records, record.Record{Line: &record.Line{Name: name, Count: 1, Batch: 1, Unit: "ns", Own: record.Single(1),
					Base: base, Samples: record.Single(value)}})
			}
		}
		if problems := f.Merge("g", clock, [][]record.Record{records}); len(problems) > 0 {
			t.Fatal(problems)
		}
	}
	own, bases := map[string]int{}, 0
	c := Results(f, f)
	for _, r := range c.Rows {
		if r.Base {
			bases++
		} else {
			own[r.Name]++
		}
	}
	// Two cases and three bases with each clock.
	if len(own) != 4 || len(c.Rows) != 10 || bases != 6 {
		t.Errorf("rows = %+v", c.Rows)
	}
}
