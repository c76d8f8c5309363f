// SPDX-License-Identifier: Apache-2.0

// Package compare says what has changed between two results. What is compared are the medians of rounds: a round is the
// unit that varies independently (see package estimate). The test is that of benchstat, from golang.org/x/perf/benchmath:
// Mann-Whitney's, which assumes no distribution.
package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"golang.org/x/perf/benchmath"

	"libinger/bench/estimate"
	"libinger/bench/plot"
	"libinger/bench/record"
	"libinger/bench/result"
)

// A Row is one case of both results, or one point of a curve.
type Row struct {
	Name     string
	Unit     string
	Old, New estimate.Estimate
	Test     benchmath.Comparison
}

// Changed says whether the test tells the two apart.
func (r *Row) Changed() bool { return r.Test.P <= r.Test.Alpha }

// Comparison is of two results.
type Comparison struct {
	Rows    []Row
	OldOnly []string
	NewOnly []string
	Remarks []string // why figures may not be comparable
}

// Results compares what both have.
func Results(old, new *result.File) *Comparison {
	c := &Comparison{}
	c.remark(old, new)
	former := map[string]*result.Case{}
	for i := range old.Cases {
		former[old.Cases[i].Key()] = &old.Cases[i]
	}
	for i := range new.Cases {
		now := &new.Cases[i]
		was := former[now.Key()]
		delete(former, now.Key())
		if was == nil {
			c.NewOnly = append(c.NewOnly, label(now))
			continue
		}
		c.Rows = append(c.Rows, Row{Name: label(now), Unit: now.Unit, Old: was.Own.Estimate, New: now.Own.Estimate,
			Test: test(medians(was.Rounds), medians(now.Rounds))})
	}
	for i := range old.Cases {
		if former[old.Cases[i].Key()] != nil {
			c.OldOnly = append(c.OldOnly, label(&old.Cases[i]))
		}
	}
	c.curves(old, new)
	return c
}

// label names a case without what all have in common.
func label(c *result.Case) string {
	name := c.Name
	if c.Base != "" {
		name += " : " + c.Base
	}
	if c.Clock != "auto" && !strings.Contains(c.Name, c.Clock) {
		name += " (" + c.Clock + ")"
	}
	return name
}

func medians(rounds []*record.Samples) []float64 {
	values := make([]float64, len(rounds))
	for i, s := range rounds {
		values[i] = s.Median
	}
	return values
}

func test(old, new []float64) benchmath.Comparison {
	sample := func(values []float64) *benchmath.Sample {
		thresholds := benchmath.DefaultThresholds
		return benchmath.NewSample(slices.Clone(values), &thresholds) // which sorts them
	}
	return benchmath.AssumeNothing.Compare(sample(old), sample(new))
}

func (c *Comparison) curves(old, new *result.File) {
	type place struct {
		curve, series string
		x             float64
	}
	former := map[place]result.Point{}
	visit := func(f *result.File, do func(at place, unit string, p result.Point)) {
		for _, curve := range f.Curves {
			for _, s := range curve.Series {
				for _, p := range s.Points {
					do(place{curve.Name, s.Name, p.X}, curve.Unit, p)
				}
			}
		}
	}
	visit(old, func(at place, _ string, p result.Point) { former[at] = p })
	visit(new, func(at place, unit string, p result.Point) {
		if was, known := former[at]; known {
			c.Rows = append(c.Rows, Row{Name: fmt.Sprintf("%s[%s] at %g", at.curve, at.series, at.x), Unit: unit, Old: was.Estimate,
				New: p.Estimate, Test: test(was.Medians, p.Medians)})
		}
	})
}

func (c *Comparison) remark(old, new *result.File) {
	for _, difference := range old.Machine.Differences(new.Machine) {
		c.Remarks = append(c.Remarks, "machines differ: "+difference)
	}
	if old.Settings.Quick || new.Settings.Quick {
		c.Remarks = append(c.Remarks, "a quick run has few samples and rounds")
	}
	if old.Settings.Quick != new.Settings.Quick {
		c.Remarks = append(c.Remarks, "one run is quick, the other is not: they do not measure quite the same")
	}
	for _, f := range []struct {
		which string
		file  *result.File
	}{{"old", old}, {"new", new}} {
		if len(f.file.Noise.Reasons) > 0 {
			c.Remarks = append(c.Remarks, fmt.Sprintf("the machine was noisy (%s): %s", f.which, strings.Join(f.file.Noise.Reasons, "; ")))
		}
	}
}

// Apart are the rows whose medians differ by more than their intervals together.
func (c *Comparison) Apart() []Row {
	var rows []Row
	for _, r := range c.Rows {
		if !r.Old.Overlaps(r.New) {
			rows = append(rows, r)
		}
	}
	return rows
}

// Text is a table of what was compared. Where a change can't be told from chance it has a ~ in the place of a figure.
func (c *Comparison) Text() string {
	var out strings.Builder
	for _, remark := range c.Remarks {
		fmt.Fprintf(&out, "# %s\n", remark)
	}
	fmt.Fprintf(&out, "%-56s %24s %24s %9s\n", "case", "old", "new", "delta")
	few := 0
	for _, r := range c.Rows {
		few += min(len(r.Test.Warnings), 1)
		fmt.Fprintf(&out, "%-56s %24s %24s %9s (%s)\n", r.Name, figure(r.Old, r.Unit), figure(r.New, r.Unit),
			r.Test.FormatDelta(r.Old.Value, r.New.Value), r.Test)
	}
	for _, name := range c.OldOnly {
		fmt.Fprintf(&out, "only in old: %s\n", name)
	}
	for _, name := range c.NewOnly {
		fmt.Fprintf(&out, "only in new: %s\n", name)
	}
	changed := 0
	for i := range c.Rows {
		if c.Rows[i].Changed() {
			changed++
		}
	}
	fmt.Fprintf(&out, "# %d compared, %d changed at p <= %g", len(c.Rows), changed, benchmath.DefaultThresholds.CompareAlpha)
	if few > 0 {
		fmt.Fprintf(&out, "; %d have too few rounds to tell: the test needs 4 of each", few)
	}
	out.WriteString("\n")
	return out.String()
}

func figure(e estimate.Estimate, unit string) string {
	text := fmt.Sprintf("%.4g %s", e.Value, unit)
	if unit == "ns" {
		text = plot.Time(e.Value)
	}
	if half := e.Half(); half > 0 && e.Value != 0 {
		text += fmt.Sprintf(" ±%.1f%%", half/math.Abs(e.Value)*100)
	}
	return strings.TrimSpace(text)
}
